"""What checks are called with: the alignment and its pairs of tables, with facts that several checks need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, TypeVar

from drift.alignment import Alignment, Judge, Pair, Renaming, TablePair, renaming
from drift.alignment.judge import Frame
from drift.alignment.verdicts import Usage
from drift.alignment.version_twins import Twin, recognise
from drift.schema import (
    Check,
    Column,
    Exclusion,
    ForeignKey,
    Index,
    MigrationState,
    QualifiedName,
    Table,
    TableKind,
    Unique,
    VersionTable,
)

T = TypeVar("T")

VIEWS = (TableKind.VIEW, TableKind.MATERIALIZED_VIEW)
STORED = (TableKind.TABLE, TableKind.PARTITIONED)
DEFAULT_VERSION_TABLE = "alembic_version"


@dataclass(frozen=True)
class TableView(TablePair):
    """A pair of tables, as checks with ``Subjects.TABLE`` and ``Subjects.COLUMN`` get it."""

    @property
    def wanted(self) -> Table:
        """The expected table; only where there is one."""
        assert self.expected is not None
        return self.expected

    @property
    def seen(self) -> Table:
        """The actual table; only where there is one."""
        assert self.actual is not None
        return self.actual

    @property
    def name(self) -> QualifiedName:
        """Expected name, or the actual one of a table that nobody maps."""
        return self.wanted.name if self.expected is not None else self.seen.name

    @cached_property
    def complete(self) -> bool:
        """Both sides are there, so that their insides can be compared."""
        return self.expected is not None and self.actual is not None

    @cached_property
    def stored(self) -> bool:
        """Both sides are tables proper: views and foreign tables have no keys, constraints, and indexes to compare."""
        return self.complete and self.wanted.kind in STORED and self.seen.kind in STORED

    @cached_property
    def indexed(self) -> bool:
        """Both sides may have indexes: tables proper, and materialised views, which models may map as anything."""
        return self.stored or (self.complete and self.seen.kind is TableKind.MATERIALIZED_VIEW)

    @cached_property
    def missing_columns(self) -> frozenset[str]:
        """Expected columns that the database lacks, by expected name."""
        return frozenset(c.expected.name for c in self.columns if c.expected is not None and c.actual is None)

    @cached_property
    def unexpected_columns(self) -> frozenset[str]:
        """Columns that only the database has."""
        return frozenset(c.actual.name for c in self.columns if c.actual is not None and c.expected is None)

    @cached_property
    def differing_uniques(self) -> tuple[Pair[Unique], ...]:
        """Unique constraints that both sides have and that are not plainly the same."""
        return _differing(self.uniques)

    @cached_property
    def differing_foreign_keys(self) -> tuple[Pair[ForeignKey], ...]:
        """Foreign keys that both sides have and that are not plainly the same."""
        return _differing(self.foreign_keys)

    @cached_property
    def differing_checks(self) -> tuple[Pair[Check], ...]:
        """Check constraints that both sides have and that are not plainly the same."""
        return _differing(self.checks)

    @cached_property
    def differing_exclusions(self) -> tuple[Pair[Exclusion], ...]:
        """Exclusion constraints that both sides have and that are not plainly the same."""
        return _differing(self.exclusions)

    @cached_property
    def differing_indexes(self) -> tuple[Pair[Index], ...]:
        """Indexes that both sides have and that are not plainly the same."""
        return _differing(self.indexes)

    @cached_property
    def plainly_same(self) -> bool:
        """Nothing but columns and bodies of check constraints differs, to the letter."""
        left, right = self.expected, self.actual
        if left is None or right is None or self.renamed:
            return False
        return (
            left.name == right.name
            and left.kind is right.kind is TableKind.TABLE
            and left.comment == right.comment
            and left.persistence is right.persistence
            and left.partition_key == right.partition_key
            and left.inherits == right.inherits
            and left.row_security == right.row_security
            and not left.options
            and all(trigger.enabled for trigger in right.triggers)
            and _plain(self.primary_key, absent=True)
            and all(map(_plain, (*self.uniques, *self.foreign_keys, *self.exclusions, *self.indexes)))
        )

    def column(self, name: str) -> Pair[Column] | None:
        """The pair of the expected column called ``name``."""
        return next((c for c in self.columns if c.expected is not None and c.expected.name == name), None)

    def same_table(self, other: TablePair) -> bool:
        """Whether ``other`` is this pair."""
        return self.expected is other.expected and self.actual is other.actual


@dataclass(frozen=True)
class SchemaView(Alignment):
    """The whole alignment with the state of the migrations, as every check gets it."""

    migrations: tuple[MigrationState, ...] = ()

    @classmethod
    def of(cls, alignment: Alignment, migrations: Iterable[MigrationState] = ()) -> SchemaView:
        """The alignment as checks see it."""
        return cls(
            alignment.expected,
            alignment.actual,
            tuple(_view(pair) for pair in alignment.tables),
            alignment.enums,
            alignment.domains,
            alignment.sequences,
            alignment.settlement,
            tuple(migrations),
        )

    @property
    def views(self) -> Iterator[TableView]:
        """Every pair of tables, in order."""
        for pair in self.tables:
            assert isinstance(pair, TableView)
            yield pair

    @cached_property
    def missing_sequences(self) -> frozenset[QualifiedName]:
        """Expected sequences that the database lacks."""
        return frozenset(p.expected.name for p in self.sequences if p.expected is not None and p.actual is None)

    @cached_property
    def names(self) -> Renaming:
        """Actual names of what was renamed."""
        return renaming(self)

    @cached_property
    def judge(self) -> Judge:
        """Says whether two spellings mean the same."""
        return Judge(self.names, self.settlement)

    @cached_property
    def pairs(self) -> dict[QualifiedName, TableView]:
        """Pairs of tables by expected name."""
        return {view.wanted.name: view for view in self.views if view.expected is not None}

    @cached_property
    def inbound(self) -> dict[QualifiedName, tuple[tuple[TableView, Pair[ForeignKey]], ...]]:
        """Foreign keys of existing tables, by the expected name of the table that they refer to."""
        found: defaultdict[QualifiedName, list[tuple[TableView, Pair[ForeignKey]]]] = defaultdict(list)
        for view in self.views:
            for key in view.foreign_keys:
                if key.expected is not None:
                    found[key.expected.target].append((view, key))
        return {target: tuple(keys) for target, keys in found.items()}

    @cached_property
    def version_tables(self) -> frozenset[QualifiedName]:
        """Where migration tools keep their revisions: never drift."""
        named = {state.version_table for state in self.migrations}
        return frozenset(
            table.name
            for table in self.actual.tables
            if table.name.name == DEFAULT_VERSION_TABLE
            or table.name in named
            or QualifiedName(None, table.name.name) in named
        )

    @cached_property
    def versions(self) -> dict[QualifiedName, VersionTable]:
        """Continuum's facts about each version table, by expected name."""
        return {facts.table: facts for facts in self.expected.version_tables}

    @cached_property
    def split_histories(self) -> tuple[Twin, ...]:
        """Tables that hold a second half of some version table's history."""
        taken = {pair.actual.name for pair in self.tables if pair.expected is not None and pair.actual is not None}
        twins = recognise(self.expected, self.actual)
        return tuple(twin for twin in twins if twin.split and twin.actual not in taken)

    @cached_property
    def unreadable(self) -> frozenset[str]:
        """What could not be read on either side, as text."""
        return frozenset(subject for subject, _ in (*self.expected.unreadable, *self.actual.unreadable))

    def plainly_same(self, table: TableView) -> bool:
        """Whether no check of the two tables can find anything, columns aside."""
        return table.plainly_same and all(_plain(pair) or self._same_rule(pair, table) for pair in table.checks)

    def _same_rule(self, pair: Pair[Check], table: TableView) -> bool:
        left, right = pair.expected, pair.actual
        if left is None or right is None or left.name not in (None, right.name):
            return False
        facets = (left.validated, left.no_inherit, left.enforced) == (right.validated, right.no_inherit, right.enforced)
        frame = self.frame(table)
        return facets and self.judge.expressions(frame, left.expression, right.expression, Usage.CHECK).same

    @cached_property
    def _frames(self) -> dict[QualifiedName, Frame]:
        return {}

    def frame(self, table: TableView) -> Frame:
        """How the table's SQL text is read."""
        if table.name not in self._frames:
            self._frames[table.name] = Frame(table, self.names)
        return self._frames[table.name]

    def actual_names(self, table: TableView, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Actual names of expected columns of ``table``."""
        return self.names.of_columns(table.wanted.name, columns)


def _plain(pair: Pair[Any], *, absent: bool = False) -> bool:
    """Whether both sides are equal, the name aside where the models give none."""
    left, right = pair.expected, pair.actual
    if left is None or right is None:
        return absent and left is right
    if left.name is not None:
        return bool(left == right)
    apart_from_name = _apart_from_name(type(left).__slots__)
    return bool(apart_from_name(left) == apart_from_name(right))


@cache
def _apart_from_name(slots: tuple[str, ...]) -> attrgetter[Any]:
    return attrgetter(*(slot for slot in slots if slot != "name"))


def _differing(pairs: tuple[Pair[T], ...]) -> tuple[Pair[T], ...]:
    return tuple(pair for pair in pairs if pair.expected is not None and pair.actual is not None and not _plain(pair))


def _view(pair: TablePair) -> TableView:
    return TableView(
        pair.expected,
        pair.actual,
        pair.renamed,
        pair.evidence,
        pair.columns,
        pair.primary_key,
        pair.uniques,
        pair.foreign_keys,
        pair.checks,
        pair.exclusions,
        pair.indexes,
    )
