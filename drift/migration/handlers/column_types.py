"""Column types, collations and domains (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from drift.alignment import Pair, TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.casts import Cast, cast_for, same_family
from drift.migration.context import PlanContext
from drift.migration.conversions import accepted_loss, conversion_guard, is_accepted
from drift.migration.ddl.quoting import mentions, rename_identifiers
from drift.migration.dependents import Touched, hazard_of, heirs, resting_on, why_not
from drift.migration.handlers.column_places import Place, default_statement, locate
from drift.migration.handlers.column_restoring import added_again, present_name
from drift.migration.handlers.column_values import NUMBERED
from drift.migration.handlers.domains import alter_domain, shared_domain
from drift.migration.handlers.expand_contract import HAZARD, exchanges, parts
from drift.migration.handlers.riders import resting, why_blocking
from drift.migration.handlers.sequences import widen
from drift.migration.losses import Loss
from drift.migration.native_columns import actual_type, expected_type
from drift.migration.plan import Change, Guard, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.translate import after_renames, sequence_after_renames
from drift.schema import Check, Column, Enum, Index, QualifiedName

TYPES = ("CO301", "CO306", "CO309")
TOGETHER = ("CO301", "CO303", "CO306", "CO309")
"""A default stands in the way of a type change, and a collation is part of a type: one step answers them all."""


@handles(*TYPES)
def change_type(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Another type: the default is taken off, the values are cast, the expected default is put on."""
    place = locate(finding, context)
    if place is None:
        return
    shared = shared_domain(context, place.expected, place.actual) if finding.code == "CO309" else None
    if shared is not None:
        yield from alter_domain(finding, context, shared)
        return
    if place.actual.generated is not None or place.expected.generated is not None:
        context.refuse(finding, "a generated column cannot change its type; repair how it is generated first")
        return
    # An identity is no default: it goes before the type changes, and comes after, in steps of its own.
    numbered = place.actual.identity is not None or place.expected.identity is not None
    together = tuple(code for code in TOGETHER if code != "CO303" or not numbered)
    more = tuple(f for f in context.claim(together, finding.subject) if f != finding)
    answers_default = any(f.code == "CO303" for f in more)
    new_default = context.ddl.default(place.expected if answers_default else _kept_default(place))
    old_default = context.ddl.default(place.actual)
    if any(context.has(code, finding.subject) for code in ("CO304", "CO310")):
        # The numbering goes and comes in steps of its own.
        old_default = None if place.actual.auto_increment else old_default
        new_default = None if place.expected.auto_increment else new_default
    elif place.actual.auto_increment and place.expected.auto_increment:
        new_default = old_default
    yield from _wider_sequence(context, place, (finding, *more))
    there = _cast(context, place, place.actual, place.expected, context.expected_enums)
    back = _cast(context, place, place.expected, place.actual, context.actual_enums)
    inner_there, inner_back = _around(context, place)
    touched = _touched(context, place)
    around = resting_on(context, touched)
    stuck = why_not(context, around)
    if stuck is not None:
        for refused in (finding, *more):
            context.refuse(refused, stuck)
        return
    upgrade = [
        *(_sql([f"{place.prefix} DROP DEFAULT"]) if old_default is not None else ()),
        *_sql(inner_there[0]),
        _alter(context, place, place.actual, place.expected, there, expected=True),
        *_sql(inner_there[1]),
        *(_sql([f"{place.prefix} SET DEFAULT {new_default}"]) if new_default is not None else ()),
    ]
    stops = [own.StopIf.of(g) for g in _guards(context, place, place.expected, place.actual, back)]
    downgrade = [
        *(_sql([f"{place.prefix} DROP DEFAULT"]) if new_default is not None else ()),
        *_sql(inner_back[0]),
        _alter(context, place, place.expected, place.actual, back, expected=False),
        *_sql(inner_back[1]),
        *(_sql([default_statement(context, place, place.actual)]) if old_default is not None else ()),
    ]
    accepted = _accepted(context, place, there)
    step = Step(
        f"change the type of {place.table}.{place.name} from {place.actual.type} to {place.expected.type}",
        Phase.ALTER,
        (finding, *more),
        tuple(upgrade),
        (*stops, *downgrade),
        Change.CHANGE,
        place.table,
        Lock.ACCESS_EXCLUSIVE,
        guards=_guards(context, place, place.actual, place.expected, there)
        if accepted is None
        else tuple(_coarser(context, place, place.actual, place.expected)),
    )
    reason = why_blocking(context, place) if context.is_large(place.pair) and not there.free else None
    if reason is not None or there.free or not context.is_large(place.pair):
        yield _with_costs(replace(step, around=around), place, there, back, reason, accepted)
        return
    # The old column goes, and with it what the server drops along with a column.
    assert place.pair.actual is not None
    schema = place.pair.actual.name.schema
    nouns = [noun for noun, _ in resting(context, place) if not isinstance(noun, Check)]
    rebuilt = [noun.name for noun in nouns if noun.name is not None]
    touched = [replace(thing, goes=True) for thing in touched]
    around = resting_on(context, [*touched, *(Touched(QualifiedName(schema, name), goes=True) for name in rebuilt)])
    if place.actual.auto_increment:
        new_default = old_default
    # Nullability and comment stay what they are: findings of their own change them.
    kept = replace(place.expected, nullable=place.actual.nullable, comment=place.actual.comment)
    forth, home = exchanges(
        context, place, (kept, there, new_default), (place.actual, back, old_default), around=around
    )
    hazards = [HAZARD, *filter(None, (hazard_of(around), there.hazard, accepted))]
    step = replace(
        step,
        upgrade=tuple(forth.whole()),
        downgrade=(*stops, *home.whole()),
        safety=Safety.NEEDS_DATA if there.obstacle is not None or there.using_may_fail else Safety.SAFE,
        hazard="; ".join(hazards),
        autocommit=True,
        autocommit_down=True,
    )
    yield replace(step, parts=parts(step, forth, home, stops))


