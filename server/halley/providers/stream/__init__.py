"""One streamed answer → events and one end, whichever the wire.

    streaming.py   the way in
    sse.py         bytes → events of a stream
    think.py       thought told apart from text
    citations.py   sources
    tool_calls.py  calls in pieces
    usage.py       tokens used
    finish.py      why an answer ended

What the chunks of a protocol look like is said by its wire.
"""
