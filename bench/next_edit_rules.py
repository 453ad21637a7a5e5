"""The model that the replay of next edits asks: what recent edits began, finished by rules and the syntax tree.

    a name was changed             its other uses in the region get the new one, where it is the same name
    a parameter came               calls with one argument too few get it: the variable of its name, or a zero
    a parameter went               calls lose that argument

Nothing else: where no rule fits, the answer is that nothing is to be done. Names are the same within the function that
the edit was in, and everywhere for what a function or a class is called, and for members. The simulator's `sim-next`
knows the first rule alone, word for word; a benchmark of places and gates needs a model that is seldom wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from halley.simulator.answers.languages import RESERVED, count_errors, language_of_path, parse, walk
from halley.simulator.conversation import Conversation

NOTHING = "NO_EDITS"
_DIFF = re.compile(r"^`([^`\n]+)`:\n\n(`{3,})diff\n(.*?)^\2[ \t]*$", re.MULTILINE | re.DOTALL)
_HEAD = re.compile(r"^`([^`\n]+)`; the cursor is at `[^`\n]+`:\n\n", re.MULTILINE)
_REGION = re.compile(r"<editable_region>\n(.*?)\n?</editable_region>\n?", re.DOTALL)
_CURSOR = "<cursor_position/>"
_TOKEN = re.compile(r"[^\W\d][\w$]*|\d[\w.]*|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s]")
_CALLS = frozenset(
    "call call_expression method_invocation invocation_expression function_call_expression member_call_expression "
    "function_call object_creation_expression new_expression scoped_call_expression".split()
)
_FUNCTIONS = frozenset(
    "function_definition function_declaration method_definition method_declaration function_item method "
    "local_function_statement constructor_declaration singleton_method arrow_function".split()
)
_ZERO = {
    "int": "0", "i32": "0", "u32": "0", "i64": "0", "u64": "0", "usize": "0", "long": "0", "number": "0",
    "float": "0.0", "double": "0.0", "f64": "0.0", "str": '""', "string": '""', "String": '""', "bool": "false",
    "boolean": "false",
}  # fmt: skip
_NONE = {
    "python": "None", "go": "nil", "ruby": "nil", "lua": "nil", "rust": "None", "c": "0", "cpp": "nullptr",
    "javascript": "undefined", "typescript": "undefined", "typescriptreact": "undefined",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edited:
    path: str
    old: str
    new: str
    around: str
    """The lines of the diff as they are now."""


@dataclass(frozen=True, slots=True)
class Text:
    """The file as far as the prompt shows it, and the region in it."""

    path: str
    language: str
    text: str
    start: int
    end: int


def next_edit(asked: Conversation) -> str:
    shown = _read(asked.last)
    if shown is None:
        return NOTHING
    for edited in reversed(_edits(asked.last)):
        for rule in (_rename, _parameters):
            text = rule(edited, shown)
            if text is not None and count_errors(text, shown.language) <= count_errors(
                shown.text, shown.language
            ):
                region = text[shown.start : len(text) - (len(shown.text) - shown.end)]
                return f"<editable_region>\n{region.rstrip(chr(10))}\n</editable_region>"
    return NOTHING


def _read(prompt: str) -> Text | None:
    head, region = _last(_HEAD, prompt), _last(_REGION, prompt)
    if head is None or region is None or region.start() < head.end():
        return None
    before, after = prompt[head.end() : region.start()], prompt[region.end() :]
    inside = region[1].replace(_CURSOR, "") + "\n"
    start = len(before)
    return Text(head[1], language_of_path(head[1]), before + inside + after, start, start + len(inside))


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the last one counts: a file may hold such text itself
        pass
    return found


def _edits(prompt: str) -> list[Edited]:
    found: list[Edited] = []
    for match in _DIFF.finditer(prompt):
        lines = match[3].split("\n")
        old = "\n".join(line[1:] for line in lines if line.startswith("-"))
        new = "\n".join(line[1:] for line in lines if line.startswith("+"))
        around = "\n".join(line[1:] for line in lines if line[:1] in (" ", "+"))
        found.append(Edited(match[1], old, new, around.strip("\n")))
    return found


# -- names


def _rename(edited: Edited, shown: Text) -> str | None:
    """The text with other uses of a renamed name; None where there are none in the region."""
    for old, new in _pairs(edited):
        spans = [span for span in _uses(old, new, edited, shown) if shown.start <= span[0] < shown.end]
        if spans:
            return _replaced(shown.text, spans, new)
    return None


def _pairs(edited: Edited) -> list[tuple[str, str]]:
    was, now = _TOKEN.findall(edited.old), _TOKEN.findall(edited.new)
    pairs: dict[tuple[str, str], None] = {}
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag == "replace" and i2 - i1 == j2 - j1:
            pairs |= {
                pair: None
                for pair in zip(was[i1:i2], now[j1:j2], strict=True)
                if all(re.fullmatch(r"[^\W\d][\w$]*", word) and word not in RESERVED for word in pair)
            }
    return list(pairs)


def _uses(old: str, new: str, edited: Edited, shown: Text) -> list[tuple[int, int]]:
    """Where the old name is still used for what has the new one now."""
    names = [(start, end, node) for start, end, node in _names(shown) if shown.text[start:end] == old]
    if edited.path != shown.path or _is_called_so(new, shown) or not names:
        return [(start, end) for start, end, _ in names]
    at = shown.text.find(edited.around)
    scope = _function_at(shown, at + len(edited.around) // 2) if at >= 0 else None
    return [
        (start, end)
        for start, end, _ in names
        if scope is None or scope[0] <= start < scope[1] or shown.text[start - 1 : start] == "."
    ]


def _names(shown: Text) -> Iterator[tuple[int, int, Any]]:
    """Every name of the text, in code."""
    root = parse(shown.text, shown.language)
    if root is None:
        yield from ((match.start(), match.end(), None) for match in re.finditer(r"[^\W\d][\w$]*", shown.text))
        return
    data, at, to = shown.text.encode(), 0, 0
    for node in walk(root):
        if node.child_count or (
            "identifier" not in node.type and node.type not in ("name", "word", "constant")
        ):
            continue
        if node.start_byte >= at:
            to += len(data[at : node.start_byte].decode())
            at = node.start_byte
            yield to, to + len(data[node.start_byte : node.end_byte].decode()), node


def _is_called_so(name: str, shown: Text) -> bool:
    """Whether a function or a class has the name."""
    root = parse(shown.text, shown.language)
    named = (node.child_by_field_name("name") for node in walk(root) if _defines(node)) if root else ()
    return any(node is not None and node.text.decode() == name for node in named)


def _defines(node: Any) -> bool:
    return node.type in _FUNCTIONS or "class" in node.type or "struct" in node.type


def _function_at(shown: Text, at: int) -> tuple[int, int] | None:
    """The innermost function around an offset."""
    root = parse(shown.text, shown.language)
    if root is None:
        return None
    byte = len(shown.text[:at].encode())
    holding = [n for n in walk(root) if n.type in _FUNCTIONS and n.start_byte <= byte < n.end_byte]
    if not holding:
        return None
    data, inner = shown.text.encode(), min(holding, key=lambda node: node.end_byte - node.start_byte)
    return len(data[: inner.start_byte].decode()), len(data[: inner.end_byte].decode())


def _replaced(text: str, spans: list[tuple[int, int]], new: str) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text


# -- parameters

_SIGNATURE = re.compile(r"(?:def|function|func|fn|sub)\b[^(\n]*?([\w$]+)\s*(?:<[^>]*>)?\(|([\w$]+)\s*\(")


def _parameters(edited: Edited, shown: Text) -> str | None:
    """The text with calls that fit the new parameters; None where none in the region needs it."""
    was, now = _signature(edited.old), _signature(edited.new)
    if was is None or now is None or was[0] != now[0] or was[1] == now[1]:
        return None
    name, old, new = now[0], was[1], now[1]
    edits: list[tuple[int, int, str]] = []
    for arguments in _calls(name, shown):
        if (change := _fitted(arguments, old, new, shown)) is not None and shown.start <= change[
            0
        ] < shown.end:
            edits.append(change)
    text = shown.text
    for start, end, put in sorted(edits, reverse=True):
        text = text[:start] + put + text[end:]
    return text if edits else None


def _signature(line: str) -> tuple[str, list[str]] | None:
    """The name of a function and its parameters as they are written."""
    found = _SIGNATURE.search(line)
    if found is None:
        return None
    inner = _inside(line, found.end())
    if inner is None:
        return None
    parameters = [part.strip() for part in _parts(inner)]
    bare = [
        part
        for part in parameters
        if part and _parameter_name(part) not in ("self", "cls", "this") and part not in "*/"
    ]
    if not all(map(_parameter_name, bare)):
        return None  # a call's
    return found[1] or found[2], bare


def _inside(text: str, at: int) -> str | None:
    """What is between the bracket that opened before `at` and its partner."""
    depth = 1
    for index in range(at, len(text)):
        depth += (text[index] in "([{") - (text[index] in ")]}")
        if not depth:
            return text[at:index]
    return None


def _parts(inner: str) -> list[str]:
    """Split at the commas that are in no bracket and no string."""
    parts, depth, quote = [""], 0, ""
    for char in inner:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        depth += (char in "([{<") - (char in ")]}>") if not quote else 0
        if char == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += char
    return parts if inner.strip() else []


def _parameter_name(parameter: str) -> str:
    """`name: type`, `type name`, `name type` and `&mut name` have their name in other places."""
    if re.search(r"[(\"'+.]", parameter.split("=")[0].split(":")[0].replace("...", "")):
        return ""  # a value
    words = re.findall(r"[^\W\d][\w$]*", parameter.split("=")[0].split(":")[0])
    return words[-1] if words and (":" in parameter or len(words) == 1) else words[0] if words else ""


def _calls(name: str, shown: Text) -> Iterator[tuple[int, int]]:
    """The spans of the arguments, without their brackets, of the calls of a function."""
    root = parse(shown.text, shown.language)
    if root is None:
        return
    data = shown.text.encode()
    for node in walk(root):
        if node.type not in _CALLS:
            continue
        arguments = node.child_by_field_name("arguments") or next(
            (child for child in node.children if "argument" in child.type), None
        )
        if arguments is None or arguments.child_count < 2:
            continue
        called = re.findall(r"[\w$]+", data[node.start_byte : arguments.start_byte].decode())
        if called and called[-1] == name and data[arguments.start_byte : arguments.start_byte + 1] == b"(":
            start = len(data[: arguments.start_byte + 1].decode())
            yield start, len(data[: arguments.end_byte - 1].decode())


def _fitted(
    span: tuple[int, int], old: list[str], new: list[str], shown: Text
) -> tuple[int, int, str] | None:
    """The edit of a call's arguments that its function's new parameters need."""
    inner = shown.text[span[0] : span[1]]
    given = _parts(inner)
    if any(part.strip().startswith(("*", "...")) for part in given) or len(given) != len(old):
        return None
    was, now = [_parameter_name(part) for part in old], [_parameter_name(part) for part in new]
    if len(new) == len(old) + 1:
        at = next((index for index, name in enumerate(was) if name != now[index]), len(was))
        if was != [*now[:at], *now[at + 1 :]] or "=" in new[at]:
            return None
        return _inserted(span, given, at, _value(new[at], span[0], shown))
    if len(new) == len(old) - 1:
        at = next((index for index, name in enumerate(now) if name != was[index]), len(now))
        if now != [*was[:at], *was[at + 1 :]]:
            return None
        kept = [*given[:at], *given[at + 1 :]]
        return span[0], span[1], ",".join([kept[0].lstrip(), *kept[1:]] if kept else [])
    return None


def _inserted(span: tuple[int, int], given: list[str], at: int, value: str) -> tuple[int, int, str]:
    if not given:
        return span[0], span[0], value
    if at == len(given):
        tail = len(given[-1]) - len(given[-1].rstrip())
        return span[1] - tail, span[1] - tail, f", {value}"
    start = span[0] + sum(len(part) + 1 for part in given[:at])
    start += len(given[at]) - len(given[at].lstrip())
    return start, start, f"{value}, "


def _value(parameter: str, at: int, shown: Text) -> str:
    """The variable of the parameter's name where there is one before the call, else the zero of its type."""
    name = _parameter_name(parameter)
    scope = _function_at(shown, at)
    before = shown.text[scope[0] : at] if scope else ""
    if re.search(rf"(?<![\w.$])\$?{re.escape(name)}\b(?!\()", before):
        return f"${name}" if shown.language == "php" else name
    words = re.findall(r"[\w]+", parameter)
    zero = next((_ZERO[word] for word in words if word != name and word in _ZERO), "")
    if shown.language == "python":
        zero = zero.replace("false", "False")
    return zero or _NONE.get(shown.language, "null")
