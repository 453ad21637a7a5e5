"""The report as SARIF 2.1.0, for GitHub's code scanning and other viewers (OASIS, sarif-v2.1.0).

Findings without a certain place are notifications of the run and no results: GitHub refuses results without a location.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from halley.engine.review.values import SEVERITIES, Finding, Report

Json = dict[str, Any]
_LEVEL = {"error": "error", "warning": "warning", "info": "note"}
_MEANS = {
    "error": "Wrong: it fails, loses data or opens a hole.",
    "warning": "Doubtful: it can fail, or misleads a reader.",
    "info": "A suggestion.",
}
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_LINK = re.compile(r"\[([^\[\]]*)\](?=\()")


def report_sarif(report: Report, version: str) -> Json:
    """The log file, as a JSON value. `version` is Halley's."""
    driver = {
        "name": "Halley review",
        "semanticVersion": version,
        "rules": [_rule(one) for one in SEVERITIES],
    }
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The repository's root."}}},
        "invocations": [
            {
                "executionSuccessful": report.is_whole,
                "toolExecutionNotifications": list(_notifications(report)),
            }
        ],
        "results": [_result(finding) for finding in report.findings],
    }
    return {"version": "2.1.0", "runs": [run]}


def _rule(severity: str) -> Json:
    return {
        "id": f"review/{severity}",
        "shortDescription": {"text": f"Review: {severity}"},
        "fullDescription": {"text": _MEANS[severity]},
        "defaultConfiguration": {"level": _LEVEL[severity]},
    }


def _notifications(report: Report) -> Iterator[Json]:
    for finding in report.unplaced:
        said = f"Not placed: {finding.path}: {finding.title}\n{finding.text}".strip()
        yield {"level": "note", "message": _message(said)}
    for why in report.skipped:
        yield {"level": "note", "message": _message(f"Not reviewed: {why}")}
    for problem in report.problems:
        yield {"level": "error", "message": _message(f"{problem.message} {problem.help}")}


def _result(finding: Finding) -> Json:
    said = f"{finding.title}\n\n{finding.text}" if finding.text else finding.title
    result: Json = {
        "ruleId": f"review/{finding.severity}",
        "ruleIndex": SEVERITIES.index(finding.severity),
        "level": _LEVEL[finding.severity],
        "message": _message(said),
        "locations": [
            {"physicalLocation": {"artifactLocation": _artifact(finding), "region": _region(finding)}}
        ],
        "partialFingerprints": {"halleyReview/v1": _fingerprint(finding)},
    }
    if finding.replacement is not None:
        result["fixes"] = [_fix(finding, finding.replacement)]
    return result


def _message(text: str) -> Json:
    """Text in which nothing is a link or a placeholder (3.11.5, 3.11.6)."""
    text = _LINK.sub(r"\\[\1\\]", text)
    return {"text": _PLACEHOLDER.sub(r"{{\1}}", text)}


def _artifact(finding: Finding) -> Json:
    # A `surrogateescape`d name is its bytes again; a leading `//` or `x:` would be a host or a scheme.
    path = quote(finding.path.encode("utf-8", "surrogateescape"), safe="/!$&'()*+,;=@~")
    return {"uri": path, "uriBaseId": "SRCROOT"}


def _region(finding: Finding) -> Json:
    rows = finding.quote.split("\n")
    return {
        "startLine": finding.first,
        "startColumn": 1,
        "endLine": finding.last,
        "endColumn": len(rows[-1].encode("utf-16-le", "surrogatepass")) // 2 + 1,
    }


def _fix(finding: Finding, replacement: str) -> Json:
    change = {"deletedRegion": _region(finding), "insertedContent": {"text": replacement}}
    return {
        "description": _message(f"Fix: {finding.title}"),
        "artifactChanges": [{"artifactLocation": _artifact(finding), "replacements": [change]}],
    }


def _fingerprint(finding: Finding) -> str:
    """The same for the same remark on the same lines, wherever they move."""
    told = "\0".join((finding.path, finding.severity, finding.title, finding.quote))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
