"""What a workspace's own files ask for, and the person's word for exactly that content."""

from __future__ import annotations

from halley.lsp.protocol.common import UriParams
from halley.lsp.protocol.shape import Request, Shape


class TrustAsked(Shape):
    """`hash` is of what is described here; `files` are the paths of those that are there."""

    root: str
    hash: str
    trusted: bool
    files: list[str]
    asks: list[str]
    """A line for each thing that trust would grant."""
    refused: list[str]
    """What such a file never gets."""


class TrustParams(Shape):
    """`hash` from `TrustAsked`: nothing is trusted that has changed since it was shown."""

    hash: str
    uri: str | None = None


REQUESTS: dict[str, Request] = {
    "halley/trust/describe": Request(
        UriParams, TrustAsked, "What the workspace's files ask for, and whether it is granted."
    ),
    "halley/trust/grant": Request(TrustParams, TrustAsked, "Trusts exactly the content that was described."),
    "halley/trust/revoke": Request(UriParams, TrustAsked, "Takes the trust back."),
}
