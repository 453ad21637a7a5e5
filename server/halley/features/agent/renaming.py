"""rename_symbol, apply_code_action: what a language server would change becomes one call, approved with the diff of all
its files.

The answer is untrusted: it may name any file and any range. Each file passes the checks of `edit_file`, and one that
does not fit refuses the whole call before anything is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halley.core.agent import Finding
from halley.core.editing import Refused
from halley.core.errors import BlockedByPolicy, InvalidInput
from halley.core.ports import LanguageTools
from halley.core.snapshot import Document
from halley.core.text import DocumentEdit, apply_edits
from halley.engine.edits.rebase import rebase_edits
from halley.engine.markdown.inert import visible
from halley.features.agent.diffs import diff_of
from halley.features.agent.editing import SHAPE, check_text, errors_after, existing, make_change, why_look
from halley.features.agent.language import offset_of
from halley.features.agent.paths import AgentPlace
from halley.features.agent.work import AgentWork, text_of
from halley.features.tools.toolbox import Prepared
from halley.mcp.values import Outcome

MOST_FILES, LONGEST_NAME = 200, 200
_Read = Callable[[Path], Awaitable[Document]]


@dataclass(frozen=True, slots=True)
class _File:
    place: AgentPlace
    document: Document
    edit: DocumentEdit
    new: str

    @property
    def base(self) -> dict[str, Document]:
        return {self.document.uri: self.document}


async def prepare_rename(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    place, symbol, new_name = (
        work.place(arguments),
        text_of(arguments, "symbol"),
        text_of(arguments, "new_name"),
    )
    if not new_name.strip() or len(new_name) > LONGEST_NAME or len(new_name.splitlines()) > 1:
        raise InvalidInput("`new_name` is no name.", "Give the new name of the symbol alone.")
    document, offset = await _found(work, place, arguments, symbol)
    language = _language(work)
    files = await _changed(
        work, lambda read: language.rename(document, offset, new_name, read), symbol,
        f"The language server does not rename {symbol} there.",
    )  # fmt: skip
    said = f"Renamed {symbol} to {new_name} in {', '.join(file.place.name for file in files)}."
    return _prepared(work, files, f"Rename {symbol} to {new_name}", said, "renamed")


async def prepare_action(work: AgentWork, arguments: Mapping[str, Any], _call: str) -> Prepared:
    place, symbol, title = work.place(arguments), text_of(arguments, "symbol"), text_of(arguments, "action")
    document, offset = await _found(work, place, arguments, symbol)
    language, shown = _language(work), visible(" ".join(title.split()))[:LONGEST_NAME]
    files = await _changed(
        work, lambda read: language.act(document, offset, title, read), "",
        f"The language server has no code action {shown!r} with edits there.",
    )  # fmt: skip
    said = f"Changed {', '.join(file.place.name for file in files)}: {shown}."
    return _prepared(work, files, shown, said, "changed")


async def _found(
    work: AgentWork, place: AgentPlace, arguments: Mapping[str, Any], symbol: str
) -> tuple[Document, int]:
    document = await existing(work, place)
    return document, offset_of(document.text, arguments.get("line"), symbol)


def _language(work: AgentWork) -> LanguageTools:
    assert work.language is not None, "offered only where there is one"
    return work.language


def _prepared(work: AgentWork, files: Sequence[_File], label: str, said: str, done: str) -> Prepared:
    why = " ".join(dict.fromkeys(filter(None, (_why(file) for file in files))))

    async def run(_limit_s: float) -> Outcome:
        return await _make(work, files, label, said, done)

    # Whole or not at all: a symbol that is renamed in part is broken code.
    return Prepared(
        run, asks=bool(why) or work.settings.approve_edits, always=not why, shape=SHAPE, why=why,
        diff="".join(diff_of(file.place.name, file.document.text, file.new) for file in files),
    )  # fmt: skip


async def _changed(
    work: AgentWork, ask: Callable[[_Read], Awaitable[Sequence[DocumentEdit]]], symbol: str, nothing: str
) -> Sequence[_File]:
    """The files with the edits that `ask` gets. Where there is a symbol, nothing else may be replaced."""
    places: dict[str, AgentPlace] = {}
    documents: dict[str, Document] = {}

    async def read(path: Path) -> Document:
        found = work.place({"path": path.as_posix()})
        # A name is trimmed where a model gives it. A server's may really begin or end with blanks.
        if found.path.name != path.name:
            raise BlockedByPolicy(
                "The change touches a file with blanks around its name.", "Make it by hand."
            )
        document = await existing(work, found)
        places[document.uri], documents[document.uri] = found, document
        return document

    edits = await ask(read)
    files = [_checked(places[edit.uri], documents[edit.uri], edit, symbol) for edit in edits]
    files = [file for file in files if file.new != file.document.text]
    if not files:
        raise InvalidInput(nothing, "Use edit_file.")
    if len(files) > MOST_FILES:
        raise InvalidInput(
            f"The change reaches {len(files)} files, more than {MOST_FILES}.", "Use edit_file."
        )
    return files


def _checked(place: AgentPlace, document: Document, edit: DocumentEdit, symbol: str) -> _File:
    # A server that knows an older text names places where other words stand by now.
    replaced = (document.text[one.start : one.end] for one in edit.edits if one.end > one.start)
    if any(symbol.casefold() not in text.casefold() for text in replaced):
        raise InvalidInput(
            f"The language server would replace something in {place.name} that is not {symbol}.",
            "Save the files and try again, or use edit_file.",
        )
    try:
        new = apply_edits(document.text, edit.edits)
    except ValueError:
        raise InvalidInput(
            f"The language server's edits of {place.name} overlap.", "Use edit_file."
        ) from None
    check_text(place, new)
    return _File(place, document, edit, new)


def _why(file: _File) -> str:
    return " ".join(filter(None, (file.place.why, why_look(file.document.text, file.new))))


async def _make(work: AgentWork, files: Sequence[_File], label: str, said: str, done: str) -> Outcome:
    for file in files:
        if not await _still_fits(work, file):
            return Outcome(
                f"{file.place.name} changed in the same place, or is gone. Nothing is {done}. Try again.",
                failed=True,
            )
    before = await asyncio.gather(*(_findings(work, file) for file in files))
    made: list[str] = []
    for file in files:
        answer = await make_change(work, file.place, file.edit, file.base, label)
        if isinstance(answer, Refused):
            part = f"{done.capitalize()} only in {', '.join(made)}." if made else f"Nothing is {done}."
            problem = f"{answer.problem.message} {answer.problem.help}".strip()
            return Outcome(f"{file.place.name}: {problem} {part}", failed=True)
        made.append(file.place.name)
    pairs = zip(files, before, strict=True)
    errors = await asyncio.gather(*(errors_after(work, one.place, one.base, old) for one, old in pairs))
    return Outcome(said + "".join(errors))


async def _still_fits(work: AgentWork, file: _File) -> bool:
    """Asked of all files before the first is changed."""
    work.place({"path": file.place.name})
    now = await work.bench.read(file.place.path)
    return now is not None and not rebase_edits(file.document.text, now.text, file.edit.edits).conflicts


async def _findings(work: AgentWork, file: _File) -> Sequence[Finding]:
    return await work.language.diagnostics(file.place.path) if work.language else ()