def _touched(context: PlanContext, place: Place) -> list[Touched]:
    """The column, and those that are generated from it, which are made anew; with those of heirs and partitions."""
    assert place.pair.actual is not None
    generated = [column.name for column in place.pair.actual.columns if _is_generated_from(column, place)]
    tables = [place.pair.actual.name, *heirs(context, place.pair.actual.name)]
    return [
        *(Touched(table, place.actual.name) for table in tables),
        *(Touched(table, column, goes=True) for table in tables for column in generated),
    ]


def _wider_sequence(context: PlanContext, place: Place, findings: tuple[Finding, ...]) -> Iterator[Step]:
    """A SERIAL column's sequence ends where its type ends: it must count as far as the new type."""
    old, new = place.actual, place.expected
    numbered = old.auto_increment and new.auto_increment and new.identity is None and old.sequence is not None
    if not numbered or not {old.type, new.type} <= {*NUMBERED} or NUMBERED.index(new.type) <= NUMBERED.index(old.type):
        return
    for sequence in context.alignment.actual.sequences:
        if old.sequence == sequence_after_renames(context, sequence) and sequence.type == old.type:
            yield widen(context, findings, sequence, new.type)


def _kept_default(place: Place) -> Column:
    """The default that the column has, in terms of the new type."""
    default = place.actual.default
    if default is None or place.expected.default is not None:
        return place.expected
    value = f"({default.sql})"
    cast = cast_for(place.actual, place.expected, value).using or f"{value}::{place.expected.type}"
    return replace(place.expected, default=replace(default, sql=cast))


def _sql(statements: list[str]) -> tuple[own.Execute, ...]:
    return tuple(own.Execute(statement) for statement in statements)


def _alter(
    context: PlanContext, place: Place, old: Column, new: Column, cast: Cast, *, expected: bool
) -> own.AlterColumnUsing | own.Execute:
    type_ = expected_type(context, place.pair, new) if expected else actual_type(context, new)
    existing = actual_type(context, old) if expected else expected_type(context, place.pair, old)
    # Alembic hands USING to the driver as it is, which takes a percent sign for a placeholder.
    torn = "%" in (cast.using or "")
    if type_ is None or torn or new.domain is not None or new.collation != old.collation:
        using = f" USING {cast.using}" if cast.using is not None else ""
        return own.Execute(f"{place.prefix} TYPE {context.ddl.type(new)}{using}")
    return own.AlterColumnUsing(
        place.table.name,
        place.name,
        schema=context.quoting.schema(place.table),
        existing_type=existing,
        modify_type=type_,
        using=cast.using,
    )


