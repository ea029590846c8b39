"""How checks put what they found: subjects, findings, and short texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from drift.checks.registry import definition_of
from drift.findings import Finding, NotChecked, Repair, Safety, Severity, Subject, SubjectKind
from drift.findings.model import Detail
from drift.schema import Column, Location, QualifiedName, Table

ASK_SERVER = "check against the live database, or pass --scratch-url"


class Named(Protocol):
    """A constraint or index."""

    @property
    def name(self) -> str | None:
        """Its name, if it has one."""
        ...


def table_subject(name: QualifiedName) -> Subject:
    """A table."""
    return Subject(SubjectKind.TABLE, name.schema, name.name, name.name)


def column_subject(table: QualifiedName, column: str) -> Subject:
    """A column."""
    return Subject(SubjectKind.COLUMN, table.schema, table.name, column)


def member_subject(
    kind: SubjectKind, table: QualifiedName, *things: Named | None, columns: Iterable[str] = ()
) -> Subject:
    """A constraint or index: the first name among ``things``, else its columns joined by a comma."""
    name = next((thing.name for thing in things if thing is not None and thing.name is not None), None)
    return Subject(kind, table.schema, table.name, name if name is not None else ",".join(columns))


def object_subject(kind: SubjectKind, name: QualifiedName) -> Subject:
    """An enum, a sequence: something that belongs to no table."""
    return Subject(kind, name.schema, None, name.name)


def repair(kind: str, *steps: str, safety: Safety = Safety.SAFE) -> Repair:
    """The way out in brief."""
    return Repair(kind, safety, steps)


CORRECT_THE_MODELS = "change-models"


def correct_the_models(how: str) -> Repair:
    """The models cannot mean what they say; a migration to it could never become silent."""
    return repair(CORRECT_THE_MODELS, how, safety=Safety.MANUAL)


def places(*things: Column | Table | None) -> tuple[Location, ...]:
    """Where these are written, each place once."""
    return tuple(dict.fromkeys(thing.location for thing in things if thing is not None and thing.location is not None))


def found(
    code: str,
    subject: Subject,
    message: str,
    *,
    severity: Severity | None = None,
    expected: str | None = None,
    actual: str | None = None,
    note: str | None = None,
    locations: tuple[Location, ...] = (),
    repair: Repair | None = None,
    **details: Detail,
) -> Finding:
    """A finding of the check with that code; its default severity counts unless another is given."""
    definition = definition_of(code)
    return Finding(
        code,
        definition.name,
        definition.severity if severity is None else severity,
        subject,
        message,
        expected,
        actual,
        note,
        locations,
        repair,
        tuple((key, value) for key, value in details.items() if value not in (None, ())),
    )


LOOK_AT_ROWS = "grant the role SELECT on the tables and sequences of the schema, as docs/security.md shows"
"""The way out where a probe was refused."""


def unknown(code: str, subject: Subject | None, reason: str | None, help: str | None = ASK_SERVER) -> NotChecked:
    """Could not be checked."""
    return NotChecked(code, definition_of(code).name, subject, reason or "nothing is known about it", help)


def listed(names: Iterable[str]) -> str:
    """Names in one line: ``a, b, c``."""
    return ", ".join(names)


def local(name: QualifiedName, default_schema: str | None) -> str:
    """A name as servers put it in messages: without the default schema."""
    return name.name if name.schema in (None, default_schema) else str(name)
