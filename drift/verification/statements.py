"""Statements that come from a database: nothing in them is a parameter or an escape."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, CursorResult


def run_as_written(connection: Connection, statement: str) -> CursorResult[Any]:
    """Hand a statement to the driver as it is: colons, backslashes and percent signs are its own."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
