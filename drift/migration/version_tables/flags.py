"""Modification flags of version tables."""

from __future__ import annotations

from collections.abc import Iterator

from alembic.operations import ops

from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers.column_places import locate
from drift.migration.handlers.nullability import not_null_steps
from drift.migration.native_columns import copy_native, native_column
from drift.migration.plan import Change, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.version_tables.columns import Operations, missing_column
from drift.migration.version_tables.delegation import delegate
from drift.migration.version_tables.history import history_of
from drift.schema import QualifiedName


def _of_table(code: str, finding: Finding, context: PlanContext) -> list[Finding]:
    """This finding and those with the same code on the same table, which its step answers too."""
    same = [
        one
        for one in context.findings
        if one.code == code
        and (one.subject.schema, one.subject.table) == (finding.subject.schema, finding.subject.table)
        and (code, one.subject) not in context.claimed
    ]
    for one in same:
        context.claim_finding(one)
    return [finding, *(one for one in same if one != finding)]


def _parent_drifts(finding: Finding, context: PlanContext) -> bool:
    """Whether the flag's column is missing in the versioned table too, so that its repair takes the flag along."""
    history = history_of(finding, context)
    return history is not None and any(
        one.code == "CO101"
        and (one.subject.schema, one.subject.table) == (history.parent.schema, history.parent.name)
        and one.subject.name == finding.detail("column")
        for one in context.findings
    )


@handles("VT104")
def add_flags(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Modification flags: one step for all that a table lacks."""
    found = missing_column(finding, context)
    if found is None:
        return
    pair, _ = found
    alone = _parent_drifts(finding, context)
    findings = [finding]
    if not alone:
        findings = [one for one in _of_table("VT104", finding, context) if not _parent_drifts(one, context)]
    columns = [
        columns.expected
        for one in findings
        if (columns := context.column_pair(pair, one.subject.name)) is not None and columns.expected is not None
    ]
    table = context.table_name(pair)
    schema = context.quoting.schema(table)
    queries = Queries(context.quoting)
    there: Operations = ()
    back: Operations = ()
    for column in sorted(columns, key=lambda one: one.position):
        native = native_column(context, pair, column)
        if native is not None:
            added: ops.MigrateOperation = ops.AddColumnOp(
                table.name, copy_native(native, context.dialect), schema=schema
            )
        else:
            definition = context.ddl.column(column)
            added = own.Execute(f"ALTER TABLE {context.quoting.qualified(table)} ADD COLUMN {definition}")
        dropped = ops.DropColumnOp(table.name, column.name, schema=schema)
        if context.is_postgresql and len(columns) > 1:
            there += (own.Unless(queries.column_exists(table, column.name), [added]),)
            back = (own.Unless(queries.column_missing(table, column.name), [dropped]), *back)
        else:
            there += (added,)
            back = (dropped, *back)
    one_column = len(columns) == 1 and context.is_postgresql
    yield Step(
        f"add {len(columns)} modification flag{'' if len(columns) == 1 else 's'} to {table}",
        Phase.COLUMN,
        tuple(findings),
        there,
        back,
        Change.ADD,
        table,
        Lock.ACCESS_EXCLUSIVE,
        hazard="old versions then say that nothing was changed; sqlalchemy_continuum.schema.update_property_mod_flags "
        "computes their flags from the history",
        done=queries.column_exists(table, columns[0].name) if one_column else None,
        undone=queries.column_missing(table, columns[0].name) if one_column else None,
        order=columns[0].position if columns else 0,
    )


@handles("VT308")
def change_flag_type(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A flag that is no boolean: 0 and 1 become false and true."""
    place = locate(finding, context)
    if place is None or not context.is_postgresql:
        return
    name = context.quoting.name(place.name)
    number = place.actual.type in ("smallint", "integer", "bigint", "numeric")
    using = f"{name} <> 0" if number else f"{name}::boolean"
    back = f"{name}::int::{place.actual.type}" if number else f"{name}::{place.actual.type}"
    default = context.ddl.default(place.actual)
    restore = [f"{place.prefix} SET DEFAULT {default}"] if default is not None else []
    there = [f"{place.prefix} DROP DEFAULT", f"{place.prefix} TYPE boolean USING {using}"]
    there.append(f"{place.prefix} SET DEFAULT false")
    downward = [f"{place.prefix} DROP DEFAULT", f"{place.prefix} TYPE {place.actual.type} USING {back}", *restore]
    yield Step(
        f"make {place.table}.{place.name} a boolean",
        Phase.ALTER,
        (finding,),
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in downward),
        Change.CHANGE,
        place.table,
        Lock.ACCESS_EXCLUSIVE,
        Hold.REWRITE,
        Safety.BLOCKS_READS,
        "the whole table is written again while readers and writers wait",
    )
    if place.actual.nullable:
        yield _fill_flags((finding,), context, place.table, [place.name])
        yield from not_null_steps((finding,), context, place.pair, place.table, place.name, guard=False)


def _fill_flags(findings: tuple[Finding, ...], context: PlanContext, table: QualifiedName, columns: list[str]) -> Step:
    names = [context.quoting.name(column) for column in columns]
    values = ", ".join(f"{name} = coalesce({name}, false)" for name in names)
    some = " OR ".join(f"{name} IS NULL" for name in names)
    statement = f"UPDATE {context.quoting.qualified(table)} SET {values} WHERE {some}"
    return Step(
        f"turn NULL into false in the flags of {table}",
        Phase.BACKFILL,
        findings,
        (own.Execute(statement),),
        (),
        table=table,
        safety=Safety.BLOCKS_WRITES,
        hazard="old versions then say that nothing was changed",
    )


@handles("VT309")
def repair_flags(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Nullable flags: all of a table in one step; NULL becomes false."""
    if not context.is_postgresql:
        yield from delegate("CO302", finding, context)
        return
    findings = tuple(_of_table("VT309", finding, context))
    places = [place for one in findings if (place := locate(one, context)) is not None]
    if not places:
        return
    table = places[0].table
    there, back = [], []
    for place in places:
        if context.ddl.default(place.actual) != "false":
            there.append(f"{place.prefix} SET DEFAULT false")
            default = context.ddl.default(place.actual)
            back.append(f"{place.prefix} DROP DEFAULT" if default is None else f"{place.prefix} SET DEFAULT {default}")
    if there:
        yield Step(
            f"give the flags of {table} their default",
            Phase.ALTER,
            findings,
            tuple(own.Execute(statement) for statement in there),
            tuple(own.Execute(statement) for statement in back),
            Change.CHANGE,
            table,
            Lock.ACCESS_EXCLUSIVE,
        )
    yield _fill_flags(findings, context, table, [place.name for place in places])
    for place, one in zip(places, findings, strict=False):
        yield from not_null_steps((one,), context, place.pair, place.table, place.name, guard=False)
