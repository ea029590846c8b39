"""What stands in a column: defaults, numbering, generated values; and comments (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.dependents import Touched, back_again, hazard_of, heirs, resting_on, why_not
from drift.migration.handlers.column_places import Place, alter, default_statement, locate
from drift.migration.handlers.column_restoring import added_again
from drift.migration.handlers.messages import drop_reason
from drift.migration.handlers.riders import interim_name
from drift.migration.order import is_not_null, no_default_uses
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
    part = Part.CONTRACT if context.ddl.default(place.expected) is None else None
    yield replace(step, part=part, makes=frozenset(map(no_default_uses, _used(context, place.actual))))


def _used(context: PlanContext, column: Column) -> Iterator[QualifiedName]:
    """Sequences that the column's default takes its numbers from."""
    sql = column.default.sql if column.default is not None else ""
    for sequence in context.alignment.actual.sequences:
        if "nextval" in sql and sequence.name.name in sql:
            yield sequence_after_renames(context, sequence)


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
    there = [*_renumbered(context, place, place.actual, place.expected)]
    back = [*_renumbered(context, place, place.expected, place.actual)]
    findings = (finding, *(f for f in more if f != finding))
    step = alter(place, findings, f"change the numbering of {place.table}.{place.name}", there, back)
    sequence = _owned(place, place.actual)
    resting = resting_on(context, [Touched(sequence, goes=True)]) if is_numbered(place.actual) else ()
    # On a sequence of another name, or on none, they cannot be put back; on the way back they can.
    goes_on = is_numbered(place.expected) and _owned(place, place.expected) == sequence
    around = resting if goes_on else ()
    stuck = why_not(context, around)
    if stuck is not None:
        context.refuse(finding, stuck)
        return
    identity = {is_not_null(place.table, place.name)} if place.expected.identity is not None else set()
    hazards = ["the new numbers start behind the largest value that the column holds and the last one given out"]
    yield replace(
        step,
        part=Part.CONTRACT,
        hazard="; ".join([*hazards, *filter(None, [hazard_of(around)])]),
        around=around,
        downgrade=(*step.downgrade, *(() if goes_on else back_again(resting))),
        needs=frozenset({no_default_uses(sequence), *identity}),
    )


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


def is_numbered(column: Column) -> bool:
    """Whether the database numbers its rows, by an identity or a sequence."""
    return column.identity is not None or column.auto_increment


def _renumbered(context: PlanContext, place: Place, old: Column, new: Column) -> Iterator[str]:
    """From one way of numbering to another, going on where the old one stood."""
    if not (is_numbered(old) and is_numbered(new)) or (old.identity is None) == (new.identity is None):
        yield from _unnumber(context, place, old)
        yield from _number(context, place, new)
        return
    quoting = context.quoting
    column = old if old.identity is None else new
    sequence = _owned(place, column)
    existing = _existing(context, sequence)
    stays = existing is not None and column is place.expected
    interim = sequence if stays else QualifiedName(sequence.schema, interim_name(sequence.name))
    aside = f"ALTER SEQUENCE {quoting.qualified(sequence)} RENAME TO {quoting.name(interim.name)}"
    home = f"ALTER SEQUENCE {quoting.qualified(interim)} RENAME TO {quoting.name(sequence.name)}"
    mine = quoting.literal(quoting.qualified(interim))
    identity = f"pg_get_serial_sequence({quoting.literal(context.sql_name(place.pair))}, {quoting.literal(place.name)})"
    largest = f"SELECT max({quoting.name(place.name)}) FROM {context.sql_name(place.pair)}"
    if new.identity is not None:
        yield f"{place.prefix} DROP DEFAULT"
        # The column's own sequence is from now on that of the identity.
        yield context.ddl.own_sequence(sequence, existing.owned_by if stays and existing is not None else None)
        yield from () if stays else (aside,)
        yield f"{place.prefix} ADD {context.ddl.identity(new.identity)}"
        position = f"greatest(({largest}) + 1, pg_sequence_last_value({mine}::regclass) + 1, {new.identity.start or 1})"
        yield f"SELECT setval({identity}, {position}, false)"
        yield from () if stays else (f"DROP SEQUENCE {quoting.qualified(interim)}",)
        return
    if existing is None:
        as_type = "" if new.type == "bigint" else f" AS {new.type}"
        yield f"CREATE SEQUENCE {quoting.qualified(interim)}{as_type}"
    elif not stays:
        yield context.ddl.create_sequence(replace(existing, name=interim))
    position = f"greatest(({largest}) + 1, pg_sequence_last_value({identity}::regclass) + 1, 1)"
    yield f"SELECT setval({mine}, {position}, false)"
    yield f"{place.prefix} DROP IDENTITY"
    yield from () if stays else (home,)
    yield context.ddl.own_sequence(sequence, (place.table, place.name))
    named = quoting.literal(quoting.qualified(sequence))
    yield f"{place.prefix} SET DEFAULT nextval({named}::regclass)"


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
        if old.generated is None and new.generated_stored and context.server >= (13,):
            # What it held is lost; what it was computed to stays for rows that exist.
            back = [f"{place.prefix} DROP EXPRESSION"]
            back += [default_statement(context, place, old)] if old.default is not None else []
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
