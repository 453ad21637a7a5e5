"""The base of every shape (pydantic models of parameters and results), and the row type of the request tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from halley.lsp.base.rpc_errors import InvalidParams

Token = Annotated[str | int, Field(description="A progress token.")]
RoleName = Literal[
    "chat", "edit", "complete", "fast", "next", "embed", "image", "speech", "transcribe", "video"
]  # fmt: skip
ScopeName = Literal["session", "workspace", "user"]


class Shape(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        defer_build=True,
        protected_namespaces=(),
    )


@dataclass(frozen=True, slots=True)
class RequestShape:
    """`streams`: takes a `partialResultToken`. `to_client`: sent by the server to the client."""

    params: type[Shape]
    result: type[Shape]
    doc: str
    streams: bool = False
    to_client: bool = False


def command_argument(arguments: list[Any]) -> dict[str, Any]:
    """The one object that Halley's commands take; empty where a client sends none, or something else."""
    return arguments[0] if arguments and isinstance(arguments[0], dict) else {}


S = TypeVar("S", bound=Shape)


def read_params(shape: type[S], params: Any) -> S:
    """Validated parameters. Raises InvalidParams (-32602), naming the invalid field."""
    try:
        return shape.model_validate({} if params is None else params)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "parameters"
        raise InvalidParams(place, first["msg"]) from None
