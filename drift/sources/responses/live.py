"""What the live database says of the columns whose values a response reads: types, labels, lengths, CHECKs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from drift.dialects.limits import UNLIMITED, Limits, limits_of
from drift.schema import Check, QualifiedName, Schema

_NUMBER = re.compile(r"(?:small|medium|tiny|big)?int|numeric|decimal|real|double|float")
_LENGTH = re.compile(r"^(?:national )?(?:var)?char(?:acter)?(?: varying)?\((\d+)\)|^bpchar\((\d+)\)")


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """What the live database says of a column, where it decides which values can come back.

    Attributes:
        type: Its type, spelled as in :class:`~drift.schema.Column`.
        labels: All that it can hold: labels of an enum, or the values of a CHECK.
        length: The longest text, by its type or by a CHECK.
        limits: What its CHECKs, and those of its domain, leave.
    """

    type: str
    labels: tuple[str, ...] = ()
    length: int | None = None
    limits: Limits = UNLIMITED


LiveLookup = Callable[["QualifiedName | None", str], "LiveColumn | None"]
"""The live column of a table; ``None`` where there is none, or no database was read."""


def live_columns(actual: Schema | None, translate: Mapping[str | None, str | None]) -> LiveLookup:
    """Looks up what the live database says of a column; nothing without a database."""
    if actual is None:
        return lambda _table, _column: None
    tables = {(table.name.schema, table.name.name): table for table in actual.tables}
    labels = {enum.name: enum.labels for enum in actual.enums}
    domains = {domain.name: domain for domain in actual.domains}
    mysql = actual.dialect in ("mysql", "mariadb")

    @cache
    def look_up(name: QualifiedName | None, column_name: str) -> LiveColumn | None:
        if name is None:
            return None
        table = tables.get((translate.get(name.schema, name.schema) or actual.default_schema, name.name))
        column = table.column(column_name) if table is not None else None
        if table is None or column is None:
            return None
        domain = domains.get(column.domain) if column.domain is not None and not column.type.endswith("[]") else None
        type_ = domain.type if domain is not None else column.type
        numeric = _NUMBER.match(type_) is not None
        limits = limits_of(_in_force(table.checks), column.name, numeric=numeric, mysql=mysql)
        if domain is not None:
            limits = limits.both(limits_of(_in_force(domain.checks), "value", numeric=numeric, mysql=mysql))
        found = labels.get(column.enum, ()) if column.enum is not None else column.enum_labels
        if not found and limits.values is not None and not numeric:
            found = tuple(map(str, limits.values))
        written = _LENGTH.match(type_)
        lengths = (int(written[1] or written[2]) if written else None, limits.longest)
        length = min((each for each in lengths if each is not None), default=None)
        return LiveColumn(type_, tuple(filter(limits.admits, found)), length, limits)

    return look_up


def _in_force(checks: Iterable[Check]) -> Iterator[str]:
    """The conditions that hold for every row that a query returns, children's included."""
    return (c.expression.sql for c in checks if c.validated and c.enforced and not c.no_inherit)
