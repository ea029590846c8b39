"""A dropped column again, with what went with it (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from drift.alignment import Pair, TablePair
from drift.findings import Finding
from drift.migration.constraint_facts import columns_of, constraints_of
from drift.migration.context import PlanContext
from drift.migration.handlers.messages import drop_reason
from drift.migration.translate import after_renames
from drift.schema import Column, Index, QualifiedName

RENAMES = ("PK302", "UQ305", "FK305", "CK303", "EX302", "IX309")
"""Findings whose repair gives a constraint or an index another name, before anything else."""


def went_with(context: PlanContext, pair: TablePair, column: str) -> Iterator[str]:
    """Constraints and indexes that a dropped column takes along, for the way back.

    Left out is what another step of the plan drops or replaces, which brings it back by itself, and what another
    dropped column takes along too, that comes back later than this one.
    """
    elsewhere = [member for _, member in _spoken_of(context, pair)]
    elsewhere += [loose.key for loose in context.loose_keys.values() if loose.pair is pair]
    for member, columns in _members(pair, column):
        if member not in elsewhere and comes_back_last(context, pair, column, columns):
            yield from _statements(context, pair, member, member.name)


def comes_back_last(context: PlanContext, pair: TablePair, column: str, columns: Iterable[str | None]) -> bool:
    """Whether no other one of the columns comes back later: it makes what rests on all of them.

    The way back makes dropped columns in the opposite order: generated ones last, otherwise by name.
    """
    dropped = {f.subject.name for f in _findings(context, pair) if f.code == "CO201"}
    generated = {other.name for other in pair.actual.columns if other.generated is not None} if pair.actual else set()
    place = (column not in generated, column)
    return not any(name in dropped and (name not in generated, name) < place for name in columns if name is not None)


def added_again(context: PlanContext, pair: TablePair, column: Column) -> list[str]:
    """A dropped column of the actual table, its comment, and what went with it, by names after the renames."""
    table = context.sql_name(pair)
    statements = [f"ALTER TABLE {table} ADD COLUMN {context.ddl.column(column)}"]
    if column.comment is not None:
        what = f"COLUMN {table}.{context.quoting.name(column.name)}"
        statements.append(context.ddl.comment(what, column.comment))
    before = {new: old for old, new in context.column_names(pair).items()}
    for member, _ in _members(pair, before.get(column.name, column.name)):
        name = present_name(context, pair, member)
        if name is not None:
            statements += _statements(context, pair, member, name)
    return statements


def present_name(context: PlanContext, pair: TablePair, member: Any) -> str | None:
    """What a constraint or index is called while types change: renamed by then, or dropped, which is ``None``."""
    codes = [code for code, other in _spoken_of(context, pair) if other == member]
    if drop_reason(context.options, "") is None and any(code[2] == "2" for code in codes):
        return None
    return _expected_name(pair, member) if any(code in RENAMES for code in codes) else str(member.name)


def _members(pair: TablePair, column: str) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Constraints and indexes of the actual table that the column is part of, with all columns they are over."""
    assert pair.actual is not None
    members: list[Any] = [*constraints_of(pair.actual), *pair.actual.indexes]
    for member in members:
        columns = (*member.columns, *member.include) if isinstance(member, Index) else columns_of(member)
        if column in columns and member.name is not None:
            yield member, columns


def _statements(context: PlanContext, pair: TablePair, member: Any, name: str) -> Iterator[str]:
    """The member again, and its comment."""
    table, noun = context.table_name(pair), after_renames(context, pair, member)
    quoting = context.quoting
    if isinstance(noun, Index):
        yield context.ddl.create_index(table, name, noun)
        what = f"INDEX {quoting.qualified(context.ddl.index_name(table, name))}"
    else:
        yield context.ddl.add_constraint(table, name, noun)
        what = f"CONSTRAINT {quoting.name(name)} ON {quoting.qualified(table)}"
    if noun.comment is not None:
        yield context.ddl.comment(what, noun.comment)


def _expected_name(pair: TablePair, member: Any) -> str:
    pairs = (members for family in _families(pair).values() for members in family)
    found = next(p.expected for p in pairs if p.actual == member and p.expected is not None)
    return str(found.name or member.name)


def _findings(context: PlanContext, pair: TablePair) -> list[Finding]:
    names = {side.name for side in (pair.expected, pair.actual) if side is not None}
    return [f for f in context.findings if QualifiedName(f.subject.schema, str(f.subject.table)) in names]


def _spoken_of(context: PlanContext, pair: TablePair) -> list[tuple[str, Any]]:
    """Constraints and indexes of the actual table that have findings of their own, with their codes."""
    families = _families(pair)
    found = [
        (finding.code, context.named_pair(families[finding.code[:2]], finding))
        for finding in _findings(context, pair)
        if finding.code[:2] in families
    ]
    return [(code, members.actual) for code, members in found if members is not None and members.actual is not None]


def _families(pair: TablePair) -> dict[str, Sequence[Pair[Any]]]:
    return {
        "PK": (pair.primary_key,),
        "UQ": pair.uniques,
        "FK": pair.foreign_keys,
        "CK": pair.checks,
        "EX": pair.exclusions,
        "IX": pair.indexes,
    }
