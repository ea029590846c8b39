"""Asking the planner for the canonical form of types and expressions.

What runs: ``EXPLAIN`` inside the read-only transaction, each batch behind a savepoint. Planning folds constants, and
that calls IMMUTABLE functions with constant arguments, and inlines simple SQL functions; stable and volatile ones
(``now``, ``nextval``, ``gen_random_uuid``) are never called. Texts are checked to be one expression before they are
sent, so that none can end the statement and start another.

What a model writes is meant for the application's search path, so the questions are asked under the session's own
one, with the table's schema behind it, and behind that the schemas of the extensions: where these are kept apart, the
application has them in its path. What the catalog prints is qualified and means the same under any.

No text is sent that could reach code of a role that is neither a superuser nor the one that asks
(:mod:`drift.dialects.postgresql.strangers`): folding would run it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drift.alignment import Question, Unsettled, Usage
from drift.dialects.postgresql.errors import message, position, sqlstate
from drift.dialects.postgresql.explain import Columns, Source, outputs, statement
from drift.dialects.postgresql.keywords import always_quote
from drift.dialects.postgresql.session import Server, configure, rows, server_of, undone
from drift.dialects.postgresql.strangers import strangers_of
from drift.dialects.postgresql.types import spell_type
from drift.dialects.text import Kind, Token, one_expression, tokens

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import DBAPIError

STRANGE = "planning it could run what another role wrote with the rights of this one"
"""Why something is not asked."""

BATCH = 300
"""Expressions in one statement."""

_MAX_TIMEOUTS = 3
_UNDEFINED = frozenset({"42883", "42704", "42P01", "42703", "3F000"})
"""Undefined function, type or object, table, column, schema: with privileges missing, it may exist all the same."""
_MISFIT = frozenset({"42883", "42804", "42846", "42809", "42P18"})
"""What a function that takes the row says when it gets an anonymous record."""
_REFUSED = frozenset({"42", "22", "3F", "0A", "2B"})
"""Classes of errors by which the server says that this text cannot stand here."""
_LOST = ("08", "57P")
_NO_PRIVILEGE = "42501"
_TIMEOUT = "57014"
_UNUSABLE = """
SELECT n.nspname::pg_catalog.text
FROM pg_catalog.pg_namespace n
WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND n.nspname !~ '^pg_'
"""
_EXTENSION_SCHEMAS = """
SELECT DISTINCT n.nspname::pg_catalog.text COLLATE "C"
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND n.nspname <> 'pg_catalog'
ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class _Item:
    """One expression to be printed, and the questions that it answers."""

    source: Source
    expression: str
    usage: Usage
    question: Question
    whole_row: bool = False


class Canonicaliser:
    """Answers questions through one connection; holds nothing but it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, questions: Iterable[Question]) -> Mapping[Question, str | Unsettled]:
        """Canonical forms, or why there is none. Equal forms mean equal SQL."""
        answers: dict[Question, str | Unsettled] = {}
        by_schema: defaultdict[str | None, list[_Item]] = defaultdict(list)
        for question in dict.fromkeys(questions):
            made = _item(question)
            if isinstance(made, Unsettled):
                answers[question] = made
            else:
                by_schema[question.table.schema if question.table else None].append(made)
        if by_schema:
            asking = _Asking(self._connection, server_of(self._connection))
            with undone(self._connection):
                for schema, items in by_schema.items():
                    answers.update(asking.ask(schema, items))
        return answers


def _item(question: Question) -> _Item | Unsettled:
    """The expression to send, over a record of just the columns that it mentions."""
    types = [type_ for _, type_ in question.columns] + ([question.type] if question.type else [])
    if not one_expression(question.sql):
        return Unsettled("it is not one SQL expression", rejected=True)
    if not all(one_expression(type_) for type_ in types):
        return Unsettled("a column type is not one SQL type", rejected=True)
    if question.usage is Usage.TYPE:
        return _Item(Source(), f"NULL::{spell_type(question.sql)}\n", Usage.TYPE, question)
    expression = f"({question.sql}\n)"
    if question.usage in {Usage.DEFAULT, Usage.GENERATED} and question.type:
        expression += f"::{spell_type(question.type)}"
    columns = question.columns
    if question.usage is Usage.CHECK and question.table is None and not columns and question.type:
        columns = (("value", question.type),)
    elif question.table is not None:
        columns += (("tableoid", "oid"),)
    alias = "t" if question.table is None else question.table.name
    parts = tokens(question.sql)
    whole_row = _mentions_row(parts, alias)
    if not whole_row:
        names = {_identifier(part) for part in parts}
        columns = tuple(column for column in columns if column[0] in names)
    spelled: Columns = tuple((name, spell_type(type_)) for name, type_ in columns)
    source = Source(alias, spelled) if spelled else Source()
    return _Item(source, expression, question.usage, question, whole_row and question.table is not None)


def _everything(item: _Item) -> str:
    """Whatever of an item is sent to the server, as one text; its table's row type where it may come to that."""
    table = item.question.table
    row = always_quote(table.name) if item.whole_row and table is not None else ""
    return " , ".join((item.expression, row, *(type_ for _, type_ in item.source.columns)))


