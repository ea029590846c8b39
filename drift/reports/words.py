"""Wording that several formats share: counts, summaries, and what stands for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from drift.findings import Finding, NotChecked, Severity, SubjectKind
from drift.policy import Verdict
from drift.policy.order import Group, describe
from drift.reports.excerpts import differing
from drift.schema import Location

_FIELDS = (SubjectKind.RESPONSE_FIELD, SubjectKind.REQUEST_FIELD)
_CONSTRAINTS = (
    SubjectKind.PRIMARY_KEY,
    SubjectKind.UNIQUE,
    SubjectKind.FOREIGN_KEY,
    SubjectKind.CHECK,
    SubjectKind.EXCLUSION,
)
_PLURALS = {SubjectKind.INDEX: "indexes", SubjectKind.MIGRATION: "migrations"}


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 table``, ``2 tables``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def sides(
    finding: Finding, labels: tuple[str, str] = ("models", "database")
) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two rows below a finding: who expects what, and what is there, with note and routes.

    Long values are shown as their difference. The note of a field says why its schema was paired with its table; that
    is for those who ask for more.
    """
    kind = finding.subject.kind
    who = "field" if kind in _FIELDS else "scripts" if kind is SubjectKind.MIGRATION else labels[0]
    wanted, seen = differing(finding.expected, finding.actual)
    expected = wanted if wanted is not None else _nothing_expected(finding)
    actual = seen if seen is not None else _nothing_there(finding)
    if finding.note and kind not in _FIELDS:
        actual = f"{actual} ({finding.note})"
    routes = finding.detail("routes")
    if isinstance(routes, tuple) and routes and routes[0] not in actual:
        actual = f"{actual} · {', '.join(routes)}"
    return (who, expected), (labels[1], actual)


def _nothing_expected(finding: Finding) -> str:
    mapped = (SubjectKind.TABLE, SubjectKind.COLUMN, SubjectKind.VIEW, SubjectKind.VERSION_TABLE)
    return "not mapped" if finding.subject.kind in mapped and finding.code[2] == "2" else "none"


def _nothing_there(finding: Finding) -> str:
    return "missing" if finding.code[2] == "1" else "none"


def found(verdict: Verdict) -> str:
    """``Found 3 findings: 2 errors, 1 warning.``"""
    parts = [count(number, severity.value) for severity in Severity if (number := verdict.count(severity))]
    return f"Found {count(len(verdict.findings), 'finding')}: {', '.join(parts)}."


def compared(verdict: Verdict) -> str:
    """``23 tables, 187 columns, 64 constraints and indexes, 41 response fields compared in 0.4 s.``"""
    numbers = verdict.compared
    parts = [
        count(numbers.tables, "table"),
        count(numbers.columns, "column"),
        count(numbers.constraints_and_indexes, "constraint or index", "constraints and indexes"),
    ]
    if numbers.response_fields:
        parts.append(count(numbers.response_fields, "response field"))
    return f"{', '.join(parts)} compared in {verdict.seconds:.1f} s."


def between(verdict: Verdict) -> str:
    """``models app.models:Base, database postgresql://… (from env.py)``, or nothing where no database was named."""
    if not verdict.actual_source:
        return ""
    origin = f" (from {verdict.actual_origin})" if verdict.actual_origin else ""
    (first, second), expected = verdict.labels, verdict.expected_source
    return f"{first} {expected}, {second} {verdict.actual_source}{origin}"


def set_aside(verdict: Verdict) -> str:
    """`` 3 accepted by drift-baseline.json. 1 ignored.``, or nothing."""
    parts = []
    if verdict.accepted:
        parts.append(f"{len(verdict.accepted)} accepted by {verdict.baseline or 'the baseline'}.")
    if verdict.ignored:
        parts.append(f"{len(verdict.ignored)} ignored.")
    return "".join(f" {part}" for part in parts)


