"""Source code as text: languages, syntax trees, symbols, layout.

    languages.py    what is known of a language by its LSP id
    file_names.py   what is known of file names, and what only looks like one
    syntax.py       syntax trees by tree-sitter
    symbols.py      names that a text defines and uses
    definitions.py  definitions in lines that no parser could read on their own
    regions.py      lines, the definition around a place, the imports
    homes.py        where new code belongs in a file
    layout.py       line ends, indentation, the final newline
    chunks.py       a file cut into pieces that can be found
    notebooks.py    a notebook's cells as text
    notebook_chunks.py  its cells cut into pieces, with their lines in the file
    test_files.py   where a project keeps the tests of a file, and what is a test

Start with `languages.py` and `syntax.py`.
"""
