"""The judge: findings in, verdict out. A pure function of its arguments; the date is one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from drift.alignment import Alignment, TablePair
from drift.checks.registry import is_on_request
from drift.findings import Finding, NotChecked, Outcome, Severity, Subject
from drift.policy.baseline import Baseline
from drift.policy.config import Config
from drift.policy.order import in_order
from drift.policy.selectors import closest, is_selected, specificity
from drift.policy.verdict import Compared, Verdict
from drift.schema import QualifiedName


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts for the report that no finding holds; see :class:`Verdict`."""

    compared: Compared = field(default_factory=Compared)
    expected_source: str = ""
    actual_source: str = ""
    dialect: str = ""
    server: str | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    labels: tuple[str, str] = ("models", "database")
    actual_origin: str = ""
    not_compared: tuple[tuple[str, str], ...] = ()


def judge(
    outcomes: Iterable[Outcome],
    config: Config,
    baseline: Baseline | None = None,
    *,
    alignment: Alignment | None = None,
    circumstances: Circumstances = Circumstances(),
    today: date | None = None,
) -> Verdict:
    """Apply the team's policy.

    Args:
        outcomes: What the checks said.
        config: Selection, severities, per-table rules, and the gate.
        baseline: What has been accepted.
        alignment: The pairs; for inline ignores (``info={"drift": {"ignore": [...]}}``) and for the reports.
        circumstances: Facts for the report.
        today: The day on which expiry dates are judged; ``None`` lets nothing expire.
    """
    accepted_by = baseline.by_fingerprint() if baseline else {}
    inline = _inline_ignores(alignment)
    shown: list[Finding] = []
    accepted: list[Finding] = []
    ignored: list[Finding] = []
    not_checked: list[NotChecked] = []
    expired: list[str] = []
    met: set[str] = set()
    between = alignment is not None and alignment.expected.server is not None
    for outcome in outcomes:
        # Two databases both say such a thing; models cannot.
        wanted = _is_wanted(outcome, config, inline) and (between or _is_usual(outcome, config))
        if isinstance(outcome, NotChecked):
            if wanted:
                not_checked.append(outcome)
            continue
        finding = replace(outcome, severity=_severity(outcome, config))
        entry = accepted_by.get(finding.fingerprint)
        if entry is not None:
            met.add(entry.fingerprint)
        if not wanted:
            ignored.append(finding)
        elif entry is None:
            shown.append(finding)
        elif today is not None and entry.expires is not None and entry.expires < today:
            shown.append(finding)
            owner = f", owner {entry.owner}" if entry.owner else ""
            expired.append(f"{entry} (accepted until {entry.expires.isoformat()}{owner})")
        else:
            accepted.append(finding)
    stale = tuple(str(entry) for entry in baseline.entries if entry.fingerprint not in met) if baseline else ()
    return Verdict(
        findings=in_order(shown),
        not_checked=tuple(not_checked),
        fails=bool(expired) or _fails(shown, not_checked, config),
        accepted=in_order(accepted),
        ignored=in_order(ignored),
        stale=stale,
        expired=tuple(expired),
        notes=circumstances.notes,
        compared=circumstances.compared,
        expected_source=circumstances.expected_source,
        actual_source=circumstances.actual_source,
        actual_origin=circumstances.actual_origin,
        dialect=circumstances.dialect,
        server=circumstances.server,
        seconds=circumstances.seconds,
        baseline=baseline.name if baseline else None,
        labels=circumstances.labels,
        drifted=_drifted(alignment, shown),
        not_compared=circumstances.not_compared,
    )


def _fails(findings: Iterable[Finding], not_checked: list[NotChecked], config: Config) -> bool:
    if config.strict and not_checked:
        return True
    if config.fail_on == "never":
        return False
    limit = Severity(config.fail_on).rank
    return any(finding.severity.rank <= limit for finding in findings)


def _is_wanted(
    outcome: Outcome, config: Config, inline: dict[tuple[str | None, str, str | None], tuple[str, ...]]
) -> bool:
    code, name, subject = outcome.code, outcome.name, outcome.subject
    if not is_selected(code, name, config.select, config.ignore):
        return False
    if subject is None:
        return True
    for rule in config.tables:
        if rule.matches(subject.schema, subject.table or subject.name) and closest(rule.ignore, code, name) is not None:
            return False
    written = outcome.detail("ignored") if isinstance(outcome, Finding) else None
    if isinstance(written, tuple) and closest(written, code, name) is not None:
        return False
    return all(closest(selectors, code, name) is None for selectors in _inline_for(subject, inline))


def _is_usual(outcome: Outcome, config: Config) -> bool:
    """Whether a check takes part without being named, or the team names it."""
    named = (*config.select, *(selector for selector, _ in config.severity))
    named = (*named, *(selector for rule in config.tables for selector, _ in rule.severity))
    return not is_on_request(outcome.code) or bool(closest(named, outcome.code, outcome.name))


def _severity(finding: Finding, config: Config) -> Severity:
    """The configured severity: of the most specific selector, with per-table rules above the general ones."""
    subject = finding.subject
    severity, best = finding.severity, -1
    for selector, value in config.severity:
        fit = specificity(selector, finding.code, finding.name)
        if fit is not None and fit >= best:
            severity, best = value, fit
    for rule in config.tables:
        if rule.matches(subject.schema, subject.table or subject.name):
            for selector, value in rule.severity:
                if specificity(selector, finding.code, finding.name) is not None:
                    severity = value
    return severity


def _inline_ignores(alignment: Alignment | None) -> dict[tuple[str | None, str, str | None], tuple[str, ...]]:
    """Selectors written in the models, by (schema, table, column or None)."""
    found: dict[tuple[str | None, str, str | None], tuple[str, ...]] = {}
    for table in alignment.expected.tables if alignment else ():
        if table.ignored:
            found[table.name.schema, table.name.name, None] = table.ignored
        for column in table.columns:
            if column.ignored:
                found[table.name.schema, table.name.name, column.name] = column.ignored
    return found


def _inline_for(
    subject: Subject, inline: dict[tuple[str | None, str, str | None], tuple[str, ...]]
) -> Iterable[tuple[str, ...]]:
    if inline and subject.table is not None:
        yield inline.get((subject.schema, subject.table, None), ())
        yield inline.get((subject.schema, subject.table, subject.name), ())


def _drifted(alignment: Alignment | None, findings: Iterable[Finding]) -> tuple[TablePair, ...]:
    """The pairs of tables that some shown finding is about."""
    if alignment is None:
        return ()
    names = {QualifiedName(f.subject.schema, f.subject.table) for f in findings if f.subject.table is not None}
    return tuple(
        pair
        for pair in alignment.tables
        if (pair.expected is not None and pair.expected.name in names)
        or (pair.actual is not None and pair.actual.name in names)
    )
