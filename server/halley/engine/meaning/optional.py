"""Tokens that a grammar proves to be layout: a comma before a closing bracket, a semicolon that a line end or a
bracket says as well, the kind of quotes.

Every rule needs the tree: the same comma means something in `[1,,]`, in `(a,)` and after `...rest`.
"""

from __future__ import annotations

import re
from typing import Any

_SCRIPTS = frozenset(("javascript", "javascriptreact", "typescript", "typescriptreact"))
_CLOSERS = frozenset(("]", "}", ")", ">"))
_SCRIPT_LISTS = frozenset(
    """array object arguments formal_parameters named_imports export_clause array_pattern object_pattern enum_body
    tuple_type type_parameters""".split()
)
_LISTS = {
    "go": frozenset(("literal_value", "argument_list", "parameter_list", "type_parameter_list")),
    "rust": frozenset(
        """arguments parameters field_initializer_list field_declaration_list ordered_field_declaration_list
        enum_variant_list use_list array_expression struct_pattern type_arguments type_parameters
        tuple_struct_pattern tuple_expression tuple_pattern tuple_type""".split()
    ),
    "java": frozenset(("array_initializer", "enum_body", "element_value_array_initializer")),
    "c": frozenset(("initializer_list", "enumerator_list")),
    "cpp": frozenset(("initializer_list", "enumerator_list")),
    "csharp": frozenset(
        """initializer_expression enum_member_declaration_list switch_expression anonymous_object_creation_expression
        property_pattern_clause""".split()
    ),
    "php": frozenset(("array_creation_expression", "arguments", "formal_parameters", "match_block")),
    "ruby": frozenset(("array", "hash", "argument_list")),
    "lua": frozenset(("table_constructor",)),
} | dict.fromkeys(_SCRIPTS, _SCRIPT_LISTS)
"""Where a comma before the closing bracket says nothing, by language."""
_TUPLES = frozenset(("tuple_expression", "tuple_pattern", "tuple_type"))
"""What a comma makes of one thing in brackets."""
_MACRO_ARGUMENTS = frozenset(("argument_list", "preproc_def", "preproc_function_def", "preproc_call"))
_NO_REST = frozenset(("formal_parameters", "array_pattern", "object_pattern"))
_RUBY_LAST = frozenset(("block_argument", "forward_argument"))
_GO_BLOCKS = frozenset(
    """source_file statement_list field_declaration_list interface_type import_spec_list const_declaration
    var_declaration var_spec_list type_declaration""".split()
)
_RUBY_PARAMETERS = frozenset(("block_parameters", "lambda_parameters"))
_STATEMENTS = frozenset(
    """expression_statement lexical_declaration variable_declaration return_statement break_statement continue_statement
    throw_statement import_statement export_statement debugger_statement do_statement
    type_alias_declaration function_signature""".split()
)
_DECLARED = ("function", "generator_function", "class", "abstract_class", "interface", "enum")
_FIELDS = frozenset(("field_definition", "public_field_definition"))
_SIGNATURES = frozenset(("method_signature", "abstract_method_signature", "index_signature"))
_MEMBERS = _FIELDS | _SIGNATURES | {"method_definition"}
_GOES_ON = frozenset(b"extends is in instanceof as satisfies".split())
"""Words that continue a type or an expression on the next line."""
_QUOTED = re.compile(rb"\\[\s\S]")
_SPECIAL = frozenset(b"\\\"'")
_FILLED = frozenset(b"#${")
_BODY = re.compile(rb"""(?:\\\r?\n|\s)+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)


def is_optional(node: Any, parent: Any, index: int, language_id: str) -> bool:
    """Whether the text means the same without this token, child `index` of `parent`."""
    if node.type == ",":
        return _is_last_comma(parent, index, language_id) or _ends_member(parent, index)
    if node.type != ";":
        return False
    if language_id in _SCRIPTS:
        return _ends_statement(parent, index)
    if language_id == "css":
        return _is_last_declaration(parent, index)
    return _separates(parent, index, language_id)


def _separates(parent: Any, index: int, language_id: str) -> bool:
    """A semicolon between statements, where a line end says the same (`gaps.py` holds it to that)."""
    match language_id:
        case "shellscript":
            return parent.type != "c_style_for_statement"
        case "go":
            return parent.type in _GO_BLOCKS and index > 0
        case "ruby":
            return parent.type not in _RUBY_PARAMETERS and index > 0
        case "lua":
            return parent.type in ("empty_statement", "return_statement") or _is_last_comma(
                parent, index, language_id
            )
        case _:
            return False


def is_bracket(node: Any, parent: Any, language_id: str) -> bool:
    """Whether a bracket only groups: `(a) => b`, `(<b/>)`, and Lua's `f("x")`."""
    if node.type not in ("(", ")") or parent.child_count != 3:
        return False
    inner = parent.children[1]
    if language_id == "lua":
        return parent.type == "arguments" and inner.type in ("string", "table_constructor")
    if language_id not in _SCRIPTS:
        return False
    if parent.type == "parenthesized_expression":
        return inner.type.startswith("jsx_") and inner.type != "jsx_expression"
    return parent.type == "formal_parameters" and _is_name(inner) and parent.parent.type == "arrow_function"


def _is_name(node: Any) -> bool:
    """A parameter that is a name alone."""
    if node.type == "required_parameter" and node.child_count == 1:
        node = node.children[0]
    return node.type == "identifier"


def is_wrapper(node: Any, language_id: str) -> bool:
    """Whether a node's opening and closing say nothing: what holds one thing that may be there by itself."""
    kind = node.type
    if language_id == "lua":
        return kind == "empty_statement"
    if language_id not in _SCRIPTS or kind not in _WRAPPERS:
        return False
    if kind in ("union_type", "intersection_type"):  # `| A` is `A`
        led = node.child_count == 2 and node.children[0].type in ("|", "&")
        return led and (node.parent.children[0].id == node.id or (kind, node.parent.type) not in _NEVER_LED)
    if kind == "required_parameter":
        return _is_name(node) and node.parent.child_count == 3 and node.parent.parent.type == "arrow_function"
    return node.child_count == 3 and is_bracket(node.children[0], node, language_id)


_WRAPPERS = frozenset(
    "union_type intersection_type formal_parameters required_parameter parenthesized_expression".split()
)


_NEVER_LED = {
    ("union_type", "union_type"), ("union_type", "intersection_type"), ("intersection_type", "intersection_type"),
}  # fmt: skip
"""The grammar reads `A || B` and `A & & B` as well, which TypeScript refuses; `A | & B` is right."""


def written(text: bytes, node: Any, parent: Any, language_id: str) -> bytes:
    """The text of a token, without what says nothing: the kind of quotes, blanks in the body of a macro."""
    if node.type == "preproc_arg":
        return _macro_body(text)
    if parent is None:
        return text
    if language_id == "lua" and text == b";" and parent.type == "table_constructor":
        return b","
    if text == b"," and parent.type in ("interface_body", "object_type"):
        return b";"
    plain = text[:1] in (b"'", b'"') and not set(text[1:-1]) & _SPECIAL
    if parent.type == "jsx_attribute":
        return b'"' + text[1:-1] + b'"' if plain and node.type == "string" else text
    if language_id in _SCRIPTS and node.type == "string":
        inner = _QUOTED.sub(
            lambda found: found[0][1:] if found[0] in (b"\\'", b'\\"') else found[0], text[1:-1]
        )
        return b'"' + inner + b'"'
    if plain and node.type in _PLAIN_STRINGS.get(language_id, ()) and not set(text) & _FILLED:
        return b'"' + text[1:-1] + b'"'
    return text


_PLAIN_STRINGS = {
    "css": ("string_value",), "lua": ("string",), "ruby": ("string",), "php": ("string", "encapsed_string"),
}  # fmt: skip
"""Nodes that say the same in either kind of quotes, where nothing in them is an escape or is filled in."""


def _macro_body(text: bytes) -> bytes:
    """As a preprocessor keeps it: blanks between tokens are one, literals stay."""
    return _BODY.sub(
        lambda found: b" " if found[0].strip(b"\\ \t\r\n\f\v") == b"" else found[0], text
    ).strip()


def _is_last_comma(parent: Any, index: int, language_id: str) -> bool:
    if language_id == "rust" and parent.type in ("match_arm", "where_clause"):
        return _ends_arm(parent, index)
    if parent.type not in _LISTS.get(language_id, ()):
        return False
    following, previous = _beside(parent, index, 1), _beside(parent, index, -1)
    if following is None or following.type not in _CLOSERS or previous is None or not previous.is_named:
        return False
    if parent.type in _NO_REST and _is_rest(previous):
        return False
    return _may_end_so(parent, previous, language_id)


def _may_end_so(parent: Any, previous: Any, language_id: str) -> bool:
    """Whether a list may end in a comma in just this place."""
    match language_id:
        case "go":  # `type A[P *C,]` is generic because of it
            return parent.type != "type_parameter_list" or parent.parent.type == "function_declaration"
        case "rust":
            return parent.type not in _TUPLES or sum(child.is_named for child in parent.children) > 1
        case "c" | "cpp":  # for a macro each comma begins an argument
            return not _is_within(parent, _MACRO_ARGUMENTS)
        case "ruby":
            is_call = parent.children[0].type == "(" and parent.parent.type == "call"
            return parent.type != "argument_list" or (is_call and previous.type not in _RUBY_LAST)
        case "php":  # `f(...)` is no call
            return previous.type != "variadic_placeholder"
        case "typescriptreact":  # `<T>(a) => b` would be an element
            return parent.type != "type_parameters" or parent.parent.type != "arrow_function"
        case _:
            return True


def _ends_arm(parent: Any, index: int) -> bool:
    """The comma after the last arm of a match, or after a block, and the one that ends a `where`."""
    if index != parent.child_count - 1:
        return False
    if parent.type == "where_clause" or parent.children[index - 1].type == "block":
        return True
    arms = [child for child in parent.parent.children if child.type == "match_arm"]
    return bool(arms) and arms[-1].id == parent.id


def _is_within(node: Any, kinds: frozenset[str]) -> bool:
    while node is not None and node.type not in kinds:
        node = node.parent
    return node is not None


def _ends_member(parent: Any, index: int) -> bool:
    """A comma between the members of a type, where a semicolon or a line end says the same."""
    return parent.type in ("interface_body", "object_type") and _ends_statement(parent, index)


def _is_rest(node: Any) -> bool:
    while node is not None and node.child_count and node.type != "rest_pattern":
        node = node.children[0]
    return node is not None and node.type in ("rest_pattern", "...")


def _ends_statement(parent: Any, index: int) -> bool:
    """A statement's last semicolon, or one between members of a class or a type."""
    if parent.type in _STATEMENTS:
        return index == parent.child_count - 1 and not _is_in_head(parent) and not _is_empty(parent, index)
    following, previous = _beside(parent, index, 1), _beside(parent, index, -1)
    if following is None or previous is None or not previous.is_named:
        return False
    if parent.type in ("interface_body", "object_type"):
        return True
    if parent.type != "class_body" or previous.type not in _FIELDS | _SIGNATURES:
        return False
    said = previous.type in _SIGNATURES or any(
        child.type in ("=", "type_annotation") for child in previous.children
    )
    first = following
    while first.child_count:
        first = first.children[0]
    return following.type == "}" or (
        said
        and following.type in _MEMBERS
        and first.type.replace("_", "").isalpha()
        and first.text not in _GOES_ON
    )


def _is_in_head(statement: Any) -> bool:
    """Whether it is the first or second part of `for (let i = 0; i < 3; i++)`, where no line end stands for a
    semicolon (ECMA-262, 12.10.1)."""
    around = statement.parent
    if around is None or around.type != "for_statement":
        return False
    body = around.child_by_field_name("body")
    return body is None or body.id != statement.id


def _is_empty(parent: Any, index: int) -> bool:
    """Whether the semicolon is a statement of its own: the grammar gives it to `export default function () {}`."""
    previous = _beside(parent, index, -1)
    return parent.type == "export_statement" and previous is not None and previous.type.startswith(_DECLARED)


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
