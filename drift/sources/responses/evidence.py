"""``--probe``: is there a row now that a response would reject? Read-only, bounded, one savepoint for each look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    String,
    TableClause,
    and_,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import quoted_name

from drift.alignment.observations import Judge, RowAnswer, RowCondition, RowQuestion
from drift.dialects import dialect_for
from drift.schema import Schema
from drift.secrets import scrub
from drift.sources.responses.guard import Guard, Overtime, TimeLimit

COUNTED = 1000
"""Rows are counted up to this number."""

SECONDS = 5.0
"""Statement timeout for one look, where the server has one; as long may the project's code take over the values."""

_SHOWN = 40
"""Longer values are not shown."""


def look(connection: Connection, questions: Iterable[RowQuestion], actual: Schema) -> dict[RowQuestion, RowAnswer]:
    """Answer every question with a few bounded statements."""
    keys = {each.name: each.primary_key.columns for each in actual.tables if each.primary_key is not None}
    unread = dialect_for(connection.dialect.name).not_to_read(connection)
    previous = _limit_statements(connection)
    try:
        with Guard() as guard, TimeLimit(SECONDS) as limit:
            return {
                question: RowAnswer(None, reason=f"{question.table} {unread[question.table]}")
                if question.table in unread
                else _answer(connection, question, keys.get(question.table, ()), guard, limit)
                for question in questions
            }
    finally:
        _restore(connection, previous)


def _answer(
    connection: Connection, question: RowQuestion, key: tuple[str, ...], guard: Guard, limit: TimeLimit
) -> RowAnswer:
    try:
        with connection.begin_nested():
            if question.judge is None:
                return _counted(connection, question, key)
            return _judged(connection, question, question.judge, key, guard, limit)
    except Overtime:
        return RowAnswer(None, reason=f"its code ran longer than {SECONDS:g} s")
    except SQLAlchemyError as error:
        # Only the kind of error: a server's message can quote data.
        origin = getattr(error, "orig", None) or error
        return RowAnswer(None, reason=type(origin).__name__)
    except Exception as error:  # noqa: BLE001, RUF100 - a type of the project's own does not load a value
        return RowAnswer(None, reason=f"a row cannot be loaded: {type(error).__name__}")


def _counted(connection: Connection, question: RowQuestion, key: tuple[str, ...]) -> RowAnswer:
    """One row that meets the question's condition, and how many there are."""
    source, condition = _table(question), _condition(question, connection.dialect.name)
    wanted: list[Any] = [column(_quoted(name)) for name in key] or [literal(1)]
    inner = select(literal(1).label("one")).select_from(source).where(condition).limit(COUNTED + 1).subquery()
    first = connection.execute(select(*wanted).select_from(source).where(condition).limit(1)).first()
    if first is None:
        return RowAnswer(0)
    number = int(connection.execute(select(func.count()).select_from(inner)).scalar_one())
    return RowAnswer(min(number, COUNTED), more=number > COUNTED, key=_named(key, first))


def _judged(
    connection: Connection, question: RowQuestion, judge: Judge, key: tuple[str, ...], guard: Guard, limit: TimeLimit
) -> RowAnswer:
    """One row whose values the schema rejects. Each different value is judged once, up to a bound."""
    source = _table(question)
    types: list[Any] = list(judge.types)
    columns = [column(_quoted(name), type_) for name, type_ in zip(question.columns, types, strict=True)]
    statement = select(*columns).select_from(source).where(_condition(question, connection.dialect.name))
    comparable = not any(isinstance(type_, (JSON, ARRAY)) for type_ in types)
    statement = statement.distinct() if comparable else statement
    found = [tuple(values) for values in connection.execute(statement.limit(COUNTED + 1))]
    with guard.on() as blocked, limit.region():
        rejected = next((values for values in found if judge.rejects(values)), None)
    if blocked:
        return RowAnswer(None, reason=f"its code tried an effect outside the process: {blocked[0]}")
    if rejected is None:
        return RowAnswer(0, more=len(found) > COUNTED)
    first = None
    if key and comparable:
        same = and_(*(each.is_not_distinct_from(value) for each, value in zip(columns, rejected, strict=True)))
        wanted: list[Any] = [column(_quoted(name)) for name in key]
        first = connection.execute(select(*wanted).select_from(source).where(same).limit(1)).first()
    return RowAnswer(
        1, more=True, key=_named(key, first) if first is not None else None, value=_shown(question.columns, rejected)
    )


def _table(question: RowQuestion) -> TableClause:
    return table(_quoted(question.table.name), schema=_quoted(question.table.schema))


def _named(key: tuple[str, ...], values: Sequence[Any]) -> str | None:
    return ", ".join(f"{name}={value}" for name, value in zip(key, values, strict=True)) if key else None


def _shown(columns: tuple[str, ...], values: tuple[object, ...]) -> str | None:
    """The value for people; ``None`` where it is long, or may be a secret."""
    if len(values) > 1:
        return None
    text = repr(values[0])
    known = f"{columns[0]}={text}"
    return text if len(text) <= _SHOWN and scrub(known) == known else None


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
        case RowCondition.REJECTED:
            return first.is_not(None)
        case RowCondition.NULL_REJECTED:
            return first.is_(None)


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
