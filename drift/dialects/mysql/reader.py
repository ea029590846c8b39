"""Reading MySQL and MariaDB: at most nine statements over ``information_schema``, whatever the number of tables.

Sources: https://dev.mysql.com/doc/refman/8.4/en/information-schema.html and
https://mariadb.com/kb/en/information-schema-tables/
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from drift.dialects.mysql.keys import assemble_foreign_keys, assemble_indexes
from drift.dialects.mysql.printed import as_written, requoted
from drift.dialects.mysql.spelling import (
    bare_number,
    canonical_default,
    character_set,
    is_numeric,
    is_spatial,
    labels,
    quote,
    spell_type,
)
from drift.schema import Check, Column, Expression, PrimaryKey, QualifiedName, Table, TableKind, Trigger

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Row = tuple[Any, ...]
Key = tuple[str, str]

_ATTRIBUTES = ("compressed", "invisible", "tinyint(1)")
"""What a column may also be, which no model can say, and a restatement must repeat."""
_JSON_CHECK = re.compile(r"^json_valid\(`(?P<column>(?:[^`]|``)*)`\)$", re.IGNORECASE)


def read_tables(connection: Connection, schemas: Sequence[str], *, mariadb: bool, folded: bool) -> tuple[Table, ...]:
    """All tables and views of the given databases, sorted by name."""
    flavour = "mariadb" if mariadb else "mysql"
    # A server that keeps names of databases in lower case shows them so, and finds them so.
    spelled = {schema.lower(): schema for schema in schemas if folded and schema != schema.lower()}
    asked = tuple(dict.fromkeys((*schemas, *spelled)))

    def rows(name: str) -> list[Row]:
        text = (files("drift.dialects.mysql") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        statement = text.format(schemas=", ".join(["%s"] * len(asked)))
        found = [tuple(map(_text, row)) for row in connection.exec_driver_sql(statement, asked)]
        return [(spelled.get(row[0], row[0]), *row[1:]) for row in found]

    columns = _by_table(_columns(rows(f"columns_{flavour}"), rows, mariadb=mariadb))
    indexes = _by_table(rows(f"indexes_{flavour}"))
    foreign_keys = _by_table((*row[:4], spelled.get(row[4], row[4]), *row[5:]) for row in rows("foreign_keys"))
    checks = _by_table(rows("checks_mariadb") if mariadb else _checks_of_mysql(rows))
    views = {(row[0], row[1]): row[2] for row in rows("views")}
    triggers = _by_table(rows("triggers"))
    tables: list[Table] = []
    for row in rows("tables"):
        key = (row[0], row[1])
        if row[2].endswith("VIEW"):
            tables.append(_view(key, columns[key], views.get(key)))
        elif row[2] in ("BASE TABLE", "SYSTEM VERSIONED"):
            tables.append(
                _table(
                    key, row, columns[key], indexes[key], foreign_keys[key], checks[key], triggers[key], mariadb=mariadb
                )
            )
    return tuple(tables)


def hides_constraints(connection: Connection, schemas: Sequence[str]) -> bool:
    """Whether MariaDB keeps the constraints of some table from this account."""
    text = (files("drift.dialects.mysql") / "sql" / "hidden_mariadb.sql").read_text(encoding="utf-8")
    statement = text.format(schemas=", ".join(["%s"] * len(schemas)))
    return bool(connection.exec_driver_sql(statement, (*schemas, *schemas)).scalar_one())


def _checks_of_mysql(rows: Callable[[str], list[Row]]) -> Iterable[Row]:
    """The checks with their tables, put together here: MySQL takes a minute to join a thousand of them.

    The name of a check is unique in its database.
    """
    clauses = {(row[0], row[1]): row[2] for row in rows("checks_mysql")}
    for schema, table, name, enforced in rows("checked_tables_mysql"):
        if (schema, name) in clauses:
            yield schema, table, name, clauses[schema, name], "Table", enforced


def _columns(found: list[Row], rows: Callable[[str], list[Row]], *, mariadb: bool) -> list[Row]:
    """The columns; MariaDB tells the reference systems of spatial ones elsewhere."""
    if not mariadb or not any(is_spatial(row[6]) for row in found):
        return found
    systems = {(row[0], row[1], row[2]): row[3] for row in rows("spatial_mariadb")}
    return [(*row[:-1], systems.get((row[0], row[1], row[2]))) for row in found]


def _text(value: Any) -> Any:
    """Some servers answer the long columns of information_schema as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _by_table(rows: Iterable[Row]) -> defaultdict[Key, list[Row]]:
    groups: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[(row[0], row[1])].append(row)
    return groups


