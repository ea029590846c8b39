"""Pairing tables: by name, in another schema, and by rename."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from drift.alignment.columns import Truncate
from drift.alignment.similarity import STRONG, WEAK, similarity, unambiguous, words
from drift.alignment.version_twins import recognise
from drift.schema import QualifiedName, Schema, Table, TableKind, VersioningRole

MARGIN = 0.3
"""How much better than any rival a table's rename must be (structure counts 2, the name 1)."""

_ALL_AGAINST_ALL = 40_000
"""Up to so many candidate pairs each is looked at; beyond, only those with equal columns or close names."""

BATCH_PREFIX = "_alembic_tmp_"
"""What Alembic's batch mode calls a table while it rebuilds it."""

_STORED = (TableKind.TABLE, TableKind.PARTITIONED, TableKind.FOREIGN)


@dataclass(frozen=True, slots=True)
class Found:
    """An actual table for an expected one, with the reason where it is not the name."""

    table: Table
    evidence: str | None = None


def pair_tables(
    expected: Schema, actual: Schema, truncate: Truncate, excluded: Collection[QualifiedName]
) -> tuple[dict[QualifiedName, Found], list[Table], list[Table]]:
    """Twins by expected name, the missing tables, and the unexpected ones.

    A table of another name is taken for the renamed one when they are each other's only good match: nearly all columns
    agree in name and type (three at least), or most do and the names are close (case, plural, prefix, a typing slip).
    A table of the same name in another schema needs half of its columns. Version tables of SQLAlchemy-Continuum
    are recognised by :mod:`drift.alignment.version_twins`.
    """
    by_name = {table.name: table for table in actual.tables}
    relations = frozenset(actual.relation_names)
    found: dict[QualifiedName, Found] = {}
    missing: list[Table] = []
    for table in expected.tables:
        name = table.name if table.name in by_name else QualifiedName(table.name.schema, truncate(table.name.name))
        if name in by_name:
            found[table.name] = Found(by_name[name])
        elif name not in relations and table.name not in excluded:
            missing.append(table)
    taken = {twin.table.name for twin in found.values()}
    unexpected = [table for table in actual.tables if table.name not in taken and _can_drift(table, excluded)]
    if missing and unexpected:
        renames = dict(_version_tables(expected, actual, missing, by_name))
        rest = [table for table in missing if table.role is VersioningRole.NONE]
        used = {twin.table.name for twin in renames.values()}
        free = [table for table in unexpected if table.name not in used and _may_be_renamed(table)]
        moves = _moves(rest, free)
        renames.update(moves)
        used = {twin.table.name for twin in renames.values()}
        renames.update(
            _renames(
                [table for table in rest if table.name not in moves],
                [table for table in free if table.name not in used],
            )
        )
        found.update(renames)
        used = {twin.table.name for twin in renames.values()}
        missing = [table for table in missing if table.name not in renames]
        unexpected = [table for table in unexpected if table.name not in used]
    return found, missing, unexpected


def _can_drift(table: Table, excluded: Collection[QualifiedName]) -> bool:
    """Partitions and inheriting children follow their parents; what an extension made is the extension's."""
    return not (table.partition_of or table.inherits or table.extension or table.name in excluded)


def is_bookkeeping(table: Table) -> bool:
    """Whether it is a version table of Alembic, under whatever name: nobody else makes a table of that one column."""
    return len(table.columns) == 1 and table.columns[0].name == "version_num"


def _may_be_renamed(table: Table) -> bool:
    return table.kind in _STORED and not is_bookkeeping(table) and not table.name.name.startswith(BATCH_PREFIX)


def _version_tables(
    expected: Schema, actual: Schema, missing: list[Table], by_name: dict[QualifiedName, Table]
) -> Iterable[tuple[QualifiedName, Found]]:
    lacking = {table.name for table in missing if table.role is not VersioningRole.NONE}
    if not lacking:
        return
    for twin in recognise(expected, actual):
        if not twin.split and twin.expected in lacking:
            yield twin.expected, Found(by_name[twin.actual], twin.evidence)


def _moves(missing: list[Table], unexpected: list[Table]) -> dict[QualifiedName, Found]:
    wanted: dict[str, list[Table]] = {}
    offered: dict[str, list[Table]] = {}
    for table in missing:
        wanted.setdefault(table.name.name, []).append(table)
    for table in unexpected:
        offered.setdefault(table.name.name, []).append(table)
    moves = {}
    for name, tables in wanted.items():
        candidates = offered.get(name, ())
        if len(tables) == len(candidates) == 1 and _overlap(tables[0], candidates[0]) >= 0.5:
            moves[tables[0].name] = Found(candidates[0], f"in schema {candidates[0].name.schema}")
    return moves


def _renames(missing: list[Table], unexpected: list[Table]) -> dict[QualifiedName, Found]:
    scores: dict[tuple[int, int], float] = {}
    for row, column in _candidates(missing, unexpected):
        score = _score(missing[row], unexpected[column])
        if score > 0:
            scores[row, column] = score
    renames = {}
    for row, column in unambiguous(scores, MARGIN):
        wanted, twin = missing[row], unexpected[column]
        common = len({c.name for c in wanted.columns} & {c.name for c in twin.columns})
        close = similarity(wanted.name.name, twin.name.name) >= STRONG
        text = f"{common} of {len(wanted.columns)} columns agree"
        renames[wanted.name] = Found(twin, f"{text}, similar name" if close else text)
    return renames


def _candidates(missing: list[Table], unexpected: list[Table]) -> Iterable[tuple[int, int]]:
    if len(missing) * len(unexpected) <= _ALL_AGAINST_ALL:
        return ((row, column) for row in range(len(missing)) for column in range(len(unexpected)))
    buckets: dict[object, list[int]] = {}
    for place, table in enumerate(unexpected):
        for key in _keys(table):
            buckets.setdefault(key, []).append(place)
    return (
        (row, column)
        for row, table in enumerate(missing)
        for column in sorted({place for key in _keys(table) for place in buckets.get(key, ())[:20]})
    )


def _keys(table: Table) -> tuple[object, object]:
    return frozenset(column.name for column in table.columns), words(table.name.name)


def _score(wanted: Table, candidate: Table) -> float:
    if wanted.name.schema != candidate.name.schema:
        return 0.0
    overlap = _overlap(wanted, candidate)
    if overlap < 0.5:
        return 0.0
    common = len({c.name for c in wanted.columns} & {c.name for c in candidate.columns})
    alike = similarity(wanted.name.name, candidate.name.name)
    if alike < STRONG:
        enough = overlap >= 0.9 and (common >= 3 or alike >= WEAK)
        enough = enough or (overlap >= 0.7 and common >= 3 and alike >= WEAK)
        if not enough:
            return 0.0
    return 2.0 * overlap + (alike if alike >= WEAK else 0.0)


def _overlap(wanted: Table, candidate: Table) -> float:
    """Share of columns that agree: half for the name, half for the type as well."""
    types = {column.name: column.type for column in candidate.columns}
    if not types or not wanted.columns:
        return 0.0
    agreeing = sum(
        1.0 if types[column.name] == column.type else 0.5 for column in wanted.columns if column.name in types
    )
    names = {column.name for column in wanted.columns} | set(types)
    return agreeing / len(names)
