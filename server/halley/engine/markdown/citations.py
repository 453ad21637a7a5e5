"""Sources a model named → numbered marks in its text and a list of them; places in the workspace → links.

    mark_citations(text, citations)   `[^1]` where each source stands for the text, and the sources in order
    link_places(text, known, link)    `src/a.py:12` → a link, for files that were in the context

Models mark sources in their own ways too: `[1]` (Perplexity, Grok), `[[1]](url)` (Grok), `([title](url))` (OpenAI) and
`【1†source】`; these become the same marks. Offsets are code points of the answer; a host that counted otherwise is
corrected by its own quote, where it gave one. Nothing inside code is touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from halley.core.events import Citation

_CODE = re.compile(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)|`[^`\n]+`")
_FENCE_END = re.compile(r"(?:^|\n)[ \t]*(?:`{3,}|~{3,})[ \t]*\Z")
"""Where a mark would make the end of a block no end."""
_OWN_MARK = re.compile(
    r"\[\[(\d{1,3})\]\]\((https?://[^)\s]+)\)|【(\d{1,3})[^】\n]{0,80}】|\[(\d{1,3})\](?![(:\[^])|\[(\d{1,3})\](?=\[\d)"
)
_NAMES_ITSELF = "[["
"""Begins the one mark of a model's own that brings its address, `[[1]](url)`; the others number what a host named."""
_LINKED = r"\s?\(?\[[^\]\n]*\]\({url}[^)\n]*\)\)?"
_PLACE = re.compile(r"`([^`\s:]+):(\d{1,7})(?:[-–](\d{1,7}))?`")


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the list; numbers begin at 1, in the order of the marks."""

    number: int
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Marked:
    text: str
    sources: tuple[Source, ...]


def mark_citations(
    text: str,
    citations: Sequence[Citation],
    mark: Callable[[int], str] = lambda n: f"[^{n}]",
    allowed: Callable[[str], bool] = lambda _url: True,
) -> Marked:
    """The text with a mark at each place a source stands for, and the list; each source is one entry.

    Sources without a place are listed after those with one, unless the model marked them itself. Those that are not
    `allowed` count where the model numbers them, and are shown nowhere.
    """
    if not citations and _NAMES_ITSELF not in text:
        return Marked(text, ())
    code = [match.span() for match in _CODE.finditer(text)]
    spots = _spots_of_offsets(text, citations, code) + _spots_of_own_marks(text, citations, code)
    spots = _without_overlaps(spot for spot in spots if allowed(spot.url))
    citations = [citation for citation in citations if allowed(citation.url)]
    titles: dict[str, str] = {}
    for citation in citations:
        titles[citation.url] = titles.get(citation.url) or citation.title
    numbers: dict[str, int] = {}
    for url in (*(spot.url for spot in spots), *titles):
        numbers.setdefault(url, len(numbers) + 1)
    pieces: list[str] = []
    at = 0
    for spot in spots:
        below = "\n" if _FENCE_END.search(text, 0, spot.start) else ""
        pieces += (text[at : spot.start], below + mark(numbers[spot.url]))
        at = spot.end
    sources = tuple(Source(number, url, titles.get(url, "")) for url, number in numbers.items())
    return Marked("".join([*pieces, text[at:]]), sources)


@dataclass(frozen=True, slots=True, order=True)
class _Spot:
    """Where a mark goes: in place of `text[start:end]`, which is empty for an insertion."""

    start: int
    end: int
    url: str


def _spots_of_offsets(
    text: str, citations: Iterable[Citation], code: Sequence[tuple[int, int]]
) -> list[_Spot]:
    spots: list[_Spot] = []
    for citation in citations:
        place = _place_of(text, citation)
        if place is None:
            continue
        linked = re.compile(_LINKED.format(url=re.escape(citation.url)))
        inside = linked.fullmatch(text, *place) or linked.match(text, place[1])
        start, end = inside.span() if inside else (place[1], place[1])
        spots.append(_Spot(*_out_of_code(text, start, end, code), citation.url))
    return spots


def _place_of(text: str, citation: Citation) -> tuple[int, int] | None:
    """The code points a source stands for; the quote wins over offsets that do not fit it."""
    start, end = citation.start, citation.end
    if end is None:
        return None
    start = min(start or 0, len(text))
    if citation.quote and text[start:end] != citation.quote:
        found = text.find(citation.quote)
        if found >= 0:
            return found, found + len(citation.quote)
    if not end > 0 or start > end:
        return None
    return start, min(end, len(text))


def _out_of_code(text: str, start: int, end: int, code: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Marks are never put into code but after it, on the line below a fence."""
    for first, last in code:
        if first < end < last or (first <= start < last and start != end):
            return last, last
    if start == end and 0 < start < len(text) and text[start - 1].isalnum() and text[start].isalnum():
        after = re.compile(r"\w+").match(text, start)
        start = end = after.end() if after else start
    return start, end


def _spots_of_own_marks(
    text: str, citations: Sequence[Citation], code: Sequence[tuple[int, int]]
) -> list[_Spot]:
    urls = list(dict.fromkeys(citation.url for citation in citations))
    spots: list[_Spot] = []
    for match in _OWN_MARK.finditer(text):
        if any(first <= match.start() < last for first, last in code):
            continue
        if match[2]:
            spots.append(_Spot(match.start(), match.end(), match[2]))
            continue
        number = int(match[3] or match[4] or match[5])
        if 0 < number <= len(urls):
            spots.append(_Spot(match.start(), match.end(), urls[number - 1]))
    return spots


def _without_overlaps(spots: Iterable[_Spot]) -> list[_Spot]:
    """In order, each mark once at a place; of two that overlap, the first."""
    kept: list[_Spot] = []
    for spot in sorted(set(spots)):
        if kept and spot.start < kept[-1].end:
            continue
        if any(one.start == spot.start and one.url == spot.url for one in kept[-8:]):
            continue
        kept.append(spot)
    return kept


def link_places(text: str, known: Mapping[str, str], anchor: Callable[[str, int], str]) -> str:
    """`path:line` in backticks → a link, where `known` has the path; `anchor(target, line)` is the address."""

    def linked(match: re.Match[str]) -> str:
        target = known.get(match[1])
        return f"[{match[0]}]({anchor(target, int(match[2]))})" if target else match[0]

    fences = [m.span() for m in _CODE.finditer(text) if "\n" in m[0]]
    pieces: list[str] = []
    at = 0
    for first, last in fences:
        pieces += (_PLACE.sub(linked, text[at:first]), text[first:last])
        at = last
    return "".join([*pieces, _PLACE.sub(linked, text[at:])])
