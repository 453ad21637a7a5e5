"""HTML: blanks in a line are shown, those beside elements that begin lines are not, and some elements show all of them.

Texts are read as browsers' tokenizers do. Comments, scripts and styles take no room: blanks on either side of them are
one. Scripts, styles and data are proven in their own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from halley.engine.code import syntax
from halley.engine.meaning.leaves import read_leaves
from halley.engine.meaning.remarks import said

Sign = tuple[str, bytes]

_BLOCKS = frozenset(
    """html head body title div p ul ol li dl dt dd table thead tbody tfoot tr td th caption colgroup col section
    article aside header footer nav main form fieldset legend figure figcaption blockquote hr br h1 h2 h3 h4 h5 h6
    hgroup
    details summary address center dialog menu search option optgroup""".split()
)
"""Elements beside which blanks are not shown."""
_UNSEEN = frozenset("script style link meta template base".split())
"""Elements that take no room in a line."""
_KEEPS_BLANKS = frozenset("pre textarea listing xmp plaintext".split())
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
"""Elements that hold nothing."""
_RAW = frozenset("script style textarea title xmp iframe noembed noframes plaintext".split())
"""Elements whose text is no markup."""
_TOKEN = re.compile(
    r"""(?P<comment><!--.*?(?:--!?>|\Z))|(?P<other><[!?][^>]*>)
    |<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<rest>(?:[^>"']|"[^"]*"|'[^']*')*)>
    |(?P<template>\{\{.*?\}\}|\{%.*?%\}|\{\#.*?\#\}|<%.*?%>)""",
    re.DOTALL | re.VERBOSE,
)
_DOCTYPE = re.compile(r"\A<!doctype", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s=/]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"']+))?""")
_SHOWS_BLANKS = re.compile(
    r"white-space\s*:\s*(?:pre|break)|whitespace-(?:pre|break)|xml:space", re.IGNORECASE
)


def markup_signs(text: str) -> Iterator[Sign]:
    """Elements, words, and the blanks between that are shown."""
    yield from _Reader(text).read()


class _Reader:
    """What is known at a place of the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.everywhere = _SHOWS_BLANKS.search(text) is not None
        self.keeping: list[str] = []
        self.blank = False
        self.block = True

    def read(self) -> Iterator[Sign]:
        at = 0
        while at < len(self.text):
            found = _TOKEN.search(self.text, at)
            if found is None:
                break
            yield from self._words(self.text[at : found.start()])
            at = found.end()
            if found["name"] is None:
                yield from self._aside(found)
                continue
            yield from self._tag(found)
            name = found["name"].lower()
            if name in _RAW and not found["end"]:
                end = re.compile(rf"</{re.escape(name)}(?=[\s/>])", re.IGNORECASE).search(self.text, at)
                raw = self.text[at : end.start() if end else len(self.text)]
                at += len(raw)
                yield from _raw(raw, name, found["rest"])
        yield from self._words(self.text[at:])

    def _aside(self, found: re.Match[str]) -> Iterator[Sign]:
        if found["comment"] is not None:
            exact = self.keeping or self.everywhere
            yield (
                "comment",
                found[0].encode("utf-8", "surrogatepass")
                if exact
                else said(found[0].encode("utf-8", "surrogatepass")),
            )
        elif found["template"] is not None:
            yield from self._shown()
            yield "template", found[0].encode("utf-8", "surrogatepass")
        else:
            yield "other", _DOCTYPE.sub("<!doctype", found[0]).encode("utf-8", "surrogatepass")

    def _tag(self, found: re.Match[str]) -> Iterator[Sign]:
        name = found["name"].lower()
        if name in _BLOCKS:
            if self.everywhere and self.blank:
                yield "blank", b" "
            self.blank, self.block = False, True
        elif name in _KEEPS_BLANKS:
            # A `textarea` sits in a line, so blanks after it are shown; a `pre` ends its line.
            self.blank, self.block = False, name != "textarea"
        elif name not in _UNSEEN:
            yield from self._shown()
        if name in _KEEPS_BLANKS:
            self._keep(name, bool(found["end"]))
        yield f"<{found['end']}{found['name']}", _attributes(name, found["rest"])

    def _keep(self, name: str, ends: bool) -> None:
        if not ends:
            self.keeping.append(name)
        # HTML closes what is left open inside (`<pre><listing></pre>`), so all of that goes with it.
        elif name in self.keeping:
            while self.keeping.pop() != name:
                pass

    def _words(self, text: str) -> Iterator[Sign]:
        if not text:
            return
        if self.keeping or self.everywhere:
            yield "text", text.encode("utf-8", "surrogatepass")
            return
        for piece in re.findall(r"[ \t\r\n\f]+|[^ \t\r\n\f]+", text):
            if piece.isspace() and piece[0] in " \t\r\n\f":
                self.blank = True
            else:
                yield from self._shown()
                yield "word", piece.encode("utf-8", "surrogatepass")

    def _shown(self) -> Iterator[Sign]:
        """Something begins that takes room in a line."""
        if self.blank and not self.block:
            yield "blank", b" "
        self.blank = self.block = False


def _attributes(name: str, rest: str) -> bytes:
    """With one blank between; quotes are layout, as is the slash of an element that cannot hold anything."""
    found = [f"{key}={_value(value)}" if value else key for key, value in _ATTRIBUTE.findall(rest)]
    closes = rest.rstrip().endswith("/") and name not in _VOID
    return " ".join([*found, "/"] if closes else found).encode("utf-8", "surrogatepass")


def _value(value: str) -> str:
    # Which quotes are used, or none, is layout; a value that holds double quotes keeps its own.
    bare = value[1:-1] if value[0] in "\"'" else value
    return value if '"' in bare else f'"{bare}"'


def _raw(text: str, name: str, rest: str) -> Iterator[Sign]:
    """Scripts, styles and data by their own grammar; everything else, and what does not parse, as it stands."""
    language_id = "css" if name == "style" else _script_language(rest) if name == "script" else ""
    tree = syntax.parse_once(text, language_id) if language_id and text.strip() else None
    if tree is None or tree.root.has_error or "<!--" in text:
        shown = " ".join(text.split()) if name == "title" else text
        yield "raw", shown.encode("utf-8", "surrogatepass")
        return
    leaves = read_leaves(tree, language_id)
    yield from leaves.signs
    yield "remarks", repr(leaves.remarks).encode("utf-8", "surrogatepass")


def _script_language(rest: str) -> str:
    kind = {key.lower(): value.strip("\"'").lower() for key, value in _ATTRIBUTE.findall(rest)}.get(
        "type", ""
    )
    if not kind or kind == "module" or kind.endswith(("javascript", "ecmascript")):
        return "javascript"
    return "json" if kind.endswith("json") else ""
