"""Laying out code by its tree-sitter tokens: spacing between them, indentation of the lines they begin.

Tokens are never changed, and those that span lines (texts, comments) are left exactly as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from halley.simulator.answers.languages import known, parser

_SPACED = frozenset(
    """binary_expression assignment_expression assignment augmented_assignment_expression variable_declarator init_declarator
    short_var_declaration let_declaration assignment_statement const_spec var_spec compound_assignment_expr
    arrow_function ternary_expression conditional_expression lexical_declaration field_definition
    public_field_definition augmented_assignment equals_value_clause assignment_pattern lambda_expression
    local_variable_declaration field_declaration variable_declaration const_item static_item""".split()
)
_BLOCKS = frozenset(
    """block statement_block class_body compound_statement declaration_list field_declaration_list interface_body enum_body
    switch_body match_block object_type constructor_body enum_variant_list function_body switch_block interface_type
    enum_member_declaration_list declaration_block""".split()
)
_HOMES = _BLOCKS | frozenset(
    "statement_list program source_file translation_unit compilation_unit chunk stylesheet document".split()
)
_CASES = frozenset(
    "switch_case switch_default expression_case default_case case_statement switch_section communication_case".split()
)
_CODE = frozenset("javascript typescript typescriptreact go rust java c cpp csharp php".split())
_OPERATOR = re.compile(r"(?:[-+*/%&|^<>=!?]+|:=|:|->|=>|\?\?)\Z")
_KEYWORDS = frozenset("if for while switch catch else finally do foreach match".split())


@dataclass(slots=True)
class _Leaf:
    text: str
    parent: str
    start: int
    end: int
    row: int
    end_row: int
    begins_statement: bool
    in_case: int


def layout_by_tree(code: str, language: str, width: int = 0) -> str:
    """`code` with regular spacing and indentation; only trailing white space goes where no grammar knows better."""
    engine = parser(language)
    if engine is None or language in ("html", "markdown"):
        return trim_lines(code, language)
    before, broken = _leaves(code, engine)
    attempts = []
    if not broken and before:
        if language == "json":
            attempts = [_layout_json(before, width or 2)]
        elif known(language).braces:
            attempts = [_layout(code, before, language, width)]
    for done in (*attempts, trim_lines(code, language)):
        after, broken_after = _leaves(done, engine)
        if broken_after <= broken and [leaf.text for leaf in after] == [leaf.text for leaf in before]:
            return done
    return code


def trim_lines(code: str, language: str) -> str:
    """No white space at line ends, no more than two empty lines, outside of texts that span lines."""
    kept = _inside_tokens(code, language)
    out: list[str] = []
    blanks = 0
    for row, line in enumerate(code.split("\n")):
        if row in kept:
            out.append(line)
            blanks = 0
            continue
        line = line if row + 1 in kept else line.rstrip(" \t\r")
        blanks = 0 if line else blanks + 1
        if blanks <= 2:
            out.append(line)
    return "\n".join(out)


def _inside_tokens(code: str, language: str) -> set[int]:
    """Rows that begin inside a token which spans lines."""
    engine = parser(language)
    if engine is None:
        return set()
    leaves, _ = _leaves(code, engine)
    return {row for leaf in leaves for row in range(leaf.row + 1, leaf.end_row + 1)}


_WHOLE = re.compile(r"string|template|comment|char_literal|heredoc|regex|jsx_text|text_fragment|content")


def _leaves(code: str, engine: Any) -> tuple[list[_Leaf], int]:
    """The tokens, and how many error nodes there are. A text or comment counts as one token."""
    data = code.encode("utf-8", "surrogatepass")
    root = engine.parse(data).root_node
    found: list[_Leaf] = []
    errors = 0
    waiting: list[tuple[Any, bool, int]] = [(root, False, 0)]
    while waiting:
        node, begins, cases = waiting.pop()
        errors += node.is_error or node.is_missing
        whole = bool(_WHOLE.search(node.type)) and node.is_named and "substitution" not in node.type
        if node.child_count == 0 or whole:
            text = data[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")
            if text.strip():
                parent = node.parent.type if node.parent is not None else ""
                found.append(
                    _Leaf(
                        text,
                        parent,
                        node.start_byte,
                        node.end_byte,
                        node.start_point[0],
                        node.end_point[0],
                        begins,
                        cases,
                    )
                )
            continue
        home = node.type in _HOMES or node.type in _CASES
        for at, child in reversed(list(enumerate(node.children))):
            in_case = cases + (1 if node.type in _CASES and at > 0 and not _in_label(node, child) else 0)
            waiting.append((child, home or (at == 0 and begins), in_case))
    return found, errors


def _in_label(case: Any, child: Any) -> bool:
    """True for the tokens of `case x:` itself."""
    colon = next((c for c in case.children if c.type == ":"), None)
    return colon is None or child.end_byte <= colon.end_byte


def _layout(code: str, leaves: list[_Leaf], language: str, width: int) -> str:
    data = code.encode("utf-8", "surrogatepass")
    lines = code.split("\n")
    unit = " " * width if width else _unit(lines, language)
    out: list[str] = []
    open_rows: list[int] = []
    shift = 0
    for at, leaf in enumerate(leaves):
        before = leaves[at - 1] if at else None
        closes = leaf.text in (")", "]", "}")
        if before is None or leaf.row > before.end_row:
            blank = min(leaf.row - before.end_row - 1, 2) if before else 0
            depth = len(set(open_rows[:-1] if closes else open_rows))
            old = len(lines[leaf.row]) - len(lines[leaf.row].lstrip(" \t"))
            if (
                leaf.begins_statement
                or closes
                or "comment" in leaf.parent
                or leaf.text.startswith(("//", "/*", "#"))
            ):
                lead = unit * (depth + leaf.in_case)
                shift = len(lead) - old
            else:
                lead = " " * max(0, old + shift) if "\t" not in unit else lines[leaf.row][:old]
            out.append(("\n" * (1 + blank) if before else "") + lead)
        else:
            gap = data[before.end : leaf.start].decode("utf-8", "surrogatepass")
            out.append(_gap(before, leaf, gap, language))
        if closes and open_rows:
            open_rows.pop()
        elif leaf.text in ("(", "[", "{", "${"):
            open_rows.append(leaf.row)
        out.append(leaf.text if leaf.row != leaf.end_row else leaf.text.rstrip(" \t"))
    return "".join(out)


def _unit(lines: list[str], language: str) -> str:
    """The indentation the text uses, or its language's own."""
    if language == "go" or sum(line.startswith("\t") for line in lines) > sum(
        line.startswith("  ") for line in lines
    ):
        return "\t"
    steps = [len(line) - len(line.lstrip(" ")) for line in lines if line.startswith(" ") and line.strip()]
    usual = 2 if language in ("javascript", "typescript", "typescriptreact", "css") else 4
    for size in (usual, 4, 2):
        if steps and sum(step % size == 0 for step in steps) * 2 > len(steps):
            return " " * size
    return " " * usual


