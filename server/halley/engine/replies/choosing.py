"""Which of several blocks in a reply is the answer.

Blocks for other files go to those files. Of the rest, shell commands, sample output, and a copy of the code as it was
are no answer; then the block that shares most with the part asked about is, or, where that says nothing, the first,
unless a later one says that it corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from halley.engine.code.definitions import definitions
from halley.engine.code.file_names import NAMED_FILES
from halley.engine.code.languages import ALIASES, LANGUAGES, are_akin, language_id_of
from halley.engine.edits.matching import squeeze
from halley.engine.markdown.fences import Fence
from halley.engine.replies.labels import Label, label_inside, label_of, starts_comment
from halley.engine.replies.target import File, Target, find_file
from halley.engine.replies.unified_diff import DIFF_LANGUAGES

_SHELLS = frozenset(
    "bash sh shell zsh console shellsession shell-session terminal powershell ps1 cmd bat fish".split()
)
_OUTPUTS = frozenset("text txt output plaintext plain log stdout stderr result".split())
_CORRECTS = re.compile(r"\b(?:correct(?:ed)?|final|fixed|complete|updated|full)\b", re.IGNORECASE)
_MORE_ALIASES = {
    "golang": "go", "rs": "rust", "kt": "kotlin", "rb": "ruby", "objc": "objective-c", "cc": "cpp", "h": "c",
    "hpp": "cpp", "python3": "python", "node": "javascript", "mjs": "javascript", "md": "markdown", "csharp": "csharp",
    "c#": "csharp", "make": "makefile", "docker": "dockerfile", "ps": "powershell", "jsonc": "json", "vue-html": "html",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """Blocks for the part asked about (several are pieces of it), and blocks for other files, by path."""

    own: tuple[Fence, ...] = ()
    others: tuple[tuple[str, Fence], ...] = ()


def choose_blocks(fences: Sequence[Fence], target: Target) -> Chosen:
    """See above. Nothing is chosen where no block can be the answer."""
    own: list[Fence] = []
    labelled: list[Fence] = []
    others: list[tuple[str, Fence]] = []
    for fence in fences:
        label, fence = _label(fence, target)
        if label is None or not (_is_sure(label, target) or is_known(label.path, target)):
            own.append(fence)
        elif _is_own(label, target):
            labelled.append(fence)
        else:
            others.append((label.path, fence))
    return Chosen(tuple(_answers(labelled or own, target, alone=not others)), tuple(others))


def _label(fence: Fence, target: Target) -> tuple[Label | None, Fence]:
    """The file a block names. A comment that only names it is not part of the code, unless the file speaks for that."""
    path = label_inside(fence.lines)
    is_row = bool(path) and (_has_row(target, fence) or _replaces_a_comment(target, fence))
    if label := label_of(fence):
        return label, _less_label(fence, target) if path == label.path and not is_row else fence
    if path and not is_row and not _names_sections(target, path):
        return Label(path, sure="/" in path), _less_label(fence, target)
    return None, fence


def _names_sections(target: Target, path: str) -> bool:
    """Whether comments of the text are names of files: its head's, or those above its parts, and this is one more.

    In C headers and long scripts such comments are headings (`/* NextEvent.c */`), and a model may add one.
    """
    rows = target.text.split("\n")
    if any(label_inside([row]) for row in rows[:5]):
        return True
    return not is_known(path, target) and any(label_inside([row]) for row in rows)


def _replaces_a_comment(target: Target, fence: Fence) -> bool:
    """Whether the block's first line is the new text of the comment that the part begins with."""
    own = [row for row in target.selection.of(target.text).splitlines() if row.strip()]
    said = [line for line in fence.lines if line.strip()]
    if not own or not starts_comment(own[0]) or squeeze(own[0]) in map(squeeze, said):
        return False
    return bool(label_inside(own[:1])) or [*map(squeeze, own[1:2])] == [*map(squeeze, said[1:2])]


def _has_row(target: Target, fence: Fence) -> bool:
    """Whether the text has the block's first line: then it is a line of it, `%: Makefile` say, and no label."""
    key = squeeze(fence.lines[0])
    return any(squeeze(row) == key for row in target.text.split("\n"))


