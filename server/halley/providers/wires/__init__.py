"""The protocols spoken to models' hosts, and the table of them.

    table.py            one row for each protocol; `build_provider`
    wire.py             what all of them have in common
    openai.py           chat completions and completions; openai_reader.py reads their replies
    responses.py        `/v1/responses`
    anthropic.py        `/v1/messages`
    requests.py         prompts → bodies of chat completions
    turns.py            messages as strict hosts take them
    effort.py           how much a model should think, in each protocol's words
    room.py             how many tokens a reply may take, where thinking counts too
    attached.py         what a host attaches to its own turn and wants back with it
    caching.py          marks for prompt caching in `/v1/messages`
    schemas.py          tools' JSON Schemas as hosts take them
    fim.py              filling in the middle: prompts → bodies, by the host's form
    next_edit.py        next edits: prompts → bodies, by the form of the model
    data_urls.py        pictures and recordings inside a JSON body
    media.py            which road a picture, a recording or a video takes
    openai_media.py     pictures, speech, transcription and embeddings by OpenAI's operations
    jobs.py             videos and Midjourney: submitted, asked about, fetched

Start with `table.py`. Adding a protocol is a file and a row.
"""
