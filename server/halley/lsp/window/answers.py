"""Answers: text to read, kept as documents a client can open.

Where the client knows `workspace/textDocumentContent` an answer is `halley:/answers/<id>/<title>.md`; elsewhere it is
a Markdown file in the cache folder, readable by its owner only. What is saved is inert: editors render it as it is.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from halley.stores.disk.files import save_private
from halley.stores.disk.making import make_private_folder

_KEPT = 200


@dataclass(slots=True)
class Answers:
    """The answers of one window, the last 200 of them."""

    folder: Path
    virtual: bool
    """Whether the client reads `halley:` documents."""
    texts: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def keep(self, title: str, text: str) -> str:
        """The URI under which the answer can be opened from now on."""
        from halley.engine.markdown.inert import inert_markdown

        id, name = secrets.token_hex(6), _name(title)
        content = inert_markdown(f"# {title}\n\n{text.rstrip()}\n")
        self.texts[id] = content
        while len(self.texts) > _KEPT:
            self.texts.popitem(last=False)
        return f"halley:/answers/{id}/{quote(name)}.md" if self.virtual else self._write(id, name, content)

    def _write(self, id: str, name: str, content: str) -> str:
        """In a folder of its own: editors show the last part of a file's path."""
        path = make_private_folder(self.folder / id) / f"{name}.md"
        save_private(path, content)
        return path.as_uri()

    def read(self, id: str) -> str | None:
        return self.texts.get(id)


def _name(title: str) -> str:
    """A name for a tab: editors show the last part of a document's URI. No file system minds it."""
    return re.sub(r"[^\w.]+", "-", title).strip("-.")[:60].strip("-.") or "answer"
