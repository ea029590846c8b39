"""SERIAL and IDENTITY that were copied into a version table: a version repeats the number of its row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.findings import Finding
from drift.migration.context import PlanContext
from drift.migration.handlers.column_places import Place, alter, locate
from drift.migration.plan import Step
from drift.migration.registry import handles
from drift.migration.translate import sequence_after_renames
from drift.migration.version_tables.delegation import delegate
from drift.schema import Sequence


@handles("VT206")
def drop_numbering(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """IDENTITY or SERIAL that Continuum does not use, with the sequence that nothing else uses."""
    place = locate(finding, context)
    if place is None:
        return
    sequence = _owned(context, place)
    if place.actual.identity is not None:
        yield from delegate("CO304", finding, context)
    elif sequence is None or not context.is_postgresql:
        yield from delegate("CO303", finding, context)
    else:
        yield _drop_serial(finding, context, place, sequence)


def _owned(context: PlanContext, place: Place) -> Sequence | None:
    """The sequence that goes with the column, as it is called after the plan's renames."""
    assert place.pair.actual is not None
    old = place.pair.actual.name
    for sequence in context.alignment.actual.sequences:
        name = sequence_after_renames(context, sequence)
        if name == place.actual.sequence and sequence.owned_by == (old, place.actual.name):
            return replace(sequence, name=name)
    return None


def _drop_serial(finding: Finding, context: PlanContext, place: Place, sequence: Sequence) -> Step:
    name = context.quoting.qualified(sequence.name)
    literal = context.quoting.literal(name)
    largest = f"SELECT max({context.quoting.name(place.name)}) FROM {context.quoting.qualified(place.table)}"
    return alter(
        place,
        (finding,),
        f"stop numbering {place.table}.{place.name}",
        [f"{place.prefix} DROP DEFAULT", f"DROP SEQUENCE {name}"],
        [
            context.ddl.create_sequence(sequence),
            context.ddl.own_sequence(sequence.name, (place.table, place.name)),
            f"SELECT setval({literal}, coalesce(({largest}) + 1, 1), false)",
            f"{place.prefix} SET DEFAULT nextval({literal}::regclass)",
        ],
    )
