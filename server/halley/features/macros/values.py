"""The variables of macros: read only where a prompt asks for them, so that a macro about a diff needs no document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from halley.core.errors import InvalidInput
from halley.core.snapshot import Document
from halley.engine.code.languages import language, language_id_of
from halley.engine.prompting.context import display_path
from halley.engine.prompting.prompts import fence, render_context, render_diagnostics
from halley.features.actions.action import Job
from halley.features.commit import cut_diff
from halley.features.context.shown import check_document, permit
from halley.features.diff import load_shown_diff

NOWHERE = "untitled:nothing"
"""The document of a run without any."""


async def load_values(job: Job, names: Iterable[str]) -> dict[str, str]:
    """The variables among `names`, with their values.

    Raises InvalidInput for one that there is nothing for, and BlockedByPolicy for a document that never leaves.
    """
    wanted = set(names)
    found = {name: await read(job) for name, read in VARIABLES.items() if name in wanted}
    return found | {"instruction": job.instruction, "input": job.instruction}


async def _selection(job: Job) -> str:
    _check(job, "selection")
    return job.snapshot.selected_text or job.snapshot.document.text


async def _buffer(job: Job) -> str:
    _check(job, "buffer")
    return job.snapshot.document.text


async def _path(job: Job) -> str:
    return "" if job.snapshot.document.uri == NOWHERE else display_path(job.snapshot)


async def _language(job: Job) -> str:
    return language(job.snapshot.document.language_id).name


async def _diagnostics(job: Job) -> str:
    _check(job, "diagnostics")
    return render_diagnostics(job.snapshot.diagnostics, job.snapshot.document.text)


async def _context(job: Job) -> str:
    _check(job, "context")
    return render_context(await job.context(), job.snapshot.document.language_id)


async def _guidance(job: Job) -> str:
    return job.snapshot.workspace.guidance if job.snapshot.workspace else ""


async def _diff(job: Job) -> str:
    """What is staged, else all that is not committed; cut to the context's budget."""
    if job.snapshot.workspace is None:
        raise InvalidInput("{{diff}} needs a workspace.", "Run the macro inside a git repository.")
    diff = await load_shown_diff(
        job.snapshot.workspace.root, staged=True, exclude=job.snapshot.settings.context.exclude
    )
    if not diff.strip():
        raise InvalidInput(
            "There are no changes for {{diff}}.", "Change or stage something first (`git add`)."
        )
    return cut_diff(diff, job.around.settings.context.max_tokens)


async def _open(job: Job) -> str:
    return "\n\n".join(_shown(job, document) for document in _documents(job))


async def _recent(job: Job) -> str:
    return "\n\n".join(_shown(job, document) for document in _documents(job)[:3])


VARIABLES: dict[str, Callable[[Job], Awaitable[str]]] = {
    "selection": _selection,
    "buffer": _buffer,
    "path": _path,
    "language": _language,
    "diagnostics": _diagnostics,
    "context": _context,
    "guidance": _guidance,
    "diff": _diff,
    "open": _open,
    "recent": _recent,
}


def file_value(path: str, text: str) -> str:
    """`{{file}}`: a file as a prompt shows it, named."""
    return f"`{path}`:\n\n{fence(text, language_id_of(path))}"


def _documents(job: Job) -> list[Document]:
    _check(job, "open")
    return permit(job.around.project, job.snapshot).documents


def _shown(job: Job, document: Document) -> str:
    workspace, path = job.snapshot.workspace, document.path
    name = document.uri.rsplit("/", 1)[-1]
    if workspace and path and path.is_relative_to(workspace.root):
        name = path.relative_to(workspace.root).as_posix()
    return file_value(name, document.text)


def _check(job: Job, name: str) -> None:
    if job.snapshot.document.uri == NOWHERE:
        raise InvalidInput(
            f"{{{{{name}}}}} needs a document.",
            "Run the macro on one (in a terminal: -f FILE, or pipe text in).",
        )
    check_document(job.snapshot)
