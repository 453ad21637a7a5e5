"""What git knows of a working tree: diffs and recent messages. Never writes, and runs nothing of the repository's.

A repository's own configuration can name programs, hosts and other folders in more ways than anyone can list. So git
never reads it: it works in a git directory of ours (`private.py`), made for one question, which borrows the
repository's objects and holds a copy of its index and our own configuration.

    diff.py        the questions
    changes.py     the same, file by file with their new texts, for any range of commits
    revisions.py   which commits a range names
    repository.py  which repository a folder belongs to
    private.py     our own git directory
    running.py     starting git

Start with `diff.py`.
"""
