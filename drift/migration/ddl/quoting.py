"""Names and literals in SQL. Names come from databases and models: every one is quoted unless plainly harmless."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from drift.schema import QualifiedName

_HARMLESS = re.compile(r"^[a-z_][a-z0-9_]*$")
_MYSQL = frozenset({"mysql", "mariadb"})


@lru_cache(maxsize=8)
def _reserved(dialect: str) -> frozenset[str]:
    from drift.migration.native_dialect import native_dialect

    return frozenset(native_dialect(dialect).identifier_preparer.reserved_words)


@dataclass(frozen=True, slots=True)
class Quoting:
    """How one dialect quotes.

    Attributes:
        dialect: SQLAlchemy dialect name.
        default_schema: Names in this schema are written without it, as the models write them, so that a migration
            also runs where the search path says otherwise (a schema for each tenant).
    """

    dialect: str
    default_schema: str | None = None

    def name(self, name: str) -> str:
        """One identifier."""
        if _HARMLESS.match(name) and name not in _reserved(self.dialect):
            return name
        if self.dialect in _MYSQL:
            return "`" + name.replace("`", "``") + "`"
        return '"' + name.replace('"', '""') + '"'

    def names(self, names: Iterable[str]) -> str:
        """Identifiers joined by commas."""
        return ", ".join(self.name(name) for name in names)

    def qualified(self, name: QualifiedName) -> str:
        """A table, type, sequence, or index with its schema, unless that is the default one."""
        schema = self.schema(name)
        return self.name(name.name) if schema is None else f"{self.name(schema)}.{self.name(name.name)}"

    def schema(self, name: QualifiedName) -> str | None:
        """The schema to write, ``None`` for the default one."""
        return None if name.schema == self.default_schema else name.schema

    def literal(self, value: str) -> str:
        """A string literal."""
        if self.dialect in _MYSQL:
            value = value.replace("\\", "\\\\")
        return "'" + value.replace("'", "''") + "'"


_TOKEN = re.compile(
    r"""
    (?P<string>(?:\b[eE])?'(?:[^']|'')*')
  | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?P=tag)?\$)
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
  | (?P<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)
    """,
    re.VERBOSE | re.DOTALL,
)


def rename_identifiers(sql: str, names: Mapping[str, str], quoting: Quoting) -> str:
    """``sql`` with column names replaced, outside of string literals; a name followed by ``(`` is a function."""
    if not names:
        return sql

    def substitute(match: re.Match[str]) -> str:
        text = match.group(0)
        if match.group("quoted"):
            plain = _plain(text)
        elif match.group("word") and not sql[match.end() :].lstrip().startswith("("):
            plain = text
        else:
            return text
        return quoting.name(names[plain]) if plain in names else text

    return _TOKEN.sub(substitute, sql)


def _plain(quoted: str) -> str:
    """The name between double quotes or backticks."""
    return quoted[1:-1].replace(quoted[0] * 2, quoted[0])


def without_strings(sql: str) -> tuple[str, Callable[[str], str]]:
    """``sql`` with a mark for each string literal, and what puts the literals back into any text with these marks."""
    strings: list[str] = []

    def mark(match: re.Match[str]) -> str:
        if match.group("string") is None and match.group("dollar") is None:
            return match.group(0)
        strings.append(match.group(0))
        return f"\x00{len(strings) - 1}\x00"

    text = _TOKEN.sub(mark, sql)
    return text, lambda changed: re.sub(r"\x00(\d+)\x00", lambda match: strings[int(match[1])], changed)


def mentions(sql: str, name: str) -> bool:
    """Whether ``name`` occurs in ``sql`` as an identifier, outside of string literals."""
    for match in _TOKEN.finditer(sql):
        text = match.group(0)
        if match.group("quoted") and _plain(text) == name:
            return True
        if match.group("word") and text == name:
            return True
    return False
