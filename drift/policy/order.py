"""Grouping and order: what belongs together in a report, and what comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drift.findings import Finding, Subject, SubjectKind

_FIELDS = (SubjectKind.RESPONSE_FIELD, SubjectKind.REQUEST_FIELD)


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """A heading of the report. ``section`` orders: migration history, then the database, then schema classes."""

    section: int
    title: str


def group_of(finding: Finding) -> Group:
    """The heading under which a finding stands: its table, its object, or its schema class."""
    subject = finding.subject
    if subject.kind is SubjectKind.MIGRATION:
        return Group(0, "migration history")
    if subject.kind in _FIELDS:
        # One column behind several schemas is one block that names them all.
        title = finding.detail("group") or finding.detail("class") or subject.name.rpartition(".")[0]
        return Group(2, str(title or subject.name))
    return Group(1, qualified(subject))


def qualified(subject: Subject) -> str:
    """``schema.table``, or the object's own qualified name where it belongs to no table."""
    name = subject.table or subject.name
    return f"{subject.schema}.{name}" if subject.schema else name


def short_name(finding: Finding) -> str:
    """What a finding's own line calls its subject, below its group's heading."""
    subject = finding.subject
    if subject.kind not in _FIELDS or finding.detail("group"):
        return subject.name
    return subject.name.rpartition(".")[2]


def describe(subject: Subject) -> str:
    """A subject in one piece of text: ``public.users.email``, ``app.schemas.UserOut.email``, ``public.users``."""
    if subject.kind in _FIELDS or subject.kind is SubjectKind.MIGRATION:
        return subject.name
    own = qualified(subject)
    return own if subject.name == subject.table or subject.table is None else f"{own}.{subject.name}"


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Grouped; inside a group errors first, then by code and name."""
    return tuple(
        sorted(findings, key=lambda f: (group_of(f), f.severity.rank, f.code, f.subject.name, f.expected or ""))
    )


def grouped(findings: Iterable[Finding]) -> list[tuple[Group, list[Finding]]]:
    """Neighbours of the same group, in the order given."""
    groups: list[tuple[Group, list[Finding]]] = []
    for finding in findings:
        group = group_of(finding)
        if not groups or groups[-1][0] != group:
            groups.append((group, []))
        groups[-1][1].append(finding)
    return groups
