"""Reading a SQLite database: five statements, whatever the number of tables.

Sources: https://www.sqlite.org/schematab.html and https://www.sqlite.org/pragma.html (table-valued pragma functions).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from drift.dialects.sqlite.create_table import TableText, parse_create_table
from drift.dialects.sqlite.indexes import assemble_indexes
from drift.dialects.sqlite.spelling import spell_type
from drift.schema import (
    Check,
    Column,
    Expression,
    ForeignKey,
    Index,
    PrimaryKey,
    QualifiedName,
    Table,
    TableKind,
    Trigger,
    Unique,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_OBJECTS = """
SELECT type, name, tbl_name, sql FROM {schema}.sqlite_schema
WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR type = 'index'
"""
_TABLE_LIST = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = ?"
_COLUMNS = """
SELECT m.name, c.cid, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM {schema}.sqlite_schema AS m JOIN pragma_table_xinfo(m.name, ?) AS c
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY m.name, c.cid
"""
_INDEXES = """
SELECT m.name, l.name, l."unique", l.origin, l.partial, x.seqno, x.name, x."desc", x.coll, x."key"
FROM {schema}.sqlite_schema AS m JOIN pragma_index_list(m.name, ?) AS l JOIN pragma_index_xinfo(l.name, ?) AS x
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND x."key" = 1
ORDER BY m.name, l.name, x.seqno
"""
_FOREIGN_KEYS = """
SELECT m.name, f.id, f.seq, f."table", f."from", f."to", f.on_update, f.on_delete, f."match"
FROM {schema}.sqlite_schema AS m JOIN pragma_foreign_key_list(m.name, ?) AS f
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY m.name, f.id DESC, f.seq
"""

Row = tuple[Any, ...]
RealNames = Mapping[str, tuple[str, Mapping[str, str]]]
"""Tables and their columns as they were created, by their names in lower case."""


def read_tables(connection: Connection, schema: str) -> tuple[Table, ...]:
    """All tables and views of an attached database (usually ``main``), sorted by name."""
    quoted = '"' + schema.replace('"', '""') + '"'

    def rows(statement: str, *parameters: str) -> list[Row]:
        text = statement.format(schema=quoted) if "{schema}" in statement else statement
        return [tuple(row) for row in connection.exec_driver_sql(text, parameters)]

    objects = rows(_OBJECTS)
    # pragma_table_list came with SQLite 3.37; without it WITHOUT ROWID and STRICT are read from the statement's tail.
    listed = {row[0]: row for row in rows(_TABLE_LIST, schema)} if _has_table_list(connection) else {}
    columns = _by_table(rows(_COLUMNS, schema))
    indexes = _by_table(rows(_INDEXES, schema, schema))
    foreign_keys = _by_table(rows(_FOREIGN_KEYS, schema))
    statements = {name: sql or "" for kind, name, _, sql in objects if kind == "index"}
    triggers: dict[str, list[Trigger]] = defaultdict(list)
    for kind, name, owner, sql in objects:
        if kind == "trigger":
            triggers[owner].append(Trigger(name, definition=sql))
    real_names = {name.lower(): (name, {row[2].lower(): row[2] for row in group}) for name, group in columns.items()}
    key_columns = {
        name: tuple(row[2] for row in sorted((r for r in group if r[6]), key=lambda r: r[6]))
        for name, group in columns.items()
    }
    return tuple(
        _view(schema, name, sql, columns[name])
        if kind == "view"
        else _table(
            schema,
            name,
            sql or "",
            columns[name],
            indexes.get(name, []),
            statements,
            foreign_keys.get(name, []),
            triggers.get(name, []),
            listed.get(name),
            key_columns,
            real_names,
        )
        for kind, name, _, sql in sorted(objects, key=lambda row: str(row[1]))
        # Shadow tables are the private storage of a virtual table.
        if kind in ("table", "view") and not (name in listed and listed[name][1] == "shadow")
    )


def _has_table_list(connection: Connection) -> bool:
    version = getattr(connection.dialect, "server_version_info", None) or (0,)
    return tuple(version) >= (3, 37)


def _by_table(rows: Iterable[Row]) -> Mapping[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    return groups


def _view(schema: str, name: str, sql: str | None, columns: list[Row]) -> Table:
    return Table(
        QualifiedName(schema, name),
        TableKind.VIEW,
        tuple(Column(row[2], spell_type(row[3] or ""), position=row[1] + 1) for row in columns),
        definition=Expression(sql or ""),
    )


def _table(
    schema: str,
    name: str,
    sql: str,
    columns: list[Row],
    indexes: list[Row],
    statements: Mapping[str, str],
    foreign_keys: list[Row],
    triggers: list[Trigger],
    listed: Row | None,
    key_columns: Mapping[str, tuple[str, ...]],
    real_names: RealNames,
) -> Table:
    text = parse_create_table(sql)
    tail = sql[sql.rfind(")") :].upper()
    without_rowid = bool(listed[2]) if listed else "WITHOUT ROWID" in tail
    strict = bool(listed[3]) if listed else "STRICT" in tail
    key = key_columns.get(name, ())
    collations = {column: collation.upper() for column, collation in text.collations.items()}
    plain_indexes, unique_columns = assemble_indexes(indexes, statements, collations)
    options = {"autoincrement": text.autoincrement, "strict": strict, "without_rowid": without_rowid}
    return Table(
        QualifiedName(schema, name),
        TableKind.FOREIGN if listed and listed[1] == "virtual" else TableKind.TABLE,
        tuple(_column(row, text, key, without_rowid) for row in columns if row[7] != 1),
        _primary_key(key, text),
        tuple(_unique(names, text) for names in unique_columns),
        _foreign_keys(schema, foreign_keys, text, key_columns, real_names),
        tuple(
            Check(check.name, Expression(check.body), (check.column,) if check.column else ()) for check in text.checks
        ),
        indexes=plain_indexes,
        triggers=tuple(triggers),
        options=tuple((option, "true") for option, on in sorted(options.items()) if on),
        written=((name, sql), *_texts(plain_indexes, statements)),
    )


def _column(row: Row, text: TableText, key: tuple[str, ...], without_rowid: bool) -> Column:
    _, cid, name, declared, not_null, default, _, hidden = row
    folded = name.lower()
    # INTEGER PRIMARY KEY is an alias of the rowid: the database numbers it, and it cannot be NULL.
    numbered = key == (name,) and str(declared).strip().upper() == "INTEGER" and not without_rowid
    collation = text.collations.get(folded)
    return Column(
        name,
        spell_type(declared or ""),
        # A key column without NOT NULL takes NULL in SQLite, a bug kept for old files; no mapper ever writes one.
        nullable=not not_null and name not in key,
        default=None if default is None or str(default).strip().upper() == "NULL" else Expression(str(default)),
        auto_increment=numbered,
        generated=Expression(text.generated[folded]) if hidden in (2, 3) and folded in text.generated else None,
        generated_stored=hidden != 2,
        collation=None if collation is None or collation.upper() == "BINARY" else collation,
        position=cid + 1,
        attributes=(f"ON CONFLICT {text.not_null_conflicts[folded]}",) if folded in text.not_null_conflicts else (),
    )


def _texts(indexes: Iterable[Index], statements: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for index in indexes:
        if index.name is not None and statements.get(index.name):
            yield index.name, statements[index.name]


def _primary_key(columns: tuple[str, ...], text: TableText) -> PrimaryKey | None:
    if not columns:
        return None
    written = text.primary_key
    return PrimaryKey(written.name, columns, on_conflict=written.on_conflict) if written else PrimaryKey(None, columns)


def _unique(columns: tuple[str, ...], text: TableText) -> Unique:
    folded = tuple(column.lower() for column in columns)
    written = next((unique for unique in text.uniques if unique.columns == folded), None)
    return Unique(written.name, columns, on_conflict=written.on_conflict) if written else Unique(None, columns)


def _foreign_keys(
    schema: str,
    rows: list[Row],
    text: TableText,
    key_columns: Mapping[str, tuple[str, ...]],
    real_names: RealNames,
) -> tuple[ForeignKey, ...]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[1]].append(row)
    remaining = list(text.foreign_keys)
    found: list[ForeignKey] = []
    for group in groups.values():
        _, _, _, target, _, _, on_update, on_delete, match = group[0]
        columns = tuple(row[4] for row in group)
        folded = tuple(column.lower() for column in columns)
        written = next((key for key in remaining if key.columns == folded), None)
        if written is not None:
            remaining.remove(written)
        # A reference may be written in other letters than the table it means.
        target, target_names = real_names.get(target.lower(), (target, {}))
        # A reference without columns means the target's primary key.
        targets = (
            tuple(target_names.get(row[5].lower(), row[5]) for row in group)
            if group[0][5] is not None
            else key_columns.get(target, ())
        )
        found.append(
            ForeignKey(
                written.name if written else None,
                columns,
                QualifiedName(schema, target),
                targets,
                on_delete=on_delete,
                on_update=on_update,
                deferrable=written.deferrable if written else False,
                initially_deferred=written.initially_deferred if written else False,
                match=match if match not in ("NONE", "") else "SIMPLE",
            )
        )
    return tuple(found)
