"""What every kind of turn shares: the request, the reply that is to be given, and the result once replies have ended.

The kinds themselves are rows of `table.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from halley.core.agent import Mode
from halley.core.calls import ImagePart
from halley.core.errors import InvalidInput, Problem, error_of
from halley.core.models import Role, Usage
from halley.engine.prompting.conversation import Attachment
from halley.features.chat.blind import hidden_problem, is_blind, label
from halley.features.chat.desk import ChatDesk, Emit, Json
from halley.features.chat.shapes import turn_json
from halley.stores.chats.values import Chat, Reply, Turn


@dataclass(frozen=True, slots=True)
class ChatRequest:
    prompt: str
    chat_id: str | None = None
    models: tuple[str, ...] = ()
    """Empty: those mentioned in the prompt, else the chat role's route."""
    images: tuple[ImagePart, ...] = ()
    blind: bool = False
    """Hide which model is which until one is chosen."""
    tools: Mapping[str, bool] = field(default_factory=dict)
    """Tools to switch for the chat from here on, keyed `*`, `server` or `server/tool`."""
    mode: str = ""
    """The mode of the chat from here on; empty: as it is."""
    first: Callable[[], Awaitable[None]] | None = None
    """Done once the request is checked, before its turn is made; what it raises ends the request."""
    attached: tuple[Attachment, ...] = ()
    """What the user attached, as it is: nothing in it is read as a command or variable."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A reply that is to be given: its id, by which model (None: the role's route), and how it is shown."""

    reply: str
    shown: str
    """The model's name, or `Model A` where it is hidden."""
    model: str | None = None
    role: Role = "chat"
    blind: bool = False
    opened_as: str = ""
    """The model that the store has."""
    has_begun: bool = False
    """It continues a reply that already has text or calls."""
    chat: str = ""
    turn: str = ""
    said: str = ""
    """The reply's text so far, when it is continued."""
    spent: Usage | None = None
    """What it has used so far, when it is continued."""
    switched: Mapping[str, bool] = field(default_factory=dict)
    """Tools switched for the chat."""
    mode: Mode = "ask"
    plan: tuple[tuple[str, str], ...] = ()
    """The chat's approved plan."""


def tell_start(emit: Emit, asked: Asked, chat_id: str, turn_id: str, excerpts: Sequence[Json] = ()) -> None:
    """The reply begins. `excerpts` are what its turn brought in: an editor shows them before any text arrives."""
    event: Json = {
        "type": "start", "replyId": asked.reply, "model": asked.shown, "chatId": chat_id, "turnId": turn_id,
        "mode": asked.mode,
    }  # fmt: skip
    emit(event | ({"excerpts": excerpts} if excerpts else {}))


async def result_of(desk: ChatDesk, chat_id: str, turn_id: str, replies: Sequence[str]) -> Json:
    turn = _current(await desk.store.get_turn(chat_id, turn_id))
    found = [_reply_of((turn,), reply) for reply in replies]
    if all(reply.status == "failed" for reply in found) and found[0].problem:
        raise error_of(_told(turn, found[0], found[0].problem))
    wanted = set(replies)
    root = desk.around.root
    given = [reply for reply in turn_json(turn, root)["replies"] if reply["replyId"] in wanted]
    return {"chatId": chat_id, "turnId": turn_id, "replies": given}


def result_without_turn(request: ChatRequest, said: str) -> Json:
    """The result of a command that makes no turn; `said` is what it did."""
    return {"chatId": request.chat_id or "", "turnId": "", "replies": [], "said": said}


def find_turn(chat: Chat, turn_id: str) -> Turn:
    """One that is still part of the chat, also before the last `/clear`."""
    return _current(next((turn for turn in chat.turns if turn.id == turn_id), None))


def _current(turn: Turn | None) -> Turn:
    if turn is None or turn.undone:
        raise InvalidInput("There is no such turn in the chat.", "Pick one of its current turns.")
    return turn


def find_reply(chat: Chat, reply_id: str) -> Reply:
    return _reply_of(chat.turns, reply_id)


def _reply_of(turns: Iterable[Turn], reply_id: str) -> Reply:
    for turn in turns:
        for reply in turn.replies:
            if reply.id == reply_id:
                return reply
    raise InvalidInput("There is no such reply in the chat.", "Pick one of its replies.")


def _told(turn: Turn, reply: Reply, problem: Problem) -> Problem:
    return hidden_problem(problem, label(turn.replies.index(reply))) if is_blind(turn) else problem
