"""Where blanks and line breaks between two tokens mean something, by language.

A grammar is more patient than the language: it reads `' a` as a lifetime and `@media screen and(…)` as a query. So a
gap only is layout where putting two tokens together or apart can make no other tokens, for the language's own reader.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

Sign = tuple[str, bytes]


class Leaf(NamedTuple):
    """A token: its node's type, its text, where it stands (bytes), its parent's type, whether it has a name."""

    kind: str
    text: bytes
    start: int
    end: int
    parent: str
    named: bool


@dataclass(slots=True)
class Gap:
    """What lies between two tokens. `dropped`: a token was there that is only layout, `separated`: a semicolon,
    `grouped`: a bracket; line breaks after that one do not count."""

    blank: bool = False
    newline: bool = False
    dropped: bool = False
    separated: bool = False
    grouped: bool = False


class Rules(NamedTuple):
    language_id: str
    data: bytes
    directives: list[tuple[int, int]]
    """Lines of a preprocessor, from their `#` to their end."""
    joined: frozenset[bytes]
    """Pairs of characters that are one token, or part of one, when they stand together."""
    separates: bool
    """Whether a line break separates commands as `;` does."""


_PAIRS = "++ -- && || == != <= >= << >> -> => :: // /* */ .. ?. ?? += -= /= %= ^= |= &= ?:".split()
_MORE_PAIRS = {
    "javascript": "** <! *=", "typescript": "** <! *=", "javascriptreact": "** <! *=", "typescriptreact": "** <! *=",
    "go": "<- := &^ *=", "ruby": "** =~ !~ *= <>", "php": "** ?> <? *= <>", "c": "## <: <% %> :> *=",
    "cpp": "## <: <% %> :> .* *=", "lua": "~= [[ ]] [=", "rust": "*= <-", "java": "*=", "csharp": "*=",
}  # fmt: skip
_QUOTES = b"\"'`"
_SOFT = b"()[]{},;"
_GENERICS = frozenset(
    "type_arguments type_parameters template_argument_list template_parameter_list type_argument_list".split()
)
_DIRECTIVE = re.compile(rb"(?m)^[ \t]*(#(?:[^\r\n\\]|\\\r?\n|\\.)*)")
_DIRECTED = frozenset(("c", "cpp", "csharp"))

_SCRIPT_WORDS = frozenset(
    b"""async type declare abstract namespace module interface global get set accessor static yield await return throw
    break continue readonly let using of as satisfies public private protected override infer keyof is
    asserts""".split()
)
_SCRIPT_NEXT = frozenset((b"=>", b"++", b"--", b"as", b"satisfies", b"!", b"is"))
_GO_ENDS = re.compile(rb"(?:\w|[\"'`)\]}]|\+\+|--)\Z")
_GO_GOES_ON = frozenset(
    b"""case chan const default defer else for func go goto if import interface map package range select struct switch
    type var""".split()
)
_GO_LISTS = frozenset(
    ("argument_list", "parameter_list", "literal_value", "type_arguments", "special_argument_list")
)
_SHELL_GOES_ON = frozenset(
    (b"then", b"do", b"else", b"elif", b"if", b"while", b"until", b"{", b"(", b"$(", b"`")
)
_SHELL_INSIDE = ("subshell", "command_substitution")
_SHELL_JOINS = frozenset((b"&&", b"||", b"|", b"|&", b";;", b";&", b";;&", b"&"))
_RUBY_GOES_ON = frozenset(
    b", ( [ { | || && + * / % = == => . &. :: ? : and or not then do else begin ensure -> ||= += -= <<".split()
)
_RUBY_NEXT = frozenset((b")", b"]", b"}", b".", b"&."))
_STYLE_SOFT = b"{};,"


def rules_of(data: bytes, language_id: str) -> Rules:
    directives = [found.span(1) for found in _DIRECTIVE.finditer(data)] if language_id in _DIRECTED else []
    pairs = [*_PAIRS, *_MORE_PAIRS.get(language_id, "").split()]
    by_hand = b"alias" in data or b"<<" in data
    return Rules(
        language_id,
        data,
        directives,
        frozenset(pair.encode() for pair in pairs),
        language_id in ("shellscript", "ruby") and not by_hand,
    )


def gap_signs(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    """What the gap before `leaf` says; nothing where it is layout."""
    if _BLANKS.get(rules.language_id, _joins)(last, leaf, rules):
        yield "blank", b" " if gap.blank else b""
    if (breaks := _BREAKS.get(rules.language_id)) is not None:
        yield from breaks(gap, last, leaf, rules)


# -- blanks


def _joins(last: Leaf, leaf: Leaf, rules: Rules) -> bool:
    """Whether two tokens side by side might be read as others than apart."""
    a, b = last.text[-1:], leaf.text[:1]
    if _is_word(a) and _is_word(b):
        return True
    if b"." in (a, b) and (last.text[:1].isdigit() or leaf.text[:1].isdigit()):
        return True
    if (a in _QUOTES and _is_word(b)) or (b in _QUOTES and last.named and _is_word(a)):
        return True
    if last.text in (b"'", b"$", b"@", b"#", b"\\") or leaf.text == b"\\":
        return True
    if a in _SOFT or b in _SOFT:
        return a + b in rules.joined
    if a + b == b">>" and (last.parent in _GENERICS or leaf.parent in _GENERICS):
        return False
    if rules.language_id == "rust" and "token" in last.parent and "token" in leaf.parent:
        return not _is_word(a) and not _is_word(b)
    return a + b in rules.joined


def _ruby_joins(last: Leaf, leaf: Leaf, rules: Rules) -> bool:
    opens = leaf.text[:1] in b"([?:" and (_is_word(last.text[-1:]) or last.text[-1:] in b")]}?!")
    return opens or last.text[-1:] == b":" or _joins(last, leaf, rules)


def _style_joins(last: Leaf, leaf: Leaf, rules: Rules) -> bool:
    """In CSS most blanks say something: they combine selectors, and part a name from a function."""
    if last.text[-1:] in _STYLE_SOFT or leaf.text[:1] in _STYLE_SOFT:
        return False
    if last.text == b"(" or leaf.text == b")":
        return False
    for one in (last, leaf):
        if one.text == b":" and one.parent in ("declaration", "feature_query"):
            return False
        if one.text in (b">", b"~", b"+") and one.parent.endswith("_selector"):
            return False
    return leaf.text != b"!important"


def _shell_joins(last: Leaf, leaf: Leaf, rules: Rules) -> bool:
    """In a shell, a blank parts words; only beside an operator it says nothing."""
    if last.text in _SHELL_JOINS or leaf.text in _SHELL_JOINS:
        return False
    soft = ("subshell", "array", "function_definition", "command_substitution", "case_item")
    if last.text in (b"(", b"$(", b"`") and last.parent in soft:
        return leaf.text.startswith(b"(")
    if leaf.text in (b")", b"`") and leaf.parent in soft:
        return last.text.endswith(b")")
    if leaf.text == b"(" and leaf.parent == "function_definition":
        return False
    if last.parent == "file_redirect" and not last.named:
        return leaf.text[:1] in b"(&<>|-"
    return True


def _is_word(character: bytes) -> bool:
    return character.isalnum() or character in (b"_", b"$") or character >= b"\x80"


_BLANKS: dict[str, Callable[[Leaf, Leaf, Rules], bool]] = {
    "css": _style_joins,
    "shellscript": _shell_joins,
    "ruby": _ruby_joins,
}

# -- line breaks


def _script_breaks(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    """After and before words that are only names when a line ends there."""
    if (last.text in _SCRIPT_WORDS and not gap.dropped) or leaf.text in _SCRIPT_NEXT:
        yield "line", b"\n" if gap.newline else b""


def _go_breaks(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    """A line break after what can end a statement is a semicolon, except before the bracket that ends a block."""
    if leaf.text[:1] in b")}" and leaf.parent not in _GO_LISTS:
        return
    ends = _GO_ENDS.search(last.text) and last.text not in _GO_GOES_ON
    if gap.separated or (gap.newline and not gap.dropped and ends):
        yield ";", b";"


def _shell_breaks(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    opens = (last.text in _SHELL_GOES_ON and last.parent != "function_definition") or (
        (last.text, last.parent) in ((b"in", "case_statement"), (b")", "case_item"))
    )
    if opens or last.text in _SHELL_JOINS:
        if gap.separated:  # `then;` is no shell
            yield "end", b";"
        return
    if (
        (leaf.text in (b")", b"`") and leaf.parent in _SHELL_INSIDE)
        or leaf.text[:2] == b";;"
        or last.parent == "array"
        or leaf.parent == "array"
    ):
        return
    if leaf.text == b"{" and last.text == b")" and last.parent == "function_definition":
        return
    if gap.newline or gap.dropped:
        yield "end", b";" if gap.dropped and not gap.newline and not rules.separates else b"\n"


def _ruby_breaks(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    if gap.separated:
        yield "line", b"\n" if gap.newline or rules.separates else b";"
    elif gap.newline and last.text not in _RUBY_GOES_ON and leaf.text not in _RUBY_NEXT:
        yield "line", b"\n"


def _lua_breaks(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    """What begins with a bracket would be a call without the semicolon above it, and so it may on a line of its own."""
    if leaf.text == b"(" and gap.separated:
        yield "line", b";"
    elif (leaf.text == b"(" or gap.grouped) and gap.newline:
        yield "line", b"\n"


def _directive_breaks(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    """A line of the preprocessor is a line."""
    if _in_directive(leaf.start, rules) or _in_directive(last.end - 1, rules):
        yield "line", b"\n" if gap.newline else b""


def _in_directive(at: int, rules: Rules) -> bool:
    found = bisect_right(rules.directives, (at, len(rules.data))) - 1
    return found >= 0 and at < rules.directives[found][1]


def _every_break(gap: Gap, last: Leaf, leaf: Leaf, rules: Rules) -> Iterator[Sign]:
    yield "line", b"\n" if gap.newline else b""


_BREAKS: dict[str, Callable[[Gap, Leaf, Leaf, Rules], Iterator[Sign]]] = {
    "javascript": _script_breaks,
    "javascriptreact": _script_breaks,
    "typescript": _script_breaks,
    "typescriptreact": _script_breaks,
    "go": _go_breaks,
    "shellscript": _shell_breaks,
    "ruby": _ruby_breaks,
    "lua": _lua_breaks,
    "c": _directive_breaks,
    "cpp": _directive_breaks,
    "csharp": _directive_breaks,
    "python": _every_break,
}
