"""What a workspace's own files ask for, and the user's trust in exactly that content."""

from __future__ import annotations

from halley.lsp.protocol.common import UriParams
from halley.lsp.protocol.shape import RequestShape, Shape


class TrustAsked(Shape):
    """`hash` covers the content described here; `files` are the paths of the existing files."""

    root: str
    hash: str
    trusted: bool
    files: list[str]
    asks: list[str]
    """A line for each thing that trust would grant."""
    refused: list[str]
    """What such a file is never granted."""


class TrustParams(Shape):
    """`hash` is from `TrustAsked`, so content that has changed since it was shown is not trusted."""

    hash: str
    uri: str | None = None


REQUESTS: dict[str, RequestShape] = {
    "halley/trust/describe": RequestShape(
        UriParams, TrustAsked, "What the workspace's files ask for, and whether it is granted."
    ),
    "halley/trust/grant": RequestShape(
        TrustParams, TrustAsked, "Trusts exactly the content that was described."
    ),
    "halley/trust/revoke": RequestShape(UriParams, TrustAsked, "Revokes the trust."),
}
