"""What the steps of a macro need of each other: pure, from the words of the macro alone.

A step needs another when it uses its name: `{{summary}}` in a prompt, in `when`, `source` or `for_each` needs the step
with `as = "summary"`, and `{{previous}}` the step just before. Independent steps run concurrently
(`features/macros/pipeline.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from halley.core.errors import InvalidInput
from halley.core.settings import MacroSettings, MacroStep
from halley.engine.markdown.inert import visible
from halley.engine.prompting.templates import names_in

PREVIOUS = "previous"


def steps_of(macro: MacroSettings) -> tuple[MacroStep, ...]:
    """A macro with a prompt is a pipeline of one step."""
    if macro.steps:
        return tuple(_painting(step) for step in macro.steps)
    kind = "image" if macro.role == "image" else "text"
    return (MacroStep.model_validate({"prompt": macro.prompt, "kind": kind}),)


def _painting(step: MacroStep) -> MacroStep:
    """A step for a role that makes something makes that: a picture, speech, a video."""
    makes = step.role in ("image", "speech", "video") and step.kind == "text"
    return step.model_copy(update={"kind": step.role}) if makes else step


def step_names(steps: Sequence[MacroStep]) -> tuple[str, ...]:
    """How each step is called: its `as`, else its number."""
    return tuple(step.as_ or str(number) for number, step in enumerate(steps, 1))


def title_of(step: MacroStep) -> str:
    """What a step is about, for people: its name and the first line of its prompt, else its kind."""
    line = next(iter((step.prompt or "").strip().splitlines()), "") or step.kind
    line = visible(line if len(line) <= 60 else f"{line[:59].rstrip()}…")
    return f"{step.as_}: {line}" if step.as_ else line


def needs_of(steps: Sequence[MacroStep]) -> tuple[frozenset[int], ...]:
    """For each step, the indices of those it needs, all before it.

    Raises InvalidInput for two steps of one name, and for a step that uses what a later one makes.
    """
    made: dict[str, int] = {}
    later = {step.as_: number for number, step in enumerate(steps, 1) if step.as_}
    found: list[frozenset[int]] = []
    for index, step in enumerate(steps):
        wanted = names_used(step)
        if early := sorted(name for name in wanted & later.keys() - made.keys()):
            raise InvalidInput(
                f"Step {index + 1} uses {{{{{early[0]}}}}}, which step {later[early[0]]} makes.",
                "A step can only use what steps before it make; change their order.",
            )
        needs = {made[name] for name in wanted & made.keys()}
        found.append(frozenset(needs | ({index - 1} if PREVIOUS in wanted and index else set())))
        if step.as_ in made:
            raise InvalidInput(f"Two steps are called '{step.as_}'.", "Give each `as` a name of its own.")
        if step.as_:
            made[step.as_] = index
    return tuple(found)


def names_used(step: MacroStep) -> frozenset[str]:
    """Every `{{name}}` a step asks for."""
    return frozenset[str]().union(
        *(names_in(text) for text in (step.prompt, step.when, step.source, step.for_each) if text)
    )


def leaves_of(needs: Sequence[frozenset[int]]) -> tuple[int, ...]:
    """The steps that no other step needs: what the pipeline is for."""
    used = frozenset[int]().union(*needs) if needs else frozenset[int]()
    return tuple(index for index in range(len(needs)) if index not in used)
