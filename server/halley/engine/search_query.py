"""What a user types into a search, as FTS5 terms; and the words of a text that its index is to know.

The index keeps the text as it is (its tokenizer splits `snake_case` by itself) and beside it the parts of camelCase
names (`camel_parts`). A query is taken to pieces in the same way, so that `parseArgs` and `parse_args` find each other;
a name or a "quoted phrase" counts more when it occurs as it was written. Any word may be missing: what holds more and
rarer ones ranks higher.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_WORDS = 32

_PHRASE = re.compile(r'"([^"\n]+)"')
_NAME = re.compile(r"\w+")
_CAMEL_NAME = re.compile(r"\b[A-Za-z_]*(?:[a-z0-9][A-Z]|[A-Z]{2}[a-z])\w*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_EMPTY_WORDS = frozenset(
    """a an and any are as at be been by can could did do does for from get gets had has have how i if in into is it its
    me my no not of on or our should so than that the their them then there these they this those to us use used uses
    using was we were what when where which who whose why will with would you your""".split()
)


def match_terms(query: str) -> list[str]:
    """The FTS5 terms for a query, quoted: nothing in it is taken for an operator. None for one without a word."""
    phrases = [words for match in _PHRASE.finditer(query) if (words := _NAME.findall(match[1]))]
    terms: dict[str, None] = {}
    for words in phrases:
        terms[f'"{" ".join(words)}"'] = None
    rest = query.replace('"', " ")
    names = _NAME.findall(rest)
    spoken = [name for name in names if name.casefold() not in _EMPTY_WORDS] or names
    for name in spoken:
        parts = split_name(name)
        terms[f'"{name}"'] = None  # snake_case in quotes is a phrase of its parts
        for part in parts if len(parts) > 1 else ():
            if len(part) > 1:
                terms[f'"{part.casefold()}"'] = None
    return list(terms)[:MOST_WORDS]


def split_name(name: str) -> list[str]:
    """The words an identifier is made of: `parseHTTPReply_v2` → parse, HTTP, Reply, v2."""
    return [part for piece in name.split("_") for part in _HUMP.split(piece) if part]


def camel_parts(text: str) -> str:
    """The words inside the camelCase names of a text, each name once; what the tokenizer does not split by itself."""
    names = set(_CAMEL_NAME.findall(text))
    return " ".join(" ".join(split_name(name)) for name in sorted(names))


def names_for_query(names: Iterable[str], most: int = 12) -> str:
    """A query of identifiers, such as those a piece of code uses."""
    return " ".join(list(dict.fromkeys(names))[:most])
