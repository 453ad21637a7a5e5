"""A turn's events on the terminal: the first reply as it comes, others after it, what is not the answer on stderr."""

from __future__ import annotations

import sys
from typing import Any

from halley.cli.conversation.markdown import MarkdownStream
from halley.cli.output import clean, console, is_watched, tell, write
from halley.core.figures import milliseconds, money

Json = dict[str, Any]


class Replies:
    """Takes the events of one turn (`event`), and its result (`finish`)."""

    def __init__(self, plain: bool = False) -> None:
        drawn = sys.stdout.isatty() and not plain
        self._markdown = MarkdownStream(console()) if drawn else None
        self._first = ""
        self._last = "\n"
        self._said = ""
        """The notice shown last."""

    def event(self, event: Json) -> None:
        if self._first and event.get("replyId") not in (self._first, None):
            return  # another model's, shown whole once it has ended
        match event["type"]:
            case "start":
                self._first = self._first or event["replyId"]
            case "text":
                self._write(event["delta"])
            case "notice":
                self._said = event["text"]
                self._tell(f"… {event['text']}")
            case "citation":
                self._tell(f"  [{event['title'] or event['url']}] {event['url']}")
            case "toolCall" if event.get("state") == "running":
                shown = event.get("command") or " ".join(event["arguments"].split())[:200]
                self._tell(f"… {event['server']}/{event['tool']} {shown}")
            case "terminal":
                self._tell(event["delta"].rstrip("\n"))
            case "plan":
                marks = {"done": "x", "doing": ">", "dropped": "-"}
                rows = (f"[{marks.get(step['state'], ' ')}] {step['text']}" for step in event["steps"])
                self._tell("\n".join(rows))
            case "toolCall":
                self.end()  # a question about it may follow
            case "toolResult" if event["state"] != "done":
                self._tell(f"… {event['state']}: {event['text'][:300]}")
            case "image":
                self._tell(f"… a picture ({event['mime']}); `/export` in an editor saves it.")
            case _:
                pass

    def finish(self, result: Json) -> None:
        """The other replies, and a line about each: model, tokens, cost, time."""
        self.end()
        replies = result["replies"]
        for reply in replies:
            if len(replies) > 1 and reply["replyId"] != self._first:
                write(f"\n{reply['model']}:\n\n")
                self._write(reply["text"])
                self.end()
            if problem := reply.get("problem"):
                tell(f"{problem['message']}\n{problem.get('help') or ''}".strip())
            elif is_watched():
                tell(summary(reply))
        if (said := result.get("said")) and said != self._said:
            write(f"{said}\n")

    def end(self) -> None:
        """Finishes the line, or the block, that is being written."""
        if self._markdown:
            self._markdown.end()
        elif self._last != "\n":
            write("\n")
            self._last = "\n"

    def _write(self, text: str) -> None:
        if self._markdown:
            self._markdown.feed(text)
        else:
            write(text)
            self._last = text[-1:] or self._last

    def _tell(self, text: str) -> None:
        self.end()
        tell(text)


def summary(reply: Json) -> str:
    """`(comet/gpt-5-mini, 1,200 tokens in, 80 out, about $0.0004, first token after 412 ms)`."""
    usage = reply.get("usage") or {}
    parts = [reply["model"]]
    if usage:
        cached = f" ({usage['cachedTokens']:,} cached)" if usage.get("cachedTokens") else ""
        parts.append(f"{usage['inputTokens']:,} tokens in{cached}, {usage['outputTokens']:,} out")
    if cost := usage.get("cost"):
        text = money([cost])
        is_rough = cost["source"] == "estimated" and not text.startswith("<")
        parts.append(f"about {text}" if is_rough else text)
    if (first := usage.get("firstTokenMs")) is not None:
        parts.append(f"first token after {milliseconds(first)}")
    return f"({clean(', '.join(parts))})"
