"""``--format sarif``: SARIF 2.1.0, for code scanning. Rules carry the checks' own pages."""

from __future__ import annotations

import json
from typing import Any

from drift import __version__
from drift.checks.registry import FAMILIES, all_checks
from drift.findings import Finding, NotChecked, Severity
from drift.policy import Verdict
from drift.policy.order import describe
from drift.reports import words
from drift.reports.safe import visible
from drift.schema import Location

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCORES = {Severity.ERROR: "8.0", Severity.WARNING: "5.0", Severity.INFO: "1.0"}


def render(verdict: Verdict) -> str:
    """The log as text."""
    return json.dumps(document(verdict), indent=2) + "\n"


def document(verdict: Verdict) -> dict[str, Any]:
    """The log as plain values. Accepted findings are there too, as suppressed."""
    shown = [*verdict.findings, *verdict.accepted]
    codes = list(dict.fromkeys([item.code for item in shown] + [item.code for item in verdict.not_checked]))
    index = {code: number for number, code in enumerate(codes)}
    results = [_result(item, index, verdict.labels) for item in verdict.findings]
    results += [
        {
            **_result(item, index, verdict.labels),
            "suppressions": [{"kind": "external", "justification": verdict.baseline or "baseline"}],
        }
        for item in verdict.accepted
    ]
    run = {
        "tool": {
            "driver": {
                "name": "drift",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code, verdict) for code in codes],
            }
        },
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The project's directory."}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(item, index) for item in verdict.not_checked],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str, verdict: Verdict) -> dict[str, Any]:
    known = next((check for check in all_checks() if check.code == code), None)
    if known is None:
        items: tuple[Finding | NotChecked, ...] = (*verdict.findings, *verdict.accepted, *verdict.not_checked)
        name = next(item.name for item in items if item.code == code)
        return {"id": code, "name": _pascal(name), "shortDescription": {"text": name}}
    return {
        "id": code,
        "name": _pascal(known.name),
        "shortDescription": {"text": known.summary},
        "fullDescription": {"text": known.summary},
        "help": {"text": known.documentation, "markdown": known.documentation},
        "defaultConfiguration": {"level": _LEVELS[known.severity]},
        "properties": {
            "tags": ["database", FAMILIES[known.family]],
            "problem.severity": "recommendation" if known.severity is Severity.INFO else known.severity.value,
            "security-severity": _SCORES[known.severity],
        },
    }


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _result(finding: Finding, index: dict[str, int], labels: tuple[str, str]) -> dict[str, Any]:
    (_, expected), (whose, actual) = words.sides(finding, labels)
    text = f"{describe(finding.subject)}: {finding.message} Expected: {expected}. {whose.capitalize()}: {actual}."
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": visible(text)},
        "partialFingerprints": {"drift/v1": finding.fingerprint},
        "locations": [_location(finding, place) for place in finding.locations[:1]] or [_location(finding, None)],
        "properties": {"subject": describe(finding.subject), "kind": finding.subject.kind.value},
    }
    if finding.locations[1:]:
        result["relatedLocations"] = [
            {"id": number, **_location(finding, place)} for number, place in enumerate(finding.locations[1:], 1)
        ]
    return result


def _location(finding: Finding, place: Location | None) -> dict[str, Any]:
    logical = {
        "logicalLocations": [
            {"fullyQualifiedName": visible(describe(finding.subject)), "kind": finding.subject.kind.value}
        ]
    }
    if place is None:
        return logical
    physical: dict[str, Any] = {"artifactLocation": artifact(place.path)}
    if place.line is not None:
        physical["region"] = {"startLine": place.line}
    return {"physicalLocation": physical, **logical}


def artifact(path: str) -> dict[str, Any]:
    """A path as SARIF wants it: a relative URI below the project, or an absolute ``file:`` URI."""
    from pathlib import PurePosixPath, PureWindowsPath
    from urllib.parse import quote

    if PurePosixPath(path).is_absolute():
        return {"uri": f"file://{quote(path)}"}
    return {"uri": quote(PureWindowsPath(path).as_posix()), "uriBaseId": "%SRCROOT%"}


def _notification(item: NotChecked, index: dict[str, int]) -> dict[str, Any]:
    subject = f" {describe(item.subject)}" if item.subject else ""
    return {
        "level": "warning",
        "message": {"text": visible(f"not checked: {item.name}{subject}: {item.reason}")},
        "associatedRule": {"id": item.code, "index": index[item.code]},
    }
