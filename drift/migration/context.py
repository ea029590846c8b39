"""What a handler may ask: pairs, names, sizes, and the user's own SQLAlchemy objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from drift.alignment import Alignment, Pair, TablePair
from drift.checks.causes import columns_of
from drift.dialects import dialect_for
from drift.findings import Finding, Subject
from drift.migration.ddl.postgresql import PostgresDDL
from drift.migration.ddl.quoting import Quoting
from drift.migration.options import PlanOptions, Roads
from drift.schema import Check, Column, Dependent, Enum, Exclusion, QualifiedName, Table, TableKind

if TYPE_CHECKING:
    import sqlalchemy as sa

    from drift.migration.handlers.loose_keys import Loose

MAX_IDENTIFIER = 63
"""Bytes."""


class NativeObjects(Protocol):
    """The user's own SQLAlchemy objects by expected name (:class:`drift.sources.models.Natives`)."""

    @property
    def tables(self) -> Mapping[QualifiedName, sa.Table]:
        """Tables."""
        ...


@dataclass(frozen=True, slots=True)
class NoNatives:
    """There are no models on the expected side: everything is rendered from nouns."""

    tables: Mapping[QualifiedName, sa.Table] = field(default_factory=dict)


class Named(Protocol):
    """A constraint or an index."""

    @property
    def name(self) -> str | None:
        """Its name."""
        ...


NamedT = TypeVar("NamedT", bound=Any)