def _gap(a: _Leaf, b: _Leaf, gap: str, language: str) -> str:
    """The white space between two tokens of one line."""
    if b.text.startswith(("//", "/*", "#")) or "comment" in b.parent:
        return gap or " "
    usual = " " if gap else ""
    if language not in _CODE:
        return usual
    if b.text in (",", ";") or a.text in ("(", "[") or b.text in (")", "]"):
        return "" if a.text not in (";",) else usual
    if a.text == "," or (a.text == ";" and a.parent in ("for_statement", "for_clause")):
        return " "
    if b.text == "{" and b.parent in _BLOCKS and (a.text[-1:] in ")>" or a.text[-1:].isalnum()):
        return " "
    if a.text in _KEYWORDS and b.text in ("(", "{"):
        return " "
    if a.text == "}" and b.text in ("else", "catch", "finally", "while"):
        return " "
    if a.text == ":" and a.parent in ("pair", "type_annotation"):
        return " "
    if b.text == ":" and b.parent in ("pair", "type_annotation"):
        return ""
    if (_OPERATOR.match(b.text) and b.parent in _SPACED) or (_OPERATOR.match(a.text) and a.parent in _SPACED):
        return " "
    return usual


def _layout_json(leaves: list[_Leaf], width: int) -> str:
    """One member or element to a line; empty ones stay on theirs."""
    out: list[str] = []
    depth = 0
    for at, leaf in enumerate(leaves):
        before = leaves[at - 1].text if at else ""
        empty = before in ("{", "[") and leaf.text in ("}", "]")
        if leaf.text in ("}", "]"):
            depth -= 1
            out.append("" if empty else "\n" + " " * width * depth)
        elif before in ("{", "[", ","):
            out.append("\n" + " " * width * depth)
        elif before == ":":
            out.append(" ")
        out.append(leaf.text)
        depth += leaf.text in ("{", "[")
    return "".join(out)
