"""Hypothesis strategies for schemas."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.properties.names import LONGEST, names
from tests.properties.shapes import KEYS, KINDS, ColumnShape, IndexShape, Shape, TableShape

SCHEMAS = (None, None, "app", "Weird Schema")
ACTIONS = (None, "CASCADE", "SET NULL", "RESTRICT")
RESERVED = {"id", "part", "computed"}
LABELS = ("low", "mid", "high", "it's", 'quo"ted', "per%cent", "ünï", "with space", "Mixed")


def _comments() -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(("plain", "it's 100%", "line\nbreak", 'quo"te', "😀"))


@st.composite
def columns(draw: st.DrawFn, enums: tuple[str, ...]) -> ColumnShape:
    """A column of any type."""
    kinds = [*KINDS, *(f"enum:{name}" for name in enums), *(f"enums:{name}" for name in enums)]
    kind = draw(st.sampled_from(kinds))
    known = KINDS.get(kind)
    return ColumnShape(
        draw(names().filter(lambda name: name not in RESERVED)),
        kind,
        nullable=draw(st.booleans()),
        default=draw(st.none() | st.sampled_from(known.defaults)) if known and known.defaults else None,
        comment=draw(_comments()),
        collation=draw(st.sampled_from((None, None, "C"))) if kind.startswith(("text", "varchar")) else None,
    )


@st.composite
def tables(draw: st.DrawFn, enums: tuple[str, ...], number: int, others: range) -> TableShape:
    """A table whose name ends in its number, so that no two are alike; it may refer to any of the others."""
    shapes = draw(st.lists(columns(enums), min_size=1, max_size=6, unique_by=lambda column: column.name))
    sortable = [c.name for c in shapes if c.kind in KINDS and KINDS[c.kind].sortable]
    checkable = [c for c in shapes if c.kind in KINDS and KINDS[c.kind].check]
    picked = st.lists(st.sampled_from(sortable), min_size=1, max_size=2, unique=True).map(tuple) if sortable else None
    name = f"{_cut(draw(names()), 55)}_{number}"
    uniques: list[tuple[str | None, tuple[str, ...], bool]] = []
    indexes: list[IndexShape] = []
    if picked is not None:
        keys = draw(st.lists(picked, max_size=2, unique_by=lambda key: tuple(sorted(key))))
        for place, key in enumerate(keys):
            given = f"uq_{number}_{place}" if draw(st.booleans()) else None
            uniques.append((given, key, draw(st.booleans())))
    indexable = [c.name for c in shapes if c.kind in KINDS and KINDS[c.kind].method]
    if indexable:
        for place in range(draw(st.integers(0, 2))):
            first = draw(st.sampled_from(indexable))
            indexes.append(
                IndexShape(
                    f"{_cut(draw(names()), 50)}_ix_{number}_{place}",
                    (first,),
                    unique=draw(st.booleans()),
                    descending=draw(st.booleans()),
                    predicate=draw(st.booleans()),
                    include=tuple(draw(st.lists(st.sampled_from(["id"]), max_size=1))),
                    expression=draw(st.booleans()),
                )
            )
    checks = [
        (f"ck_{number}_{place}" if draw(st.booleans()) else None, _body(column))
        for place, column in enumerate(checkable[: draw(st.integers(0, 2))])
    ]
    taken = {column.name for column in shapes} | RESERVED
    references = draw(
        st.lists(
            st.tuples(
                names().filter(lambda n: n not in taken and len(n.encode()) < 50 and f"{n[:20]}_part" not in taken),
                st.sampled_from(others),
                st.sampled_from(ACTIONS),
                st.booleans(),
            ),
            max_size=2,
            unique_by=lambda reference: reference[0][:20],
        )
    )
    return TableShape(
        number,
        name,
        draw(st.sampled_from(SCHEMAS)),
        draw(st.sampled_from(sorted(KEYS))),
        tuple(shapes),
        tuple(uniques),
        tuple(checks),
        tuple(indexes),
        tuple(references),
        draw(st.booleans()),
        draw(_comments()),
    )


@st.composite
def shapes(draw: st.DrawFn, first_number: int = 0) -> Shape:
    """One to four tables with enums, references in any direction, and schemas.

    Names end in numbers from ``first_number`` on: two schemas that count differently have no name in common.
    """
    enums = tuple(
        (
            f"{_cut(draw(names()), 50)}_enum_{number}",
            draw(st.sampled_from(SCHEMAS)),
            tuple(draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=5, unique=True))),
        )
        for number in range(first_number, first_number + draw(st.integers(0, 2)))
    )
    labels = tuple(name for name, _, _ in enums)
    numbers = range(first_number, first_number + draw(st.integers(1, 4)))
    return _without_dots(Shape(tuple(draw(tables(labels, number, numbers)) for number in numbers), enums))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two schemas that share some tables, some of them changed: what lies between two releases."""
    first, second = draw(shapes()), draw(shapes(first_number=10))
    shared = tuple(draw(changed(table)) for table in first.tables) if draw(st.booleans()) else ()
    enums = (*first.enums, *second.enums) if shared else second.enums
    return first, Shape((*shared, *second.tables), enums)


@st.composite
def changed(draw: st.DrawFn, table: TableShape) -> TableShape:
    """The same table with one or no facet changed."""
    facet = draw(st.sampled_from(("nothing", "nullable", "default", "comment", "drop column", "checks", "indexes")))
    first, *rest = table.columns
    used = {name for _, key, _ in table.uniques for name in key} | {n for i in table.indexes for n in i.columns}
    if facet == "nullable":
        return replace(table, columns=(replace(first, nullable=not first.nullable), *rest))
    if facet == "default":
        return replace(table, columns=(replace(first, default=None), *rest))
    if facet == "comment":
        return replace(table, comment="changed")
    if facet == "drop column" and rest and first.name not in used and not table.checks:
        return replace(table, columns=tuple(rest))
    if facet == "checks":
        return replace(table, checks=())
    if facet == "indexes":
        return replace(table, indexes=())
    return table


def _body(column: ColumnShape) -> str:
    quoted = '"' + column.name.replace('"', '""') + '"'
    return KINDS[column.kind].check.format(c=quoted)


def _cut(name: str, longest: int) -> str:
    return name.encode()[: min(longest, LONGEST)].decode(errors="ignore")


def _without_dots(shape: Shape) -> Shape:
    """A foreign key names its target as ``schema.table.column``: a dot in a table's name cannot be said there."""
    return replace(shape, tables=tuple(replace(t, name=t.name.replace(".", "_")) for t in shape.tables))
