"""Asking MySQL or MariaDB whether two expressions are the same.

``EXPLAIN SELECT <a>, <b> FROM <table>`` followed by ``SHOW WARNINGS`` prints the statement as the server has parsed it.
Nothing runs. MariaDB wants the word EXTENDED for it, and MySQL since 9 its older format.
Source: https://dev.mysql.com/doc/refman/8.4/en/explain-extended.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from drift.alignment import Question, Unsettled, Usage
from drift.dialects.mysql.spelling import canonical_default, holds_zero_byte, is_constant, normal_form, spell_type
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_ALIAS = "drift_{}"
_NO_SUCH_COLUMN = 1054
_SYNTAX_OR_NAME_ERRORS = {_NO_SUCH_COLUMN, 1064, 1305, 1327, 1582, 1630}
_BASIC_PLANE = 0xFFFF
_UNPRINTABLE = Unsettled("the server shows characters outside of Unicode's basic plane as question marks")
_CUT_OFF = Unsettled("the server shows the default of a binary column up to its first zero byte only")
_UNPRINTED = Unsettled("the server did not print the statement as it has parsed it")


def canonicalise(
    connection: Connection, questions: Iterable[Question], *, mariadb: bool
) -> dict[Question, str | Unsettled]:
    """Canonical forms: types and constants by rule, everything else by the server, one statement for each table."""
    answers: dict[Question, str | Unsettled] = {}
    by_table: defaultdict[QualifiedName | None, list[Question]] = defaultdict(list)
    for question in questions:
        if question.usage is Usage.TYPE:
            answers[question] = spell_type(question.sql)
        elif any(ord(character) > _BASIC_PLANE for character in question.sql):
            answers[question] = _UNPRINTABLE
        elif question.usage is Usage.DEFAULT and holds_zero_byte(question.sql, question.type):
            answers[question] = _CUT_OFF
        elif question.usage is Usage.DEFAULT and is_constant(question.sql, question.type):
            answers[question] = canonical_default(question.sql, question.type)
        else:
            by_table[question.table].append(question)
    for table, asked in by_table.items():
        answers.update(_ask(connection, table, asked, mariadb=mariadb))
    return answers


def _ask(
    connection: Connection, table: QualifiedName | None, questions: list[Question], *, mariadb: bool
) -> Mapping[Question, str | Unsettled]:
    """Ask for all at once; when the server rejects the statement, ask for each half, down to the one it rejects."""
    from sqlalchemy.exc import DBAPIError

    try:
        printed = _explained(connection, table, questions, mariadb=mariadb)
    except DBAPIError as error:
        if len(questions) == 1:
            return {questions[0]: _refusal(error, table)}
        middle = len(questions) // 2
        return {
            **_ask(connection, table, questions[:middle], mariadb=mariadb),
            **_ask(connection, table, questions[middle:], mariadb=mariadb),
        }
    return {question: _between(printed, i, table) or _UNPRINTED for i, question in enumerate(questions)}


def _explained(connection: Connection, table: QualifiedName | None, questions: list[Question], *, mariadb: bool) -> str:
    """The statement as the server prints it.

    A table whose engine counts its rows (MyISAM, Aria, MEMORY) and that has at most one is read at once, and the values
    stand where its columns should. As one half of a UNION its columns stay columns.
    """
    selected = ", ".join(f"({question.sql}) AS `{_ALIAS.format(i)}`" for i, question in enumerate(questions))
    if table is None:
        return _explain(connection, f"SELECT {selected}", mariadb=mariadb)[0]
    name = _quoted(table)
    twice = f"(SELECT * FROM {name} UNION ALL SELECT * FROM {name}) AS {_quoted(QualifiedName(None, table.name))}"
    printed, at_once = _explain(connection, f"SELECT {selected} FROM {name}", mariadb=mariadb)
    return _explain(connection, f"SELECT {selected} FROM {twice}", mariadb=mariadb)[0] if at_once else printed


def _explain(connection: Connection, statement: str, *, mariadb: bool) -> tuple[str, bool]:
    """What is printed, and whether the table was read at once."""
    words = "EXPLAIN EXTENDED" if mariadb else "EXPLAIN FORMAT=TRADITIONAL"
    first = connection.exec_driver_sql(f"{words} {statement}".replace("%", "%%")).mappings().all()[0]
    warnings = connection.exec_driver_sql("SHOW WARNINGS").all()
    printed = next((str(row[2]) for row in warnings if int(row[1]) == 1003), "")
    return printed, first["type"] in (None, "system", "const")


def _between(printed: str, index: int, table: QualifiedName | None) -> str | None:
    """The text of one selected expression, with the table's name taken off its columns."""
    end = printed.find(f" AS `{_ALIAS.format(index)}`")
    if end < 0:
        return None
    before = f" AS `{_ALIAS.format(index - 1)}`," if index else "select "
    start = printed.find(before) + len(before)
    text = printed[start:end]
    if table is not None:
        for qualifier in (_quoted(table), _quoted(QualifiedName(None, table.name))):
            text = text.replace(f"{qualifier}.", "")
    return normal_form(text)


def _refusal(error: Exception, table: QualifiedName | None) -> Unsettled:
    """A default is asked about without its table, where it may still speak of columns."""
    original = getattr(error, "orig", error)
    arguments: tuple[object, ...] = getattr(original, "args", ())
    code = arguments[0] if arguments and isinstance(arguments[0], int) else None
    message = str(arguments[1]) if len(arguments) > 1 else str(original)
    rejected = code in _SYNTAX_OR_NAME_ERRORS and (table is not None or code != _NO_SUCH_COLUMN)
    return Unsettled(f"the server says: {message}", rejected=rejected)


def _quoted(name: QualifiedName) -> str:
    parts = [part for part in (name.schema, name.name) if part]
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)
