"""From a host's refusal to one error of `core.errors`.

    errors.py         status, headers and body → the error
    said.py           what a body says, in whichever of a dozen shapes
    words.py          the words that decide which error it is
    subjects.py       what a refusal is about: tools, turns, a schema, another operation
    retry_after.py    how long the host asks us to wait

Start with `errors.py`. Only here do words of a host decide anything: from here on there are types and
fields. Failures of the connection itself belong to `http`.
"""