def _around(context: PlanContext, place: Place) -> tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]]:
    """What must be taken off before a type changes and put on again after.

    These are partial and expression indexes, and checks; PostgreSQL casts plain indexes and keys along. An expression
    that was written for the old type may not fit the new one; then it is the expected side that says what comes back.
    Columns that are generated from the column stand in the way of every change.
    """
    assert place.pair.actual is not None
    table = place.table
    drop: list[str] = []
    put_new: list[str] = []
    put_old: list[str] = []
    for column in _generated_from(context, place):
        drop.append(f"ALTER TABLE {context.quoting.qualified(table)} DROP COLUMN {context.quoting.name(column.name)}")
        again = added_again(context, place.pair, column)
        put_new += again
        put_old += again
    there: tuple[list[str], list[str]] = ([*drop], [*put_new])
    back: tuple[list[str], list[str]] = ([*drop], [*put_old])
    if same_family(place.actual, place.expected):
        return there, back
    for member, off, new, old in _written_for_the_type(context, place):
        # One that is over several columns is off while all of them change.
        changing = [name for name in _changing(context, place.pair) if _mentions(member, name)]
        if place.actual.name == changing[0]:
            there[0].append(off)
            back[1].append(old)
        if place.actual.name == changing[-1]:
            there[1].append(new)
            back[0].append(off)
    return there, back


def _written_for_the_type(context: PlanContext, place: Place) -> Iterator[tuple[Check | Index, str, str, str]]:
    """Checks and indexes whose expressions mention the column: how they go, how they come, and how they come back."""
    table, ddl = place.table, context.ddl
    members: list[Pair[Any]] = [*place.pair.checks, *place.pair.indexes]
    for pair in members:
        found = pair.actual
        if found is None or found.name is None or not _mentions(found, place.actual.name):
            continue
        name = present_name(context, place.pair, found)
        if name is None:
            continue
        old = after_renames(context, place.pair, found)
        new = pair.expected if pair.expected is not None else old
        if isinstance(old, Check) and isinstance(new, Check):
            put = ddl.add_constraint(table, name, new), ddl.add_constraint(table, name, old)
            yield found, ddl.drop_constraint(table, name), *put
        elif isinstance(old, Index) and isinstance(new, Index):
            off = f"DROP INDEX {context.quoting.qualified(QualifiedName(table.schema, name))}"
            yield found, off, ddl.create_index(table, name, new), ddl.create_index(table, name, old)


def _changing(context: PlanContext, pair: TablePair) -> list[str]:
    """Actual names of the table's columns that get a type of another kind, in the order of their steps."""
    names: list[str] = []
    for finding in context.findings:
        if finding.code not in TYPES or context.table_pair(finding.subject) is not pair:
            continue
        columns = context.column_pair(pair, finding.subject.name)
        if columns is None or columns.expected is None or columns.actual is None:
            continue
        if not same_family(columns.actual, columns.expected) and columns.actual.name not in names:
            names.append(columns.actual.name)
    return names


def _mentions(member: Check | Index, column: str) -> bool:
    if isinstance(member, Check):
        return mentions(member.expression.sql, column)
    return _reads(member, column)


def _is_generated_from(column: Column, place: Place) -> bool:
    return column.generated is not None and mentions(column.generated.sql, place.actual.name)


def _generated_from(context: PlanContext, place: Place) -> Iterator[Column]:
    """Columns that are generated from the column, by their names after the renames."""
    assert place.pair.actual is not None
    names = context.column_names(place.pair)
    for column in place.pair.actual.columns:
        if column.generated is not None and _is_generated_from(column, place):
            sql = rename_identifiers(column.generated.sql, names, context.quoting)
            generated = replace(column.generated, sql=sql)
            yield replace(column, name=names.get(column.name, column.name), generated=generated)


