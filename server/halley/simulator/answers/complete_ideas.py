"""What might belong at the cursor: each idea gives candidates, best first.

`IDEAS` orders them from the most to the least specific. None of them checks itself: `complete.py` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from halley.simulator.answers.generate import body_for, read_header, write_code
from halley.simulator.answers.layout import add_indent
from halley.simulator.answers.place import Place, open_brackets, without_strings
from halley.simulator.answers.recipes import words_of
from halley.simulator.answers.records_code import find_records, record_function

Idea = Callable[[Place], Iterator[str]]


def body_of_function(place: Place) -> Iterator[str]:
    """Below a signature: the body its name asks for, or what its docstring says."""
    if place.typed:
        return
    header_line, doc = _header_and_doc(place)
    header = read_header(header_line, place.language)
    if header is None or _body_follows(place):
        return
    body = body_for(header, place.language, doc)
    records = (
        record_function(f"{header.name} {doc}", find_records(place.prefix))
        if place.language == "python"
        else None
    )
    if records and len(header.parameters) == records[1].count(",") + 1:
        statement = records[2]
        for given, asked in zip(header.parameters, records[1].split(", "), strict=True):
            statement = re.sub(rf"\b{asked}\b(?!\s*[.=])", given, statement)
        yield _from_cursor(header.indent + place.unit + statement, place)
    if body:
        yield _from_cursor(
            body if place.language != "python" else _reindent(body, header.indent + place.unit), place
        )
    if header.name == "__init__" and header.parameters:
        lead = header.indent + place.unit
        yield _from_cursor("\n".join(f"{lead}self.{name} = {name}" for name in header.parameters), place)


def _reindent(body: str, lead: str) -> str:
    first = re.match(r"[ \t]*", body)[0]  # type: ignore[index]
    return "\n".join(lead + line[len(first) :] if line.strip() else line for line in body.split("\n"))


def _header_and_doc(place: Place) -> tuple[str, str]:
    """The line above that opens a function, and the docstring between it and the cursor."""
    rows = [row for row in place.lines_above if row.strip()]
    doc: list[str] = []
    if place.language == "python" and rows and rows[-1].rstrip().endswith(('"""', "'''")):
        quote = rows[-1].rstrip()[-3:]
        while rows:
            row = rows.pop()
            doc.insert(0, row.strip().strip(quote))
            if row.strip().startswith(quote) or not rows:
                break
    return (rows[-1] if rows else ""), " ".join(doc)


def _body_follows(place: Place) -> bool:
    """True when the function already has a body below the cursor."""
    below = next((row for row in place.suffix.split("\n")[1:] if row.strip()), "")
    if place.language == "python":
        depth = len(place.line_above) - len(place.line_above.lstrip())
        header = read_header(place.line_above, "python")
        return header is not None and len(below) - len(below.lstrip()) > depth and bool(below)
    return (
        bool(place.suffix.strip())
        and bool(below)
        and not below.lstrip().startswith(("}", "end"))
        and below.startswith((" ", "\t"))
    )


def _from_cursor(text: str, place: Place) -> str:
    """`text`, whose lines are whole, as it continues the line the cursor stands on."""
    if text.startswith(place.line):
        return text[len(place.line) :]
    if not place.line.strip():
        shift = len(place.line)
        first, *rest = text.split("\n")
        return "\n".join(
            [first.lstrip() if len(first) - len(first.lstrip()) <= shift else first[shift:], *rest]
        )
    return text.lstrip()


def from_comment(place: Place) -> Iterator[str]:
    """Below a comment that asks for something: the code it asks for."""
    if place.typed:
        return
    rows = place.lines_above
    if rows and not rows[-1].strip():
        rows = rows[:-1]
    mark = (
        "#"
        if place.language in ("python", "ruby", "shellscript")
        else "--"
        if place.language == "lua"
        else "//"
    )
    comments: list[str] = []
    while rows and rows[-1].lstrip().startswith(mark):
        comments.insert(0, rows.pop().strip().lstrip(mark).strip())
    asked = " ".join(comments)
    if len(words_of(asked)) < 2 or place.suffix.split("\n")[0].strip():
        return
    below = next((row for row in place.suffix.split("\n")[1:] if row.strip()), "")
    if below and len(below) - len(below.lstrip()) >= len(place.indent) > 0:
        return
    made = write_code(asked, place.language, (place.prefix + place.suffix,))
    if made.code and not made.note:
        yield _from_cursor(add_indent(made.code, place.indent), place)


