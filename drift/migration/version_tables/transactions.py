"""Continuum's own tables and the sequence of its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.alignment import TablePair
from drift.findings import Finding
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers.column_places import locate
from drift.migration.handlers.constraint_steps import drop_index
from drift.migration.handlers.constraints import add_step
from drift.migration.handlers.indexes import create, index_name
from drift.migration.handlers.sequences import locate as locate_sequence
from drift.migration.plan import Change, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.version_tables.delegation import delegate
from drift.migration.version_tables.tables import set_behind
from drift.schema import QualifiedName


@handles("VT106")
def create_sequence(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The sequence, set behind the largest number in use; an IDENTITY in its place goes."""
    pair = locate_sequence(finding, context)
    if pair is None or pair.expected is None:
        return
    sequence = pair.expected
    name = context.quoting.qualified(sequence.name)
    table = _numbered(finding, context)
    there = [context.ddl.create_sequence(sequence)]
    back: list[str] = []
    if table is not None and table.actual is not None:
        actual_name = context.table_name(table)
        there.append(set_behind(context, actual_name, sequence.name))
        prefix = f"ALTER TABLE {context.quoting.qualified(actual_name)} ALTER COLUMN"
        for column in table.actual.columns:
            if column.identity is not None:
                quoted = context.quoting.name(column.name)
                there.append(f"{prefix} {quoted} DROP IDENTITY")
                back.append(f"{prefix} {quoted} ADD {context.ddl.identity(column.identity)}")
    # Last, so that an identity which comes back does not take the name.
    back.append(f"DROP SEQUENCE {name}")
    queries = Queries(context.quoting)
    yield Step(
        f"create sequence {sequence.name} behind the numbers in use",
        Phase.ALTER,
        (finding,),
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in back),
        Change.ADD,
        done=queries.relation_exists(sequence.name),
        undone=queries.relation_missing(sequence.name),
    )


def _numbered(finding: Finding, context: PlanContext) -> TablePair | None:
    """The pair of the table that the sequence numbers."""
    wanted = finding.detail("numbered_table")
    return next(
        (pair for pair in context.alignment.tables if pair.expected is not None and str(pair.expected.name) == wanted),
        None,
    )


@handles("VT315")
def rename_sequence(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The sequence under another name or in another schema; it goes on counting where it is."""
    pair = locate_sequence(finding, context)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    owner = pair.actual.owned_by
    for step in delegate("SQ304", finding, context):
        if owner is None or pair.actual.name.schema == pair.expected.name.schema:
            yield step
            continue
        # A sequence that a column owns lives in the column's schema and cannot be moved out of it.
        free = own.Execute(context.ddl.own_sequence(pair.actual.name, None))
        again = own.Execute(context.ddl.own_sequence(pair.actual.name, owner))
        yield replace(step, upgrade=(free, *step.upgrade), downgrade=(*step.downgrade, again))


@handles("VT316")
def advance_sequence(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A sequence behind the numbers in use."""
    table = _numbered(finding, context)
    if table is None or not context.is_postgresql:
        context.refuse(finding, "set the sequence behind the largest transaction number by hand")
        return
    sequence = QualifiedName(finding.subject.schema, finding.subject.name)
    statement = set_behind(context, context.table_name(table), sequence)
    yield Step(
        f"set sequence {sequence} behind the numbers in use",
        Phase.SEQUENCE,
        (finding,),
        (own.Execute(statement),),
        (),
        hazard="the way back leaves the sequence where it is: numbers that were given are not given again",
    )


@handles("VT110")
def add_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column of Continuum's own table, with the key and the index that went with it."""
    yield from delegate("CO101", finding, context)
    pair = context.table_pair(finding.subject)
    if pair is None or not context.is_postgresql:
        return
    column = finding.subject.name
    table = context.table_name(pair)
    for key in pair.foreign_keys:
        if key.expected is not None and key.actual is None and column in key.expected.columns:
            yield add_step(finding, context, pair, key.expected, Phase.FOREIGN_KEY)
    for index in pair.indexes:
        if index.expected is None or index.actual is not None or column not in index.expected.columns:
            continue
        name = index_name(context, table, index.expected)
        large = context.is_large(pair)
        yield Step(
            f"create index {name} on {table} ({', '.join(index.expected.columns)})",
            Phase.INDEX,
            (finding,),
            create(context, pair, table, name, index.expected),
            drop_index(context, table, name, large=large),
            Change.ADD,
            table,
            Lock.SHARE_UPDATE_EXCLUSIVE if large else Lock.SHARE,
            Hold.BUILD,
            autocommit=large,
            autocommit_down=large,
        )


@handles("VT317")
def change_column(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A column of Continuum's own table: type, nullability, identity, and the foreign key that another type forbade."""
    place = locate(finding, context)
    if place is None:
        return
    if place.expected.name != place.actual.name:
        yield from delegate("CO308", finding, context)
    if place.expected.type != place.actual.type:
        yield from delegate("CO301", finding, context)
    if place.expected.nullable != place.actual.nullable:
        yield from delegate("CO302", finding, context)
    if place.actual.identity is not None and place.actual.identity.always:
        yield Step(
            f"drop the identity of {place.table}.{place.name}",
            Phase.ALTER,
            (finding,),
            (own.Execute(f"{place.prefix} DROP IDENTITY"),),
            (own.Execute(f"{place.prefix} ADD {context.ddl.identity(place.actual.identity)}"),),
            Change.CHANGE,
            place.table,
            Lock.ACCESS_EXCLUSIVE,
        )
    if place.expected.type == place.actual.type:
        return
    for key in place.pair.foreign_keys:
        if key.expected is not None and key.actual is None and place.expected.name in key.expected.columns:
            step = add_step(finding, context, place.pair, key.expected, Phase.FOREIGN_KEY)
            # Guards run first, while the types still differ; the key itself rejects users who do not exist.
            yield replace(step, guards=())


@handles("VT114")
def add_foreign_key(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The foreign key from transactions to users."""
    yield from delegate("FK101", finding, context)