class PlanContext:
    """One plan in the making.

    Args:
        alignment: Both sides, paired and settled.
        findings: All findings that the plan is to answer.
        natives: The user's own SQLAlchemy objects.
        options: What the plan may do.

    Attributes:
        loose_keys: Foreign keys that are taken off while something else is repaired, by their actual names.
        replaced_keys, dropped_keys: Actual foreign keys that have a step of their own, which puts the expected one in
            its place, or drops it for good.
        moving: On MySQL and MariaDB, the tables that are altered after new tables are made.
    """

    def __init__(
        self, alignment: Alignment, findings: Sequence[Finding], natives: NativeObjects, options: PlanOptions
    ) -> None:
        self.alignment = alignment
        self.findings = tuple(findings)
        self.natives = natives
        self.options = options
        self.dialect = alignment.actual.dialect
        self.default_schema = alignment.actual.default_schema
        self.quoting = Quoting(self.dialect, self.default_schema)
        self.ddl = PostgresDDL(self.quoting, alignment.actual.schemas)
        self.claimed: set[tuple[str, Subject]] = set()
        self.refused: list[tuple[Finding, str]] = []
        self.loose_keys: Mapping[tuple[QualifiedName, str], Loose] = {}
        self.replaced_keys: set[tuple[QualifiedName, str]] = set()
        self.dropped_keys: set[tuple[QualifiedName, str]] = set()
        self.moving: set[QualifiedName] = set()
        self._names = {index.name for table in alignment.actual.tables for index in table.indexes}

    @property
    def is_postgresql(self) -> bool:
        """Whether the live database is PostgreSQL."""
        return self.dialect == "postgresql"

    @property
    def is_mysql(self) -> bool:
        """Whether the live database is MySQL or MariaDB."""
        return self.dialect in ("mysql", "mariadb")

    @property
    def is_sqlite(self) -> bool:
        """Whether the live database is SQLite."""
        return self.dialect == "sqlite"

    @cached_property
    def server(self) -> tuple[int, ...]:
        """The server's version as numbers; empty when unknown."""
        text = (self.alignment.actual.server or "").split("-")[0].split(" ")[0]
        return tuple(int(part) for part in text.split(".") if part.isdigit())

    # findings

    def claim(self, codes: Iterable[str], subject: Subject) -> tuple[Finding, ...]:
        """Findings with one of these codes on the same subject; the caller's step answers them too."""
        wanted = set(codes)
        found = tuple(f for f in self.findings if f.code in wanted and f.subject == subject)
        self.claimed |= {(finding.code, finding.subject) for finding in found}
        return found

    def claim_finding(self, finding: Finding) -> None:
        """The caller's step answers this finding too."""
        self.claimed.add((finding.code, finding.subject))

    def refuse(self, finding: Finding, reason: str) -> None:
        """No migration answers this finding; the plan says why."""
        self.refused.append((finding, reason))

    def has(self, code: str, subject: Subject) -> bool:
        """Whether such a finding is to be answered."""
        return any(f.code == code and f.subject == subject for f in self.findings)

    # pairs

    def table_pair(self, subject: Subject) -> TablePair | None:
        """The pair of tables that the subject is, or belongs to."""
        wanted = QualifiedName(subject.schema, subject.table or subject.name)
        for side in ("expected", "actual"):
            for pair in self.alignment.tables:
                table = getattr(pair, side)
                if table is not None and table.name == wanted:
                    return pair
        return None

    def column_pair(self, pair: TablePair, name: str) -> Pair[Column] | None:
        """The pair of columns, by expected name first."""
        for side in ("expected", "actual"):
            for columns in pair.columns:
                column = getattr(columns, side)
                if column is not None and column.name == name:
                    return columns
        return None

    def named_pair(self, pairs: Iterable[Pair[NamedT]], finding: Finding) -> Pair[NamedT] | None:
        """The pair of constraints or indexes that a finding names."""
        candidates = _of_kind(list(pairs), finding.code)
        name = finding.subject.name
        for side in ("actual", "expected"):
            for pair in candidates:
                thing = getattr(pair, side)
                if thing is not None and thing.name == name:
                    return pair
        tables = self.table_pair(finding.subject)
        matches = [
            pair
            for side in ("expected", "actual")
            for pair in candidates
            if (thing := getattr(pair, side)) is not None
            and (owner := getattr(tables, side, None)) is not None
            and _is_meant(thing, owner, finding)
        ]
        quoted = [pair for pair in matches if _is_quoted(pair, finding)]
        if quoted or matches:
            return (quoted or matches)[0]
        return candidates[0] if len(candidates) == 1 else None

    # names

    def table_name(self, pair: TablePair) -> QualifiedName:
        """What the table is called after the plan's renames."""
        if pair.expected is not None and (pair.actual is None or self._is_renamed(pair)):
            return pair.expected.name
        assert pair.actual is not None
        return pair.actual.name

    def _is_renamed(self, pair: TablePair) -> bool:
        assert pair.expected is not None
        name = pair.expected.name
        return any(
            f.code in RENAMING_CODES
            and f.subject.schema == name.schema
            and name.name in (f.subject.table, f.subject.name)
            for f in self.findings
        )

    def column_names(self, pair: TablePair) -> dict[str, str]:
        """Actual column names that the plan renames, with their new names."""
        names = {}
        for columns in pair.columns:
            if columns.expected is None or columns.actual is None or columns.expected.name == columns.actual.name:
                continue
            assert pair.expected is not None
            if any(
                f.code in ("CO308", "VT306", "VT307", "VT317")
                and f.subject.table == pair.expected.name.name
                and f.subject.name == columns.expected.name
                for f in self.findings
            ):
                names[columns.actual.name] = columns.expected.name
        return names

    def truncate(self, name: str) -> str:
        """What the server makes of a name that is too long."""
        return dialect_for(self.dialect).truncate(name)

    @cached_property
    def dependents_of(self) -> dict[QualifiedName, list[Dependent]]:
        """What rests on each relation or type."""
        found: dict[QualifiedName, list[Dependent]] = {}
        for dependent in self.alignment.actual.dependents:
            for name in dict.fromkeys(link.name for link in dependent.links):
                found.setdefault(name, []).append(dependent)
        return found

    @cached_property
    def renamed(self) -> frozenset[tuple[QualifiedName, str | None]]:
        """Tables, types and columns, by their names of today, that the plan gives another name."""
        names: set[tuple[QualifiedName, str | None]] = {(name, None) for name in self.enum_names}
        for pair in self.alignment.tables:
            if pair.actual is not None:
                names |= {(pair.actual.name, column) for column in self.column_names(pair)}
                names |= {(pair.actual.name, None)} if self.table_name(pair) != pair.actual.name else set()
        return frozenset(names)

    def schema(self, pair: TablePair) -> str | None:
        """The ``schema=`` argument of operations on the table."""
        return self.quoting.schema(self.table_name(pair))

    def sql_name(self, pair: TablePair) -> str:
        """The table in SQL."""
        return self.quoting.qualified(self.table_name(pair))

    def constraint_name(self, table: QualifiedName, given: str | None, columns: Iterable[str], suffix: str) -> str:
        """The given name, or the one that PostgreSQL would choose, so that the downgrade knows it."""
        if given is not None:
            return given
        middle = "_".join(column for column in columns if column.isidentifier())
        parts = [table.name, middle] if middle else [table.name]
        name = _cut("_".join(parts), MAX_IDENTIFIER - len(suffix) - 1) + "_" + suffix
        candidate, number = name, 0
        while candidate in self._names:
            number += 1
            candidate = f"{_cut(name, MAX_IDENTIFIER - len(str(number)))}{number}"
        self._names.add(candidate)
        return candidate

    # sizes

    def rows(self, pair: TablePair) -> int | None:
        """The server's estimate, ``None`` when it has none."""
        return pair.actual.estimated_rows if pair.actual is not None else 0

    def is_large(self, pair: TablePair) -> bool:
        """Whether the table takes the slow roads."""
        if pair.actual is None or self.options.roads is Roads.SHORT:
            return False
        if self.options.roads is Roads.SLOW:
            return True
        rows = self.rows(pair)
        return rows is not None and rows >= self.options.large_rows

    def is_partitioned(self, table: QualifiedName) -> bool:
        """Whether an existing table is partitioned.

        Args:
            table: What it is called after the plan's renames.
        """
        return any(
            pair.actual is not None and pair.actual.kind is TableKind.PARTITIONED and self.table_name(pair) == table
            for pair in self.alignment.tables
        )

    # native objects

    def native(self, pair: TablePair) -> sa.Table | None:
        """The user's own ``Table``."""
        return self.natives.tables.get(pair.expected.name) if pair.expected is not None else None

    @cached_property
    def expected_enums(self) -> dict[QualifiedName, Enum]:
        """Expected enums by name."""
        return {enum.name: enum for enum in self.alignment.expected.enums}

    @cached_property
    def actual_enums(self) -> dict[QualifiedName, Enum]:
        """Actual enums by name; those that the plan renames by both names."""
        enums = {enum.name: enum for enum in self.alignment.actual.enums}
        return enums | {new: replace(enums[old], name=new) for old, new in self.enum_names.items()}

    @cached_property
    def enum_names(self) -> dict[QualifiedName, QualifiedName]:
        """Actual names of enums that the plan renames, with their new names."""
        renamed = {
            QualifiedName(f.subject.schema, f.subject.name) for f in self.findings if f.code in ("EN302", "EN304")
        }
        return {
            pair.actual.name: pair.expected.name
            for pair in self.alignment.enums
            if pair.expected is not None
            and pair.actual is not None
            and pair.expected.name != pair.actual.name
            and not renamed.isdisjoint({pair.expected.name, pair.actual.name})
        }

    @cached_property
    def actual_tables(self) -> dict[QualifiedName, Table]:
        """Actual tables by name, those outside of any pair too."""
        return {table.name: table for table in self.alignment.actual.tables}


