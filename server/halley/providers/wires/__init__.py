"""One file per protocol that hosts speak, and the table of them.

    table.py          the way in: one row for each protocol
    openai.py         chat completions and completions
    openai_reader.py  their chunks → events
    openai_media.py   embeddings, pictures, speech, transcription
    responses.py      `/v1/responses`
    anthropic.py      `/v1/messages`
    fim.py            filling in the middle, in each form
    requests.py       prompts → request bodies
    media.py          pictures, sound and video: which road they take
    jobs.py           jobs: submitted, asked about, cancelled
    data_urls.py      files inside a request

Adding a protocol is a file and a row.
"""
