"""Random metadata that SQLite, MariaDB, MySQL and PostgreSQL can all create."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

NAMES = ["a", "b_c", "Mixed", "select", "a b", "per%cent", "it's", 'qu"ote', "ünï"]
TYPES: list[tuple[Any, list[str | None]]] = [
    (sa.Integer(), [None, "0", "-5"]),
    (sa.BigInteger(), [None, "7"]),
    (sa.String(20), [None, "'x'", "'it''s'"]),
    (sa.String(40), [None, "''"]),
    (sa.Text(), [None]),
    (sa.Boolean(), [None]),
    (sa.Numeric(10, 2), [None, "1.50"]),
    (sa.Float(), [None]),
    (sa.Date(), [None]),
    (sa.DateTime(), [None, "CURRENT_TIMESTAMP"]),
    (sa.LargeBinary(), [None]),
]
INDEXABLE = (sa.Integer, sa.BigInteger, sa.String, sa.Numeric, sa.Date)

Column = tuple[str, int, bool, str | None]


@st.composite
def columns(draw: st.DrawFn) -> tuple[Column, ...]:
    """Name, type, nullable, default."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique_by=str.lower))
    found = []
    for name in names:
        number = draw(st.integers(0, len(TYPES) - 1))
        found.append((name, number, draw(st.booleans()), draw(st.sampled_from(TYPES[number][1]))))
    return tuple(found)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """What one table holds; references are by position, so that every choice is valid."""
    found = draw(columns())
    places = st.lists(st.integers(0, len(found) - 1), min_size=1, max_size=2, unique=True)
    return {
        "columns": found,
        "unique": draw(st.none() | places),
        "index": draw(st.none() | places),
        "descending": draw(st.booleans()),
        "unique_index": draw(st.booleans()),
        "check": draw(st.none() | st.integers(0, 3)),
        "target": draw(st.none() | st.integers(0, 2)),
        "ondelete": draw(st.sampled_from([None, "CASCADE", "SET NULL"])),
    }


schemas = st.lists(tables(), min_size=1, max_size=3)


def metadata_of(shapes: list[dict[str, Any]]) -> sa.MetaData:
    """The metadata behind the choices."""
    metadata = sa.MetaData()
    for number, shape in enumerate(shapes):
        items: list[Any] = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("ref_no", sa.Integer)]
        items += [
            sa.Column(name, TYPES[kind][0], nullable=nullable, server_default=sa.text(text) if text else None)
            for name, kind, nullable, text in shape["columns"]
        ]
        if shape["target"] is not None:
            target = shape["target"] % len(shapes)
            items.append(
                sa.Column("ref", sa.ForeignKey(f"t{target}.id", ondelete=shape["ondelete"], name=f"fk_{number}"))
            )
        if shape["check"] is not None:
            items.append(sa.CheckConstraint(f"ref_no > {shape['check']}", name=f"ck_{number}"))
        keyed = _keyed(shape, "unique")
        if keyed:
            items.append(sa.UniqueConstraint(*keyed, name=f"uq_{number}"))
        table = sa.Table(f"t{number}", metadata, *items)
        indexed = _keyed(shape, "index")
        if indexed and indexed != keyed:
            first, *others = (table.c[name] for name in indexed)
            key = first.desc() if shape["descending"] else first
            sa.Index(f"ix_{number}", key, *others, unique=shape["unique_index"])
    return metadata


def _keyed(shape: dict[str, Any], what: str) -> list[str]:
    """Columns that every database can index whole."""
    chosen = [shape["columns"][place] for place in shape[what] or ()]
    return [name for name, kind, _, _ in chosen if isinstance(TYPES[kind][0], INDEXABLE) and kind != 4]
