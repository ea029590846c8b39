"""Every single change that can be made to a random schema, with the one finding that it must raise.

The changed schema is the database, the schema itself the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.properties.shapes import KINDS, ColumnShape, IndexShape, Shape, TableShape

SAME_TYPE = ({"real", "float 24"},)
"""Kinds that are one type to the server."""
ADDED = "zz_added"


@dataclass(frozen=True)
class Mutation:
    """A database that differs from the models in one facet.

    Attributes:
        live: What the database holds.
        code: The finding.
        kind: Kind of its subject.
        table: The subject's table; ``None`` for an enum.
        name: The subject's name; ``None`` where the server chose it.
    """

    live: Shape
    code: str
    kind: str
    table: str | None
    name: str | None


def mutations(shape: Shape) -> list[Mutation]:
    """All of them, in the order of the schema."""
    return [*_of_tables(shape), *_of_enums(shape)]


def _of_tables(shape: Shape) -> Iterator[Mutation]:
    referenced = {target for table in shape.tables for _, target, _, _ in table.references}
    for table in shape.tables:

        def live(changed: TableShape, table: TableShape = table) -> Shape:
            return replace(shape, tables=tuple(changed if t is table else t for t in shape.tables))

        if table.number not in referenced and len(shape.tables) > 1:
            rest = tuple(t for t in shape.tables if t is not table)
            yield Mutation(replace(shape, tables=rest), "TB101", "table", table.name, table.name)
        changed = replace(table, comment=None if table.comment else "changed")
        yield Mutation(live(changed), "TB304", "table", table.name, table.name)
        added = replace(table, columns=(*table.columns, ColumnShape(ADDED, "text")))
        yield Mutation(live(added), "CO201", "column", table.name, ADDED)
        computed = ("CO201" if not table.computed else "CO101", "column", table.name, "computed")
        yield Mutation(live(replace(table, computed=not table.computed)), *computed)
        for changed, code, kind, name in (
            *_of_columns(table),
            *_of_constraints(table),
            *_of_indexes(table),
        ):
            yield Mutation(live(changed), code, kind, table.name, name)


Changed = tuple[TableShape, str, str, str | None]


def _of_columns(table: TableShape) -> Iterator[Changed]:
    used = {name for _, key, _ in table.uniques for name in key} | {n for i in table.indexes for n in i.columns}
    checked = " ".join(body for _, body in table.checks)
    for place, column in enumerate(table.columns):

        def become(changed: ColumnShape | None, place: int = place) -> TableShape:
            new = () if changed is None else (changed,)
            return replace(table, columns=(*table.columns[:place], *new, *table.columns[place + 1 :]))

        quoted = column.name.replace('"', '""')
        free = column.name not in used and f'"{quoted}"' not in checked
        yield become(replace(column, nullable=not column.nullable)), "CO302", "column", column.name
        yield (
            become(replace(column, comment=None if column.comment else "changed")), "CO307", "column", column.name
        )  # fmt: skip
        known = KINDS.get(column.kind)
        if known is not None and known.defaults:
            changed = replace(column, default=None if column.default is not None else known.defaults[0])
            yield become(changed), "CO303", "column", column.name
        if free and len(table.columns) > 1:
            yield become(None), "CO101", "column", column.name
        if free and column.default is None and column.collation is None:
            for kind in KINDS:
                if kind != column.kind and {kind, column.kind} not in SAME_TYPE:
                    yield become(replace(column, kind=kind)), "CO301", "column", column.name


def _of_constraints(table: TableShape) -> Iterator[Changed]:
    for place, (name, key, deferrable) in enumerate(table.uniques):
        rest = table.uniques[:place] + table.uniques[place + 1 :]
        yield replace(table, uniques=rest), "UQ101", "unique-constraint", name
        other = (*rest, (name, key, not deferrable))
        yield replace(table, uniques=other), "UQ302", "unique-constraint", name
        if name is not None:
            yield replace(table, uniques=(*rest, (f"{name}_x", key, deferrable))), "UQ305", "unique-constraint", None
    for place, (name, body) in enumerate(table.checks):
        rest_checks = table.checks[:place] + table.checks[place + 1 :]
        yield replace(table, checks=rest_checks), "CK101", "check-constraint", name
        yield replace(table, checks=(*rest_checks, (name, f"NOT ({body})"))), "CK301", "check-constraint", name
    for place, (column, target, action, deferrable) in enumerate(table.references):
        rest_references = table.references[:place] + table.references[place + 1 :]
        other_action = "CASCADE" if action != "CASCADE" else None
        for code, reference in (
            ("FK302", (column, target, other_action, deferrable)),
            ("FK303", (column, target, action, not deferrable)),
        ):
            yield replace(table, references=(*rest_references, reference)), code, "foreign-key", None


def _of_indexes(table: TableShape) -> Iterator[Changed]:
    kinds = {column.name: column.kind for column in table.columns}
    for place, index in enumerate(table.indexes):

        def become(*changed: IndexShape, place: int = place) -> TableShape:
            return replace(table, indexes=(*table.indexes[:place], *changed, *table.indexes[place + 1 :]))

        yield become(), "IX101", "index", index.name
        yield become(replace(index, predicate=not index.predicate)), "IX304", "index", index.name
        if KINDS[kinds[index.columns[0]]].method != "btree":
            continue
        yield become(replace(index, unique=not index.unique)), "IX302", "index", index.name
        yield become(replace(index, include=() if index.include else ("id",))), "IX307", "index", index.name
        if not index.expression:
            yield become(replace(index, descending=not index.descending)), "IX306", "index", index.name


def _of_enums(shape: Shape) -> Iterator[Mutation]:
    for place, (name, schema, labels) in enumerate(shape.enums):
        changes = [("EN202", (*labels, "zz added"))]
        if len(labels) > 1:
            changes += [("EN102", labels[:-1]), ("EN301", labels[::-1])]
        for code, changed in changes:
            enums = (*shape.enums[:place], (name, schema, changed), *shape.enums[place + 1 :])
            yield Mutation(replace(shape, enums=enums), code, "enum", None, name)
