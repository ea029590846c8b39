"""What only the text of a ``CREATE TABLE`` statement tells.

The pragmas of SQLite report columns, keys, and indexes, but neither names of constraints nor CHECK bodies, collations,
generated expressions, AUTOINCREMENT, or deferrability. Source: https://www.sqlite.org/lang_createtable.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drift.dialects.sqlite.tokens import Token, closing, split_commas, tokenize

_TABLE_CONSTRAINTS = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"}
_COLUMN_CONSTRAINTS = {
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
}


@dataclass(frozen=True, slots=True)
class CheckText:
    """A CHECK constraint; ``column`` when it stands with a column."""

    name: str | None
    body: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class KeyText:
    """A PRIMARY KEY, UNIQUE, or FOREIGN KEY: its name, its columns, how it is deferred, and what ON CONFLICT says."""

    name: str | None
    columns: tuple[str, ...]
    deferrable: bool = False
    initially_deferred: bool = False
    on_conflict: str | None = None


@dataclass(frozen=True, slots=True)
class TableText:
    """Everything found in one statement. Column names are folded to lower case, since SQLite ignores their case."""

    primary_key: KeyText | None = None
    uniques: tuple[KeyText, ...] = ()
    foreign_keys: tuple[KeyText, ...] = ()
    checks: tuple[CheckText, ...] = ()
    collations: dict[str, str] = field(default_factory=dict)
    generated: dict[str, str] = field(default_factory=dict)
    not_null_conflicts: dict[str, str] = field(default_factory=dict)
    autoincrement: bool = False


@dataclass(slots=True)
class _Collector:
    primary_key: KeyText | None = None
    uniques: list[KeyText] = field(default_factory=list)
    foreign_keys: list[KeyText] = field(default_factory=list)
    checks: list[CheckText] = field(default_factory=list)
    collations: dict[str, str] = field(default_factory=dict)
    generated: dict[str, str] = field(default_factory=dict)
    not_null_conflicts: dict[str, str] = field(default_factory=dict)
    autoincrement: bool = False


def parse_create_table(sql: str) -> TableText:
    """Read one ``CREATE TABLE`` statement, as SQLite stores it. What it does not understand it passes over."""
    tokens = tokenize(sql)
    opening = next((i for i, token in enumerate(tokens) if token.text == "("), None)
    if opening is None:
        return TableText()
    found = _Collector()
    for part in split_commas(tokens[opening + 1 : closing(tokens, opening)]):
        if part[0].keyword in _TABLE_CONSTRAINTS:
            _table_constraint(sql, part, found)
        else:
            _column(sql, part, found)
    return TableText(
        found.primary_key,
        tuple(found.uniques),
        tuple(found.foreign_keys),
        tuple(found.checks),
        found.collations,
        found.generated,
        found.not_null_conflicts,
        found.autoincrement,
    )


def _table_constraint(sql: str, part: tuple[Token, ...], found: _Collector) -> None:
    name, index = _constraint_name(part, 0)
    keyword = part[index].keyword if index < len(part) else ""
    opening = next((i for i in range(index, len(part)) if part[i].text == "("), None)
    if opening is None:
        return
    end = closing(part, opening)
    if keyword == "CHECK":
        found.checks.append(CheckText(name, _between(sql, part, opening, end)))
        return
    columns = tuple(item[0].identifier.lower() for item in split_commas(part[opening + 1 : end]))
    if keyword == "PRIMARY":
        found.primary_key = KeyText(name, columns, on_conflict=_conflict(part, end + 1))
    elif keyword == "UNIQUE":
        found.uniques.append(KeyText(name, columns, on_conflict=_conflict(part, end + 1)))
    elif keyword == "FOREIGN":
        found.foreign_keys.append(KeyText(name, columns, *_deferral(part[end + 1 :])))


def _column(sql: str, part: tuple[Token, ...], found: _Collector) -> None:
    column = part[0].identifier.lower()
    index = 1
    while index < len(part) and part[index].keyword not in _COLUMN_CONSTRAINTS:
        index = closing(part, index) + 1 if part[index].text == "(" else index + 1
    while index < len(part):
        name, index = _constraint_name(part, index)
        if index >= len(part):
            return
        index = _column_constraint(sql, part, index, name, column, found)


def _column_constraint(
    sql: str, part: tuple[Token, ...], index: int, name: str | None, column: str, found: _Collector
) -> int:
    """Read the constraint that begins at ``index``; return where the next one may begin."""
    keyword = part[index].keyword
    if keyword == "CHECK" or keyword == "AS":
        opening = index + 1
        end = closing(part, opening)
        body = _between(sql, part, opening, end)
        if keyword == "CHECK":
            found.checks.append(CheckText(name, body, column))
        else:
            found.generated[column] = body
        return end + 1
    if keyword == "PRIMARY":
        found.primary_key = KeyText(name, (column,), on_conflict=_conflict(part, index + 1))
    elif keyword == "UNIQUE":
        found.uniques.append(KeyText(name, (column,), on_conflict=_conflict(part, index + 1)))
    elif keyword == "NOT":
        conflict = _conflict(part, index + 1)
        if conflict is not None:
            found.not_null_conflicts[column] = conflict
    elif keyword == "COLLATE":
        found.collations[column] = part[index + 1].identifier
        return index + 2
    elif keyword == "AUTOINCREMENT":
        found.autoincrement = True
    elif keyword == "DEFAULT":
        following = index + 1
        if following < len(part) and part[following].text == "(":
            return closing(part, following) + 1
        return following + (2 if following < len(part) and part[following].text in "+-" else 1)
    elif keyword == "REFERENCES":
        end = next((i for i in range(index + 1, len(part)) if part[i].keyword in _AFTER_REFERENCES), len(part))
        found.foreign_keys.append(KeyText(name, (column,), *_deferral(part[index:end])))
        return end
    return index + 1


def _conflict(part: tuple[Token, ...], index: int) -> str | None:
    """What ``ON CONFLICT`` says behind the words of a key or of NOT NULL."""
    while index < len(part) and part[index].keyword in ("KEY", "NULL", "ASC", "DESC"):
        index += 1
    words = [token.keyword for token in part[index : index + 3]]
    return words[2] if words[:2] == ["ON", "CONFLICT"] and len(words) == 3 else None


_AFTER_REFERENCES = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "COLLATE", "GENERATED", "AS"}


def _constraint_name(part: tuple[Token, ...], index: int) -> tuple[str | None, int]:
    if index + 1 < len(part) and part[index].keyword == "CONSTRAINT":
        return part[index + 1].identifier, index + 2
    return None, index


def _deferral(tokens: tuple[Token, ...]) -> tuple[bool, bool]:
    """(deferrable, initially deferred) of a foreign key. ``DEFERRABLE`` alone has no effect in SQLite, yet is kept."""
    words = [token.keyword for token in tokens]
    if "DEFERRABLE" not in words:
        return False, False
    at = words.index("DEFERRABLE")
    if at > 0 and words[at - 1] == "NOT":
        return False, False
    return True, words[at + 1 : at + 3] == ["INITIALLY", "DEFERRED"]


def _between(sql: str, part: tuple[Token, ...], opening: int, end: int) -> str:
    """The text inside a pair of parentheses, as written."""
    return sql[part[opening].end : part[end].start].strip()
