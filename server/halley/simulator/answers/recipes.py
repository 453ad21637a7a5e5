"""Small functions the simulator can write: each in a plain subset of Python, so that `render.py` can say it in other
languages, with the words that ask for it and examples that are true.

Adding one is adding a function to `recipe_book.py`, whose docstring's first line says what it does, whose `asks:` line lists
the words (alternatives by `|`, all words of one alternative needed) and whose `>>>` lines are its examples.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from halley.simulator.answers.recipe_book import PORTABLE, PYTHON


@dataclass(frozen=True, slots=True)
class Recipe:
    """One function. `portable` says that `render.py` can say it in other languages."""

    node: ast.FunctionDef
    says: str
    asks: tuple[tuple[str, ...], ...]
    examples: tuple[tuple[str, str], ...]
    """(arguments, result) as Python expressions."""
    portable: bool

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def parameters(self) -> list[str]:
        return [argument.arg for argument in self.node.args.args]


@cache
def recipes() -> tuple[Recipe, ...]:
    rows = [(node, True) for node in ast.parse(PORTABLE).body] + [
        (node, False) for node in ast.parse(PYTHON).body
    ]
    return tuple(_recipe(node, portable) for node, portable in rows if isinstance(node, ast.FunctionDef))


def _recipe(node: ast.FunctionDef, portable: bool) -> Recipe:
    doc = (ast.get_docstring(node) or "").split("\n")
    asks = next(line for line in doc if line.startswith("asks: "))[6:]
    examples = tuple(tuple(line[4:].rsplit(" = ", 1)) for line in doc if line.startswith(">>> "))
    node.body = node.body[1:]
    sets = tuple(tuple(alternative.split()) for alternative in asks.split(" | "))
    return Recipe(node, doc[0], sets, examples, portable)  # type: ignore[arg-type]


_NOISE = frozenset(
    """a an the of for in on to and or with that this which is it its me please write create make function method def
    class code python javascript given two new using return returns takes take should will be from by as at value values
    number numbers list lists array string strings text calculate compute calculates computes get find finds check checks
    whether if all each every into do""".split()
)


def words_of(text: str) -> list[str]:
    """The words of prose or of identifiers, in lower case: `isEven`, `is_even` and "is even" are the same."""
    spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", text)
    return re.findall(r"[a-z0-9]+", spread.lower())


def find_recipe(text: str, parameters: int | None = None, portable: bool = False) -> Recipe | None:
    """The recipe whose words the text holds best; None when no alternative of any is there whole.

    With `parameters`, one that takes exactly so many. Several words beat one; earlier in the text beats later.
    """
    words = words_of(text)
    stems = set(words) | {word.rstrip("s") for word in words} | {word.removesuffix("ing") for word in words}
    best: tuple[float, Recipe] | None = None
    for recipe in recipes():
        if (portable and not recipe.portable) or (
            parameters is not None and len(recipe.parameters) != parameters
        ):
            continue
        for needed in (*recipe.asks, tuple(words) if words == words_of(recipe.name) else ("\0",)):
            if stems.issuperset(needed):
                at = min((i for i, word in enumerate(words) if word in needed), default=len(words))
                named = sum(word in stems for word in words_of(recipe.name))
                in_order = " ".join(needed) in " ".join(words)
                score = len(needed) * 10 + named * 2 + in_order - at * 0.1
                if best is None or score > best[0]:
                    best = (score, recipe)
    return best[1] if best else None


def content_words(text: str) -> list[str]:
    """The words that carry meaning, for names."""
    return [word for word in words_of(text) if word not in _NOISE and not word.isdigit()]


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.names.get(node.id, node.id), node.ctx), node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self.names.get(node.arg, node.arg), node.annotation)


def adapt(recipe: Recipe, name: str, parameters: list[str]) -> ast.FunctionDef:
    """The recipe's function under another name and with other parameter names, locals kept clear of them."""
    names = {recipe.name: name} | dict(zip(recipe.parameters, parameters, strict=False))
    locals_ = {
        n.id for n in ast.walk(recipe.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for local in locals_ - set(recipe.parameters):
        if local in parameters or local == name:
            names[local] = f"{local}_"
    copy = ast.parse(ast.unparse(recipe.node)).body[0]
    renamed = _Renamed(names).visit(copy)
    renamed.name = name
    return ast.fix_missing_locations(renamed)
