"""``--format gitlab``: a Code Quality report (a JSON array in Code Climate's form)."""

from __future__ import annotations

import json
from pathlib import PurePath

from drift.findings import Finding, Severity
from drift.policy import Verdict
from drift.policy.order import describe
from drift.reports import words
from drift.reports.safe import visible

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}
_NO_PLACE = "alembic.ini"


def render(verdict: Verdict) -> str:
    """The array. GitLab requires a path below the repository; what has none hangs on ``alembic.ini``."""
    return json.dumps([_issue(finding, verdict.labels) for finding in verdict.findings], indent=2) + "\n"


def _issue(finding: Finding, labels: tuple[str, str]) -> dict[str, object]:
    (who, expected), (whose, actual) = words.sides(finding, labels)
    place = next((item for item in finding.locations if not PurePath(item.path).is_absolute()), None)
    return {
        "type": "issue",
        "check_name": f"{finding.code} {finding.name}",
        "description": visible(
            f"{describe(finding.subject)}: {finding.message} ({who}: {expected}; {whose}: {actual})"
        ),
        "content": {"body": finding.message},
        "categories": ["Bug Risk"],
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": finding.fingerprint,
        "location": {
            "path": visible(place.path) if place else _NO_PLACE,
            "lines": {"begin": place.line if place and place.line else 1},
        },
    }
