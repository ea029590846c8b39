"""What rests on other things, from the catalog's rows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from drift.dialects.postgresql.session import Rows
from drift.schema import Dependent, Link, QualifiedName, Tie


def dependents(rows: Rows) -> tuple[Dependent, ...]:
    """The dependents, sorted by what they are called."""
    return tuple(sorted(_each(rows), key=lambda dependent: dependent.label))


def _each(rows: Rows) -> Iterator[Dependent]:
    for label, schema, name, present, down, up, links in rows:
        yield Dependent(
            label,
            _links(links),
            QualifiedName(schema, name) if name is not None else None,
            present,
            down,
            tuple(up or ()),
        )


def _links(text: str) -> tuple[Link, ...]:
    links = {Link(QualifiedName(schema, name), column, Tie(tie)) for schema, name, column, tie in json.loads(text)}
    return tuple(sorted(links, key=str))
