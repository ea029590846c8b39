"""MySQL's and MariaDB's words: whole tables, columns, indexes, and foreign keys as their DDL spells them."""

from __future__ import annotations

from collections.abc import Iterable

from drift.dialects.mysql.spelling import canonical_default, is_constant
from drift.dialects.text import unparenthesised
from drift.migration.ddl.quoting import Quoting
from drift.schema import Check, Column, ForeignKey, Index, IndexKey, Table

_TEXTUAL = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")


def real(indexes: Iterable[Index]) -> list[Index]:
    """Indexes that somebody asked for."""
    return [index for index in indexes if not index.implicit]


def stands_with(check: Check, column: str) -> bool:
    """Whether the check is part of that column's definition."""
    return check.name is None and check.columns == (column,)


def named(checks: Iterable[Check]) -> list[Check]:
    """Checks that are not part of a column's definition."""
    return [check for check in checks if not (check.name is None and len(check.columns) == 1)]


def chosen_name(table: Table, columns: tuple[str, ...], prefix: str) -> str:
    """A name for what has none, so that the way back knows it."""
    middle = "_".join(column for column in columns if column.isidentifier())
    return f"{prefix}_{table.name.name}_{middle}".rstrip("_")[:64]


def foreign_key_name(table: Table, key: ForeignKey) -> str:
    """Its name, or the one that the plan gives it."""
    return key.name if key.name is not None else chosen_name(table, key.columns, "fk")


def effective_charset(column: Column, table: Table) -> tuple[str | None, str | None]:
    """Character set and collation of a column that holds text, its own or the table's."""
    if not column.type.startswith(_TEXTUAL):
        return None, None
    if column.collation is not None:
        return column.charset or column.collation.split("_")[0], column.collation
    options = dict(table.options)
    return options.get("charset"), options.get("collation")


def create_index(table: Table, index: Index, quoting: Quoting) -> str:
    """The whole statement."""
    name = index.name or chosen_name(table, index.columns, "ix")
    return f"ALTER TABLE {quoting.qualified(table.name)} ADD {index_definition(index, name, quoting)}"


def create_table(table: Table, quoting: Quoting) -> str:
    """The whole statement, indexes and foreign keys included."""
    parts = [
        column_definition(
            column, next((c.expression.sql for c in table.checks if stands_with(c, column.name)), None), quoting
        )
        for column in table.columns
    ]
    if table.primary_key is not None:
        parts.append(f"PRIMARY KEY ({quoting.names(table.primary_key.columns)})")
    for unique in table.uniques:
        name = unique.name or chosen_name(table, unique.columns, "uq")
        parts.append(f"UNIQUE INDEX {quoting.name(name)} ({quoting.names(unique.columns)})")
    parts += [
        index_definition(index, index.name or chosen_name(table, index.columns, "ix"), quoting)
        for index in real(table.indexes)
    ]
    for check in named(table.checks):
        name = check.name or chosen_name(table, check.columns, "ck")
        parts.append(check_definition(check, name, quoting))
    parts += [foreign_key_definition(key, foreign_key_name(table, key), quoting) for key in table.foreign_keys]
    options = dict(table.options)
    tail = "".join(
        f" {word}={options[option]}"
        for option, word in (("engine", "ENGINE"), ("charset", "DEFAULT CHARSET"), ("collation", "COLLATE"))
        if option in options
    )
    comment = f" COMMENT={quoting.literal(table.comment)}" if table.comment is not None else ""
    body = ",\n    ".join(parts)
    return f"CREATE TABLE {quoting.qualified(table.name)} (\n    {body}\n){tail}{comment}"


def index_definition(index: Index, name: str, quoting: Quoting) -> str:
    """An index as it stands in CREATE TABLE, or behind ADD."""
    kind = "UNIQUE " if index.unique else {"fulltext": "FULLTEXT ", "spatial": "SPATIAL "}.get(index.method, "")
    using = " USING HASH" if index.method == "hash" else ""
    keys = ", ".join(_key(key, quoting) for key in index.keys)
    hidden = "" if index.visible else f" {visibility(index, quoting)}"
    return f"{kind}INDEX {quoting.name(name)} ({keys}){using}{hidden}"


def visibility(index: Index, quoting: Quoting) -> str:
    """MySQL's invisible indexes are MariaDB's ignored ones."""
    words = ("IGNORED", "NOT IGNORED") if quoting.dialect == "mariadb" else ("INVISIBLE", "VISIBLE")
    return words[index.visible]


def _key(key: IndexKey, quoting: Quoting) -> str:
    text = f"({unparenthesised(str(key.expression))})" if key.column is None else quoting.name(key.column)
    text += f"({key.length})" if key.length is not None else ""
    return text + (" DESC" if key.descending else "")


def foreign_key_definition(key: ForeignKey, name: str, quoting: Quoting) -> str:
    """A foreign key as it stands in CREATE TABLE, or behind ADD."""
    text = (
        f"CONSTRAINT {quoting.name(name)} FOREIGN KEY ({quoting.names(key.columns)}) "
        f"REFERENCES {quoting.qualified(key.target)} ({quoting.names(key.target_columns)})"
    )
    for clause, action in (("DELETE", key.on_delete), ("UPDATE", key.on_update)):
        text += f" ON {clause} {action}" if action not in ("NO ACTION", "RESTRICT") else ""
    return text


def check_definition(check: Check, name: str, quoting: Quoting) -> str:
    """A CHECK as it stands in CREATE TABLE, or behind ADD."""
    text = f"CONSTRAINT {quoting.name(name)} CHECK ({check.expression.sql})"
    return text if check.enforced else f"{text} NOT ENFORCED"


def column_definition(column: Column, check: str | None, quoting: Quoting) -> str:
    """One column, whole: what is left out would be dropped."""
    flag = column.type == "tinyint" and "tinyint(1)" in column.attributes
    parts = [quoting.name(column.name), "tinyint(1)" if flag else _type(column.type, quoting)]
    if "compressed" in column.attributes:
        parts.append("COMPRESSED")
    if column.charset is not None:
        parts.append(f"CHARACTER SET {column.charset}")
    if column.collation is not None:
        parts.append(f"COLLATE {column.collation}")
    if column.generated is not None:
        parts.append(
            f"GENERATED ALWAYS AS ({column.generated.sql}) {'STORED' if column.generated_stored else 'VIRTUAL'}"
        )
    else:
        parts.append("NULL" if column.nullable else "NOT NULL")
        if column.default is not None:
            parts.append(f"DEFAULT {_default(column.default.sql, column.type)}")
        if column.on_update is not None:
            parts.append(f"ON UPDATE {column.on_update}")
        if column.auto_increment:
            parts.append("AUTO_INCREMENT")
    if "invisible" in column.attributes:
        parts.append("INVISIBLE")
    if column.comment is not None:
        parts.append(f"COMMENT {quoting.literal(column.comment)}")
    if check is not None:
        parts.append(f"CHECK ({check})")
    return " ".join(parts)


def _type(text: str, quoting: Quoting) -> str:
    """The type; the reference system of a spatial one in the server's own word."""
    shape, srid, number = text.partition(" srid ")
    word = "REF_SYSTEM_ID=" if quoting.dialect == "mariadb" else "SRID "
    return f"{shape} {word}{number}" if srid else text


def _default(sql: str, column_type: str) -> str:
    """Constants and the current time stand alone; any other expression in parentheses."""
    text = sql.strip()
    called = (
        "(" in text and not text.startswith("'") and not canonical_default(text, None).startswith("current_timestamp(")
    )
    return text if is_constant(text, column_type) and not called else f"({text})"
