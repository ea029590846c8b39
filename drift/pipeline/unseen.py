"""What the models use and the dialect cannot see: not compared, and said so, instead of reported as missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from drift.checks.registry import find_check
from drift.dialects import Dialect
from drift.findings import NotChecked, Subject, SubjectKind
from drift.schema import Index, Schema, Table

_ASTRAL = "comments and constants with characters outside of the basic plane"
_BASIC_PLANE = 0xFFFF
_SAID_ONCE = frozenset({"comments", "comments of columns"})
"""What nearly every table may have: said for all of them together."""
_SHOWN = 5

Blind = tuple[Table, tuple[str, ...]]
"""A table without the facet, and what of it is not compared."""


def without_unseen(expected: Schema, actual: Schema, dialect: Dialect) -> tuple[Schema, Schema, tuple[NotChecked, ...]]:
    """Take off what nobody can compare.

    Args:
        expected: What the models expect.
        actual: What was read; ``unreadable`` names facets that this server's reader could not get.
        dialect: Whose :meth:`~drift.dialects.base.Dialect.cannot_see` names facets.

    Returns:
        Both sides without them, and one *not checked* for each check and table where the models use one.
    """
    reasons = {**dict(actual.unreadable), **dict(dialect.cannot_see())}
    outcomes: list[NotChecked] = []
    tables = list(expected.tables)
    for facet, (code, strip) in _OF_TABLES.items():
        if facet not in reasons:
            continue
        everywhere: list[str] = []
        for place, table in enumerate(tables):
            tables[place], used = strip(table)
            if facet in _SAID_ONCE:
                everywhere += [f"{table.name.name}.{name}" if name != table.name.name else name for name in used]
            else:
                outcomes += _said(code, _table_subject(table), used, reasons[facet])
        outcomes += _said(code, None, _few(everywhere), reasons[facet])
    if _ASTRAL in reasons:
        seen = {table.name: table for table in actual.tables}
        for place, table in enumerate(tables):
            tables[place], outcomes_of_table = _masked(table, seen.get(table.name), reasons[_ASTRAL])
            outcomes += outcomes_of_table
    if "numbering of keys" in reasons and any(column.auto_increment for t in tables for column in t.columns):
        # Nearly every table has such a column: said once.
        tables = [_unnumbered(table) for table in tables]
        outcomes += _said("CO310", None, ["every key that numbers itself"], reasons["numbering of keys"])
    changed: dict[str, Any] = {"tables": tuple(tables)}
    for kind, code in (("sequences", "SQ101"), ("enums", "EN101"), ("domains", "CO309")):
        things = getattr(expected, kind)
        if kind in reasons and things:
            changed[kind] = ()
            outcomes += _said(code, None, [str(thing.name) for thing in things], reasons[kind])
    # What is said here where it matters need not be said again as unreadable.
    actual = replace(actual, unreadable=tuple(pair for pair in actual.unreadable if pair[0] not in _OF_TABLES))
    return (replace(expected, **changed) if outcomes else expected), actual, tuple(outcomes)


def _few(names: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    return names if len(names) <= _SHOWN else [*names[:_SHOWN], f"{len(names) - _SHOWN} more"]


def _masked(expected: Table, actual: Table | None, reason: str) -> tuple[Table, list[NotChecked]]:
    """Comments that could be the same but for the characters that the server shows as question marks."""
    if actual is None:
        return expected, []
    said: list[NotChecked] = []
    table = expected
    if _could_be(expected.comment, actual.comment):
        table = replace(table, comment=actual.comment)
        said += _said("TB304", _table_subject(expected), [expected.name.name], reason)
    shown = {column.name: column.comment for column in actual.columns}
    alike = [column.name for column in expected.columns if _could_be(column.comment, shown.get(column.name))]
    if alike:
        columns = (replace(c, comment=shown[c.name]) if c.name in alike else c for c in table.columns)
        table = replace(table, columns=tuple(columns))
        said += _said("CO307", _table_subject(expected), alike, reason)
    return table, said


def _could_be(written: str | None, shown: str | None) -> bool:
    masked = "".join("?" if ord(character) > _BASIC_PLANE else character for character in written or "")
    return masked != (written or "") and masked == shown


def _said(code: str, subject: Subject | None, used: Iterable[str], reason: str) -> Iterator[NotChecked]:
    names = ", ".join(used)
    check = find_check(code) if names else None
    if check is not None:
        yield NotChecked(code, check.name, subject, f"{names}: {reason}", None)


def _table_subject(table: Table) -> Subject:
    return Subject(SubjectKind.TABLE, table.name.schema, table.name.name, table.name.name)


def _index_facet(**plain: Any) -> Callable[[Table], Blind]:
    def strip(table: Table) -> Blind:
        bare = tuple(replace(index, **plain) for index in table.indexes)
        return replace(table, indexes=bare), _changed(table.indexes, bare)

    return strip


def _operator_classes(table: Table) -> Blind:
    bare = tuple(replace(i, keys=tuple(replace(key, opclass=None) for key in i.keys)) for i in table.indexes)
    return replace(table, indexes=bare), _changed(table.indexes, bare)


def _changed(before: Iterable[Index], after: Iterable[Index]) -> tuple[str, ...]:
    return tuple(str(old.name) for old, new in zip(before, after, strict=True) if old != new)


def _deferral(kind: str) -> Callable[[Table], Blind]:
    def strip(table: Table) -> Blind:
        members: tuple[Any, ...] = getattr(table, kind)
        bare = tuple(replace(member, deferrable=False, initially_deferred=False) for member in members)
        used = tuple(_label(old) for old, new in zip(members, bare, strict=True) if old != new)
        changed: dict[str, Any] = {kind: bare}
        return replace(table, **changed), used

    return strip


def _all(kind: str) -> Callable[[Table], Blind]:
    def strip(table: Table) -> Blind:
        members: tuple[Any, ...] = getattr(table, kind)
        changed: dict[str, Any] = {kind: ()}
        return replace(table, **changed), tuple(map(_label, members))

    return strip


def _unnumbered(table: Table) -> Table:
    return replace(table, columns=tuple(replace(column, auto_increment=False) for column in table.columns))


def _comment(table: Table) -> Blind:
    return replace(table, comment=None), (table.name.name,) if table.comment else ()


def _column_comments(table: Table) -> Blind:
    bare = tuple(replace(column, comment=None) for column in table.columns)
    return replace(table, columns=bare), tuple(column.name for column in table.columns if column.comment)


def _partition_key(table: Table) -> Blind:
    return replace(table, partition_key=None), () if table.partition_key is None else (str(table.partition_key),)


def _label(member: Any) -> str:
    return str(member.name or ",".join(getattr(member, "columns", ())) or "one without a name")


_OF_TABLES: Mapping[str, tuple[str, Callable[[Table], Blind]]] = {
    "index methods": ("IX303", _index_facet(method="btree")),
    "index predicates": ("IX304", _index_facet(predicate=None)),
    "operator classes": ("IX305", _operator_classes),
    "included columns": ("IX307", _index_facet(include=())),
    "deferrable foreign keys": ("FK303", _deferral("foreign_keys")),
    "deferrable unique constraints": ("UQ302", _deferral("uniques")),
    "exclusion constraints": ("EX101", _all("exclusions")),
    "check constraints": ("CK101", _all("checks")),
    "unique constraints": ("UQ101", _all("uniques")),
    "foreign keys": ("FK101", _all("foreign_keys")),
    "indexes": ("IX101", _all("indexes")),
    "comments": ("TB304", _comment),
    "comments of columns": ("CO307", _column_comments),
    "partition keys": ("TB306", _partition_key),
}
"""Facets by the name that ``cannot_see()`` gives them: the check that says so, and what takes the facet off a table."""
