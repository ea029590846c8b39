"""What things are called on the other side, so that a renamed table or column is not reported once for each use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from drift.schema import QualifiedName

if TYPE_CHECKING:
    from drift.alignment.pairs import Alignment

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")*)"|([^\W\d][\w$]*)|`((?:[^`]|``)*)`""")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True)
class Renaming:
    """Expected names to actual names; only what differs is listed.

    Attributes:
        tables: Table names.
        columns: For each table, by its expected name: its columns.
        types: Enums and domains.
        quote: What stands around names in SQL text, where they need it.
    """

    tables: Mapping[QualifiedName, QualifiedName] = field(default_factory=dict)
    columns: Mapping[QualifiedName, Mapping[str, str]] = field(default_factory=dict)
    types: Mapping[QualifiedName, QualifiedName] = field(default_factory=dict)
    quote: str = '"'

    @property
    def nothing(self) -> bool:
        """Everything has its expected name."""
        return not (self.columns or self.types or self.tables)

    def table(self, name: QualifiedName) -> QualifiedName:
        """The actual name of the table that the models call ``name``."""
        return self.tables.get(name, name)

    def of_columns(self, table: QualifiedName, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Actual names of ``columns`` of the table that the models call ``table``."""
        names = self.columns.get(table)
        return tuple(names.get(column, column) for column in columns) if names else columns

    def type(self, spelling: str) -> str:
        """A type's spelling in which renamed enums and domains have their actual names."""
        for expected, actual in self.types.items():
            spelling = with_other_name(spelling, expected, actual)
        return spelling

    def expression(self, table: QualifiedName, sql: str) -> str:
        """SQL text in which renamed columns and types have their actual names; string literals stay as they are."""
        names = self.columns.get(table)
        if self.types:
            sql = self.type(sql)
        actual = self.tables.get(table)
        if actual is not None and actual.name != table.name:
            names = {table.name: actual.name, **(names or {})}
        if not names:
            return sql
        return _TOKEN.sub(lambda match: _renamed(match, names, self.quote), sql)


def with_other_name(spelling: str, old: QualifiedName, new: QualifiedName) -> str:
    """A type's spelling, or SQL text, in which the enum or domain ``old`` is called ``new``, quoted where needed."""
    pattern, name = _name_pattern(old), ".".join(_written(part) for part in (new.schema, new.name) if part is not None)
    return pattern.sub(lambda _: name, spelling)


@lru_cache(maxsize=256)
def _name_pattern(name: QualifiedName) -> re.Pattern[str]:
    """Finds the name in SQL text, each part of it with or without quotes."""
    parts = [part for part in (name.schema, name.name) if part is not None]
    spellings = [f'(?:{re.escape(_written(part))}|"{re.escape(_doubled(part))}")' for part in parts]
    return re.compile(rf"""(?<![\w."]){r"[.]".join(spellings)}(?![\w."])""")


def _written(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else f'"{_doubled(name)}"'


def _doubled(name: str) -> str:
    return name.replace('"', '""')


def renaming(alignment: Alignment) -> Renaming:
    """What ``alignment`` found under another name."""
    tables: dict[QualifiedName, QualifiedName] = {}
    columns: dict[QualifiedName, Mapping[str, str]] = {}
    for pair in alignment.tables:
        if pair.expected is None or pair.actual is None:
            continue
        if pair.expected.name != pair.actual.name:
            tables[pair.expected.name] = pair.actual.name
        if [column.name for column in pair.expected.columns] == [column.name for column in pair.actual.columns]:
            continue  # columns are paired by name first
        names = {
            column.expected.name: column.actual.name
            for column in pair.columns
            if column.expected is not None and column.actual is not None and column.expected.name != column.actual.name
        }
        if names:
            columns[pair.expected.name] = names
    named = [
        *((enum.expected.name, enum.actual.name) for enum in alignment.enums if enum.expected and enum.actual),
        *(
            (domain.expected.name, domain.actual.name)
            for domain in alignment.domains
            if domain.expected and domain.actual
        ),
    ]
    types = {wanted: seen for wanted, seen in named if wanted != seen}
    quote = "`" if alignment.actual.dialect in ("mysql", "mariadb") else '"'
    return Renaming(tables, columns, types, quote)


def identifiers(sql: str) -> frozenset[str]:
    """Every identifier (and keyword) in SQL text, unquoted, outside string literals."""
    found = set()
    for match in _TOKEN.finditer(sql):
        name = _identifier(match)
        if name is not None:
            found.add(name)
    return frozenset(found)


def _identifier(match: re.Match[str]) -> str | None:
    if match[1] is not None:
        return match[1].replace('""', '"')
    return match[2] if match[3] is None else match[3].replace("``", "`")


def _renamed(match: re.Match[str], names: Mapping[str, str], quote: str) -> str:
    name = _identifier(match)
    if name is None or name not in names:
        return match[0]
    actual = names[name]
    if match[2] is not None and _PLAIN.fullmatch(actual):
        return actual
    return quote + actual.replace(quote, quote * 2) + quote
