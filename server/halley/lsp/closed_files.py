"""A file that the editor has not open, as a document. Those that are open are `base/documents.py`'s."""

from __future__ import annotations

import logging

from halley.core.snapshot import Document
from halley.lsp.text.uris import path_of_uri

logger = logging.getLogger(__name__)


def load_document(uri: str) -> Document | None:
    """The file as it lies on disk; None when there is none, or none that is text of bearable size."""
    path = path_of_uri(uri)
    if path is None:
        return None
    from halley.engine.code.languages import language_id_of
    from halley.stores.workspace.texts import load_text

    try:
        file = load_text(path)
    except (OSError, ValueError) as error:
        logger.debug("%s cannot be read: %s", uri, type(error).__name__)
        return None
    return Document(uri, file.text, language_id_of(path.name), None, path)