def _identifier(part: Token) -> str | None:
    if part.kind is Kind.QUOTED:
        return part.text[part.text.index('"') + 1 : -1].replace('""', '"')
    return part.text.lower() if part.kind is Kind.WORD else None


def _mentions_row(parts: Sequence[Token], alias: str) -> bool:
    """Whether the table's name stands alone, that is, for the whole row; escaped names are taken for it too."""
    for place, part in enumerate(parts):
        if part.text[:3].lower() == 'u&"':
            return True
        follows = [after.text for after in parts[place + 1 : place + 3]]
        if _identifier(part) == alias and (follows == [".", "*"] or follows[:1] not in (["."], ["("])):
            return True
    return False


class _Asking:
    """One round of questions."""

    def __init__(self, connection: Connection, server: Server) -> None:
        self._connection = connection
        self._server = server
        self._extension_schemas = [str(name) for (name,) in rows(connection, _EXTENSION_SCHEMAS)]
        self._strangers = strangers_of(connection)
        self._unusable: list[str] | None = None
        self._timeouts = 0

    def ask(self, schema: str | None, items: Sequence[_Item]) -> dict[Question, str | Unsettled]:
        """Answers to the questions about tables of one schema.

        What is found by way of the search path is kept from code of other roles by leaving their schemas out; what
        names such a schema itself is not asked.
        """
        answers: dict[Question, str | Unsettled] = {}
        free: dict[_Item, str] = {}
        reaching: dict[_Item, str] = {}
        for item in items:
            reach = self._strangers.reached(_everything(item), {name for name, _ in item.source.columns})
            if reach is None:
                free[item] = "operators in a schema of the search path run code of another role"
            elif reach.named:
                answers[item.question] = Unsettled(f"{STRANGE}: {reach.what}")
            else:
                reaching[item] = reach.what
        path = dict.fromkeys(name for name in (*self._server.schemas, schema, *self._extension_schemas) if name)
        for asked, kept_out in ((free, self._strangers.operators.keys()), (reaching, self._strangers.schemas)):
            said = self._ask([name for name in path if name not in kept_out], list(asked)) if asked else {}
            if not kept_out.isdisjoint(path):
                # What is missing may be in a schema that was left out.
                why = {item.question: what for item, what in asked.items()}
                said = {
                    question: Unsettled(f"{STRANGE}: {why[question]}") if isinstance(answer, Unsettled) else answer
                    for question, answer in said.items()
                }
            answers.update(said)
        return answers

    def _ask(self, path: Iterable[str], items: Sequence[_Item]) -> dict[Question, str | Unsettled]:
        """Answers under one search path."""
        configure(self._connection, {"search_path": ", ".join(map(always_quote, path))})
        same: dict[tuple[Source, str, Usage], list[Question]] = {}
        distinct: list[_Item] = []
        for item in items:
            key = (item.source, item.expression, item.usage)
            if key not in same:
                distinct.append(item)
            same.setdefault(key, []).append(item.question)
        distinct.sort(key=lambda item: (item.source.alias, item.source.columns))
        answers: dict[Question, str | Unsettled] = {}
        for start in range(0, len(distinct), BATCH):
            batch = distinct[start : start + BATCH]
            for item, answer in zip(batch, self._batch(batch), strict=True):
                for question in same[item.source, item.expression, item.usage]:
                    answers[question] = answer
        return answers

    def _batch(self, items: Sequence[_Item]) -> list[str | Unsettled]:
        """Answers in order. A rejected batch is asked again without the culprit, or in halves."""
        if not items:
            return []
        if self._timeouts >= _MAX_TIMEOUTS:
            return [Unsettled("earlier questions ran into the statement timeout")] * len(items)
        groups: list[tuple[Source, list[_Item]]] = []
        for item in items:
            if not groups or groups[-1][0] != item.source:
                groups.append((item.source, []))
            groups[-1][1].append(item)
        asked = statement([(source, [item.expression for item in group]) for source, group in groups])
        result = self._explain(asked.sql, [len(group) for _, group in groups])
        if isinstance(result, list):
            return [_spelled(item, text) for item, text in zip(items, result, strict=True)]
        if len(items) == 1:
            return [self._refusal(items[0], result)]
        culprit = None if result is None else _culprit(asked.starts, items, position(result))
        if culprit is not None:
            alone = self._batch(items[culprit : culprit + 1])
            return self._batch(items[:culprit]) + alone + self._batch(items[culprit + 1 :])
        middle = len(items) // 2
        return self._batch(items[:middle]) + self._batch(items[middle:])

    def _explain(self, sql: str, counts: Sequence[int]) -> list[str] | DBAPIError | None:
        """What was printed, or the server's error; ``None`` when the plan has an unexpected shape."""
        from sqlalchemy.exc import DBAPIError

        try:
            with undone(self._connection):
                [(answer,)] = rows(self._connection, sql)
        except DBAPIError as error:
            if error.connection_invalidated or sqlstate(error).startswith(_LOST):
                raise
            self._timeouts += sqlstate(error) == _TIMEOUT
            return error
        return outputs(answer, counts)

    def _refusal(self, item: _Item, error: DBAPIError | None) -> str | Unsettled:
        """Why one expression has no canonical form; what takes the table's row is asked again with its real type."""
        if error is None:
            return Unsettled("the server plans it in an unexpected way")
        code, table = sqlstate(error), item.question.table
        if code in _MISFIT and item.whole_row and table is not None and item.source.row_type is None:
            row_type = ".".join(always_quote(part) for part in (table.schema, table.name) if part)
            return self._batch([replace(item, source=Source(item.source.alias, (), row_type))])[0]
        if code in _UNDEFINED and (schema := self._unusable_schema(table.schema if table else None)):
            return Unsettled(f"{message(error)}, perhaps for want of USAGE on schema {schema}")
        return Unsettled(message(error), rejected=code[:2] in _REFUSED and code != _NO_PRIVILEGE)

    def _unusable_schema(self, schema: str | None) -> str | None:
        """A schema in which a name would be looked for, were it not for the missing privilege."""
        if self._unusable is None:
            self._unusable = [str(name) for (name,) in rows(self._connection, _UNUSABLE)]
        path = f",{self._server.search_path},".replace('"', "").replace(" ", "")
        return next((name for name in self._unusable if name == schema or f",{name}," in path), None)


def _culprit(starts: Sequence[int], items: Sequence[_Item], place: int | None) -> int | None:
    """Which expression stands at ``place``; ``None`` when that is outside of all."""
    if place is None:
        return None
    number = bisect_right(starts, place) - 1
    return number if number >= 0 and place < starts[number] + len(items[number].expression) else None


def _spelled(item: _Item, printed: str) -> str:
    """Types lose the NULL that they were printed with."""
    return spell_type(printed.rpartition("::")[2]) if item.usage is Usage.TYPE else printed
