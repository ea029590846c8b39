"""What rests on a column that gives its place to a new one: keys, constraints, indexes, and what refers to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from alembic.operations import ops

from drift.alignment import TablePair
from drift.migration import operations as own
from drift.migration.casts import base_type, same_family
from drift.migration.constraint_facts import columns_of
from drift.migration.ddl.quoting import mentions
from drift.migration.handlers.constraint_steps import build_concurrently
from drift.migration.queries import Queries
from drift.migration.translate import after_renames, with_columns
from drift.schema import Check, ForeignKey, Index, IndexKey, PrimaryKey, QualifiedName, TableKind, Unique

if TYPE_CHECKING:
    from drift.migration.context import PlanContext
    from drift.migration.handlers.column_places import Place

Resting = PrimaryKey | Unique | Check | Index
MAX_BYTES = 63
INTEGERS = frozenset({"smallint", "integer", "bigint"})
TYPE_CODES = ("CO301", "CO306", "CO309")


def interim_name(name: str, suffix: str = "_drift") -> str:
    """A name for the time between; PostgreSQL cuts names by bytes."""
    return name.encode()[: MAX_BYTES - len(suffix)].decode(errors="ignore") + suffix


@dataclass(frozen=True, slots=True)
class Rider:
    """One key, constraint or index, built on the new column and taking over from the one on the old column.

    Attributes:
        context: The plan's context.
        table: Its table.
        name: What it is called at the end.
        noun: What it is, over the new column's interim name.
    """

    context: PlanContext
    table: QualifiedName
    name: str
    noun: Resting

    @property
    def interim(self) -> str:
        """What it is called until then."""
        return interim_name(self.name)

    @property
    def _table(self) -> str:
        return self.context.quoting.qualified(self.table)

    def _index(self) -> Index | None:
        noun = self.noun
        if isinstance(noun, Index):
            return noun
        if isinstance(noun, PrimaryKey | Unique):
            return Index(
                self.interim,
                tuple(IndexKey(column) for column in noun.columns),
                unique=True,
                include=noun.include,
                nulls_not_distinct=isinstance(noun, Unique) and noun.nulls_not_distinct,
            )
        return None

    def build(self) -> Iterator[ops.MigrateOperation]:
        """Build it without blocking anybody."""
        index = self._index()
        if index is not None:
            yield from build_concurrently(self.context, self.table, self.interim, index)
            return
        assert isinstance(self.noun, Check)
        add = self.context.ddl.add_constraint(self.table, self.interim, replace(self.noun, validated=False))
        exists = Queries(self.context.quoting).constraint_exists(self.table, self.interim)
        yield own.Unless(exists, [own.Execute(add)])
        if self.noun.validated and self.noun.enforced:
            interim = self.context.quoting.name(self.interim)
            yield own.Autocommit([own.Execute(f"ALTER TABLE {self._table} VALIDATE CONSTRAINT {interim}")])

    def take_over(self) -> Iterator[str]:
        """It takes the name of the one that went with the old column."""
        quoting, ddl = self.context.quoting, self.context.ddl
        interim, name = quoting.name(self.interim), quoting.name(self.name)
        full = quoting.qualified(QualifiedName(self.table.schema, self.name))
        what = f"CONSTRAINT {name} ON {self._table}"
        if isinstance(self.noun, Index):
            what = f"INDEX {full}"
            before = quoting.qualified(QualifiedName(self.table.schema, self.interim))
            yield f"ALTER INDEX {before} RENAME TO {name}"
        elif isinstance(self.noun, PrimaryKey | Unique):
            kind = "PRIMARY KEY" if isinstance(self.noun, PrimaryKey) else "UNIQUE"
            yield (
                f"ALTER TABLE {self._table} ADD CONSTRAINT {name} {kind} USING INDEX {interim}"
                f"{ddl.deferrability(self.noun)}"
            )
        else:
            yield f"ALTER TABLE {self._table} RENAME CONSTRAINT {interim} TO {name}"
        if self.noun.comment is not None:
            yield ddl.comment(what, self.noun.comment)

    def tear_down(self) -> Iterator[str]:
        """Without it, wherever its building was interrupted."""
        quoting = self.context.quoting
        if isinstance(self.noun, Check):
            yield f"ALTER TABLE {self._table} DROP CONSTRAINT IF EXISTS {quoting.name(self.interim)}"
        else:
            yield f"DROP INDEX IF EXISTS {quoting.qualified(QualifiedName(self.table.schema, self.interim))}"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A foreign key of the column, or one that refers to it.

    Attributes:
        context: The plan's context.
        table: The table that it belongs to.
        key: The foreign key.
    """

    context: PlanContext
    table: QualifiedName
    key: ForeignKey

    def away(self) -> Iterator[str]:
        """Without it, the old column can go."""
        yield self.context.ddl.drop_constraint(self.table, str(self.key.name))

    def again(self) -> Iterator[str]:
        """It holds for every write from the same moment on."""
        name = str(self.key.name)
        yield self.context.ddl.add_constraint(self.table, name, replace(self.key, validated=False))
        if self.key.comment is not None:
            quoting = self.context.quoting
            what = f"CONSTRAINT {quoting.name(name)} ON {quoting.qualified(self.table)}"
            yield self.context.ddl.comment(what, self.key.comment)

    def validate(self) -> list[str]:
        """Rows that exist are looked at without blocking anybody."""
        if not self.key.validated or not self.key.enforced:
            return []
        table, name = self.context.quoting.qualified(self.table), self.context.quoting.name(str(self.key.name))
        return [f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"]


def riders(context: PlanContext, place: Place, *, expected: bool) -> Iterator[Rider]:
    """What rests on the column, over the interim name of the new one.

    Args:
        context: The plan's context.
        place: Where the column is.
        expected: Expressions as the expected side has them where the old ones need not fit the new type.
    """
    others = expected and not same_family(place.actual, place.expected)
    for noun, wanted in resting(context, place):
        name = noun.name
        assert name is not None
        now = after_renames(context, place.pair, noun)
        if others and wanted is not None:
            now = _with_expressions_of(now, wanted)
        yield Rider(context, place.table, name, with_columns(context, now, {place.name: interim_name(place.name)}))


def _with_expressions_of(noun: Any, wanted: Any) -> Any:
    """The same thing with the other's expressions: an operator that was written for the old type may not exist."""
    if isinstance(noun, Check):
        return replace(noun, expression=wanted.expression, columns=wanted.columns)
    if isinstance(noun, Index):
        return replace(noun, keys=wanted.keys, predicate=wanted.predicate)
    return noun


def resting(context: PlanContext, place: Place) -> Iterator[tuple[Resting, Resting | None]]:
    """Keys, constraints and indexes that would go with the column, each with what the models expect in its place.

    What the plan drops before does not come back.
    """
    pair, name = place.pair, place.actual.name
    families: tuple[Any, ...] = ((pair.primary_key,), pair.uniques, pair.checks, pair.indexes)
    seen: list[Resting] = []
    for both in (both for family in families for both in family):
        noun = both.actual
        dropped = both.expected is None and context.options.allow_drop
        if noun is None or dropped or noun in seen or not _touches(noun, name):
            continue
        seen.append(noun)
        yield noun, both.expected if type(both.expected) is type(noun) else None


def _touches(noun: Any, name: str) -> bool:
    if isinstance(noun, Check):
        return name in noun.columns or mentions(noun.expression.sql, name)
    if not isinstance(noun, Index):
        return name in columns_of(noun) or name in getattr(noun, "include", ())
    texts = [key.expression.sql for key in noun.keys if key.expression is not None]
    texts += [noun.predicate.sql] if noun.predicate is not None else []
    return any(key.column == name for key in noun.keys) or name in noun.include or any(mentions(t, name) for t in texts)


def pointers(context: PlanContext, place: Place) -> Iterator[Pointer]:
    """Foreign keys of the column, and those that refer to it."""
    for pair, key in _tied(context, place):
        yield Pointer(context, context.table_name(pair), after_renames(context, pair, key))


def _tied(context: PlanContext, place: Place) -> Iterator[tuple[TablePair, ForeignKey]]:
    table, name = place.pair.actual, place.actual.name
    assert table is not None
    for pair in context.alignment.tables:
        for key in pair.actual.foreign_keys if pair.actual is not None else ():
            own = pair is place.pair and name in key.columns
            refers = key.target == table.name and name in key.target_columns
            if (own or refers) and not (context.options.allow_drop and _is_unexpected(pair, key)):
                yield pair, key


def _is_unexpected(pair: TablePair, key: ForeignKey) -> bool:
    return pair.expected is None or any(both.actual == key and both.expected is None for both in pair.foreign_keys)


def why_blocking(context: PlanContext, place: Place) -> str | None:
    """Why no new column can take the old one's place without a long lock; ``None`` where one can."""
    table, column = place.pair.actual, place.actual
    assert table is not None
    if base_type(column) == base_type(place.expected):
        return "only the type's arguments change"
    if column.identity is not None:
        return "it is an identity column"
    if column.auto_increment and context.table_name(place.pair) != table.name:
        return "its table is renamed by the same migration"
    if context.is_partitioned(place.table):
        return "the table is partitioned"
    if table.inherits or any(table.name in other.inherits for other in context.alignment.actual.tables):
        return "the table inherits"
    if table.triggers:
        return "the table's triggers would run for every row that is filled"
    generated = [c.name for c in table.columns if c.generated is not None and mentions(c.generated.sql, column.name)]
    if generated:
        return f"column {generated[0]} is generated from it"
    if any(column.name in columns_of(exclusion) for exclusion in table.exclusions):
        return "an exclusion constraint rests on it"
    return _why_not_for_riders(context, place)


def _why_not_for_riders(context: PlanContext, place: Place) -> str | None:
    nouns = [noun for noun, _ in resting(context, place)]
    tied = list(_tied(context, place))
    if any(noun.name is None for noun in (*nouns, *(key for _, key in tied))):
        return "something without a name rests on it"
    if tied and not {base_type(place.actual), base_type(place.expected)} <= INTEGERS:
        return "a foreign key links it with a column of the old type"
    if any(pair.actual is not None and pair.actual.kind is TableKind.PARTITIONED for pair, _ in tied):
        return "a foreign key of a partitioned table refers to it"
    changing = _also_changing(context, place)
    for noun in nouns:
        other = next((name for name in changing if _touches(noun, name)), None)
        if other is not None:
            return f"{noun.name} rests on it together with {other}, whose type changes, too"
    return None


def _also_changing(context: PlanContext, place: Place) -> list[str]:
    """Other columns of the table, by their names of today, whose types the plan changes."""
    names = []
    for finding in context.findings:
        if finding.code in TYPE_CODES and context.table_pair(finding.subject) is place.pair:
            columns = context.column_pair(place.pair, finding.subject.name)
            if columns is not None and columns.actual is not None and columns.actual.name != place.actual.name:
                names.append(columns.actual.name)
    return names
