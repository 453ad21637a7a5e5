"""The workspace searched: an index of its text that keeps itself up to date, and questions to it.

    index.py      one workspace's index in this process: its state, its updates
    ground.py     what its parts stand on: where it lies, who is here, what their settings say
    keeping.py    the one process that keeps it: scans, watches, embeds       live.py       files as they change
    steps.py      what that process does next, as states
    scan.py       the whole workspace looked at, by a child process           watching.py   what changes on disk
    cutting.py    a file as rows of the index                                 cutters.py    many files in parallel
    embedding.py  vectors, once agreed to            sharing.py     taken from the team before, shared after
    control.py    what was asked of the index, shared by all processes
    searching.py  a question: words and meaning, merged                       related.py    context for actions

The rows are `stores/index/chunks.py`'s, the vectors `stores/index/vectors.py`'s; chunks, queries and the merging are
the engine's. Start at `index.py`.
"""
