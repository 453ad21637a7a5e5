"""The errors a user can meet, drawn as the tree they form.

    HalleyError                  .code                  what the caller may do
    ├─ InvalidInput              invalid_input          correct what was asked for; no host saw it
    ├─ NotConfigured             not_configured         name a provider, model or key
    ├─ UpstreamError                                    (a model's host said or did something)
    │  ├─ AuthFailed             auth_failed            another key; never retried
    │  ├─ QuotaExhausted         quota_exhausted        another provider
    │  ├─ RateLimited            rate_limited           wait, then retry
    │  ├─ ModelNotFound          model_not_found        pick a near match
    │  ├─ ContextTooLong         context_too_long       trimmed once, then refused
    │  ├─ RequestRefused         bad_request            never retried
    │  ├─ ProviderUnavailable    provider_unavailable   retried, then the next model
    │  ├─ UpstreamTimeout        timeout                retried, then the next model
    │  ├─ Interrupted            interrupted            partial text kept, Continue offered
    │  ├─ BadReply               bad_reply              an answer that is not one
    │  ├─ TlsFailed              tls_failed             ca_bundle
    │  ├─ ProxyFailed            proxy_failed           proxy
    │  └─ RedirectRefused        redirect_refused       base_url
    ├─ BlockedByPolicy           blocked_by_policy      a rule of the user's forbids it
    ├─ StaleDocument             stale_document         the text moved on; the reply is saved
    ├─ BudgetExceeded            budget_exceeded        budget.*
    ├─ StoreFailed               store_failed           the disk, or a file from another version
    └─ Cancelled                 cancelled              the user or a newer request ended it

Every error says what happened (`message`, one sentence), and what to do next (`help`, which names the
setting, key source or command). Neither ever carries a traceback, a key or a prompt. Programming errors
are ordinary Python exceptions and are not in this tree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

Subject = Literal["tools", "system", "turns", "schema", "responses", "chat"]
"""What a host can refuse and Halley can say another way (`providers/refusals/subjects.py`)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as the user sees it (the `Problem` of the protocol)."""

    code: str
    message: str
    help: str = ""
    provider: str | None = None
    model: str | None = None
    status: int | None = None
    """HTTP status, where the host gave one."""
    request_id: str | None = None
    retry_after_ms: int | None = None
    setting: str | None = None
    """Dotted name of the setting to look at, e.g. `providers.comet.base_url`."""

    def to_json(self) -> dict[str, Any]:
        """camelCase, absent fields left out."""
        names = {"request_id": "requestId", "retry_after_ms": "retryAfterMs"}
        return {
            names.get(name, name): value
            for name in self.__slots__
            if (value := getattr(self, name)) is not None and value != ""
        } | {"help": self.help}


class Enough(Exception):
    """Raised by what takes a reply's events (`core.ports.Take`) when it wants no more of them; no error of a call."""


class HalleyError(Exception):
    """Root of every error that is shown to the user."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, help: str = "", **details: Any) -> None:
        super().__init__(message)
        self.problem = Problem(self.code, message, help, **details)

    def about(self, **details: Any) -> HalleyError:
        """The same error with more known about it (`provider=`, `model=` …); returns self."""
        self.problem = replace(self.problem, **details)
        return self


class InvalidInput(HalleyError):
    """What the user or the editor asked for cannot be done as asked: a wrong value, a name that does not exist."""

    code = "invalid_input"


class NotConfigured(HalleyError):
    code = "not_configured"


class UpstreamError(HalleyError):
    """A model's host failed."""

    retryable: ClassVar[bool] = False
    """Whether the same request may be sent again."""
    subject: Subject | None = None
    """What the host's refusal is about, where that decides what Halley does next."""


class AuthFailed(UpstreamError):
    code = "auth_failed"


class QuotaExhausted(UpstreamError):
    code = "quota_exhausted"


class RateLimited(UpstreamError):
    code = "rate_limited"
    retryable = True


class ModelNotFound(UpstreamError):
    """The host does not have the model. `for_now`: it sells the model but cannot reach it, so another may answer."""

    code = "model_not_found"
    for_now: bool = False


class ContextTooLong(UpstreamError):
    code = "context_too_long"


class RequestRefused(UpstreamError):
    """The host refused the request itself."""

    code = "bad_request"
    keywords: tuple[str, ...] = ()
    """The keywords of a tool's JSON Schema that the host named, where it did."""
    parameter: str | None = None
    """The request parameter the host named as unknown or unsupported, where it did."""


class ProviderUnavailable(UpstreamError):
    code = "provider_unavailable"
    retryable = True


class UpstreamTimeout(UpstreamError):
    code = "timeout"
    retryable = True


class Interrupted(UpstreamError):
    """The reply broke after its first token. What had arrived was already yielded as events.

    `repeats_from`: it was stopped because it went round in circles, and this is how much of its text says something.
    `empty`: it ended by itself, with its thinking at most.
    """

    code = "interrupted"
    repeats_from: int | None = None
    empty: bool = False


class BadReply(UpstreamError):
    """An answer that is none: HTML, an unparsable body, nothing at all.

    `empty` replies may be sent for again; the rest may not.
    """

    code = "bad_reply"
    empty: bool = False


class TlsFailed(UpstreamError):
    code = "tls_failed"


class ProxyFailed(UpstreamError):
    code = "proxy_failed"


class RedirectRefused(UpstreamError):
    code = "redirect_refused"


class BlockedByPolicy(HalleyError):
    """What is not allowed, or not possible here. `kept` is the text that was not applied, where there is one."""

    code = "blocked_by_policy"
    kept: str = ""


class StaleDocument(HalleyError):
    """The document changed where the reply wanted to edit. `kept` is the text that was not applied."""

    code = "stale_document"
    kept: str = ""


class BudgetExceeded(HalleyError):
    code = "budget_exceeded"


class StoreFailed(HalleyError):
    """A file of Halley's own could not be read or written."""

    code = "store_failed"


class Cancelled(HalleyError):
    code = "cancelled"


def problem_of(error: BaseException) -> Problem:
    """What to show the user for any exception; programming errors become one plain sentence."""
    if isinstance(error, HalleyError):
        return error.problem
    return Problem(
        "internal",
        f"Something went wrong inside Halley ({type(error).__name__}).",
        "The log has the details (`halley doctor` prints its path); please report it.",
    )


def error_of(problem: Problem) -> HalleyError:
    """The exception that stands for a problem, by its code; a plain HalleyError for a code there is no class of."""
    kinds = {kind.code: kind for kind in _all_kinds(HalleyError)}
    error = kinds.get(problem.code, HalleyError)(problem.message, problem.help)
    error.problem = problem
    return error


def _all_kinds(root: type[HalleyError]) -> list[type[HalleyError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _all_kinds(child))]
