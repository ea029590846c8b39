"""Foreign keys in the way of other repairs: taken off before, put on again after (PostgreSQL).

A foreign key rests on the key of its target, and both its ends have comparable types. While either changes there is a
moment in which the foreign key cannot be. Which ones that concerns is settled before any step is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drift.alignment import Pair, TablePair
from drift.findings import Finding
from drift.migration.casts import same_family
from drift.migration.constraint_facts import name_of
from drift.migration.context import PlanContext
from drift.migration.handlers.constraint_steps import add_constraint, drop_constraint
from drift.migration.handlers.dependents import stays_because
from drift.migration.handlers.messages import drop_reason
from drift.migration.order import has_key, nothing_refers_to
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.translate import after_renames
from drift.schema import Column, Enum, ForeignKey, Index, PrimaryKey, QualifiedName, Table, Unique

Place = tuple[QualifiedName, str]
"""The actual name of a table, and the name of a foreign key or a column of it."""

CHANGED_TYPE = ("CO301", "CO309")
CHANGED_KEY = ("PK301", "PK303", "UQ301", "UQ302", "UQ303", "UQ304", "IX301", "IX302", "IX304", "IX305")
LOST_KEY = ("PK201", "UQ201", "IX201")


@dataclass(frozen=True, slots=True)
class Loose:
    """A foreign key that is taken off for a while.

    Attributes:
        pair: Its table.
        key: As the database has it.
        cause: What is repaired meanwhile.
    """

    pair: TablePair
    key: ForeignKey
    cause: Finding


def loose_keys(context: PlanContext) -> Mapping[Place, Loose]:
    """The foreign keys that cannot stay while the plan's findings are repaired."""
    types = dict(_changed_types(context))
    keys = list(_changed_keys(context))
    gone = dict(_dropped(context))
    found: dict[Place, Loose] = {}
    for pair in context.alignment.tables:
        for key in pair.actual.foreign_keys if pair.actual is not None else ():
            assert pair.actual is not None
            if key.name is None:
                continue
            ends = [(pair.actual.name, column) for column in key.columns]
            ends += [(key.target, column) for column in key.target_columns]
            target = key.target, frozenset(key.target_columns)
            causes = [types[end] for end in ends if end in types]
            causes += [finding for finding, *changed in keys if tuple(changed) == target]
            causes += [gone[end] for end in ((key.target, None), *ends[len(key.columns) :]) if end in gone]
            if causes:
                found[pair.actual.name, key.name] = Loose(pair, key, causes[0])
    return found


def _dropped(context: PlanContext) -> Iterator[tuple[tuple[QualifiedName, str | None], Finding]]:
    """Tables, and columns of tables, that the plan drops."""
    for finding in context.findings if drop_reason(context.options, "") is None else ():
        pair = context.table_pair(finding.subject) if finding.code in ("TB201", "TB202", "CO201") else None
        column = finding.subject.name if finding.code == "CO201" else None
        if pair is not None and pair.actual is not None and stays_because(context, pair, column) is None:
            yield (pair.actual.name, column), finding


def _changed_types(context: PlanContext) -> Iterator[tuple[Place, Finding]]:
    """Columns that get a type of another kind, or an enum that is made anew."""
    yield from _new_enums(context)
    for finding in context.findings:
        pair = context.table_pair(finding.subject) if finding.code in CHANGED_TYPE else None
        columns = context.column_pair(pair, finding.subject.name) if pair is not None else None
        if pair is None or columns is None or pair.actual is None:
            continue
        old, new = columns.actual, columns.expected
        if old is not None and new is not None and not same_family(old, new):
            yield (pair.actual.name, old.name), finding


def _new_enums(context: PlanContext) -> Iterator[tuple[Place, Finding]]:
    for finding in context.findings:
        # Without leave to drop, a label that goes stands in the plan as a comment, and nothing is taken off around it.
        if finding.code not in ("EN202", "EN301") or (finding.code == "EN202" and drop_reason(context.options, "")):
            continue
        name = QualifiedName(finding.subject.schema, finding.subject.name)
        pairs = [pair for pair in context.alignment.enums if _is(pair, name)]
        both = {enum.name for pair in pairs for enum in (pair.expected, pair.actual) if enum is not None}
        for table in context.alignment.actual.tables:
            yield from (((table.name, column.name), finding) for column in table.columns if column.enum in both)


def _is(pair: Pair[Enum], name: QualifiedName) -> bool:
    return any(enum is not None and enum.name == name for enum in (pair.expected, pair.actual))


def _changed_keys(context: PlanContext) -> Iterator[tuple[Finding, QualifiedName, frozenset[str]]]:
    """Keys that are dropped or replaced, by the table and its columns."""
    lost = LOST_KEY if drop_reason(context.options, "") is None else ()
    for finding in context.findings:
        pair = context.table_pair(finding.subject) if finding.code in (*CHANGED_KEY, *lost) else None
        if pair is None or pair.actual is None:
            continue
        families: dict[str, Any] = {"PK": (pair.primary_key,), "UQ": pair.uniques, "IX": pair.indexes}
        members: Pair[Any] | None = context.named_pair(families[finding.code[:2]], finding)
        if members is not None and members.actual is not None:
            yield finding, pair.actual.name, frozenset(members.actual.columns)
    yield from _grown_keys(context)


