"""The events of replies as `session/update`: text as it comes, calls, plans, pictures, sources.

Clients show one stream of text. Where several models answer at the same time, the first one streams and the others are
shown after it, each below its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from halley.acp.calls import STATUSES, call_of, fenced, text_content

Json = dict[str, Any]
Send = Callable[[Json], None]
"""Takes one `SessionUpdate`."""
GATHER_S = 0.016
"""Pieces of text that come within this time leave as one message."""
WRITTEN_S = 0.1
"""The same for the output of a command."""
MOST_WRITTEN = 8_000
"""Characters of output that are shown of a command while it runs."""
_STEP_STATES = {"open": "pending", "doing": "in_progress", "done": "completed", "dropped": "completed"}


def chunk(kind: str, text: str) -> Json:
    return {"sessionUpdate": kind, "content": {"type": "text", "text": text}}


def message(text: str) -> Json:
    return chunk("agent_message_chunk", text)


def plan_update(steps: list[Json]) -> Json:
    """Of a chat's plan, `{text, state}` a step. A dropped step shows as completed: the protocol has no word for it."""
    entries = [
        {"content": _step(step), "priority": "medium", "status": _STEP_STATES.get(step["state"], "pending")}
        for step in steps
    ]
    return {"sessionUpdate": "plan", "entries": entries}


def _step(step: Json) -> str:
    return f"{step['text']} (dropped)" if step["state"] == "dropped" else step["text"]


def image_block(event: Json) -> Json:
    """A picture's bytes; of one that has only an address, a link, which nothing here follows."""
    if "data" in event:
        return {"type": "image", "data": event["data"], "mimeType": event["mime"]}
    return {"type": "resource_link", "uri": event["url"], "name": "Picture", "mimeType": event["mime"]}


def source_block(url: str, title: str) -> Json:
    return {"type": "resource_link", "uri": url, "name": title or url}


@dataclass(slots=True)
class Speaker:
    """Takes the events of one turn (`features/chat/events.py`) and sends what a client shows."""

    send: Send
    root: Path
    terminal: Callable[[], str] = lambda: ""
    """The client's terminal that was opened just now, if one was."""
    models: dict[str, str] = field(default_factory=dict[str, str])
    """Reply → its model's name, in order."""
    _held: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    _text: list[str] = field(default_factory=list[str])
    _kind: str = ""
    _timer: asyncio.TimerHandle | None = None
    _calls: dict[str, bool] = field(default_factory=dict[str, bool])
    """Call → whether it was shown with a diff."""
    _sources: dict[str, Json] = field(default_factory=dict[str, Json])
    _written: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Call → output of its command that is not shown yet."""
    _shown: dict[str, str] = field(default_factory=dict[str, str])
    _in_terminals: set[str] = field(default_factory=set[str])
    """Calls whose command runs in a terminal of the client's, which shows what it writes."""

    def event(self, event: Json) -> None:
        reply = event.get("replyId", "")
        if event["type"] == "start":
            self.models.setdefault(reply, event["model"])
        elif reply in self.models and reply != next(iter(self.models)):
            self._held.setdefault(reply, []).append(event)
        else:
            if len(self.models) > 1 and not self._kind and not self._calls:
                self._say("agent_message_chunk", f"## {self.models[reply]}\n\n")
            self._show(event)

    def end(self) -> None:
        """Sends what was held back: other models' replies, then sources."""
        for reply, events in self._held.items():
            self._say("agent_message_chunk", f"\n\n## {self.models[reply]}\n\n")
            for event in events:
                self._show(event)
        self._held.clear()
        self.flush()
        for block in self._sources.values():
            self.send({"sessionUpdate": "agent_message_chunk", "content": block})
        self._sources.clear()

    def flush(self) -> None:
        """Sends the text that was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._text:
            self.send(chunk(self._kind, "".join(self._text)))
            self._text.clear()

    def _show(self, event: Json) -> None:
        match event["type"]:
            case "text":
                self._say("agent_message_chunk", event["delta"])
            case "reasoning":
                self._say("agent_thought_chunk", event["delta"])
            case "notice":
                self._say("agent_thought_chunk", f"\n{event['text']}\n")
            case "citation":
                self._sources.setdefault(event["url"], source_block(event["url"], event["title"]))
            case "image":
                self.flush()
                self.send({"sessionUpdate": "agent_message_chunk", "content": image_block(event)})
            case "plan":
                self.flush()
                self.send(plan_update(event["steps"]))
            case "toolCall" if "callId" in event:
                self.flush()
                self._call(event)
            case "terminal":
                self._write(event)
            case "toolResult":
                self.flush()
                self._result(event)
            case (
                _
            ):  # pieces of a call, usage, checkpoints: the client gets them whole, or has no place for them
                pass

    def _say(self, kind: str, text: str) -> None:
        if kind != self._kind:
            self.flush()
            self._kind = kind
        self._text.append(text)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self.flush)

    def _call(self, event: Json) -> None:
        id = event["callId"]
        kind = "tool_call_update" if id in self._calls else "tool_call"
        self._calls[id] = bool(event.get("diff"))
        self.send({"sessionUpdate": kind, **call_of(event, self.root)})

    def _write(self, event: Json) -> None:
        """What a command wrote so far replaces what was shown, since an update holds content whole."""
        if terminal := self.terminal():
            self._in_terminals.add(event["callId"])
            self._change(event["callId"], {"content": [{"type": "terminal", "terminalId": terminal}]})
        if event["callId"] in self._in_terminals:
            return
        said = self._written.setdefault(event["callId"], [])
        if not said:
            asyncio.get_running_loop().call_later(WRITTEN_S, self._show_written, event["callId"])
        said.append(event["delta"])

    def _show_written(self, call: str) -> None:
        if said := self._written.pop(call, None):
            text = (self._shown.get(call, "") + "".join(said))[-MOST_WRITTEN:]
            self._shown[call] = text
            self._change(call, {"content": [text_content(fenced(text))]})

    def _result(self, event: Json) -> None:
        id, text = event["callId"], event.get("text") or ""
        self._written.pop(id, None)
        self._shown.pop(id, None)
        status = STATUSES.get(event["state"], "failed")
        update: Json = {"status": status, "rawOutput": text}
        # A diff stays as it is: the text beside it only says that it was made.
        if text and id not in self._in_terminals and not (self._calls.get(id) and status == "completed"):
            update["content"] = [text_content(fenced(text))]
        self._change(id, update)

    def _change(self, call: str, fields: Json) -> None:
        self.send({"sessionUpdate": "tool_call_update", "toolCallId": call, **fields})
