"""Which values SQLite would change while it copies rows into a table built anew.

A value of any type may stand in any column; the affinity of the new one decides what is made of it. A STRICT table
refuses what it cannot make into its type.
"""

from __future__ import annotations

from drift.dialects.sqlite.spelling import affinity
from drift.migration.losses import Loss
from drift.schema import Column

_NUMBER_IN_TEXT = "typeof({0}) = 'text' AND {0} = CAST({0} AS NUMERIC) AND CAST(CAST({0} AS NUMERIC) AS TEXT) <> {0}"
"""A text that reads as a number, which equals its cast, and is spelled otherwise; any other text stays a text."""
_CHANGED = {
    "TEXT": "typeof({0}) = 'real' AND CAST(CAST({0} AS TEXT) AS REAL) <> {0}",
    "REAL": f"CAST(CAST({{0}} AS REAL) AS INTEGER) <> CAST({{0}} AS INTEGER) OR {_NUMBER_IN_TEXT}",
    "NUMERIC": _NUMBER_IN_TEXT,
    "INTEGER": _NUMBER_IN_TEXT,
}
"""By affinity: what would become another value."""
_REFUSED = {
    "TEXT": "typeof({0}) = 'blob'",
    "REAL": "typeof({0}) = 'blob' OR typeof({0}) = 'text' AND CAST({0} AS REAL) <> {0}",
    "INTEGER": "typeof({0}) = 'blob' OR CAST({0} AS INTEGER) <> {0}",
    "BLOB": "typeof({0}) NOT IN ('blob', 'null')",
}
"""By affinity: what a STRICT table does not take."""


def loss(before: Column, after: Column, name: str, *, strict: bool = False) -> Loss | None:
    """What the new column would not hold as it is.

    Args:
        before: The column as it is.
        after: The column as it is to be.
        name: The column, quoted.
        strict: The new table is STRICT.
    """
    old, new = affinity(before.type), affinity(after.type)
    conditions = [_CHANGED[new]] if old != new and new in _CHANGED else []
    if strict and after.type != "any":
        conditions.append(_REFUSED[new])
    if not conditions:
        return None
    what = f"SQLite would make other values of them in a column of type {after.type}, or refuse them"
    return Loss(" OR ".join(f"({condition.format(name)})" for condition in conditions), what)
