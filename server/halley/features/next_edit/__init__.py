"""The next edit: what the user would change now, offered after what they just changed.

suggester.py  which question reaches a model, what is kept of its answer; start here
memory.py     what a window remembers: the journal of edits, offers, what was rejected
unopened.py   files that are not open, where an edit may be due too
call.py       one question to a model, while it runs and after it is done
"""
