"""Tokens that a grammar proves to be layout: a comma before a closing bracket, a semicolon that a line end or a
bracket says as well, the kind of quotes.

Every rule needs the tree: the same comma means something in `[1,,]`, in `(a,)` and after `...rest`.
"""

from __future__ import annotations

import re
from typing import Any

_SCRIPTS = frozenset(("javascript", "javascriptreact", "typescript", "typescriptreact"))
_CLOSERS = frozenset(("]", "}", ")"))
_SCRIPT_LISTS = frozenset(
    """array object arguments formal_parameters named_imports export_clause array_pattern object_pattern enum_body
    tuple_type""".split()
)
_LISTS = {
    "go": frozenset(("literal_value", "argument_list", "parameter_list")),
    "rust": frozenset(
        """arguments parameters field_initializer_list field_declaration_list ordered_field_declaration_list
        enum_variant_list use_list array_expression struct_pattern type_arguments type_parameters""".split()
    ),
} | dict.fromkeys(_SCRIPTS, _SCRIPT_LISTS)
"""Where a comma before the closing bracket says nothing, by language."""
_NO_REST = frozenset(("formal_parameters", "array_pattern", "object_pattern"))
_STATEMENTS = frozenset(
    """expression_statement lexical_declaration variable_declaration return_statement break_statement continue_statement
    throw_statement import_statement export_statement debugger_statement do_statement type_alias_declaration""".split()
)
_FIELDS = frozenset(("field_definition", "public_field_definition"))
_MEMBERS = _FIELDS | {"method_definition"}
_QUOTED = re.compile(rb"\\[\s\S]")
_SPECIAL = frozenset(b"\\\"'")
_BODY = re.compile(rb"""(?:\\\r?\n|\s)+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)


def is_optional(node: Any, parent: Any, index: int, language_id: str) -> bool:
    """Whether the text means the same without this token, child `index` of `parent`."""
    if node.type == ",":
        return _is_last_comma(parent, index, language_id)
    if node.type != ";":
        return False
    if language_id in _SCRIPTS:
        return _ends_statement(parent, index)
    if language_id == "css":
        return _is_last_declaration(parent, index)
    return language_id == "shellscript" and parent.type != "c_style_for_statement"


def written(text: bytes, node: Any, parent: Any, language_id: str) -> bytes:
    """The text of a token, without what says nothing: the kind of quotes, blanks in the body of a macro."""
    if node.type == "preproc_arg":
        return _macro_body(text)
    if parent is None or parent.type == "jsx_attribute":
        return text
    if language_id in _SCRIPTS and node.type == "string":
        inner = _QUOTED.sub(
            lambda found: found[0][1:] if found[0] in (b"\\'", b'\\"') else found[0], text[1:-1]
        )
        return b'"' + inner + b'"'
    if language_id == "css" and node.type == "string_value" and not set(text[1:-1]) & _SPECIAL:
        return b'"' + text[1:-1] + b'"'
    return text


def _macro_body(text: bytes) -> bytes:
    """As a preprocessor keeps it: blanks between tokens are one, literals stay."""
    return _BODY.sub(
        lambda found: b" " if found[0].strip(b"\\ \t\r\n\f\v") == b"" else found[0], text
    ).strip()


def _is_last_comma(parent: Any, index: int, language_id: str) -> bool:
    if parent.type not in _LISTS.get(language_id, ()):
        return False
    following, previous = _beside(parent, index, 1), _beside(parent, index, -1)
    if following is None or following.type not in _CLOSERS or previous is None or not previous.is_named:
        return False
    return not (parent.type in _NO_REST and _is_rest(previous))


def _is_rest(node: Any) -> bool:
    while node is not None and node.child_count and node.type != "rest_pattern":
        node = node.children[0]
    return node is not None and node.type in ("rest_pattern", "...")


def _ends_statement(parent: Any, index: int) -> bool:
    """A statement's last semicolon, or one between members of a class or a type."""
    if parent.type in _STATEMENTS:
        return index == parent.child_count - 1
    following, previous = _beside(parent, index, 1), _beside(parent, index, -1)
    if following is None or previous is None or not previous.is_named:
        return False
    if parent.type in ("interface_body", "object_type"):
        return True
    if parent.type != "class_body" or previous.type not in _FIELDS:
        return False
    has_value = any(child.type == "=" for child in previous.children)
    first = following
    while first.child_count:
        first = first.children[0]
    return following.type == "}" or (
        has_value and following.type in _MEMBERS and first.type.replace("_", "").isalpha()
    )


def _is_last_declaration(parent: Any, index: int) -> bool:
    if parent.type != "declaration" or index != parent.child_count - 1 or parent.parent is None:
        return False
    around = parent.parent
    if around.type != "block":
        return False
    last = [child for child in around.children if "comment" not in child.type][-2:]
    return len(last) == 2 and last[1].type == "}" and last[0].id == parent.id


def _beside(parent: Any, index: int, step: int) -> Any:
    index += step
    while 0 <= index < parent.child_count:
        node = parent.children[index]
        if "comment" not in node.type:
            return node
        index += step
    return None