def _reads(index: Index, column: str) -> bool:
    """Whether an expression or the predicate of the index mentions the column, or its operator class fits its type."""
    texts = [key.expression.sql for key in index.keys if key.expression is not None]
    texts += [index.predicate.sql] if index.predicate is not None else []
    by_class = any(key.column == column and key.opclass is not None for key in index.keys)
    return by_class or any(mentions(text, column) for text in texts)


def _cast(context: PlanContext, place: Place, old: Column, new: Column, enums: Mapping[QualifiedName, Enum]) -> Cast:
    enum = enums.get(new.enum) if new.enum is not None else None
    labels = [context.quoting.literal(label) for label in enum.labels] if enum is not None else []
    return cast_for(old, new, context.quoting.name(place.name), labels=labels, server=context.server)


def _guards(context: PlanContext, place: Place, old: Column, new: Column, cast: Cast) -> tuple[Guard, ...]:
    return (*_lost(context, place, old, new, cast), *_coarser(context, place, old, new))


def _coarser(context: PlanContext, place: Place, old: Column, new: Column) -> Iterator[Guard]:
    """What is unique, and may not be as a nondeterministic collation compares."""
    table = place.pair.actual
    if table is None or new.collation in (old.collation, None):
        return
    keys = [unique.columns for unique in table.uniques]
    keys += [table.primary_key.columns] if table.primary_key is not None else []
    whole = (i for i in table.indexes if i.unique and i.predicate is None and all(key.column for key in i.keys))
    names = context.column_names(place.pair)
    for columns in dict.fromkeys((*keys, *(index.columns for index in whole))):
        called = [names.get(column, column) for column in columns]
        if place.name not in called:
            continue
        compared = f"{context.quoting.name(place.name)} COLLATE {context.ddl.collation(str(new.collation))}"
        plain = [column for column in called if column != place.name]
        yield Guard(
            Queries(context.quoting).duplicates(place.table, plain, expressions=[compared]),
            f"{place.table} holds duplicates in ({', '.join(called)}), as the new collation compares: make them unique "
            "first, then run this again.",
        )


def _lost(context: PlanContext, place: Place, old: Column, new: Column, cast: Cast) -> tuple[Guard, ...]:
    if cast.obstacle is None:
        return ()
    if cast.no_cast:
        query = Queries(context.quoting).has_rows(place.table, cast.obstacle)
        return (Guard(query, _no_cast(place, old, new)),)
    loss = Loss(cast.obstacle, cast.what_fails)
    return (conversion_guard(context, place.table, place.name, new.type, loss),)


def _accepted(context: PlanContext, place: Place, cast: Cast) -> str | None:
    """What is said where the loss is accepted; a type without a cast loses everything, and is never meant."""
    if cast.obstacle is None or cast.no_cast or not is_accepted(context, place.table, place.name):
        return None
    return accepted_loss(place.table, place.name, place.expected.type, Loss(cast.obstacle, cast.what_fails))


def _no_cast(place: Place, old: Column, new: Column) -> str:
    return (
        f"{place.table}.{place.name} holds values, and PostgreSQL has no cast from {old.type} to {new.type}: put your "
        "own expression in the place of the one in this revision, and take this guard out; or empty the column and run "
        "this again."
    )


def _with_costs(step: Step, place: Place, there: Cast, back: Cast, reason: str | None, accepted: str | None) -> Step:
    hazards = [text for text in (there.hazard, accepted) if text is not None]
    if reason is not None:
        hazards.insert(0, f"the plain road, because {reason}: choose a quiet hour")
    hazards += filter(None, [hazard_of(step.around)])
    if back.obstacle is not None:
        hazards.append(f"the way back stops where values do not fit {place.actual.type} any more")
    safety = Safety.SAFE if there.free else Safety.BLOCKS_READS
    if there.obstacle is not None or there.using_may_fail:
        safety = Safety.NEEDS_DATA
    return replace(
        step,
        hold=Hold.BRIEF if there.free else Hold.REWRITE,
        safety=safety,
        hazard="; ".join(hazards) or None,
    )
