"""What a refusal is about, as far as Halley can do something about it: `subject_of`. The words are data.

    tools       the model cannot be given tools; it is asked in writing instead (`features/tools/loop.py`)
    system      there is no role for a system message
    turns       user and assistant must alternate, or the system message must come first
    schema      a keyword in a tool's JSON Schema; `keywords_of` names which
    responses   this model lives at `/responses` only
    chat        this model does not live at `/responses`

What follows from it is in `hosts/learning.py`. That a message contains the word "tool" says nothing: hosts complain
about a tool's name, its arguments and its result as well.
"""

from __future__ import annotations

import re

from halley.core.errors import Subject
from halley.providers.refusals.words import REFUSED_PARAMETER

_TOOL = r"(tools?([ _-]?(use|calls?|calling|choice))?|function[ _-]?call(s|ing)?|functions)\b(?![\[.\w-])"
_REFUSED = r"(is|are|was|were) (currently )?(not |un)(supported|available|enabled|allowed|permitted)"
_SERVED = r"(be )?(supported|available|accessible|used) (in|on|at|via|through|with|by)"
SUBJECTS: dict[Subject, re.Pattern[str]] = {
    "responses": re.compile(
        rf"only {_SERVED} (the )?/?(v1/)?responses"
        r"|(use|try) (the )?/?(v1/)?responses\b|not accessible via the /chat/completions|unsupported_api_for_model",
    ),
    "chat": re.compile(
        r"(not|cannot|can't|n't|un)[^.]{0,60} (in|with|by|on|via|through) (the )?(responses api|/?(v1/)?responses\b)"
        rf"|only {_SERVED} (the )?/?(v1/)?chat/completions",
    ),
    "turns": re.compile(
        r"roles? must alternate|(must|should|need to|have to) (strictly )?alternate|alternating (roles|between)"
        r"|(successive|consecutive) (user|assistant)|roles? must be alternat"
        r"|unexpected role ['\"]?user['\"]? after"
        r"|system messages? (must|should) be (at the|the) (beginning|first|start)"
        r"|(first|last) message (must|should) (be|have|use)[^.]{0,30}user|expected last role user",
    ),
    "system": re.compile(
        r"(system|developer)[ _]?(role|messages?|prompts?|instructions?)[^.]{0,60}(not|un|n't)[ ]?(be )?"
        r"(supported|enabled|allowed|available|permitted)"
        r"|roles? ['\"`]?(system|developer)['\"`]?[^.]{0,30}(not|un|n't)[ ]?(supported|allowed|permitted)"
        r"|(not|n't) support[^.]{0,20}(system|developer)[ _]?(role|messages?|prompts?|instructions?)"
        r"|only user(, assistant)?(, tool)?,? (and|or) (assistant|tool) roles are supported"
        r"|(unexpected|unknown|invalid|unsupported) role:? ['\"`]?(system|developer)",
    ),
    "tools": re.compile(
        rf"(not|n't|no longer) support(ing)? (any |the |native )?{_TOOL}"
        rf"|{_TOOL}[`'\"]?( with [a-z ]{{3,20}})? {_REFUSED}"
        rf"|unsupported[^.\[]{{0,12}} {_TOOL}|{_TOOL}[`'\"]? [^.\[]{{0,30}}unsupported"
        rf"|no endpoints found that support tool use|{_TOOL}[^.\[]{{0,40}}requires? --",
    ),
}
"""In the order in which they are looked for, in lower case."""
KEYWORDS = frozenset(
    "$schema $id $ref $defs $anchor $comment definitions additionalProperties unevaluatedProperties patternProperties "
    "propertyNames default examples example title format pattern minLength maxLength minimum maximum exclusiveMinimum "
    "exclusiveMaximum multipleOf minItems maxItems uniqueItems minProperties maxProperties minContains maxContains "
    "contains prefixItems const oneOf anyOf allOf not if then else dependentRequired dependentSchemas readOnly "
    "writeOnly deprecated contentEncoding contentMediaType nullable".split()
)
"""What a schema may hold and a host may refuse; without them it still describes the result."""
_SCHEMA = re.compile(r"schema|parameters|function_?declaration|\btools?\b", re.IGNORECASE)
_NOT_TAKEN = re.compile(
    r"schema|unknown name|cannot find field|unsupported|unrecognized|unexpected|not (supported|permitted|allowed)",
    re.IGNORECASE,
)


def subject_of(param: str, told: str, model: str) -> Subject | None:
    """By the parameter that the refusal names, else by its words. The model's own name says nothing."""
    words = (re.sub(rf"(?<!\w){re.escape(model)}(?!\w)", "", told) if model else told).lower()
    for subject, pattern in SUBJECTS.items():
        if pattern.search(words):
            return subject
    if param.lower() in ("tools", "tool_choice", "functions") and REFUSED_PARAMETER.search(words):
        return "tools" if not keywords_of(told) else "schema"
    return "schema" if keywords_of(told) else None


def keywords_of(told: str) -> tuple[str, ...]:
    """The keywords of JSON Schema that a refusal of a schema names; none where it is about something else."""
    if not (_SCHEMA.search(told) and _NOT_TAKEN.search(told)):
        return ()
    return tuple(sorted(word for word in KEYWORDS if _names(told, word)))


def _names(told: str, word: str) -> bool:
    """Quoted, or at the end of a path. `additionalProperties` is no English, so it counts bare as well."""
    bare = word.startswith("$") or word.lower() != word
    around = (r"(?<![\w$])", r"(?!\w)") if bare else (r"(?<=['\"`.])", r"(?=['\"`]|\s|$)(?![.\w])")
    return re.search(around[0] + re.escape(word) + around[1], told) is not None
