"""Models: the catalogue, the selection for each role, and replies for other applications."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from halley.lsp.protocol.common import Problem, UriParams
from halley.lsp.protocol.shape import RequestShape, RoleName, ScopeName, Shape, Token


class Price(Shape):
    input: float | None = None
    output: float | None = None
    per_request: float | None = None
    per_second: float | None = None
    currency: str = "USD"
    source: Literal["provider", "catalog"]


class Model(Shape):
    id: str
    provider: str
    name: str
    label: str
    group: str
    context: int | None = None
    max_output: int | None = None
    price: Price | None = None
    roles: list[str]
    capabilities: dict[str, Any]
    deprecated: bool | None = None
    favourite: bool | None = None
    recent: bool | None = None
    """Chosen recently."""


class SelectedRole(Shape):
    route: list[str]
    scope: str
    source: str


class Selection(Shape):
    roles: dict[str, SelectedRole]


class ModelsListParams(Shape):
    role: RoleName | None = None
    provider: str | None = None
    refresh: bool = False


class ModelsList(Shape):
    models: list[Model]
    stale: bool
    problems: list[Problem]


class SelectParams(Shape):
    role: RoleName
    route: list[str]
    scope: ScopeName = "workspace"
    uri: str | None = None


class FavouriteParams(Shape):
    model: str
    favourite: bool = True
    """False removes the mark."""


class Favourites(Shape):
    favourites: list[str]


class SaidMessage(Shape):
    role: Literal["user", "assistant", "system"]
    content: str


class RespondParams(Shape):
    """A conversation of another application. Nothing is added to it or saved."""

    model: str
    messages: list[SaidMessage] = Field(min_length=1)
    max_tokens: int | None = Field(None, ge=1)
    partial_result_token: Token | None = None


class Responded(Shape):
    text: str


class CountParams(Shape):
    text: str
    model: str | None = None


class Counted(Shape):
    tokens: int


REQUESTS: dict[str, RequestShape] = {
    "halley/models/list": RequestShape(
        ModelsListParams, ModelsList, "The catalogue: from the cache, and refreshed in the background."
    ),
    "halley/models/selection": RequestShape(
        UriParams, Selection, "The route of each role, and where it was set."
    ),
    "halley/models/select": RequestShape(SelectParams, Selection, "Sets the route of a role."),
    "halley/models/favourite": RequestShape(
        FavouriteParams, Favourites, "Marks a model as a favourite; lists show favourites first."
    ),
    "halley/models/respond": RequestShape(
        RespondParams, Responded, "A model's reply to another application's conversation.", streams=True
    ),
    "halley/models/count": RequestShape(CountParams, Counted, "The approximate number of tokens of a text."),
}
