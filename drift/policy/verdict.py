"""The verdict: what remains of the findings after the team's policy, and whether the gate fails."""

from __future__ import annotations

from dataclasses import dataclass, field

from drift.alignment import TablePair
from drift.findings import Finding, NotChecked, Severity


@dataclass(frozen=True, slots=True)
class Compared:
    """How much was compared, for the summary line."""

    tables: int = 0
    columns: int = 0
    constraints_and_indexes: int = 0
    response_fields: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the reports show. Findings are sorted; ``fails`` is the gate (exit code 1).

    Attributes:
        findings: To be shown.
        not_checked: What could not be checked, with reasons.
        accepted: Accepted by the baseline.
        ignored: Left out by selection, inline ignores, or per-table rules.
        stale: Baseline entries (descriptions) that match nothing any more.
        expired: Baseline entries (descriptions) whose day has passed and whose finding is still there; they fail.
        notes: Remarks for the end of the report, for example about pending revisions.
        not_compared: What is never compared here, and why: pairs.
        expected_source, actual_source: Where the sides came from, without secrets.
        actual_origin: What named the database: an option, a variable, a file, ``env.py``; empty where nobody said.
        seconds: Wall time of the check.
        baseline: Name of the baseline file, ``None`` without one.
        labels: What the two sides are called in the rows below a finding.
        scripts: The repairs as Alembic operations, where they were planned: pairs of fingerprint and source text.
        drifted: The pairs of tables that a shown finding is about, for pictures and places.
    """

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    fails: bool
    accepted: tuple[Finding, ...] = ()
    ignored: tuple[Finding, ...] = ()
    stale: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    compared: Compared = field(default_factory=Compared)
    expected_source: str = ""
    actual_source: str = ""
    actual_origin: str = ""
    dialect: str = ""
    server: str | None = None
    seconds: float = 0.0
    baseline: str | None = None
    labels: tuple[str, str] = ("models", "database")
    scripts: tuple[tuple[str, str], ...] = ()
    drifted: tuple[TablePair, ...] = ()
    not_compared: tuple[tuple[str, str], ...] = ()

    def count(self, severity: Severity) -> int:
        """How many shown findings have that severity."""
        return sum(1 for finding in self.findings if finding.severity is severity)