def _grown_keys(context: PlanContext) -> Iterator[tuple[Finding, QualifiedName, frozenset[str]]]:
    """Keys that are replaced because a column of theirs is missing, which is the only finding about them."""
    for finding in context.findings:
        pair = context.table_pair(finding.subject) if finding.code == "CO101" else None
        if pair is None or pair.actual is None:
            continue
        keys: list[Pair[Any]] = [pair.primary_key, *pair.uniques]
        for members in keys:
            grown = members.expected is not None and finding.subject.name in members.expected.columns
            if grown and members.actual is not None:
                yield finding, pair.actual.name, frozenset(members.actual.columns)


def loose_key_steps(context: PlanContext) -> Iterator[Step]:
    """Take them off, and put on again those that no other step drops or replaces, where they still can be."""
    for place, loose in context.loose_keys.items():
        if place in context.dropped_keys:
            continue
        pair = loose.pair
        table = context.table_name(pair)
        noun = after_renames(context, pair, loose.key)
        name = _name(context, pair, loose.key)
        queries = Queries(context.quoting)
        add = add_constraint(context, table, name, noun, large=False)
        yield Step(
            f"take foreign key {name} off {table} meanwhile",
            Phase.DETACH,
            (loose.cause,),
            drop_constraint(context, table, name, noun),
            add.operations,
            Change.CHANGE,
            table,
            Lock.ACCESS_EXCLUSIVE,
            hazard="until it is back, rows can come in that refer to nothing",
            done=queries.constraint_missing(table, name),
            undone=queries.constraint_exists(table, name),
            order=-20,
            makes=frozenset({nothing_refers_to(noun.target, noun.target_columns)}),
        )
        if place in context.replaced_keys or not _can_come_back(context, loose):
            continue
        road = add_constraint(context, table, name, noun, large=context.is_large(pair))
        yield Step(
            f"put foreign key {name} on {table} again",
            Phase.FOREIGN_KEY,
            (loose.cause,),
            road.operations,
            drop_constraint(context, table, name, noun),
            Change.CHANGE,
            table,
            road.lock,
            road.hold,
            road.safety,
            done=None if road.autocommit else queries.constraint_exists(table, name),
            undone=queries.constraint_missing(table, name),
            autocommit=road.autocommit,
            order=-10,
            needs=frozenset({has_key(noun.target, noun.target_columns)}),
        )


def _name(context: PlanContext, pair: TablePair, key: ForeignKey) -> str:
    """What it is called after the renames."""
    members = next((m for m in pair.foreign_keys if m.actual is key), None)
    expected = members.expected if members is not None else None
    renamed = (f for f in context.findings if f.code == "FK305" and context.table_pair(f.subject) is pair)
    if any(context.named_pair(pair.foreign_keys, finding) is members for finding in renamed):
        assert expected is not None
        return str(expected.name)
    return name_of(context, context.table_name(pair), key)


def _can_come_back(context: PlanContext, loose: Loose) -> bool:
    """Whether in the end its columns are there, and its target has a key on columns of the same kind."""
    if any(members.actual is loose.key and members.expected is not None for members in loose.pair.foreign_keys):
        return True
    key = after_renames(context, loose.pair, loose.key)
    target = next((pair for pair in context.alignment.tables if context.table_name(pair) == key.target), None)
    if target is None:
        return True
    table = target.expected or target.actual
    assert table is not None
    if frozenset(key.target_columns) not in set(_keys(table)):
        return False
    ends = [
        (_in_the_end(context, loose.pair, column), _in_the_end(context, target, other))
        for column, other in zip(key.columns, key.target_columns, strict=True)
    ]
    return all(one is not None and other is not None and same_family(one, other) for one, other in ends)


def _in_the_end(context: PlanContext, pair: TablePair, name: str) -> Column | None:
    """What a column is after the plan; ``None`` when it is dropped."""
    if pair.expected is None and pair.actual is not None:
        return pair.actual.column(name)
    columns = context.column_pair(pair, name)
    if columns is None or columns.expected is not None:
        return columns.expected if columns is not None else None
    drops = drop_reason(context.options, "") is None
    dropped = {(f.code, context.table_pair(f.subject) is pair, f.subject.name) for f in context.findings}
    return None if drops and ("CO201", True, name) in dropped else columns.actual


def _keys(table: Table) -> Iterator[frozenset[str]]:
    members: list[PrimaryKey | Unique | Index] = [*table.uniques, *(i for i in table.indexes if i.unique)]
    if table.primary_key is not None:
        members.append(table.primary_key)
    for member in members:
        if not isinstance(member, Index) or member.predicate is None:
            yield frozenset(member.columns)
