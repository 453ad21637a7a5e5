"""Macros: saved prompts with typed inputs, and pipelines of them.

    run.py         the way in: a macro by its name → a `Run`, and the `Outcome` an editor can show
    pipeline.py    the steps: what runs concurrently, what waits, what is skipped
    record.py      a chat's questions as a macro
    steps.py       one step: text, a picture or a commit message
    values.py      the variables, read only where a prompt asks for them      inputs.py   what the user enters
    bundle.py      macros as one file, to give away and to take in

`stores/macro_runs.py` saves what a run has made so far, so that a failed run can be resumed.
"""
