"""Markdown in and out: fences, safe rendering, citations.

    fences.py     fenced blocks, as models write them
    thoughts.py   thinking that a host left in the text, taken away
    inert.py      what a model wrote, made harmless to show
    citations.py  sources as numbered marks, places as links
    spoken.py     Markdown as one would read it aloud

Start with `fences.py`.
"""
