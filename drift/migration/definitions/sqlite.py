"""SQLite: from one definition of a table to another.

A column can be added or dropped in place; everything else builds the table anew, copies the rows, and takes its place,
in the order that the manual gives: https://www.sqlite.org/lang_altertable.html#otheralter
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.migration.ddl.quoting import Quoting
from drift.migration.definitions.statement import Statement
from drift.migration.handlers.messages import neutral_text
from drift.schema import Check, Column, ForeignKey, Index, PrimaryKey, QualifiedName, Table, Unique

_SAVEPOINT = "drift_rebuild"
_DROP_COLUMN = (3, 35)
"""The first version that can drop a column in place."""


def sqlite_statements(source: Table, target: Table, quoting: Quoting, server: tuple[int, ...]) -> list[Statement]:
    """The statements that turn ``source`` into ``target``; both have the same name."""
    gone = [index for index in source.indexes if index not in target.indexes]
    new = [index for index in target.indexes if index not in source.indexes]
    left = replace(source, indexes=(), estimated_rows=None, written=())
    right = replace(target, indexes=(), estimated_rows=None, written=())
    in_place = _in_place(left, right, source, quoting, server)
    if in_place is None:
        return [Statement(sql, anew=True) for sql in _rebuild(source, target, quoting)]
    drops = [Statement(f"DROP INDEX {quoting.name(str(index.name))}", subjects=(str(index.name),)) for index in gone]
    makes = [Statement(create_index(target.name, index, quoting), subjects=(str(index.name),)) for index in new]
    return [*drops, *in_place, *makes]


def _in_place(
    left: Table, right: Table, source: Table, quoting: Quoting, server: tuple[int, ...]
) -> list[Statement] | None:
    """Columns added or dropped at the end, indexes aside; ``None`` where the table must be built anew."""
    prefix = f"ALTER TABLE {quoting.qualified(right.name)}"
    added = right.columns[len(left.columns) :]
    if replace(right, columns=right.columns[: len(left.columns)]) == left and all(map(_can_be_added, added)):
        return [Statement(f"{prefix} ADD COLUMN {column_definition(c, quoting)}", subjects=(c.name,)) for c in added]
    dropped = left.columns[len(right.columns) :]
    if replace(left, columns=left.columns[: len(right.columns)]) == right and server >= _DROP_COLUMN:
        if any(_is_used(column, source) for column in dropped):
            return None
        return [Statement(f"{prefix} DROP COLUMN {quoting.name(c.name)}", subjects=(c.name,)) for c in dropped]
    return None


def _can_be_added(column: Column) -> bool:
    """ADD COLUMN takes NULL or a constant, and no stored generated column."""
    if column.generated is not None:
        return not column.generated_stored
    text = column.default.sql.strip() if column.default is not None else ""
    constant = not text.startswith("(") and not text.upper().startswith("CURRENT_") and "(" not in text
    return constant and (column.nullable or column.default is not None)


def _is_used(column: Column, table: Table) -> bool:
    members: list[Unique | ForeignKey] = [*table.uniques, *table.foreign_keys]
    in_key = table.primary_key is not None and column.name in table.primary_key.columns
    return in_key or column.generated is not None or any(column.name in member.columns for member in members)


def _rebuild(source: Table, target: Table, quoting: Quoting) -> Iterator[str]:
    """The old table under another name, the new one, the rows, and the old one gone: all of it, or nothing.

    The new table gets its name by its own text. Renamed, it would never read again as it was written.
    """
    old = QualifiedName(target.name.schema, f"_drift_{target.name.name}")
    kept = [c for c in target.columns if source.column(c.name) is not None and c.generated is None]
    # A column that comes back on the way down: its values are lost, and existing rows need some.
    filled = [c for c in target.columns if source.column(c.name) is None and _needs_value(c)]
    names = quoting.names(c.name for c in [*kept, *filled])
    values = ", ".join(
        [*(quoting.name(c.name) for c in kept), *(quoting.literal(neutral_text(c.type)) for c in filled)]
    )
    table, texts = quoting.qualified(target.name), dict(target.written)
    yield f"SAVEPOINT {_SAVEPOINT}"
    # By the legacy rule, views, triggers and foreign keys go on to mean the name, whatever table bears it.
    yield "PRAGMA legacy_alter_table = ON"
    yield f"ALTER TABLE {table} RENAME TO {quoting.name(old.name)}"
    yield texts.get(target.name.name) or create_table(target, quoting)
    if names:
        yield f"INSERT INTO {table} ({names}) SELECT {values} FROM {quoting.qualified(old)}"
    if counts(source) and counts(target):
        # The copy would count on from the highest number that is left, and give numbers of deleted rows again.
        sequence = f"{quoting.qualified(QualifiedName(target.name.schema, 'sqlite_sequence'))}"
        before, after = (quoting.literal(name.name) for name in (old, target.name))
        yield f"DELETE FROM {sequence} WHERE name = {after}"
        yield f"INSERT INTO {sequence} (name, seq) SELECT {after}, seq FROM {sequence} WHERE name = {before}"
    yield f"DROP TABLE {quoting.qualified(old)}"
    yield "PRAGMA legacy_alter_table = OFF"
    for index in target.indexes:
        yield texts.get(str(index.name)) or create_index(target.name, index, quoting)
    for trigger in target.triggers:
        if trigger.definition is not None:
            yield trigger.definition
    yield f"RELEASE SAVEPOINT {_SAVEPOINT}"


def counts(table: Table) -> bool:
    """Whether it never gives a number twice."""
    return dict(table.options).get("autoincrement") == "true"


def _needs_value(column: Column) -> bool:
    return not column.nullable and column.default is None and column.generated is None and not column.auto_increment


def create_table(table: Table, quoting: Quoting) -> str:
    """The whole statement, without indexes."""
    options = dict(table.options)
    key = table.primary_key
    # AUTOINCREMENT can only be said with the column.
    inline = key is not None and counts(table)
    # Only INTEGER makes a key column number itself, and only where it is the whole key.
    plain = {c.name for c in table.columns if c.type == "integer" and not c.auto_increment}
    written = [
        replace(c, type="int") if key is not None and key.columns == (c.name,) and c.name in plain else c
        for c in table.columns
    ]
    parts = [
        column_definition(column, quoting)
        + (f" PRIMARY KEY{_conflict(key)} AUTOINCREMENT" if inline and key and (column.name,) == key.columns else "")
        for column in written
    ]
    if key is not None and not inline:
        parts.append(f"{_name(key.name, quoting)}PRIMARY KEY ({quoting.names(key.columns)}){_conflict(key)}")
    parts += [constraint_definition(member, quoting) for member in table.uniques]
    parts += [constraint_definition(member, quoting) for member in table.checks]
    parts += [constraint_definition(member, quoting) for member in table.foreign_keys]
    tail = ", ".join(
        word for option, word in (("strict", "STRICT"), ("without_rowid", "WITHOUT ROWID")) if option in options
    )
    body = ",\n    ".join(parts)
    return f"CREATE TABLE {quoting.qualified(table.name)} (\n    {body}\n)" + (f" {tail}" if tail else "")


def column_definition(column: Column, quoting: Quoting) -> str:
    """One column."""
    text = f"{quoting.name(column.name)} {column.type.upper() if '(' not in column.type else column.type}".rstrip()
    if column.collation is not None:
        text += f" COLLATE {quoting.name(column.collation)}"
    if column.generated is not None:
        kind = "STORED" if column.generated_stored else "VIRTUAL"
        return f"{text} GENERATED ALWAYS AS ({column.generated.sql}) {kind}" + _null(column)
    if column.default is not None:
        text += f" DEFAULT {_default(column.default.sql)}"
    return text + _null(column)


def _null(column: Column) -> str:
    return "" if column.nullable else " ".join([" NOT NULL", *column.attributes])


def _conflict(key: PrimaryKey | Unique) -> str:
    return f" ON CONFLICT {key.on_conflict}" if key.on_conflict is not None else ""


def _default(sql: str) -> str:
    """Anything but a plain literal must stand in parentheses."""
    text = sql.strip()
    literal = text.startswith(("'", '"')) or text.lstrip("+-").replace(".", "", 1).isdigit()
    word = text.upper() in ("NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME")
    return text if literal or word or text.startswith("(") else f"({text})"


def constraint_definition(member: Unique | Check | ForeignKey, quoting: Quoting) -> str:
    """One table constraint."""
    name = _name(member.name, quoting)
    match member:
        case Unique():
            return f"{name}UNIQUE ({quoting.names(member.columns)}){_conflict(member)}"
        case Check():
            return f"{name}CHECK ({member.expression.sql})"
        case ForeignKey():
            text = f"{name}FOREIGN KEY ({quoting.names(member.columns)}) REFERENCES {quoting.name(member.target.name)}"
            if member.target_columns:
                text += f" ({quoting.names(member.target_columns)})"
            for clause, action in (("DELETE", member.on_delete), ("UPDATE", member.on_update)):
                text += f" ON {clause} {action}" if action != "NO ACTION" else ""
            if member.deferrable:
                text += " DEFERRABLE" + (" INITIALLY DEFERRED" if member.initially_deferred else "")
            return text


def _name(name: str | None, quoting: Quoting) -> str:
    return f"CONSTRAINT {quoting.name(name)} " if name is not None else ""


def create_index(table: QualifiedName, index: Index, quoting: Quoting) -> str:
    """The whole statement."""
    keys = []
    for key in index.keys:
        text = quoting.name(key.column) if key.column is not None else str(key.expression)
        if key.collation is not None:
            text += f" COLLATE {quoting.name(key.collation)}"
        keys.append(text + (" DESC" if key.descending else ""))
    where = f" WHERE {index.predicate.sql}" if index.predicate is not None else ""
    unique = "UNIQUE " if index.unique else ""
    name = quoting.name(str(index.name))
    return f"CREATE {unique}INDEX {name} ON {quoting.name(table.name)} ({', '.join(keys)}){where}"