RETURNS: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("mean",), 1, "sum({0}) / len({0})"),
    (("average",), 1, "sum({0}) / len({0})"),
    (("avg",), 1, "sum({0}) / len({0})"),
    (("total",), 1, "sum({0})"),
    (("sum",), 1, "sum({0})"),
    (("largest",), 1, "max({0})"),
    (("max",), 1, "max({0})"),
    (("smallest",), 1, "min({0})"),
    (("min",), 1, "min({0})"),
    (("reverse",), 1, "{0}[::-1]"),
    (("reversed",), 1, "{0}[::-1]"),
    (("even",), 1, "{0} % 2 == 0"),
    (("odd",), 1, "{0} % 2 == 1"),
    (("unique",), 1, "list(dict.fromkeys({0}))"),
    (("count",), 1, "len({0})"),
    (("length",), 1, "len({0})"),
    (("size",), 1, "len({0})"),
    (("sorted",), 1, "sorted({0})"),
    (("sort",), 1, "sorted({0})"),
    (("empty",), 1, "not {0}"),
    (("upper",), 1, "{0}.upper()"),
    (("lower",), 1, "{0}.lower()"),
    (("words",), 1, "{0}.split()"),
    (("add",), 2, "{0} + {1}"),
    (("sub",), 2, "{0} - {1}"),
    (("subtract",), 2, "{0} - {1}"),
    (("multiply",), 2, "{0} * {1}"),
    (("mul",), 2, "{0} * {1}"),
    (("divide",), 2, "{0} / {1}"),
    (("div",), 2, "{0} / {1}"),
    (("power",), 2, "{0} ** {1}"),
    (("contains",), 2, "{1} in {0}"),
    (("area",), 2, "{0} * {1}"),
    (("join",), 2, "{1}.join({0})"),
    (("equal",), 2, "{0} == {1}"),
    (("equals",), 2, "{0} == {1}"),
)
"""Words of a function's name, its number of parameters, what it returns (Python)."""


def after_return(place: Place) -> Iterator[str]:
    """After `return`: what the function's name promises, in terms of the variables there are."""
    match = re.fullmatch(r"return(\s*)", place.typed)
    if not match:
        return
    lead = "" if match[1] else " "
    if place.language == "python":
        scope = _scope(place)
        for expression in _returns(place, scope):
            yield lead + _with_locals(expression, scope)
        return
    end = (
        ";"
        if place.language in ("javascript", "typescript", "java", "c", "cpp", "csharp", "rust", "php")
        else ""
    )
    header = next((h for row in reversed(place.lines_above) if (h := read_header(row, place.language))), None)
    if header is not None:
        for line in body_for(header, place.language).split("\n")[:1]:
            if line.strip().startswith("return "):
                yield lead + line.strip()[7:]
    for name in _assigned(place):
        yield lead + name + end


def _returns(place: Place, scope: list[str]) -> Iterator[str]:
    header = next((h for row in reversed(place.lines_above) if (h := read_header(row, "python"))), None)
    if header is not None:
        words, names = words_of(header.name), header.parameters
        records = (
            record_function(" ".join(words), find_records(place.prefix + place.suffix))
            if len(names) == 1
            else None
        )
        if records and "," not in records[1]:
            yield re.sub(rf"\b{records[1]}\b(?!\s*[.=])", names[0], records[2][7:])
        for needed, count, shape in RETURNS:
            if count == len(names) and set(needed) <= set(words):
                yield shape.format(*names)
        body = body_for(header, "python").split("\n")
        if len(body) == 1 and body[0].strip().startswith("return "):
            yield body[0].strip()[7:]
        if words[:1] in (["is"], ["has"]):
            yield from (f"bool({name})" for name in names[:1])
    assigned = _assigned(place)
    yield from assigned
    if header is not None:
        yield from header.parameters


def _scope(place: Place) -> list[str]:
    """The lines of the function around the cursor, from its signature."""
    rows = place.lines_above
    for at in range(len(rows) - 1, -1, -1):
        if re.match(r"\s*(?:async\s+)?def\s", rows[at]):
            return rows[at:]
    return rows


def _with_locals(expression: str, scope: list[str]) -> str:
    """The expression, with what a local variable already holds said by its name."""
    for row in scope:
        if found := re.match(r"\s*(\w+)\s*=\s*(.+?)\s*$", row):
            expression = expression.replace(found[2], found[1])
    return expression


def _assigned(place: Place) -> list[str]:
    """Variables of the function around the cursor, those that look like results first, then the latest."""
    pattern = r"^\s*(?:const |let |var |auto |[\w<>\[\]]+ )?\$?(\w+)\s*(?::=|(?::\s*[\w\[\], .]+)?=(?!=)|\+=)"
    rows = _scope(place) if place.language == "python" else place.lines_above[-40:]
    found = [m[1] for row in rows[1 if place.language == "python" else 0 :] if (m := re.match(pattern, row))]
    found = [name for name in dict.fromkeys(reversed(found)) if name not in ("self", "return")]
    return sorted(
        found,
        key=lambda name: name not in ("result", "results", "total", "output", "best", "count", "answer"),
    )


