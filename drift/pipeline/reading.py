"""Reading both sides, at the same time where that is possible."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from drift.dialects import Dialect, Scope, ServerInfo
from drift.pipeline.inputs import Inputs
from drift.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from drift.pipeline.targets import Target

_ALONE = frozenset({"sqlite"})
"""Connections of these dialects belong to the thread that opened them; there is no server to wait for either."""


def read_both(
    target: Target, inputs: Inputs, connection: Connection, dialect: Dialect, info: ServerInfo
) -> tuple[Schema, Schema]:
    """(expected, actual): while the server answers, the models are read.

    The database's schemas are taken from the tables of the models beforehand. Where the project's filters then leave
    whole schemas out, the database is read again without them.
    """
    if dialect.name in _ALONE:
        inputs.progress("reading the models")
        expected = target.expect(dialect, info)
        inputs.progress("reading the database")
        return expected, dialect.read(connection, _scope(target, info, inputs.schemas or expected.schemas))
    inputs.progress("reading the models and the database")
    schemas = inputs.schemas or target.schemas(info)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="drift-reader") as executor:
        reading = executor.submit(dialect.read, connection, _scope(target, info, schemas))
        expected = target.expect(dialect, info)
        actual = reading.result()
    if not inputs.schemas and set(schemas) != set(expected.schemas):
        actual = dialect.read(connection, _scope(target, info, expected.schemas))
    return expected, actual


def _scope(target: Target, info: ServerInfo, schemas: tuple[str, ...]) -> Scope:
    return Scope(schemas=schemas, include_name=target.include_name(info))
