"""What stands in a column: defaults, numbering, generated values; and comments (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.dependents import Touched, hazard_of, heirs, resting_on, why_not
from drift.migration.handlers.column_places import Place, alter, default_statement, locate
from drift.migration.handlers.column_restoring import added_again
from drift.migration.handlers.messages import drop_reason
from drift.migration.plan import Hold, Lock, Part, Phase, Step
from drift.migration.registry import handles
from drift.migration.translate import sequence_after_renames
from drift.schema import Column, QualifiedName, Sequence

NUMBERED = ("smallint", "integer", "bigint")


@handles("CO303")
def change_default(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The server default."""
    place = locate(finding, context)
    if place is None:
        return
    if place.actual.identity is not None or place.expected.identity is not None:
        yield from change_numbering(finding, context)
        return
    step = alter(
        place,
        (finding,),
        f"change the default of {place.table}.{place.name}",
        [default_statement(context, place, place.expected)],
        [default_statement(context, place, place.actual)],
    )
    # Code of before may rely on a default that goes.
    yield replace(step, part=Part.CONTRACT if context.ddl.default(place.expected) is None else None)


@handles("CO304", "CO310")
def change_numbering(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Identity, SERIAL, or neither. A new sequence starts behind the largest value."""
    place = locate(finding, context)
    if place is None:
        return
    more = context.claim(("CO303", "CO304", "CO310"), finding.subject)
    if (place.actual.type in NUMBERED) != (place.expected.type in NUMBERED):
        yield from _around_the_type(context, place, (finding, *(f for f in more if f != finding)))
        return
    there = [*_unnumber(context, place, place.actual), *_number(context, place, place.expected)]
    back = [*_unnumber(context, place, place.expected), *_number(context, place, place.actual)]
    findings = (finding, *(f for f in more if f != finding))
    step = alter(place, findings, f"change the numbering of {place.table}.{place.name}", there, back)
    hazard = "the new numbers start behind the largest value that the column holds"
    yield replace(step, part=Part.CONTRACT, hazard=hazard)


def _around_the_type(context: PlanContext, place: Place, findings: tuple[Finding, ...]) -> Iterator[Step]:
    """Only integers are numbered: another type must come after the old numbering went, and before the new one."""
    actual, expected = replace(place.actual, default=None), replace(place.expected, default=None)
    place = replace(place, actual=actual, expected=expected)
    title = f"of {place.table}.{place.name}"
    for column, what, order in ((actual, "take off", -5), (expected, "begin", 0)):
        off, on = list(_unnumber(context, place, column)), list(_number(context, place, column))
        there, back = (off, on) if column is actual else (on, off)
        if there:
            step = alter(place, findings, f"{what} the numbering {title}", there, back)
            yield replace(step, part=Part.CONTRACT, order=order)


def _owned(place: Place, column: Column) -> QualifiedName:
    """The sequence behind a SERIAL-like column, as it is called or would be."""
    if column.sequence is not None and column is place.actual:
        return column.sequence
    return QualifiedName(place.table.schema, f"{place.table.name}_{place.name}_seq"[:63])


def _existing(context: PlanContext, name: QualifiedName) -> Sequence | None:
    """The sequence that has that name after the renames."""
    for sequence in context.alignment.actual.sequences:
        if sequence_after_renames(context, sequence) == name:
            return replace(sequence, name=name)
    return None


def _unnumber(context: PlanContext, place: Place, column: Column) -> Iterator[str]:
    if column.identity is not None:
        yield f"{place.prefix} DROP IDENTITY"
    elif column.auto_increment:
        yield f"{place.prefix} DROP DEFAULT"
        sequence = _owned(place, column)
        left = _existing(context, sequence)
        if left is not None and column is place.expected:
            yield context.ddl.own_sequence(sequence, left.owned_by)
        else:
            yield f"DROP SEQUENCE {context.quoting.qualified(sequence)}"
    elif column.default is not None:
        yield f"{place.prefix} DROP DEFAULT"


def _number(context: PlanContext, place: Place, column: Column) -> Iterator[str]:
    quoting = context.quoting
    name = quoting.name(place.name)
    table = quoting.qualified(place.table)
    largest = f"SELECT max({name}) FROM {table}"
    if column.identity is not None:
        yield f"{place.prefix} ADD {context.ddl.identity(column.identity)}"
        first = column.identity.start or 1
        target = f"pg_get_serial_sequence({quoting.literal(table)}, {quoting.literal(place.name)})"
        yield f"SELECT setval({target}, coalesce(({largest}) + 1, {first}), false)"
    elif column.auto_increment:
        sequence = _owned(place, column)
        made = _existing(context, sequence)
        if made is None:
            as_type = "" if column.type == "bigint" else f" AS {column.type}"
            yield f"CREATE SEQUENCE {quoting.qualified(sequence)}{as_type}"
        elif column is place.actual:
            yield context.ddl.create_sequence(made)
        yield context.ddl.own_sequence(sequence, (place.table, place.name))
        literal = quoting.literal(quoting.qualified(sequence))
        yield f"SELECT setval({literal}, coalesce(({largest}) + 1, 1), false)"
        yield f"{place.prefix} SET DEFAULT nextval({literal}::regclass)"
    elif column.default is not None:
        yield f"{place.prefix} SET DEFAULT {column.default.sql}"


@handles("CO305")
def change_generated(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The expression of a generated column."""
    place = locate(finding, context)
    if place is None:
        return
    old, new = place.actual, place.expected
    table = context.sql_name(place.pair)
    name = context.quoting.name(place.name)
    step = alter(place, (finding,), f"change how {place.table}.{place.name} is generated", [], [])
    step = replace(step, hold=Hold.REWRITE, safety=Safety.BLOCKS_READS, hazard="the whole table is written again")
    anew = True
    same_kind = old.generated_stored == new.generated_stored
    if old.generated is not None and new.generated is None and context.server < (13,):
        context.refuse(finding, "PostgreSQL before 13 cannot keep the values of a column that is no longer generated")
        return
    if old.generated is not None and new.generated is not None and same_kind and context.server >= (17,):
        anew = False
        there = [f"{place.prefix} SET EXPRESSION AS ({new.generated.sql})"]
        back = [f"{place.prefix} SET EXPRESSION AS ({old.generated.sql})"]
    elif old.generated is not None and new.generated is None and old.generated_stored:
        there = [f"{place.prefix} DROP EXPRESSION"]
        if (default := default_statement(context, place, new)).endswith("DROP DEFAULT") is False:
            there.append(default)
        back = _drop_and_add(context, place, table, name, old)
        step = replace(step, hazard="the values stay, and are no longer computed")
    else:
        there = _drop_and_add(context, place, table, name, new)
        back = _drop_and_add(context, place, table, name, old)
        if old.generated is None:
            step = replace(
                step,
                safety=Safety.LOSES_DATA,
                hazard="the stored values are replaced by computed ones and lost",
                commented_out=drop_reason(context.options, "the values that the column holds"),
            )
    assert place.pair.actual is not None
    tables = [place.pair.actual.name, *heirs(context, place.pair.actual.name)]
    around = resting_on(context, [Touched(name, old.name, goes=True) for name in tables]) if anew else ()
    stuck = why_not(context, around)
    if stuck is not None:
        context.refuse(finding, stuck)
        return
    yield replace(
        step,
        upgrade=tuple(own.Execute(statement) for statement in there),
        downgrade=tuple(own.Execute(statement) for statement in back),
        hazard="; ".join(filter(None, [step.hazard, hazard_of(around)])),
        around=around,
    )


def _drop_and_add(context: PlanContext, place: Place, table: str, name: str, column: Column) -> list[str]:
    again = added_again(context, place.pair, replace(column, name=place.name))
    return [f"ALTER TABLE {table} DROP COLUMN {name}", *again]


@handles("CO307")
def change_comment(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The column's comment."""
    place = locate(finding, context)
    if place is None:
        return
    what = f"COLUMN {context.quoting.qualified(place.table)}.{context.quoting.name(place.name)}"
    step = alter(
        place,
        (finding,),
        f"change the comment of {place.table}.{place.name}",
        [context.ddl.comment(what, place.expected.comment)],
        [context.ddl.comment(what, place.actual.comment)],
    )
    yield replace(step, phase=Phase.COMMENT, lock=Lock.SHARE_UPDATE_EXCLUSIVE)