def attributes_in_init(place: Place) -> Iterator[str]:
    """In `__init__`: the next parameter not yet kept."""
    scope = _scope(place)
    if place.language != "python" or not scope or "def __init__" not in scope[0]:
        return
    header = read_header(scope[0], "python")
    if header is None or not re.fullmatch(r"(?:self\.?)?\w*", place.typed):
        return
    kept = set(re.findall(r"self\.(\w+)\s*=", "\n".join(scope)))
    wanted = [name for name in header.parameters if name not in kept]
    for name in wanted:
        whole = f"self.{name} = {name}"
        if place.typed and whole.startswith(place.typed):
            yield whole[len(place.typed) :]
    if not place.typed and wanted:
        lines = [f"self.{name} = {name}" for name in wanted]
        yield f"\n{place.indent}".join(lines)


def loop_over(place: Place) -> Iterator[str]:
    """`for item in`: the plural there is; `for i in`: a range."""
    match = (
        re.fullmatch(r"(?:async )?for (\w+)( in ?)?\s*", place.typed) if place.language == "python" else None
    )
    if not match:
        return
    name = match[1]
    lead = "" if place.typed.endswith((" in ", " ")) and match[2] else (" in " if not match[2] else " ")
    lead = "in " if not match[2] and place.typed.endswith(" ") else lead
    plurals = (f"{name}s", f"{name}es", f"{name[:-1]}ies", f"all_{name}s")
    for other in place.names:
        if other in plurals or (other.endswith(f"_{name}s")):
            yield f"{lead}{other}:"
    if name in ("i", "j", "k", "index", "_"):
        many = [n for n in place.names if n.endswith("s") and not n.endswith("ss") and n not in ("is", "as")]
        yield from (f"{lead}range(len({n})):" for n in many[:1])
        yield f"{lead}range(10):"
    header = read_header(_scope(place)[0], "python") if _scope(place) else None
    yield from (f"{lead}{p}:" for p in (header.parameters if header else ()))


def imports(place: Place) -> Iterator[str]:
    """`import`: modules the file uses and has not imported."""
    match = re.fullmatch(r"import (\w*)", place.typed) if place.language == "python" else None
    if not match:
        return
    import sys

    text = without_strings(place.prefix + place.suffix, "python")
    present = set(re.findall(r"^\s*import (\w+)", text, re.M))
    used = re.findall(r"\b([a-z_]\w*)\.\w+", text)
    for name in (*dict.fromkeys(used), *sorted(sys.stdlib_module_names)):
        if (
            name in sys.stdlib_module_names
            and name not in present - {match[1]}
            and name.startswith(match[1])
            and name != match[1]
            and (name in used or match[1])
        ):
            yield name[len(match[1]) :]


def same_beginning(place: Place) -> Iterator[str]:
    """A line of the file that begins as this one does: its rest."""
    if len(place.typed.strip()) < 3:
        return
    rows = [*reversed(place.lines_above), *place.suffix.split("\n")[1:]]
    rows += [row for text in place.others for row in text.split("\n")]
    for row in rows:
        stripped = row.strip()
        if stripped.startswith(place.typed) and len(stripped) > len(place.typed):
            yield stripped[len(place.typed) :]


