"""The parts of `bench/always_right.py`: an always-right model and what Halley makes of it.

corpus.py    real files by language, from what is installed
changes.py   true changes of a file: the text before, the text after, the part asked about
forms.py     the forms in which a model may write a change
"""
