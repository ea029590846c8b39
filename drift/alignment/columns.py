"""Pairing the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from drift.alignment.pairs import Pair
from drift.alignment.similarity import NEAR, STRONG, WEAK, similarity, unambiguous
from drift.schema import Column, Table

MARGIN = 0.75
"""How much better than any rival a rename must be (see :func:`_score` for the unit)."""

Truncate = Callable[[str], str]
SameType = Callable[[Column, Column], bool]


def pair_columns(expected: Table, actual: Table, truncate: Truncate, same_type: SameType) -> tuple[Pair[Column], ...]:
    """Pair columns by name, then by rename; expected order first, then what only the database has.

    A missing and an unexpected column are taken for one renamed column when they are each other's only good match:

    - type and nullability are the same, **and** they stand in the same place among columns both sides have, or play
      the same part in keys, constraints and indexes, or their names are close (case, plural, prefix, a typing slip);
    - a type or nullability that changed as well needs both the same place and close names; names of which one ends in
      the other will do where the types are of one kind (``name varchar(50)``, ``fullname text``).

    Among several at one place their order counts a little, and their names decide; what is certain is taken first, and
    the rest is looked at again without it.

    The same place is enough by itself because ``ALTER TABLE ... RENAME`` keeps it, and because taking a rename for
    drop-and-add loses data while the reverse keeps it. Equal types alone never make a rename. Where several
    candidates are about as good, nothing is renamed, and the missing column's ``evidence`` says what was seen;
    so it does where nothing but the type agrees.
    """
    if [column.name for column in expected.columns] == [column.name for column in actual.columns]:
        return tuple([Pair(wanted, twin) for wanted, twin in zip(expected.columns, actual.columns, strict=True)])
    by_name = {column.name: column for column in actual.columns}
    found: dict[str, Column] = {}
    missing: list[Column] = []
    for column in expected.columns:
        twin = by_name.get(column.name) or by_name.get(truncate(column.name))
        if twin is None:
            missing.append(column)
        else:
            found[column.name] = twin
    if len(found) == len(expected.columns) == len(actual.columns):
        return tuple(Pair(column, found[column.name]) for column in expected.columns)
    taken = {column.name for column in found.values()}
    unexpected = [column for column in actual.columns if column.name not in taken]
    renames: dict[str, tuple[Column, str]] = {}
    notes: dict[str, str] = {}
    if missing and unexpected:
        renames, notes = _renames(expected, actual, missing, unexpected, found, same_type)
    pairs: list[Pair[Column]] = []
    for column in expected.columns:
        if column.name in found:
            pairs.append(Pair(column, found[column.name]))
        elif column.name in renames:
            twin, evidence = renames[column.name]
            pairs.append(Pair(column, twin, renamed=True, evidence=evidence))
        else:
            pairs.append(Pair(column, None, evidence=notes.get(column.name)))
    renamed = {twin.name for twin, _ in renames.values()}
    pairs.extend(Pair(None, column) for column in unexpected if column.name not in renamed)
    return tuple(pairs)


def _renames(
    expected: Table,
    actual: Table,
    missing: list[Column],
    unexpected: list[Column],
    found: dict[str, Column],
    same_type: SameType,
) -> tuple[dict[str, tuple[Column, str]], dict[str, str]]:
    expected_places = _places(expected.columns, {name: twin.name for name, twin in found.items()})
    actual_places = _places(actual.columns, {twin.name: twin.name for twin in found.values()})
    translate = {name: twin.name for name, twin in found.items()}
    expected_ranks, actual_ranks = _ranks(missing, expected_places), _ranks(unexpected, actual_places)
    scores: dict[tuple[int, int], float] = {}
    evidence: dict[tuple[int, int], str] = {}
    for row, wanted in enumerate(missing):
        part = _parts(expected, wanted.name, translate)
        for column, candidate in enumerate(unexpected):
            score, text = _score(
                wanted,
                candidate,
                same_type=same_type(wanted, candidate),
                same_place=expected_places[wanted.name] == actual_places[candidate.name] != (None, None),
                same_part=bool(part) and part == _parts(actual, candidate.name, {}),
            )
            if score > 0:
                scores[row, column] = score + 0.5 * (expected_ranks[wanted.name] == actual_ranks[candidate.name])
                evidence[row, column] = text
    chosen = _certain(scores)
    renames = {missing[row].name: (unexpected[column], evidence[row, column]) for row, column in chosen}
    notes: dict[str, str] = {}
    for row, wanted in enumerate(missing):
        if wanted.name in renames:
            continue
        seen = [unexpected[column].name for (other, column) in scores if other == row]
        if seen:
            notes[wanted.name] = f"may have been renamed, but not unambiguously: {', '.join(sorted(seen))}"
            continue
        taken = {twin.name for twin, _ in renames.values()}
        alike = [free for free in unexpected if free.name not in taken and same_type(wanted, free)]
        alike.sort(key=lambda free: -similarity(wanted.name, free.name))
        if alike:
            names = ", ".join(free.name for free in alike[:_SHOWN])
            notes[wanted.name] = f"possible rename, of which nothing but the type tells: {names}"
    return renames, notes


_SHOWN = 3
"""So many columns are named that might be the missing one."""


def _certain(scores: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Each other's only good matches; then those of what is left."""
    chosen: list[tuple[int, int]] = []
    left = dict(scores)
    while found := unambiguous(left, MARGIN):
        chosen += found
        rows, columns = {row for row, _ in found}, {column for _, column in found}
        left = {(row, column): score for (row, column), score in left.items() if not (row in rows or column in columns)}
    return chosen