def summary(verdict: Verdict) -> str:
    """The line at the end."""
    if verdict.findings:
        return found(verdict) + set_aside(verdict)
    if verdict.not_checked:
        return f"In sync, but {len(verdict.not_checked)} not checked: {compared(verdict)}{set_aside(verdict)}"
    return f"In sync: {compared(verdict)}{set_aside(verdict)}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Several :class:`NotChecked` of one check with one reason."""

    code: str
    name: str
    reason: str
    help: str | None
    items: tuple[NotChecked, ...]

    def what(self, dialect: str) -> str:
        """``2 constraints``, or the one subject's name."""
        subjects = [item.subject for item in self.items if item.subject is not None]
        if len(subjects) == 1:
            return as_called(describe(subjects[0]), dialect)
        kinds = {subject.kind for subject in subjects}
        if not kinds:
            return ""
        if len(kinds) == 1:
            (kind,) = kinds
            noun = "constraint" if kind in _CONSTRAINTS else kind.value.replace("-", " ")
            return count(len(subjects), noun, _PLURALS.get(kind))
        return count(len(subjects), "constraint" if kinds <= set(_CONSTRAINTS) else "object")


def skipped(not_checked: Iterable[NotChecked]) -> list[Skipped]:
    """What was not checked, put together by check and reason."""
    groups: dict[tuple[str, str, str, str | None], list[NotChecked]] = {}
    for item in not_checked:
        groups.setdefault((item.code, item.name, item.reason, item.help), []).append(item)
    return [Skipped(*key, tuple(items)) for key, items in sorted(groups.items(), key=lambda group: group[0][:3])]


def statistics(findings: Iterable[Finding]) -> list[tuple[int, str, str]]:
    """(number, code, name) of each check, most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in findings)
    return [(number, code, name) for (code, name), number in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]


def as_called(name: str, dialect: str) -> str:
    """A qualified name as people write it. SQLite's one schema is called ``main``; nobody names it.

    Formats for machines keep the whole name, which is what a finding is known by.
    """
    return name.removeprefix("main.") if dialect == "sqlite" else name


@dataclass(frozen=True, slots=True)
class Repeated:
    """Infos of one check on the fields of schema classes, which say the same of each.

    Attributes:
        fields: For each class the fields, in the order of the findings.
    """

    first: Finding
    fields: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def what(self) -> str:
        """``7 fields of 3 classes``."""
        number = sum(len(fields) for _, fields in self.fields)
        return f"{count(number, 'field')} of {count(len(self.fields), 'class', 'classes')}"


def repeated(findings: Iterable[Finding]) -> tuple[list[Finding], list[Repeated]]:
    """The findings that stand for themselves, and the infos on fields of each check that has several."""
    alone: list[Finding] = []
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        info = finding.severity is Severity.INFO and finding.subject.kind in _FIELDS
        (groups.setdefault(finding.code, []) if info else alone).append(finding)
    together = [_repeated(group) for _, group in sorted(groups.items()) if len(group) > 1]
    alone += [finding for group in groups.values() if len(group) == 1 for finding in group]
    return alone, together


def _repeated(findings: list[Finding]) -> Repeated:
    classes: dict[str, list[str]] = {}
    for finding in findings:
        name, _, field = finding.subject.name.rpartition(".")
        classes.setdefault(name, []).append(field)
    return Repeated(findings[0], tuple((name, tuple(fields)) for name, fields in classes.items()))


def title(group: Group, verdict: Verdict) -> str:
    """The heading of a group."""
    return as_called(group.title, verdict.dialect)


def table_places(verdict: Verdict) -> dict[str, Location]:
    """Where the drifted tables' classes are written, by the heading of their group."""
    return {
        str(pair.expected.name): pair.expected.location
        for pair in verdict.drifted
        if pair.expected is not None and pair.expected.location is not None
    }


def class_place(findings: Iterable[Finding]) -> Location | None:
    """Where the schema class of a group of response fields is written: ``details.class_location`` as ``path:line``."""
    for finding in findings:
        written = None if finding.detail("group") else finding.detail("class_location")
        if isinstance(written, str) and written:
            path, _, line = written.rpartition(":")
            return Location(path, int(line)) if path and line.isdigit() else Location(written)
    return None
