"""``--format json``: version 1, additive changes only. ``docs/report.schema.json`` describes it."""

from __future__ import annotations

import json
from typing import Any

from drift import __version__
from drift.findings import Finding, NotChecked, Severity, Subject
from drift.policy import Verdict

VERSION = 1


def render(verdict: Verdict) -> str:
    """The document as text, ASCII only, so that it survives any terminal and any pipe."""
    return json.dumps(document(verdict), indent=2) + "\n"


def document(verdict: Verdict) -> dict[str, Any]:
    """The document as plain values."""
    return {
        "version": VERSION,
        "tool": {"name": "drift", "version": __version__},
        "expected": {"source": verdict.expected_source},
        "actual": {
            "source": verdict.actual_source,
            "origin": verdict.actual_origin,
            "dialect": verdict.dialect,
            "server": verdict.server,
        },
        "summary": {
            **{severity.value: verdict.count(severity) for severity in Severity},
            "accepted": len(verdict.accepted),
            "ignored": len(verdict.ignored),
            "not_checked": len(verdict.not_checked),
            "fails": verdict.fails,
        },
        "compared": {
            "tables": verdict.compared.tables,
            "columns": verdict.compared.columns,
            "constraints_and_indexes": verdict.compared.constraints_and_indexes,
            "response_fields": verdict.compared.response_fields,
            "seconds": round(verdict.seconds, 3),
        },
        "findings": [finding(item) for item in verdict.findings],
        "not_checked": [_not_checked(item) for item in verdict.not_checked],
        "not_compared": [{"what": what, "reason": why} for what, why in verdict.not_compared],
        "baseline": {"name": verdict.baseline, "stale": list(verdict.stale), "expired": list(verdict.expired)},
        "notes": list(verdict.notes),
    }


def finding(item: Finding) -> dict[str, Any]:
    """One finding."""
    return {
        "code": item.code,
        "name": item.name,
        "severity": item.severity.value,
        "subject": _subject(item.subject),
        "message": item.message,
        "expected": item.expected,
        "actual": item.actual,
        "note": item.note,
        "locations": [{"path": location.path, "line": location.line} for location in item.locations],
        "repair": None
        if item.repair is None
        else {"kind": item.repair.kind, "safety": item.repair.safety.value, "steps": list(item.repair.steps)},
        "fingerprint": item.fingerprint,
        "details": {key: list(value) if isinstance(value, tuple) else value for key, value in item.details},
    }


def _subject(subject: Subject | None) -> dict[str, Any]:
    if subject is None:
        return {}
    return {"kind": subject.kind.value, "schema": subject.schema, "table": subject.table, "name": subject.name}


def _not_checked(item: NotChecked) -> dict[str, Any]:
    return {
        "code": item.code,
        "name": item.name,
        "subject": _subject(item.subject),
        "reason": item.reason,
        "help": item.help,
    }
