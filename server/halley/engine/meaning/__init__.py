"""Does a new layout of code still mean the same? The proof that formatting rests on.

    difference.py  the way in: the reason why two texts may differ in meaning, or none
    head.py        what only means something in a file's first lines
    python.py      Python, by its own syntax trees and tokens
    toml.py        TOML, by its values
    markup.py      HTML, where most blanks are shown
    leaves.py      every other language with a grammar: the tokens of its tree, and what lies between them
    gaps.py        where blanks and line breaks between two tokens mean something, by language
    optional.py    tokens that a grammar proves to be layout: trailing commas, semicolons, quotes
    remarks.py     comments, and those that tools obey

Start with `difference.py`. What cannot be proven the same counts as different.
"""
