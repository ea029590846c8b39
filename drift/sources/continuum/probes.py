"""Look at the rows of version tables (``--probe``): read-only, each count bounded.

A count that the server refuses, or that takes longer than the connection's statement timeout, has a reason instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Columns
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from drift.alignment.version_twins import recognise, recognise_sequences
from drift.schema import (
    QualifiedName,
    Schema,
    Table,
    TransactionNumbers,
    VersioningRole,
    VersionRows,
    VersionTable,
)

if TYPE_CHECKING:
    from sqlalchemy import FromClause
    from sqlalchemy.engine import Connection

BOUND = 1000
"""Counting stops here: whether it is a thousand rows or a million changes nothing about the finding."""


def probe_version_tables(
    connection: Connection, expected: Schema, actual: Schema, unread: Mapping[QualifiedName, str]
) -> Schema:
    """The actual side with what was counted in version tables and transaction tables.

    Args:
        connection: In a read-only transaction.
        expected: The models' side, Continuum's part included.
        actual: The database's side.
        unread: Relations that must not be read, and why.
    """
    probe = _Probe(connection, expected, actual, unread)
    return replace(actual, version_rows=probe.rows(), transaction_numbers=probe.numbers())


@dataclass(frozen=True, slots=True)
class _Refused:
    """What the server said instead of an answer."""

    reason: str


_Count = int | _Refused | None
"""``None`` where there is nothing to ask."""


@dataclass(frozen=True)
class _Subject:
    """A version table that can be counted: every column that a count needs is there."""

    facts: VersionTable
    version: Table
    key: tuple[str, ...]
    is_association: bool


class _Probe:
    def __init__(
        self, connection: Connection, expected: Schema, actual: Schema, unread: Mapping[QualifiedName, str]
    ) -> None:
        self.connection = connection
        self.unread = unread
        self.expected = expected
        self.actual = actual
        self.tables = {table.name: table for table in actual.tables}
        self.wanted = {table.name: table for table in expected.tables}
        self.names = {twin.expected: twin.actual for twin in recognise(expected, actual) if not twin.split}

    def found(self, name: QualifiedName | None) -> Table | None:
        """The actual table for an expected name, its twin included."""
        return None if name is None else self.tables.get(self.names.get(name, name))

    def subjects(self) -> list[_Subject]:
        """Version tables whose key and transaction are there."""
        subjects = []
        for facts in self.expected.version_tables:
            table = self.wanted.get(facts.table)
            version = self.found(facts.table)
            if table is None or version is None or table.primary_key is None:
                continue
            key = tuple(name for name in table.primary_key.columns if name != facts.transaction_column)
            if all(version.column(name) is not None for name in (*key, facts.transaction_column)):
                association = table.role is VersioningRole.ASSOCIATION_VERSION
                subjects.append(_Subject(facts, version, key, association))
        return subjects

    def rows(self) -> tuple[VersionRows, ...]:
        return tuple(self._rows(subject) for subject in self.subjects())

    def _rows(self, subject: _Subject) -> VersionRows:
        ends = subject.facts.end_transaction_column
        # Continuum never ends the versions of a link between two rows.
        has_ends = ends is not None and subject.version.column(ends) is not None and not subject.is_association
        counts = {
            "closed": self._closed(subject) if has_ends else None,
            "never_closed": self._never_closed(subject) if has_ends and subject.key else None,
            "without_version": None if subject.is_association else self._without_version(subject),
            "without_transaction": self._without_transaction(subject),
            "duplicates": self._duplicates(subject) if subject.version.primary_key is None else None,
        }
        return VersionRows(
            subject.version.name,
            **{name: count for name, count in counts.items() if isinstance(count, int)},
            refused=tuple((name, count.reason) for name, count in counts.items() if isinstance(count, _Refused)),
        )

    def _closed(self, subject: _Subject) -> _Count:
        version = _clause(subject.version)
        return self._count(version, version.c[str(subject.facts.end_transaction_column)].is_not(None))

    def _never_closed(self, subject: _Subject) -> _Count:
        from sqlalchemy import exists

        version, later = _clause(subject.version), _clause(subject.version).alias("later")
        transaction = subject.facts.transaction_column
        successor = exists().where(*_same(version, later, subject.key), later.c[transaction] > version.c[transaction])
        return self._count(version, version.c[str(subject.facts.end_transaction_column)].is_(None), successor)

    def _without_version(self, subject: _Subject) -> _Count:
        from sqlalchemy import exists

        parent = self.found(subject.facts.parent)
        if parent is None or not subject.key or any(parent.column(name) is None for name in subject.key):
            return None
        rows, version = _clause(parent), _clause(subject.version)
        return self._count(rows, ~exists().where(*_same(rows, version, subject.key)))

    def _without_transaction(self, subject: _Subject) -> _Count:
        from sqlalchemy import exists

        table = self.found(subject.facts.transaction)
        if table is None or table.column("id") is None:
            return None
        version, transaction = _clause(subject.version), _clause(table)
        known = exists().where(transaction.c.id == version.c[subject.facts.transaction_column])
        return self._count(version, ~known)

    def _duplicates(self, subject: _Subject) -> _Count:
        from sqlalchemy import func, literal, select

        version = _clause(subject.version)
        columns = [version.c[name] for name in (*subject.key, subject.facts.transaction_column)]
        several = select(literal(1).label("one")).select_from(version).group_by(*columns).having(func.count() > 1)
        return self._scalar(select(func.count()).select_from(several.limit(BOUND).subquery()))

    def numbers(self) -> tuple[TransactionNumbers, ...]:
        """Position of each transaction sequence, and the largest number in use."""
        twins = {twin.expected: twin.actual for twin in recognise_sequences(self.expected, self.actual)}
        present = {sequence.name for sequence in self.actual.sequences}
        found = []
        for sequence in self.expected.sequences:
            name = twins.get(sequence.name, sequence.name)
            transaction = self._numbered(sequence.name, sequence.role)
            if transaction is None or name not in present:
                continue
            expected_name, table = transaction
            following, largest = self._next_value(name), self._largest(expected_name, table)
            if isinstance(following, _Refused):
                found.append(TransactionNumbers(expected_name, name, None, reason=following.reason))
            elif isinstance(largest, _Refused):
                found.append(TransactionNumbers(expected_name, name, None, reason=largest.reason))
            else:
                found.append(TransactionNumbers(expected_name, name, following, largest))
        return tuple(found)

    def _numbered(self, sequence: QualifiedName, role: VersioningRole) -> tuple[QualifiedName, Table] | None:
        """Expected name and actual table of what a sequence of Continuum numbers."""
        for table in self.expected.tables:
            if (
                role is not VersioningRole.NONE
                and table.role is role
                and sequence.name.startswith(f"{table.name.name}_")
            ):
                actual = self.found(table.name)
                return None if actual is None or actual.column("id") is None else (table.name, actual)
        return None

    def _next_value(self, name: QualifiedName) -> _Count:
        from sqlalchemy import column, quoted_name, select, table

        sequence = table(
            quoted_name(name.name, True), column("last_value"), column("is_called"), schema=_quoted(name.schema)
        )
        row = self._row(select(sequence.c.last_value, sequence.c.is_called))
        return row if row is None or isinstance(row, _Refused) else int(row[0]) + (1 if row[1] else 0)

    def _largest(self, name: QualifiedName, table: Table) -> _Count:
        from sqlalchemy import func, select

        values = [self._scalar(select(func.max(_clause(table).c.id)))]
        for subject in self.subjects():
            if subject.facts.transaction == name:
                version = _clause(subject.version)
                values.append(self._scalar(select(func.max(version.c[subject.facts.transaction_column]))))
        refused = next((value for value in values if isinstance(value, _Refused)), None)
        return refused or max((value for value in values if isinstance(value, int)), default=None)

    def _count(self, source: FromClause, *criteria: Any) -> _Count:
        from sqlalchemy import func, literal, select

        some = select(literal(1).label("one")).select_from(source).where(*criteria).limit(BOUND).subquery()
        return self._scalar(select(func.count()).select_from(some))

    def _scalar(self, statement: Any) -> _Count:
        row = self._row(statement)
        if isinstance(row, _Refused):
            return row
        return None if row is None or row[0] is None else int(row[0])

    def _row(self, statement: Any) -> Any:
        """The first row, or why there is none; a refusal leaves the transaction alive, thanks to a savepoint."""
        from sqlalchemy import TableClause
        from sqlalchemy.exc import DBAPIError
        from sqlalchemy.sql.visitors import iterate

        for read in iterate(statement):
            if isinstance(read, TableClause) and (name := QualifiedName(read.schema, read.name)) in self.unread:
                return _Refused(f"{name} {self.unread[name]}")
        try:
            with self.connection.begin_nested():
                return self.connection.execute(statement).first()
        except DBAPIError as error:
            # The first line: what follows may quote data.
            return _Refused(f"the server says: {str(error.orig).splitlines()[0]}")


def _clause(table: Table) -> FromClause:
    from sqlalchemy import column, quoted_name
    from sqlalchemy import table as clause

    columns: list[Any] = [column(quoted_name(one.name, True)) for one in table.columns]
    return clause(quoted_name(table.name.name, True), *columns, schema=_quoted(table.name.schema))


def _quoted(name: str | None) -> Any:
    from sqlalchemy import quoted_name

    return None if name is None else quoted_name(name, True)


def _same(left: FromClause, right: FromClause, key: Columns[str]) -> list[Any]:
    return [left.c[name] == right.c[name] for name in key]