def series(place: Place) -> Iterator[str]:
    """Two lines above that differ in one word or number: the next of the series."""
    if place.typed:
        return
    rows = [row for row in place.lines_above[-3:] if row.strip()]
    if len(rows) < 2:
        return
    first, second = (re.findall(r"\d+|[^\W\d]+|\W", row.strip()) for row in rows[-2:])
    if len(first) != len(second):
        return
    differing = [at for at, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
    if (
        not differing
        or len(differing) > 3
        or not all(first[at].isdigit() and second[at].isdigit() for at in differing)
    ):
        return
    following = [
        str(2 * int(second[at]) - int(first[at])) if at in differing else word
        for at, word in enumerate(second)
    ]
    indent = re.match(r"[ \t]*", rows[-1])[0]  # type: ignore[index]
    text = "".join(following)
    yield _from_cursor(indent + text, place)


def identifier(place: Place) -> Iterator[str]:
    """The rest of the identifier being typed, as the file spells it elsewhere."""
    if len(place.partial) < 2 or re.match(r"\w", place.suffix):
        return
    closers = open_brackets(place.line, place.language)
    for name in place.names:
        if name.startswith(place.partial) and len(name) > len(place.partial):
            rest = name[len(place.partial) :]
            yield rest + closers
            yield rest


def block_bodies(place: Place) -> Iterator[str]:
    """Below a line that opens a block (Python): what commonly stands in such a block."""
    above = place.line_above.strip()
    if place.language != "python" or place.typed or not above.endswith(":"):
        return
    lead = " " * max(
        0, len(place.line_above) - len(place.line_above.lstrip()) + len(place.unit) - len(place.line)
    )
    if above.startswith("if __name__"):
        called = "main()" if "def main" in place.prefix + place.suffix else "print(__doc__)"
        yield lead + called
    if loop := re.match(r"for (\w+) in ", above):
        grown = re.findall(r"^\s*(\w+)(?::[^=\n]+)?\s*=\s*\[\]", "\n".join(_scope(place)), re.M)
        sums = re.findall(r"^\s*(\w+)\s*=\s*0(?:\.0)?\s*$", "\n".join(_scope(place)), re.M)
        yield from (f"{lead}{name}.append({loop[1]})" for name in grown[-1:])
        yield from (
            f"{lead}{name} += 1" if name in ("count", "n") else f"{lead}{name} += {loop[1]}"
            for name in sums[-1:]
        )
        yield f"{lead}print({loop[1]})"
    if opened := re.match(r"with open\([^)]*\) as (\w+)", above):
        yield (
            f"{lead}return {opened[1]}.read()"
            if any("def " in row for row in place.lines_above)
            else f"{lead}text = {opened[1]}.read()"
        )
    if tested := re.match(r"if not (\w+)\s*:|if (\w+) is None\s*:", above):
        yield f'{lead}raise ValueError("{tested[1] or tested[2]} is missing")'
    if above.startswith(("except", "else", "finally", "elif", "try", "while", "if ", "with")):
        yield f"{lead}pass"
    if cls := re.match(r"class (\w+)", above):
        yield f'{lead}"""{" ".join(words_of(cls[1])).capitalize()}."""'


def closing(place: Place) -> Iterator[str]:
    """What is still open on this line, closed."""
    code = place.line
    closers = open_brackets(code, place.language)
    if place.in_string and place.typed.count('"') % 2:
        yield '"' + open_brackets(code + '"', place.language)
    after = place.rest_of_line.strip()
    if closers and not after.startswith(closers):
        yield closers
    if place.language == "python" and re.match(
        r"(?:async )?(?:def|class|if|elif|for|while|with|try|else|except)\b", place.typed
    ):
        yield closers + ":"
    if (
        place.language in ("javascript", "typescript", "java", "c", "cpp", "csharp", "rust", "php")
        and closers
    ):
        yield closers + ";"


def print_last(place: Place) -> Iterator[str]:
    """`print(`: the variable set last."""
    if place.typed.endswith(("print(", "console.log(", "fmt.Println(")):
        closer = "" if place.rest_of_line.startswith(")") else ")"
        end = ";" if place.typed.startswith("console") and closer else ""
        yield from (name + closer + end for name in _last_set(place)[:1])


def _last_set(place: Place) -> list[str]:
    found = re.findall(r"^\s*(?:const |let |var )?(\w+)\s*(?::=|=(?!=))", place.prefix, re.M)
    return list(reversed(found))


def arguments(place: Place) -> Iterator[str]:
    """After `name(`: the parameters of a function of this file, where variables of the same names are there."""
    match = re.search(r"([^\W\d]\w*)\($", place.line)
    if not match or place.language != "python":
        return
    found = re.search(rf"^\s*(?:async )?def {match[1]}\(([^)]*)\)", place.prefix + place.suffix, re.M)
    if not found or place.typed.startswith(("def ", "async def ")):
        return
    names = [re.split(r"[:=]", part)[0].strip() for part in found[1].split(",") if "=" not in part]
    names = [name for name in names if name and name not in ("self", "cls", "*", "/")]
    closer = "" if place.rest_of_line.startswith(")") else ")"
    yield ", ".join(names) + closer


def statement_after_assignment(place: Place) -> Iterator[str]:
    """`name = `: the call of this file whose name says so, else an empty value of the kind the name suggests."""
    match = re.fullmatch(r"(?:const |let |var )?(\w+)(?::[^=]+)? ?= ?", place.typed)
    if not match:
        return
    lead = "" if place.typed.endswith(" ") else " "
    wanted = set(words_of(match[1]))
    for name in place.names:
        if re.search(rf"def {name}\(\)", place.prefix) and wanted & set(words_of(name)):
            yield f"{lead}{name}()"
    if place.language != "python":
        return
    name = match[1]
    if name in ("count", "total", "sum", "n", "index", "i"):
        yield f"{lead}0"
    if name in ("found", "done", "seen"):
        yield f"{lead}False"
    if name in ("counts", "mapping", "index", "groups", "cache") or name.startswith("by_"):
        yield f"{lead}{{}}"
    if name.endswith("s") or name in ("result", "output"):
        yield f"{lead}[]"


IDEAS: tuple[Idea, ...] = (
    body_of_function,
    attributes_in_init,
    after_return,
    loop_over,
    imports,
    from_comment,
    print_last,
    arguments,
    series,
    block_bodies,
    statement_after_assignment,
    same_beginning,
    identifier,
    closing,
)
