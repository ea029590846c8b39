"""The normal form of what a server leaves out of its catalog: both sides are brought into it before they are compared.

A reader tells what differs from the usual; models may say the usual in so many words. What depends on one side's
spelling alone is folded where that side is read; here stands what takes both sides, or a table's other members.
"""

from __future__ import annotations

import re
from dataclasses import replace

from drift.schema import Check, Column, Domain, Index, IndexKey, QualifiedName, Schema, Table

_CLASS = re.compile(r'^(?:(?:"[^"]+"|[\w$]+)\.)?(?P<name>"[^"]+"|[\w$]+)\s*(?P<parameters>\(.*\))?$', re.DOTALL)
_SIZED = re.compile(r"^(?:varchar|char|varbinary|binary)\((\d+)\)$")
_JSON_VALID = re.compile(r"^\(*\s*json_valid\s*\(\s*[`\"]?(?P<column>[^`\"()]+)[`\"]?\s*\)\s*\)*$", re.IGNORECASE)
_JSON_COLLATION = "utf8mb4_bin"


def normal(expected: Schema, actual: Schema) -> Schema:
    """``expected`` in the normal form for a comparison with ``actual``; what needs no change stays the same object."""
    usual = frozenset(actual.usual_operator_classes)
    twins = {table.name: table for table in actual.tables} if actual.dialect in ("mysql", "mariadb") else {}
    domains = {domain.name: domain for domain in actual.domains}
    over_domains = _over_domains(actual, domains) if domains else {}
    tables = tuple(_table(table, usual, twins, over_domains) for table in expected.tables)
    if all(left is right for left, right in zip(tables, expected.tables, strict=True)):
        return expected
    return replace(expected, tables=tables)


def operator_class(text: str | None) -> str | None:
    """An operator class without its schema, which models seldom give, and without white space in its parameters.

    PostgreSQL's classes for varchar are those for text.
    """
    match = _CLASS.match(text.strip()) if text is not None else None
    if match is None:
        return text
    parameters = re.sub(r"[\s']", "", match["parameters"] or "")
    return match["name"].strip('"').replace("varchar_", "text_") + parameters


def _table(
    table: Table,
    usual: frozenset[tuple[str, str]],
    twins: dict[QualifiedName, Table],
    over_domains: dict[QualifiedName, dict[str, tuple[Column, Domain]]],
) -> Table:
    if table.name in twins:
        table = _with_json(table, twins[table.name])
    if table.name in over_domains:
        behind = over_domains[table.name]
        columns = (_said_by_domain(c, *behind[c.name]) if c.name in behind else c for c in table.columns)
        table = replace(table, columns=tuple(columns))
    indexes = tuple(_index(index, table, usual) for index in table.indexes)
    if all(left is right for left, right in zip(indexes, table.indexes, strict=True)):
        return table
    return replace(table, indexes=indexes)


def _index(index: Index, table: Table, usual: frozenset[tuple[str, str]]) -> Index:
    if all(key.opclass is None and key.length is None for key in index.keys):
        return index
    return replace(index, keys=tuple(_key(key, index.method, table, usual) for key in index.keys))


def _key(key: IndexKey, method: str, table: Table, usual: frozenset[tuple[str, str]]) -> IndexKey:
    """Without the operator class that is meant anyway, and without a prefix as long as its column."""
    if key.opclass is not None and (method, operator_class(key.opclass)) in usual:
        key = replace(key, opclass=None)
    if key.length is not None and key.column is not None:
        column = table.column(key.column)
        size = _SIZED.match(column.type) if column is not None else None
        if size is not None and int(size[1]) <= key.length:
            key = replace(key, length=None)
    return key


def _over_domains(
    actual: Schema, domains: dict[QualifiedName, Domain]
) -> dict[QualifiedName, dict[str, tuple[Column, Domain]]]:
    """The columns over a domain by table and name, arrays of one aside: their elements alone obey it."""
    found: dict[QualifiedName, dict[str, tuple[Column, Domain]]] = {}
    for table in actual.tables:
        for column in table.columns:
            if column.domain in domains and not column.type.endswith("]"):
                found.setdefault(table.name, {})[column.name] = (column, domains[column.domain])
    return found


def _said_by_domain(column: Column, twin: Column, domain: Domain) -> Column:
    """Without what the domain says for the column: reflection repeats its NOT NULL and its default at the column."""
    if column.domain != domain.name:
        return column
    if not column.nullable and twin.nullable and not domain.nullable:
        column = replace(column, nullable=True)
    if column.default is not None and twin.default is None and column.default == domain.default:
        column = replace(column, default=None)
    return column


def _with_json(table: Table, twin: Table) -> Table:
    """MariaDB's JSON is LONGTEXT with the binary collation and a check; reflection spells it so, without the check."""
    json = {column.name for column in twin.columns if column.type == "json"}
    spelled = {
        column.name
        for column in table.columns
        if column.name in json and column.type == "longtext" and column.collation == _JSON_COLLATION
    }
    if not spelled:
        return table

    def as_json(column: Column) -> Column:
        return replace(column, type="json", collation=None, charset=None) if column.name in spelled else column

    return replace(
        table,
        columns=tuple(map(as_json, table.columns)),
        checks=tuple(check for check in table.checks if _is_json_check(check) not in spelled),
    )


def _is_json_check(check: Check) -> str | None:
    """The column that the check wants to be JSON."""
    match = _JSON_VALID.match(check.expression.sql.strip())
    return None if match is None else match["column"]