def _of_kind(pairs: list[Pair[NamedT]], code: str) -> list[Pair[NamedT]]:
    """Pairs with the side missing that findings of that kind speak of; all of them where there is none."""
    missing = {"1": "actual", "2": "expected"}.get(code[2])
    fitting = [pair for pair in pairs if missing is not None and getattr(pair, missing) is None]
    return fitting or pairs


def _cut(name: str, room: int) -> str:
    return name.encode()[:room].decode(errors="ignore")


def _is_meant(thing: Any, table: Table, finding: Finding) -> bool:
    """Whether a finding names that constraint or index by what it is over: its columns, or else its expressions."""
    columns = columns_of(thing, table)
    spellings = [columns, getattr(thing, "columns", ())]
    if isinstance(thing, Check):
        spellings.append((thing.expression.sql,))
    if isinstance(thing, Exclusion):
        spellings.append(tuple(element.column or str(element.expression) for element in thing.elements))
    listed = finding.detail("columns")
    wanted = tuple(listed) if isinstance(listed, tuple) and listed else None
    return any(",".join(own) == finding.subject.name or (wanted is not None and wanted == own) for own in spellings)


def _is_quoted(pair: Pair[Any], finding: Finding) -> bool:
    """Whether the finding quotes the bodies of that pair: two checks without names may be over the same columns."""
    quoted = {finding.expected, finding.actual}
    return any(
        isinstance(side, Check) and f"CHECK ({side.expression})" in quoted for side in (pair.expected, pair.actual)
    )


RENAMING_CODES = frozenset({"TB302", "TB303", "VT301", "VT302", "VT314"})
"""Findings whose repair gives a table its expected name. Repairs of version tables add theirs here."""
