"""Sources as hosts name them → `core.events.Citation`, each once.

annotations[].url_citation   OpenAI (and the flat form of Responses)   citations        OpenRouter, Grok, Perplexity
search_results               Perplexity                                web_search       Zhipu
groundingMetadata            Gemini, whose offsets count UTF-8 bytes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from halley.core.events import Citation

GROUNDING = ("groundingMetadata", "grounding_metadata", "vertex_ai_grounding_metadata")
_PLACES = frozenset({"annotations", "citations", "search_results", "web_search", *GROUNDING})


def has_citations(said: Mapping[str, Any]) -> bool:
    """A quick look, for every chunk: may there be sources in this object."""
    return not _PLACES.isdisjoint(said)


def citations_of(said: Mapping[str, Any], text: str = "") -> Iterator[Citation]:
    """Those in one object (a chunk, a choice, a delta); `text` is the visible answer so far, for byte
    offsets.
    """
    for item in _list(said, "annotations"):
        yield from _annotation(item)
    for item in _list(said, "search_results"):
        yield from _plain(item, "url", "title", "snippet")
    for item in _list(said, "web_search"):
        yield from _plain(item, "link", "title", "content")
    for item in _list(said, "citations"):
        yield from _plain({"url": item} if isinstance(item, str) else item, "url", "title", "text")
    for name in GROUNDING:
        for data in said[name] if isinstance(said.get(name), list) else [said.get(name)]:
            if isinstance(data, Mapping):
                yield from grounding_citations(data, text)


def grounding_citations(data: Mapping[str, Any], text: str) -> Iterator[Citation]:
    """Gemini's grounding: supports point into chunks and into the text, by UTF-8 bytes."""
    webs = [
        _mapping(_mapping(chunk).get("web")) for chunk in _either(data, "groundingChunks", "grounding_chunks")
    ]
    named: set[int] = set()
    encoded = text.encode()
    for support in _either(data, "groundingSupports", "grounding_supports"):
        segment = _mapping(_mapping(support).get("segment"))
        start = _code_points(encoded, segment.get("startIndex", segment.get("start_index", 0)))
        end = _code_points(encoded, segment.get("endIndex", segment.get("end_index")))
        for index in _either(_mapping(support), "groundingChunkIndices", "grounding_chunk_indices"):
            if isinstance(index, int) and 0 <= index < len(webs):
                named.add(index)
                yield from _web(webs[index], start, end, str(segment.get("text") or ""))
    for index, web in enumerate(webs):
        if index not in named:
            yield from _web(web, None, None, "")


def _annotation(item: Any) -> Iterator[Citation]:
    outer = _mapping(item)
    if outer.get("type", "url_citation") != "url_citation":
        return
    inner = _mapping(outer.get("url_citation")) or outer
    if url := inner.get("url"):
        yield Citation(
            str(url),
            str(inner.get("title") or ""),
            _offset(inner.get("start_index")),
            _offset(inner.get("end_index")),
            str(inner.get("content") or ""),
        )


def _plain(item: Any, url: str, title: str, quote: str) -> Iterator[Citation]:
    said = _mapping(item)
    if address := said.get(url):
        yield Citation(str(address), str(said.get(title) or ""), quote=str(said.get(quote) or ""))


def _web(web: Mapping[str, Any], start: int | None, end: int | None, quote: str) -> Iterator[Citation]:
    if uri := web.get("uri"):
        yield Citation(str(uri), str(web.get("title") or ""), start if end is not None else None, end, quote)


def _code_points(encoded: bytes, offset: Any) -> int | None:
    if not isinstance(offset, int) or offset < 0 or offset > len(encoded):
        return None
    return len(encoded[:offset].decode(errors="ignore"))


def _offset(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    value = said.get(name)
    return value if isinstance(value, list) else []


def _either(said: Mapping[str, Any], *names: str) -> list[Any]:
    return next((value for name in names if isinstance(value := said.get(name), list)), [])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
