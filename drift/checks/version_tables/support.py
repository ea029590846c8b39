"""What the VT checks share: Continuum's facts about a table, subjects, and the words of a finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drift.alignment import Pair
from drift.alignment.version_twins import Twin
from drift.checks.context import SchemaView, TableView
from drift.findings import Finding, Repair, Safety, Severity, Subject, SubjectKind
from drift.findings.model import Detail
from drift.schema import (
    Column,
    Location,
    QualifiedName,
    Schema,
    Sequence,
    Table,
    VersioningRole,
    VersionTable,
)

VERSION_ROLES = (VersioningRole.VERSION, VersioningRole.ASSOCIATION_VERSION)
OWN_ROLES = (VersioningRole.TRANSACTION, VersioningRole.PLUGIN)


@dataclass(frozen=True, slots=True)
class VersionPair:
    """A version table on both sides, and what Continuum says of it."""

    table: TableView
    schema: SchemaView
    facts: VersionTable
    parent: Table | None

    @property
    def pair(self) -> TableView:
        """The pair of tables."""
        return self.table

    @property
    def expected(self) -> Table:
        """The expected table."""
        return self.table.wanted

    @property
    def actual(self) -> Table:
        """The table in the database."""
        return self.table.seen

    @property
    def spelled(self) -> str:
        """The table's name as error messages have it."""
        return quoted(self.name, self.schema.expected)

    @property
    def name(self) -> QualifiedName:
        """The name that Continuum uses."""
        return self.expected.name

    @property
    def is_association(self) -> bool:
        """Whether it keeps the history of a many-to-many relationship."""
        return self.expected.role is VersioningRole.ASSOCIATION_VERSION

    def is_internal(self, column: str) -> bool:
        """Whether that column is Continuum's own bookkeeping."""
        facts = self.facts
        return column in (facts.transaction_column, facts.end_transaction_column, facts.operation_type_column)

    def flagged(self, column: str) -> str | None:
        """The column whose modification flag that column is."""
        return next((name for name, flag in self.facts.mod_columns if flag == column), None)

    def missing_columns(self) -> frozenset[str]:
        """Expected columns that the database lacks."""
        return self.table.missing_columns


def facts_of(schema: SchemaView, table: QualifiedName) -> VersionTable | None:
    """Continuum's facts about the version table of that name."""
    return schema.versions.get(table)


def parent_of(schema: SchemaView, facts: VersionTable | None) -> Table | None:
    """The versioned table."""
    pair = schema.pairs.get(facts.parent) if facts is not None else None
    return pair.expected if pair is not None else None


def version_pair(table: TableView, schema: SchemaView) -> VersionPair | None:
    """The pair as a version table; ``None`` for other tables and where one side is missing."""
    if not table.complete or table.wanted.role not in VERSION_ROLES:
        return None
    facts = facts_of(schema, table.wanted.name)
    return None if facts is None else VersionPair(table, schema, facts, parent_of(schema, facts))


def is_own(table: TableView) -> bool:
    """Whether it is the transaction table or a plugin's, and both sides are there."""
    return table.complete and table.wanted.role in OWN_ROLES


def column_pairs(pairs: tuple[Pair[Column], ...]) -> Iterator[tuple[Column, Column, Pair[Column]]]:
    """Columns that both sides have."""
    for pair in pairs:
        if pair.expected is not None and pair.actual is not None:
            yield pair.expected, pair.actual, pair


def split_histories(schema: SchemaView) -> tuple[Twin, ...]:
    """Tables that hold a second half of some history; see :func:`drift.alignment.version_twins.recognise`."""
    return schema.split_histories


def table_subject(table: Table) -> Subject:
    """A whole table of Continuum."""
    return Subject(SubjectKind.VERSION_TABLE, table.name.schema, table.name.name, table.name.name)


def column_subject(table: Table, column: str) -> Subject:
    """A column; the table has its expected name even where it was found under another one."""
    return Subject(SubjectKind.COLUMN, table.name.schema, table.name.name, column)


def subject_of(kind: SubjectKind, table: Table, name: str | None, columns: tuple[str, ...]) -> Subject:
    """A constraint or index: by its name, or by its columns."""
    return Subject(kind, table.name.schema, table.name.name, name or ",".join(columns))


def sequence_subject(sequence: Sequence, table: QualifiedName | None) -> Subject:
    """A sequence and the table it numbers."""
    return Subject(SubjectKind.SEQUENCE, sequence.name.schema, table.name if table else None, sequence.name.name)


def located(*items: Table | Column | None) -> tuple[Location, ...]:
    """Where these are written; the most useful first, each place once."""
    places = (item.location for item in items if item is not None)
    return tuple(dict.fromkeys(place for place in places if place is not None))


def quoted(name: QualifiedName, schema: Schema) -> str:
    """A name as error messages have it: without the default schema."""
    return name.name if name.schema in (None, schema.default_schema) else str(name)


def finding(
    code: str,
    name: str,
    severity: Severity,
    subject: Subject,
    message: str,
    *,
    expected: str | None = None,
    actual: str | None = None,
    note: str | None = None,
    locations: tuple[Location, ...] = (),
    repair: str | None = None,
    safety: Safety = Safety.SAFE,
    **details: Detail,
) -> Finding:
    """A finding; ``repair`` is the kind of the way out."""
    return Finding(
        code,
        name,
        severity,
        subject,
        message,
        expected,
        actual,
        note,
        locations,
        Repair(repair, safety) if repair is not None else None,
        tuple(sorted(details.items())),
    )
