"""MySQL and MariaDB: from one definition of a table to another, one statement for each change.

DDL commits by itself there, so every statement comes with the question whether it was done already. Where the server
can build without stopping writers, the statement insists on it, and fails instead of blocking.
Sources: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html and
https://mariadb.com/kb/en/innodb-online-ddl-overview/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from drift.migration.ddl.quoting import Quoting
from drift.migration.definitions.mysql_words import (
    check_definition,
    chosen_name,
    column_definition,
    foreign_key_definition,
    index_definition,
    named,
    real,
    stands_with,
    visibility,
)
from drift.migration.definitions.statement import Statement
from drift.schema import Check, Column, ForeignKey, Index, Table, Unique

_ONLINE = "ALGORITHM=INPLACE, LOCK=NONE"


def mysql_statements(source: Table, target: Table, quoting: Quoting) -> list[Statement]:
    """The statements that turn ``source`` into ``target``; both have the same name."""
    return list(_Difference(source, target, quoting).statements())


class _Difference:
    def __init__(self, source: Table, target: Table, quoting: Quoting) -> None:
        self.source = source
        self.target = target
        self.quoting = quoting
        self.prefix = f"ALTER TABLE {quoting.qualified(target.name)}"

    def statements(self) -> Iterator[Statement]:
        """What must go first, what changes, what comes."""
        source, target = self.source, self.target
        yield from self._drop_foreign_keys(_gone(source.foreign_keys, target.foreign_keys))
        yield from self._drop_checks(_gone(named(source.checks), named(target.checks)))
        yield from self._loosen()
        added = [c for c in target.columns if source.column(c.name) is None]
        dropped = [c for c in source.columns if target.column(c.name) is None]
        # An index that a foreign key needs must not be missing for a moment: the new ones come first.
        yield from (self._add_column(column) for column in added)
        for column in self._changed():
            yield self._modify(column)
            yield from self._recomputed(column)
        yield from self._primary_key()
        yield from self._keys()
        yield from (self._drop_column(column) for column in dropped)
        yield from (self._add_check(check) for check in _gone(named(target.checks), named(source.checks)))
        for key in _gone(target.foreign_keys, source.foreign_keys):
            yield from self._add_foreign_key(key)
        yield from self._options()

    def _loosen(self) -> Iterator[Statement]:
        """Drop what goes anyway before its columns change their types: a text column cannot be in an index as a whole.

        A spatial index goes even where it comes again: MySQL changes no reference system below one.
        """
        retyped = {c.name for c in self._changed() if _type(self.source, c.name) != c.type}
        staying = [key.columns for key in self.source.foreign_keys if key in self.target.foreign_keys]
        keys: list[Unique | Index] = [*self.source.uniques, *real(self.source.indexes)]
        for key in keys:
            kept = key in self.target.uniques or key in self.target.indexes
            spatial = isinstance(key, Index) and key.method == "spatial"
            used = any(key.columns[: len(columns)] == columns for columns in staying)
            if used or retyped.isdisjoint(key.columns) or (kept and not spatial):
                continue
            yield self._drop_index(key.name, key.columns)
            self.source = replace(
                self.source,
                uniques=tuple(other for other in self.source.uniques if other != key),
                indexes=tuple(other for other in self.source.indexes if other != key),
            )

    # columns

    def _changed(self) -> Iterator[Column]:
        for column in self.target.columns:
            before = self.source.column(column.name)
            if before is None:
                continue
            same = replace(before, position=0, location=None) == replace(column, position=0, location=None)
            if not same or self._column_check(self.source, column) != self._column_check(self.target, column):
                yield column

    def _definition(self, column: Column) -> str:
        return column_definition(column, self._column_check(self.target, column), self.quoting)

    def _column_check(self, table: Table, column: Column) -> str | None:
        """MariaDB's check that stands with its column; restating the column without it would drop it."""
        return next((c.expression.sql for c in table.checks if stands_with(c, column.name)), None)

    def _add_column(self, column: Column) -> Statement:
        return Statement(
            f"{self.prefix} ADD COLUMN {self._definition(column)}",
            self._exists("COLUMNS", "COLUMN_NAME", column.name),
            column.name,
            blocks=column.generated is not None and column.generated_stored,
        )

    def _drop_column(self, column: Column) -> Statement:
        return Statement(
            f"{self.prefix} DROP COLUMN {self.quoting.name(column.name)}",
            self._missing("COLUMNS", "COLUMN_NAME", column.name),
            column.name,
        )

    def _modify(self, column: Column) -> Statement:
        before = self.source.column(column.name)
        if before is not None and self._must_come_anew(before, column):
            return self._anew(column)
        blocks = before is None or before.type != column.type or before.collation != column.collation
        return Statement(f"{self.prefix} MODIFY COLUMN {self._definition(column)}", None, column.name, blocks=blocks)

    def _must_come_anew(self, before: Column, after: Column) -> bool:
        """No server turns a virtual column into another kind in place. In an index it is left to a person."""
        virtual = [c.generated is not None and not c.generated_stored for c in (before, after)]
        members: list[Unique | Index | ForeignKey] = [*self.source.uniques, *self.source.indexes]
        members += self.source.foreign_keys
        return virtual[0] != virtual[1] and not any(after.name in member.columns for member in members)

    def _anew(self, column: Column) -> Statement:
        name = self.quoting.name(column.name)
        text = f"{self.prefix} DROP COLUMN {name}, ADD COLUMN {self._definition(column)}"
        return Statement(text, None, column.name, blocks=True)

    def _recomputed(self, column: Column) -> Iterator[Statement]:
        """What a virtual column showed is written into the plain one that takes its place."""
        before = self.source.column(column.name)
        assert before is not None
        if column.generated is None and before.generated is not None and self._must_come_anew(before, column):
            table, name = self.quoting.qualified(self.target.name), self.quoting.name(column.name)
            yield Statement(f"UPDATE {table} SET {name} = ({before.generated.sql})", None, column.name)

    # keys and constraints

    def _primary_key(self) -> Iterator[Statement]:
        before, after = self.source.primary_key, self.target.primary_key
        old, new = (before.columns if before else ()), (after.columns if after else ())
        if old == new:
            return
        changes = ["DROP PRIMARY KEY"] if old else []
        changes += [f"ADD PRIMARY KEY ({self.quoting.names(new)})"] if new else []
        yield Statement(f"{self.prefix} {', '.join(changes)}", self._primary_key_is(new), "PRIMARY", blocks=True)

    def _primary_key_is(self, columns: tuple[str, ...]) -> str:
        literal = self.quoting.literal(",".join(columns))
        return (
            "SELECT COALESCE(GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX), '') = "
            f"{literal} FROM information_schema.STATISTICS WHERE {self._where()} AND INDEX_NAME = 'PRIMARY'"
        )

    def _keys(self) -> Iterator[Statement]:
        """Unique constraints and indexes: what comes, then what goes; what keeps its name changes in one statement."""
        source, target = self.source, self.target
        old = [*_gone(source.uniques, target.uniques), *_gone(real(source.indexes), real(target.indexes))]
        names = [self._key_name(key) for key in old]
        replaced: set[str] = set()
        for key in (*_gone(target.uniques, source.uniques), *_gone(real(target.indexes), real(source.indexes))):
            added = self._add_unique(key) if isinstance(key, Unique) else self._add_index(key)
            name = self._key_name(key)
            if name in names:
                replaced.add(name)
                hidden = isinstance(key, Index) and replace(key, visible=not key.visible) in old
                if hidden:
                    yield Statement(
                        f"{self.prefix} ALTER INDEX {self.quoting.name(name)} {visibility(key, self.quoting)}",
                        subject=name,
                    )
                    continue
                drop = f"{self.prefix} DROP INDEX {self.quoting.name(name)},"
                added = replace(added, sql=added.sql.replace(self.prefix, drop, 1), done=None)
            yield added
        for key, name in zip(old, names, strict=True):
            if name not in replaced:
                yield self._drop_index(key.name, key.columns)

    def _key_name(self, key: Unique | Index) -> str:
        return self._name(key.name, key.columns, "uq" if isinstance(key, Unique) else "ix")

    def _add_unique(self, unique: Unique) -> Statement:
        name = self._name(unique.name, unique.columns, "uq")
        columns = self.quoting.names(unique.columns)
        return Statement(
            f"{self.prefix} ADD UNIQUE INDEX {self.quoting.name(name)} ({columns}), {_ONLINE}",
            self._exists("STATISTICS", "INDEX_NAME", name),
            unique.name or ",".join(unique.columns),
        )

    def _add_index(self, index: Index) -> Statement:
        name = self._name(index.name, index.columns, "ix")
        online = index.method == "btree" and all(key.expression is None for key in index.keys)
        definition = index_definition(index, name, self.quoting)
        return Statement(
            f"{self.prefix} ADD {definition}" + (f", {_ONLINE}" if online else ""),
            self._exists("STATISTICS", "INDEX_NAME", name),
            index.name or ",".join(index.columns),
            blocks=not online,
        )

    def _drop_index(self, given: str | None, columns: tuple[str, ...]) -> Statement:
        # An index without a name was made by this plan's other direction, under the name that it would give.
        name = given if given is not None else self._name(None, columns, "uq")
        return Statement(
            f"{self.prefix} DROP INDEX {self.quoting.name(name)}",
            self._missing("STATISTICS", "INDEX_NAME", name),
            given or ",".join(columns),
        )

    def _add_check(self, check: Check) -> Statement:
        name = self._name(check.name, check.columns, "ck")
        return Statement(
            f"{self.prefix} ADD {check_definition(check, name, self.quoting)}",
            self._exists("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name),
            check.name or ",".join(check.columns),
            blocks=True,
        )

    def _drop_checks(self, checks: Iterable[Check]) -> Iterator[Statement]:
        for check in checks:
            name = self._name(check.name, check.columns, "ck")
            yield Statement(
                f"{self.prefix} DROP CONSTRAINT {self.quoting.name(name)}",
                self._missing("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name),
                check.name or ",".join(check.columns),
            )

    def _add_foreign_key(self, key: ForeignKey) -> Iterator[Statement]:
        name = self._name(key.name, key.columns, "fk")
        subject = key.name or ",".join(key.columns)
        made = self._implicit_index(self.target, key)
        if made is not None and made.name != name and self._implicit_index(self.source, key) is None:
            # InnoDB would give its index the key's name; this one had another.
            yield replace(self._add_index(made), subject=subject)
        done = self._exists("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name)
        text = f"{self.prefix} ADD {foreign_key_definition(key, name, self.quoting)}"
        yield Statement(text, done, subject, blocks=True)

    def _drop_foreign_keys(self, keys: Iterable[ForeignKey]) -> Iterator[Statement]:
        for key in keys:
            name = self._name(key.name, key.columns, "fk")
            subject = key.name or ",".join(key.columns)
            yield Statement(
                f"{self.prefix} DROP FOREIGN KEY {self.quoting.name(name)}",
                self._missing("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name),
                subject,
            )
            made = self._implicit_index(self.source, key)
            index = made.name if made is not None else name
            if not self._needs_index(key) and index is not None:
                # InnoDB made an index for the key when there was none; nobody asked for it.
                yield Statement(
                    f"{self.prefix} DROP INDEX {self.quoting.name(index)}",
                    self._missing("STATISTICS", "INDEX_NAME", index),
                    subject,
                )

    def _implicit_index(self, table: Table, key: ForeignKey) -> Index | None:
        return next((i for i in table.indexes if i.implicit and i.columns == key.columns), None)

    def _needs_index(self, key: ForeignKey) -> bool:
        """Whether the index behind a dropped key is somebody's, or a key of the target goes on using it."""
        members: list[tuple[str, ...]] = [
            *(unique.columns for table in (self.source, self.target) for unique in table.uniques),
            *(index.columns for table in (self.source, self.target) for index in real(table.indexes)),
            *(table.primary_key.columns for table in (self.source, self.target) if table.primary_key is not None),
            *(other.columns for other in self.target.foreign_keys),
        ]
        return any(columns[: len(key.columns)] == key.columns for columns in members)

    # the table itself

    def _options(self) -> Iterator[Statement]:
        before, after = dict(self.source.options), dict(self.target.options)
        if before.get("engine") != after.get("engine") and "engine" in after:
            yield Statement(f"{self.prefix} ENGINE = {self.quoting.name(after['engine'])}", blocks=True)
        if before.get("row_format") != after.get("row_format") and "row_format" in after:
            yield Statement(f"{self.prefix} ROW_FORMAT = {after['row_format'].upper()}", blocks=True)
        if before.get("collation") != after.get("collation") or before.get("charset") != after.get("charset"):
            charset = after.get("charset") or str(after.get("collation")).split("_")[0]
            collate = f" COLLATE {after['collation']}" if after.get("collation", "").startswith(charset) else ""
            yield Statement(f"{self.prefix} CONVERT TO CHARACTER SET {charset}{collate}", blocks=True)
            # Converting the table converts the columns that have a collation of their own, too, and widens text.
            for column in self.target.columns:
                if column.collation is not None or column.type in ("tinytext", "text", "mediumtext"):
                    yield self._modify(column)
        if self.source.comment != self.target.comment:
            yield Statement(f"{self.prefix} COMMENT = {self.quoting.literal(self.target.comment or '')}")

    # questions

    def _name(self, name: str | None, columns: tuple[str, ...], prefix: str) -> str:
        return name if name is not None else chosen_name(self.target, columns, prefix)

    def _where(self) -> str:
        schema = self.target.name.schema
        place = "DATABASE()" if self.quoting.schema(self.target.name) is None else self.quoting.literal(str(schema))
        return f"TABLE_SCHEMA = {place} AND TABLE_NAME = {self.quoting.literal(self.target.name.name)}"

    def _exists(self, view: str, column: str, name: str) -> str:
        return (
            f"SELECT EXISTS (SELECT 1 FROM information_schema.{view} "
            f"WHERE {self._where()} AND {column} = {self.quoting.literal(name)})"
        )

    def _missing(self, view: str, column: str, name: str) -> str:
        return self._exists(view, column, name).replace("SELECT EXISTS", "SELECT NOT EXISTS", 1)


def _type(table: Table, column: str) -> str | None:
    found = table.column(column)
    return None if found is None else found.type


def _gone(left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
    """What stands in ``left`` and not in ``right``."""
    others = list(right)
    return [item for item in left if item not in others]
