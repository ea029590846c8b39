"""Pairing the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drift.alignment.pairs import Pair
from drift.alignment.similarity import STRONG, WEAK, similarity, unambiguous
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
    - a type or nullability that changed as well needs both the same place and close names.

    The same place is enough by itself because ``ALTER TABLE ... RENAME`` keeps it, and because taking a rename for
    drop-and-add loses data while the reverse keeps it. Equal types alone never make a rename. Where several
    candidates are about as good, nothing is renamed, and the missing column's ``evidence`` says what was seen.
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
                scores[row, column] = score
                evidence[row, column] = text
    chosen = unambiguous(scores, MARGIN)
    renames = {missing[row].name: (unexpected[column], evidence[row, column]) for row, column in chosen}
    notes: dict[str, str] = {}
    for row, wanted in enumerate(missing):
        if wanted.name in renames:
            continue
        seen = [unexpected[column].name for (other, column) in scores if other == row]
        if seen:
            notes[wanted.name] = f"may have been renamed, but not unambiguously: {', '.join(sorted(seen))}"
    return renames, notes


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
    elif not (same_place and close):
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
    if close:
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
