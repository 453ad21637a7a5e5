"""What a host's refusal means.

    errors.py       the way in: one error of `core.errors`
    said.py         what an error body says, in any form
    words.py        the words by which hosts say it
    retry_after.py  how long a host wants to be left alone

The only place where words of a host decide anything: from here on there are types and fields.
"""
