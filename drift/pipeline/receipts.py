"""An account of what a check did to the server, on request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from drift.pipeline.inputs import Inputs

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from drift.dialects.postgresql.privileges import Receipt, Watch


@contextmanager
def watching(connection: Connection, inputs: Inputs) -> Iterator[Watch | None]:
    """Watch a PostgreSQL connection where a receipt was asked for."""
    if not inputs.receipt or connection.dialect.name != "postgresql":
        yield None
        return
    from drift.dialects.postgresql.privileges import watched

    with watched(connection) as watch:
        yield watch


def receipt_of(connection: Connection, watch: Watch | None, schemas: Sequence[str]) -> Receipt | None:
    """The receipt, while the transaction is still open."""
    if watch is None:
        return None
    from drift.dialects.postgresql.privileges import receipt

    return receipt(connection, watch, schemas)
