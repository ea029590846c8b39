"""``--probe``: is there a row now that a response would reject? Read-only, bounded, one savepoint for each look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, column, func, literal, or_, select, table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import quoted_name

from drift.alignment.observations import RowAnswer, RowCondition, RowQuestion
from drift.schema import Schema

COUNTED = 1000
"""Rows are counted up to this number."""

SECONDS = 5.0
"""Statement timeout for one look, where the server has one."""


def look(connection: Connection, questions: Iterable[RowQuestion], actual: Schema) -> dict[RowQuestion, RowAnswer]:
    """Answer every question with at most two bounded statements."""
    keys = {each.name: each.primary_key.columns for each in actual.tables if each.primary_key is not None}
    previous = _limit_statements(connection)
    try:
        return {question: _answer(connection, question, keys.get(question.table, ())) for question in questions}
    finally:
        _restore(connection, previous)


def _answer(connection: Connection, question: RowQuestion, key: tuple[str, ...]) -> RowAnswer:
    source = table(_quoted(question.table.name), schema=_quoted(question.table.schema))
    condition = _condition(question, connection.dialect.name)
    wanted: list[Any] = [column(_quoted(name)) for name in key] or [literal(1)]
    inner = select(literal(1).label("one")).select_from(source).where(condition).limit(COUNTED + 1).subquery()
    try:
        with connection.begin_nested():
            first = connection.execute(select(*wanted).select_from(source).where(condition).limit(1)).first()
            if first is None:
                return RowAnswer(0)
            number = int(connection.execute(select(func.count()).select_from(inner)).scalar_one())
    except SQLAlchemyError as error:
        # Only the kind of error: a server's message can quote data.
        origin = getattr(error, "orig", None) or error
        return RowAnswer(None, reason=type(origin).__name__)
    text = ", ".join(f"{name}={value}" for name, value in zip(key, first, strict=True)) if key else None
    return RowAnswer(min(number, COUNTED), more=number > COUNTED, key=text)


def _condition(question: RowQuestion, dialect: str) -> ColumnElement[bool]:
    columns: list[ColumnElement[Any]] = [column(_quoted(name)) for name in question.columns]
    first = columns[0]
    length = func.length if dialect == "sqlite" else func.char_length
    match question.condition:
        case RowCondition.NULL:
            return or_(*(each.is_(None) for each in columns))
        case RowCondition.JSON_NULL if dialect in ("mysql", "mariadb"):
            return func.json_type(first) == "NULL"
        case RowCondition.JSON_NULL:
            return cast(first, String) == "null"
        case RowCondition.ARRAY_NULL:
            return and_(first.is_not(None), func.array_position(first, None).is_not(None))
        case RowCondition.LONGER:
            return length(first) > question.argument
        case RowCondition.LABEL:
            return cast(first, String) == str(question.argument)


def _quoted(name: str | None) -> Any:
    return quoted_name(name, quote=True) if name is not None else None


def _limit_statements(connection: Connection) -> str | None:
    if connection.dialect.name != "postgresql":
        return None
    previous = str(connection.exec_driver_sql("SHOW statement_timeout").scalar_one())
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{round(SECONDS * 1000)}ms'")
    return previous


def _restore(connection: Connection, previous: str | None) -> None:
    if previous is not None:
        connection.execute(select(func.set_config("statement_timeout", previous, True)))
