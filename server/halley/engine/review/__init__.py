"""A review: what a model is shown of a change, and what its findings mean. Pure.

    parts.py      the change, numbered, in parts that fit
    reading.py    the findings of a reply, however it is written
    placing.py    the lines of each finding in the new text, or none
    values.py     findings and the whole report
    printing.py   the report as text and as Markdown
    sarif.py      the report as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)

Start with `values.py`. Which change is loaded and who is asked is `features/review.py`'s.
"""