def _less_label(fence: Fence, target: Target) -> Fence:
    if squeeze(fence.lines[0]) == squeeze(target.text.split("\n", 1)[0]):
        return fence
    return Fence(fence.info, fence.lines[1:], fence.above, fence.first, fence.last, fence.closed)


def _is_own(label: Label, target: Target) -> bool:
    file = find_file(label.path, target)
    return isinstance(file, File) and file.uri == target.uri


def is_known(path: str, target: Target) -> bool:
    """Whether a path that may be something else is that of a file which is there."""
    file = find_file(path, target)
    return isinstance(file, File) and file.document is not None


def _is_sure(label: Label, target: Target) -> bool:
    """`Dockerfile` above a block for `web.Dockerfile` says the kind, not another file."""
    kind = NAMED_FILES.get(label.path.lower(), "plaintext")
    return label.sure and (kind == "plaintext" or kind != _kind(target))


def _kind(target: Target) -> str:
    return target.language_id if target.language_id != "plaintext" else language_id_of(target.path)


def _answers(fences: Sequence[Fence], target: Target, *, alone: bool) -> list[Fence]:
    fences = [fence for fence in fences if any(line.strip() for line in fence.lines)]
    if (
        target.language_id not in DIFF_LANGUAGES
    ):  # a diff that could not be read never takes the place of the code
        fences = [fence for fence in fences if fence.language not in DIFF_LANGUAGES]
    if target.language_id != "shellscript":
        fences = [fence for fence in fences if fence.language not in _SHELLS]
    if not alone:  # with other files named, only code of this language is meant for this one
        fences = [fence for fence in fences if _fits(fence, target) is True]
    fences = _best_fitting(fences, target)
    fences = _without_copies(fences, target)
    if len(fences) < 2:
        return fences
    return _pieces(fences, target) or [_likeliest(fences, target)]


def _best_fitting(fences: Sequence[Fence], target: Target) -> list[Fence]:
    """Those in the target's language; else those that name none; else all but sample output."""
    for wanted in (True, None):
        if fitting := [fence for fence in fences if _fits(fence, target) is wanted]:
            return fitting
    code = [fence for fence in fences if fence.language not in _OUTPUTS]
    return code or list(fences)


def _fits(fence: Fence, target: Target) -> bool | None:
    """Whether a block is in the target's language; None when it does not say."""
    return is_language(fence.language, target.language_id)


def is_language(name: str, language_id: str) -> bool | None:
    """Whether a fence's language is that of a document; None when it names none that is known."""
    if not name:
        return None
    name = _MORE_ALIASES.get(name.lower(), ALIASES.get(name.lower(), name.lower()))
    if are_akin(name, language_id):
        return True
    return False if name in LANGUAGES or name in _OUTPUTS else None


def _without_copies(fences: Sequence[Fence], target: Target) -> list[Fence]:
    """Without blocks that only repeat the part as it is, if anything else is left."""
    if len(fences) < 2:
        return list(fences)
    # Models quote the code as it is before they change it.
    old = _keys(target.selection.of(target.text).split("\n"))
    changed = [fence for fence in fences if _keys(fence.lines) != old]
    return changed or list(fences[:1])


def _pieces(fences: Sequence[Fence], target: Target) -> list[Fence]:
    """All blocks, when each is another of the part's definitions."""
    names = {one.name for one in definitions(target.selection.of(target.text).split("\n"))}
    seen: set[str] = set()
    for fence in fences:
        mine = {one.name for one in definitions(fence.lines)}
        if not mine or not mine <= names or mine & seen:
            return []
        seen |= mine
    return list(fences)


def _likeliest(fences: Sequence[Fence], target: Target) -> Fence:
    old = set(_keys(target.selection.of(target.text).split("\n")))
    shares = [len(old & set(_keys(fence.lines))) for fence in fences]
    # Not the highest share alone: a corrected version keeps a little less of the old code than the first try does.
    best = [fence for fence, share in zip(fences, shares, strict=True) if share >= 0.8 * max(shares)]
    corrected = [fence for fence in best[1:] if any(_CORRECTS.search(line) for line in fence.above[-3:])]
    return corrected[-1] if corrected else best[0]


def _keys(lines: Sequence[str]) -> list[str]:
    return [squeeze(line) for line in lines if line.strip()]
