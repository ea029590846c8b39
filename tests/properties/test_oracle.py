"""Alembic as oracle: on the ground that both cover, each difference that it sees is one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given

from tests.properties.bench import Bench, bench
from tests.properties.shapes import Shape, metadata_of
from tests.properties.strategies import pairs
from tests.repair import told
from tests.servers import Server

Place = tuple[str, str | None, str]
"""What is different: a noun, its schema, and its table."""

NOUNS = {
    "table": ("table",),
    "column": ("column", "table"),
    "index": ("index", "unique-constraint", "table"),
    "constraint": ("unique-constraint", "index", "table"),
    "fk": ("foreign-key", "table"),
    "table_comment": ("table",),
    "type": ("column",),
    "nullable": ("column",),
    "default": ("column",),
    "comment": ("column",),
}


@pytest.fixture(scope="module")
def place(postgresql_server: Server) -> Iterator[Bench]:
    with bench(postgresql_server) as made:
        yield made


@given(both=pairs())
def test_each_difference_that_alembic_sees_is_one_of_ours(both: tuple[Shape, Shape], place: Bench) -> None:
    old, new = both
    wanted = metadata_of(new)
    schemas = sorted({*old.schemas, *new.schemas})
    place.fill(metadata_of(old), schemas)
    theirs = _alembic(place.connection, wanted, schemas)
    report = place.check(wanted, schemas)
    ours = {
        (f.subject.kind.value, f.subject.schema, table)
        for f in report.findings
        for table in {f.subject.table, f.subject.name, str(f.actual)}
    }
    missed = [
        (noun, found)
        for noun, schema, table, found in theirs
        if not any((kind, schema or "public", table) in ours for kind in NOUNS[noun])
    ]
    assert missed == [], told(report)


def _alembic(
    connection: sa.Connection, wanted: sa.MetaData, schemas: list[str]
) -> list[tuple[str, str | None, str, Any]]:
    """Its differences as (noun, schema, table, itself)."""

    def include(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "schema" or name is None or name in schemas

    options = {
        "include_schemas": True,
        "include_name": include,
        "compare_type": True,
        # It compares defaults by running them, which ends the whole comparison at a quote or at json: not this ground.
        "compare_server_default": False,
    }
    context = MigrationContext.configure(connection, opts=options)
    differences = compare_metadata(context, wanted)
    connection.rollback()
    return [
        found
        for difference in differences
        for single in (difference if isinstance(difference, list) else [difference])
        if not _is_false_alarm(single, connection)
        for found in _places(single)
    ]


def _is_false_alarm(difference: Any, connection: sa.Connection) -> bool:
    """Whether Alembic takes a REAL for something else than the FLOAT(24) that made it; the server is asked."""
    action, *rest = difference
    if action != "modify_type" or not isinstance(rest[-1], sa.Float):
        return False
    existing, wanted = (
        connection.scalar(sa.text("SELECT to_regtype(:name)"), {"name": type_.compile(connection.dialect)})
        for type_ in rest[-2:]
    )
    return existing == wanted


def _places(difference: Any) -> list[tuple[str, str | None, str, Any]]:
    action, *rest = difference
    if action in ("add_table", "remove_table", "add_table_comment", "remove_table_comment"):
        noun = "table_comment" if action.endswith("comment") else "table"
        return [(noun, rest[0].schema, rest[0].name, action)]
    if action in ("add_column", "remove_column"):
        return [("column", rest[0], rest[1], (action, rest[2].name))]
    if action.startswith("modify_"):
        return [(action.removeprefix("modify_"), rest[0], rest[1], (action, rest[2]))]
    noun = action.partition("_")[2]
    return [(noun, rest[0].table.schema, rest[0].table.name, (action, rest[0].name))]
