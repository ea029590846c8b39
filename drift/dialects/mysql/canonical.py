"""Asking MySQL or MariaDB whether two expressions are the same.

``EXPLAIN EXTENDED SELECT <a>, <b> FROM <table>`` followed by ``SHOW WARNINGS`` prints the statement as the server has
parsed it. Nothing runs. MySQL 8 dropped the word EXTENDED and always explains that way.
Source: https://dev.mysql.com/doc/refman/8.4/en/explain-extended.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from drift.alignment import Question, Unsettled, Usage
from drift.dialects.mysql.spelling import canonical_default, normal_form, spell_type
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_ALIAS = "drift_{}"
_SYNTAX_OR_NAME_ERRORS = {1054, 1064, 1305, 1327, 1582, 1630}


def canonicalise(
    connection: Connection, questions: Iterable[Question], *, mariadb: bool
) -> dict[Question, str | Unsettled]:
    """Canonical forms: types and defaults by rule, everything else by the server, one statement for each table."""
    answers: dict[Question, str | Unsettled] = {}
    by_table: defaultdict[QualifiedName, list[Question]] = defaultdict(list)
    for question in questions:
        if question.usage is Usage.TYPE:
            answers[question] = spell_type(question.sql)
        elif question.usage is Usage.DEFAULT:
            answers[question] = canonical_default(question.sql, question.type)
        elif question.table is None:
            answers[question] = normal_form(question.sql)
        else:
            by_table[question.table].append(question)
    for table, asked in by_table.items():
        answers.update(_ask(connection, table, asked, mariadb=mariadb))
    return answers


def _ask(
    connection: Connection, table: QualifiedName, questions: list[Question], *, mariadb: bool
) -> Mapping[Question, str | Unsettled]:
    """Ask for all at once; when the server rejects the statement, ask for each half, down to the one it rejects."""
    from sqlalchemy.exc import DBAPIError

    selected = ", ".join(f"({question.sql}) AS `{_ALIAS.format(i)}`" for i, question in enumerate(questions))
    statement = f"EXPLAIN {'EXTENDED ' if mariadb else ''}SELECT {selected} FROM {_quoted(table)}"
    try:
        connection.exec_driver_sql(statement.replace("%", "%%")).close()
        warnings = connection.exec_driver_sql("SHOW WARNINGS").all()
    except DBAPIError as error:
        if len(questions) == 1:
            return {questions[0]: _refusal(error)}
        middle = len(questions) // 2
        return {
            **_ask(connection, table, questions[:middle], mariadb=mariadb),
            **_ask(connection, table, questions[middle:], mariadb=mariadb),
        }
    printed = next((str(row[2]) for row in warnings if int(row[1]) == 1003), "")
    return {question: _between(printed, i, table) or normal_form(question.sql) for i, question in enumerate(questions)}


def _between(printed: str, index: int, table: QualifiedName) -> str | None:
    """The text of one selected expression, with the table's name taken off its columns."""
    end = printed.find(f" AS `{_ALIAS.format(index)}`")
    if end < 0:
        return None
    before = f" AS `{_ALIAS.format(index - 1)}`," if index else "select "
    start = printed.find(before) + len(before)
    qualifiers = (f"`{table.schema}`.`{table.name}`.", f"`{table.name}`.")
    text = printed[start:end]
    for qualifier in qualifiers:
        text = text.replace(qualifier, "")
    return normal_form(text)


def _refusal(error: Exception) -> Unsettled:
    original = getattr(error, "orig", error)
    arguments: tuple[object, ...] = getattr(original, "args", ())
    code = arguments[0] if arguments and isinstance(arguments[0], int) else None
    message = str(arguments[1]) if len(arguments) > 1 else str(original)
    return Unsettled(f"the server says: {message}", rejected=code in _SYNTAX_OR_NAME_ERRORS)


def _quoted(name: QualifiedName) -> str:
    parts = [part for part in (name.schema, name.name) if part]
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)
