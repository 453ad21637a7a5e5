"""From the bytes of a streamed reply to its events.

    streaming.py     one answer → events and exactly one end, whichever the wire
    iterating.py     a reply as a generator, for callers that want a loop
    sse.py           bytes → server-sent events
    finish.py        why a reply ended
    usage.py         tokens and cost
    tool_calls.py    pieces of tool calls
    json_prefix.py   how far a piece of JSON reaches
    think.py         thinking, kept apart from the answer
    harmony.py       the same in OpenAI's harmony format
    citations.py     sources that the model named

Start with `streaming.py`.
"""