_KINDS = (
    frozenset({"varchar", "text", "char", "bpchar", "citext", "tinytext", "mediumtext", "longtext", "string", "clob"}),
    frozenset({"tinyint", "smallint", "mediumint", "integer", "int", "bigint"}),
    frozenset({"numeric", "decimal", "real", "float", "double", "double precision"}),
    frozenset({"timestamp", "timestamptz", "datetime"}),
    frozenset({"json", "jsonb"}),
)


def _of_one_kind(left: Column, right: Column) -> bool:
    names = {column.type.partition("(")[0].strip() for column in (left, right)}
    return len(names) == 1 or any(names <= kind for kind in _KINDS)


def _ranks(
    columns: list[Column], places: Mapping[str, tuple[str | None, str | None]]
) -> dict[str, tuple[object, int, int]]:
    """The how manieth of how many at its place each column is."""
    groups: dict[object, list[str]] = {}
    for column in columns:
        groups.setdefault(places[column.name], []).append(column.name)
    return {name: (place, rank, len(names)) for place, names in groups.items() for rank, name in enumerate(names)}


def _score(
    wanted: Column, candidate: Column, *, same_type: bool, same_place: bool, same_part: bool
) -> tuple[float, str]:
    """How good a rename would be; 0 when it must not be proposed. Place counts 3, part 2, the name up to 3."""
    alike = similarity(wanted.name, candidate.name)
    same_null = wanted.nullable == candidate.nullable
    close = alike >= STRONG
    if same_type and same_null:
        if not (same_place or same_part or close):
            return 0.0, ""
    elif not (same_place and (close or (alike >= NEAR and _of_one_kind(wanted, candidate)))):
        return 0.0, ""
    score = 1.0 + 3.0 * same_place + 2.0 * same_part + (3.0 * alike if alike >= WEAK else 0.0)
    score += 1.0 * (same_type and same_null)
    if wanted.comment is not None and wanted.comment == candidate.comment:
        score += 1.0
    traits = [
        text
        for holds, text in (
            (same_type, "type"),
            (same_null, "nullability"),
            (same_place, "position"),
            (same_part, "constraints"),
        )
        if holds
    ]
    sentence = _enumerate(traits)
    if alike >= NEAR:
        return score, f"similar name, same {sentence}" if traits else "similar name"
    return score, f"same {sentence}"


def _places(columns: Iterable[Column], paired: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    """For each column: the nearest columns before and after it that both sides have, by actual name."""
    ordered = [column.name for column in columns]
    before: dict[str, str | None] = {}
    last: str | None = None
    for name in ordered:
        before[name] = last
        last = paired.get(name, last)
    places: dict[str, tuple[str | None, str | None]] = {}
    following: str | None = None
    for name in reversed(ordered):
        places[name] = (before[name], following)
        following = paired.get(name, following)
    return places


def _parts(table: Table, column: str, translate: dict[str, str]) -> frozenset[tuple[object, ...]]:
    """What a column does in keys, constraints and indexes, with its own name left out."""

    def blank(names: Iterable[str]) -> tuple[str | None, ...]:
        return tuple(None if name == column else translate.get(name, name) for name in names)

    parts: set[tuple[object, ...]] = set()
    if table.primary_key is not None and column in table.primary_key.columns:
        parts.add(("primary key", blank(table.primary_key.columns)))
    for unique in table.uniques:
        if column in unique.columns:
            parts.add(("unique", blank(unique.columns)))
    for key in table.foreign_keys:
        if column in key.columns:
            parts.add(("foreign key", blank(key.columns), key.target.name, key.target_columns))
    for index in table.indexes:
        if column in index.columns and not index.implicit:
            parts.add(("unique" if index.unique else "index", blank(index.columns)))
    return frozenset(parts)


def _enumerate(words: list[str]) -> str:
    if len(words) < 3:
        return " and ".join(words)
    return f"{', '.join(words[:-1])}, and {words[-1]}"