def _view(key: Key, columns: list[Row], definition: str | None) -> Table:
    return Table(
        QualifiedName(*key),
        TableKind.VIEW,
        tuple(Column(column[2], spell_type(column[6]), position=column[3]) for column in columns),
        definition=Expression(definition) if definition else None,
    )


def _table(
    key: Key,
    row: Row,
    columns: list[Row],
    indexes: list[Row],
    foreign_keys: list[Row],
    checks: list[Row],
    triggers: list[Row],
    *,
    mariadb: bool,
) -> Table:
    _, _, _, engine, row_format, estimate, collation, create_options, comment = row
    json_columns, real_checks = _split_json(columns, checks, mariadb=mariadb)
    keys = assemble_foreign_keys(foreign_keys)
    primary_key, uniques, plain = assemble_indexes(indexes, keys, mariadb=mariadb)
    return Table(
        QualifiedName(*key),
        TableKind.PARTITIONED if "partitioned" in (create_options or "") else TableKind.TABLE,
        tuple(_column(column, collation, json_columns, mariadb=mariadb) for column in columns),
        PrimaryKey(None, primary_key) if primary_key else None,
        uniques,
        keys,
        real_checks,
        indexes=plain,
        triggers=tuple(Trigger(trigger[2], definition=trigger[3]) for trigger in triggers),
        comment=comment or None,
        options=tuple(
            (option, str(value))
            for option, value in (
                ("charset", character_set((collation or "").split("_")[0])),
                ("collation", character_set(collation or "")),
                ("engine", engine),
                ("row_format", row_format),
            )
            if value
        ),
        estimated_rows=estimate,
    )


def _split_json(columns: list[Row], checks: list[Row], *, mariadb: bool) -> tuple[frozenset[str], tuple[Check, ...]]:
    """MariaDB's JSON is a LONGTEXT with a check that it made itself: the columns, and the checks that remain."""
    long_texts = {column[2] for column in columns if str(column[6]).lower() == "longtext"}
    json_columns: set[str] = set()
    remaining: list[Check] = []
    for _, _, name, clause, level, enforced in checks:
        match = _JSON_CHECK.match(clause)
        column = match["column"].replace("``", "`") if match else None
        if column in long_texts and level == "Column" and column is not None:
            json_columns.add(column)
        else:
            # A check that stands with its column has the column's name, which nobody chose.
            remaining.append(
                Check(
                    None if level == "Column" else name,
                    Expression(requoted(clause) if mariadb else as_written(clause)),
                    columns=(name,) if level == "Column" else (),
                    enforced=enforced == "YES",
                )
            )
    return frozenset(json_columns), tuple(remaining)


def _column(row: Row, table_collation: str | None, json_columns: frozenset[str], *, mariadb: bool) -> Column:
    _, _, name, position, default, nullable, declared, charset, collation, extra, comment, generated, system = row
    notes = str(extra or "").lower()
    column_type = "json" if name in json_columns else spell_type(f"{declared} srid {system}" if system else declared)
    if generated:
        generated = requoted(generated) if mariadb else as_written(generated)
    on_update = re.search(r"on update (\S+)", notes)
    charset, collation = (character_set(word) if word else None for word in (charset, collation))
    of_table = character_set(table_collation or "")
    own_collation = collation if collation and collation != of_table and name not in json_columns else None
    words = f"{notes} {declared.lower()}".replace("*/", "").split()
    return Column(
        name,
        column_type,
        nullable=nullable == "YES",
        default=_default(default, notes, column_type, mariadb=mariadb) if not generated else None,
        auto_increment="auto_increment" in notes,
        generated=Expression(generated) if generated else None,
        generated_stored="stored generated" in notes or "persistent" in notes,
        collation=own_collation,
        comment=comment or None,
        position=position,
        on_update=canonical_default(on_update[1], None) if on_update else None,
        charset=charset if own_collation and charset != of_table.split("_")[0] else None,
        enum_labels=labels(declared) if column_type.startswith(("enum(", "set(")) else (),
        attributes=tuple(word for word in _ATTRIBUTES if word in words),
    )


def _default(text: str | None, notes: str, column_type: str, *, mariadb: bool) -> Expression | None:
    """MariaDB prints a default as SQL, ``NULL`` included; MySQL prints the bare value of a literal."""
    if text is None or (mariadb and text.upper() == "NULL"):
        return None
    if mariadb:
        return Expression(requoted(text))
    if is_numeric(column_type) and (number := bare_number(text)) is not None:
        return Expression(number)
    if "default_generated" in notes:
        return Expression(as_written(text))
    # A bit or a binary string comes as a literal, any other constant as its bare value.
    literal = text.startswith({"bit": "b'", "binary": "0x", "varbinary": "0x"}.get(column_type.split("(")[0], "\0"))
    return Expression(text if literal else quote(text))
