"""A reply as it may be shown: sources as numbered marks, places in the workspace as links, everything made inert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from halley.engine.markdown.citations import Source, link_places, mark_citations
from halley.engine.markdown.inert import inert_markdown, visible
from halley.stores.chats.values import Excerpt, Reply


@dataclass(frozen=True, slots=True)
class Places:
    """The files that were in the context: path → the address it opens under."""

    links: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, excerpts: Iterable[Excerpt], root: Path | None = None) -> Places:
        """With a `root`, addresses on this machine; without, relative ones, for what is given away."""
        paths = {excerpt.label.rpartition(":")[0] for excerpt in excerpts} - {""}
        return cls({path: place_uri(root, path) if root else quote(path) for path in paths})


def place_uri(root: Path, path: str) -> str:
    return (root / path).as_uri()


def rendered_reply(
    reply: Reply, places: Places, *, citations: bool = True, footnote: str = "", link: bool = True
) -> str:
    """Inert Markdown, with a list of sources at its end. `footnote` goes before each number, so that the footnotes
    of several replies can stand in one document."""
    text = reply.text
    marked = mark_citations(text, reply.citations, lambda n: f"[^{footnote}{n}]", _is_web)
    if citations:
        text = marked.text
    text = inert_markdown(text)
    if link and places.links:
        text = link_places(text, places.links, lambda target, line: f"{target}#L{line}")
    if citations and marked.sources:
        text = f"{text.rstrip()}\n\n" + "\n".join(_footnote(source, footnote) for source in marked.sources)
    return text


def sources_of(reply: Reply) -> tuple[Source, ...]:
    """The list of sources, numbered as the marks are."""
    return mark_citations(reply.text, reply.citations, allowed=_is_web).sources


def _is_web(url: str) -> bool:
    """Only addresses of the web are sources to open."""
    return url.startswith(("http://", "https://")) and not set(url) & set("<>\"'`\\ \t\r\n")


def _footnote(source: Source, footnote: str) -> str:
    title = f"{plain_label(source.title)}, " if source.title.strip() else ""
    return f"[^{footnote}{source.number}]: {title}<{visible(source.url)}>"


def plain_label(text: str) -> str:
    """One line that is only text wherever it is put."""
    return " ".join(inert_markdown(text).split()).translate(_PLAIN)


_PLAIN = str.maketrans({"[": "(", "]": ")", "`": "'", "|": "/", "<": "(", ">": ")"})
