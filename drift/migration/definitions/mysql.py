"""MySQL and MariaDB: from one definition of a table to another, one ALTER TABLE where the server allows it.

DDL commits by itself there, so every statement comes with the question whether it was done already. Where the server
can build without stopping writers, the statement insists on it, and fails instead of blocking.
Sources: https://dev.mysql.com/doc/refman/8.4/en/innodb-online-ddl-operations.html and
https://mariadb.com/kb/en/innodb-online-ddl-overview/
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from drift.migration.ddl.quoting import Quoting
from drift.migration.definitions.mysql_words import (
    check_definition,
    chosen_name,
    column_definition,
    effective_charset,
    foreign_key_definition,
    foreign_key_name,
    index_definition,
    named,
    real,
    stands_with,
    visibility,
)
from drift.migration.definitions.statement import Statement
from drift.schema import Check, Column, ForeignKey, Index, IndexKey, Table, Unique

_ONLINE = "ALGORITHM=INPLACE, LOCK=NONE"


class _Cost(IntEnum):
    """What a clause costs, in the order in which clauses run that need not share one statement."""

    BRIEF = 1
    ONLINE = 2
    """Rows are read, and writers go on."""
    LAST = 3
    """Brief, and after the indexes have gone."""
    BLOCKS = 4
    """Writers wait."""


@dataclass(frozen=True, slots=True)
class _Clause:
    """What stands behind ALTER TABLE; ``done`` as in :class:`Statement`."""

    sql: str
    done: str | None
    subject: str
    cost: _Cost = _Cost.BRIEF


@dataclass(frozen=True, slots=True)
class Passage:
    """The way from one definition to another.

    Attributes:
        detach: Takes off the foreign keys that stand in the way of what changes here or elsewhere.
        change: Everything else.
        attach: Puts on what refers to, or rests on, something that changes elsewhere.
    """

    detach: tuple[Statement, ...]
    change: tuple[Statement, ...]
    attach: tuple[Statement, ...]


def mysql_passage(
    source: Table, target: Table, quoting: Quoting, apart: Collection[ForeignKey] = frozenset()
) -> Passage:
    """The statements that turn ``source`` into ``target``; both have the same name.

    Args:
        source: As it is.
        target: As it is to be, its indexes settled.
        quoting: How names are written.
        apart: Foreign keys that cannot be in force while tables change.
    """
    return _Difference(source, target, quoting, apart).passage()


def settled(target: Table, source: Table) -> Table:
    """The table with the indexes that InnoDB needs for its foreign keys, under the names that it gives them.

    One that it made goes with its key, and with the first other index that serves the key. A key whose index goes gets
    another one in its place.
    """
    asked_for = _served(target, implicit=False)
    new = [columns for columns in asked_for if columns not in _served(source, implicit=False)]
    taken = {index.name for index in real(target.indexes)} | {unique.name for unique in target.uniques}
    kept: list[Index] = []
    for key in target.foreign_keys:
        if any(_serves(columns, key) for columns in new):
            continue
        there = next((i for i in target.indexes if i.implicit and i.columns == key.columns), None)
        if there is None and any(_serves(columns, key) for columns in asked_for):
            continue
        names = (foreign_key_name(target, key), key.columns[0])
        if there is not None and there.name in names:
            kept.append(there)
            continue
        name = next((name for name in names if name not in taken), f"{names[0][:62]}_2")
        keys = there.keys if there is not None else tuple(IndexKey(column) for column in key.columns)
        kept.append(Index(name, keys, implicit=True))
    needed = {index.name: index for index in kept if index.name not in taken}
    stays = [index for index in target.indexes if not index.implicit or needed.pop(index.name, None) == index]
    return replace(target, indexes=(*stays, *needed.values()))


def _served(table: Table, *, implicit: bool) -> list[tuple[str, ...]]:
    """The columns of everything that a foreign key can rest on."""
    found = [unique.columns for unique in table.uniques]
    found += [table.primary_key.columns] if table.primary_key is not None else []
    whole = (i for i in table.indexes if i.method == "btree" and all(_is_whole(key) for key in i.keys))
    return found + [index.columns for index in whole if implicit or not index.implicit]


def _is_whole(key: IndexKey) -> bool:
    return key.column is not None and key.length is None


def _serves(columns: tuple[str, ...], key: ForeignKey) -> bool:
    return columns[: len(key.columns)] == key.columns


class _Difference:
    def __init__(self, source: Table, target: Table, quoting: Quoting, apart: Collection[ForeignKey]) -> None:
        # MySQL changes no reference system below a spatial index, not even where the same statement drops it.
        retyped = {c.name for c in target.columns if (old := source.column(c.name)) and old.type != c.type}
        self.spatial = [i for i in source.indexes if i.method == "spatial" and not retyped.isdisjoint(i.columns)]
        self.source = replace(source, indexes=tuple(i for i in source.indexes if i not in self.spatial))
        self.target = target
        self.quoting = quoting
        self.apart = apart
        self.prefix = f"ALTER TABLE {quoting.qualified(target.name)}"

    def passage(self) -> Passage:
        """All three parts."""
        clauses = list(self._clauses())
        if any(clause.cost is _Cost.BLOCKS for clause in clauses):
            groups = [clauses]
        else:
            groups = [[clause for clause in clauses if clause.cost is cost] for cost in _Cost]
        change = [self._statement([self._drop_index(index, again=False)]) for index in self.spatial]
        change += (self._statement(group) for group in groups if group)
        change += (self._statement([clause]) for clause in self._finally())
        change += (statement for column in self._changed() for statement in self._recomputed(column))
        source, target = self.source.foreign_keys, self.target.foreign_keys
        gone = [self._drop_foreign_key(key) for key in source if key in self.apart]
        come = [self._add_foreign_key(key) for key in target if key in self.apart]
        return Passage(
            (self._statement(gone),) if gone else (),
            tuple(change),
            (self._statement(come),) if come else (),
        )

    def _statement(self, clauses: list[_Clause]) -> Statement:
        """One statement; it was done where all is as its clauses leave it."""
        questions = [clause.done for clause in clauses if clause.done is not None]
        done = None
        if questions:
            done = questions[0] if len(questions) == 1 else "SELECT " + " AND ".join(f"({q})" for q in questions)
        text = f"{self.prefix} {', '.join(clause.sql for clause in clauses)}"
        online = all(clause.cost is _Cost.ONLINE for clause in clauses)
        return Statement(
            f"{text}, {_ONLINE}" if online else text,
            done,
            tuple(dict.fromkeys(clause.subject for clause in clauses)),
            blocks=any(clause.cost is _Cost.BLOCKS for clause in clauses),
        )

    def _clauses(self) -> Iterator[_Clause]:
        """What must go first, what changes, what comes."""
        source, target = self.source, self.target
        for key in _gone(source.foreign_keys, target.foreign_keys):
            if key not in self.apart:
                yield self._drop_foreign_key(key)
        yield from (self._drop_check(check) for check in _gone(named(source.checks), named(target.checks)))
        for column in target.columns:
            if source.column(column.name) is None:
                yield self._add_column(column)
        yield from (self._modify(column) for column in self._changed())
        yield from self._primary_key()
        yield from self._keys()
        for column in source.columns:
            if target.column(column.name) is None:
                yield self._drop_column(column)
        yield from (self._add_check(check) for check in _gone(named(target.checks), named(source.checks)))
        for key in _gone(target.foreign_keys, source.foreign_keys):
            if key not in self.apart:
                yield self._add_foreign_key(key, interim=self._keeps_name(key))
        yield from self._options()

    def _finally(self) -> Iterator[_Clause]:
        """The names that foreign keys get only when those who bore them have gone."""
        for key in _gone(self.target.foreign_keys, self.source.foreign_keys):
            if key in self.apart or not self._keeps_name(key):
                continue
            name, interim = foreign_key_name(self.target, key), self._interim(key)
            definition = foreign_key_definition(key, name, self.quoting)
            yield _Clause(
                f"DROP FOREIGN KEY {self.quoting.name(interim)}, ADD {definition}",
                self._missing("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", interim),
                self._subject(key),
                _Cost.BLOCKS,
            )

    # columns

    def _changed(self) -> Iterator[Column]:
        for column in self.target.columns:
            before = self.source.column(column.name)
            if before is None:
                continue
            same = replace(before, position=0, location=None) == replace(column, position=0, location=None)
            same = same and effective_charset(before, self.source) == effective_charset(column, self.target)
            if not same or self._column_check(self.source, column) != self._column_check(self.target, column):
                yield column

    def _definition(self, column: Column) -> str:
        return column_definition(column, self._column_check(self.target, column), self.quoting)

    def _column_check(self, table: Table, column: Column) -> str | None:
        """MariaDB's check that stands with its column; restating the column without it would drop it."""
        return next((c.expression.sql for c in table.checks if stands_with(c, column.name)), None)

    def _add_column(self, column: Column) -> _Clause:
        computed = column.generated is not None and column.generated_stored
        return _Clause(
            f"ADD COLUMN {self._definition(column)}",
            self._exists("COLUMNS", "COLUMN_NAME", column.name),
            column.name,
            _Cost.BLOCKS if computed or column.auto_increment else _Cost.BRIEF,
        )

    def _drop_column(self, column: Column) -> _Clause:
        return _Clause(
            f"DROP COLUMN {self.quoting.name(column.name)}",
            self._missing("COLUMNS", "COLUMN_NAME", column.name),
            column.name,
            _Cost.LAST,
        )

    def _modify(self, column: Column) -> _Clause:
        before = self.source.column(column.name)
        assert before is not None
        if self._must_come_anew(before, column):
            text = f"DROP COLUMN {self.quoting.name(column.name)}, ADD COLUMN {self._definition(column)}"
            return _Clause(text, None, column.name, _Cost.BLOCKS)
        charsets = effective_charset(before, self.source), effective_charset(column, self.target)
        blocks = before.type != column.type or charsets[0] != charsets[1]
        text = f"MODIFY COLUMN {self._definition(column)}"
        return _Clause(text, None, column.name, _Cost.BLOCKS if blocks else _Cost.BRIEF)

    def _must_come_anew(self, before: Column, after: Column) -> bool:
        """No server turns a virtual column into another kind in place. In an index it is left to a person."""
        virtual = [c.generated is not None and not c.generated_stored for c in (before, after)]
        members: list[Unique | Index | ForeignKey] = [*self.source.uniques, *self.source.indexes]
        members += self.source.foreign_keys
        return virtual[0] != virtual[1] and not any(after.name in member.columns for member in members)

    def _recomputed(self, column: Column) -> Iterator[Statement]:
        """What a virtual column showed is written into the plain one that takes its place."""
        before = self.source.column(column.name)
        assert before is not None
        if column.generated is None and before.generated is not None and self._must_come_anew(before, column):
            table, name = self.quoting.qualified(self.target.name), self.quoting.name(column.name)
            yield Statement(f"UPDATE {table} SET {name} = ({before.generated.sql})", None, (column.name,))

    # keys and constraints

    def _primary_key(self) -> Iterator[_Clause]:
        before, after = self.source.primary_key, self.target.primary_key
        old, new = (before.columns if before else ()), (after.columns if after else ())
        if old == new:
            return
        changes = ["DROP PRIMARY KEY"] if old else []
        changes += [f"ADD PRIMARY KEY ({self.quoting.names(new)})"] if new else []
        yield _Clause(", ".join(changes), self._primary_key_is(new), "PRIMARY", _Cost.BLOCKS)

    def _primary_key_is(self, columns: tuple[str, ...]) -> str:
        literal = self.quoting.literal(",".join(columns))
        return (
            "SELECT COALESCE(GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX), '') = "
            f"{literal} FROM information_schema.STATISTICS WHERE {self._where()} AND INDEX_NAME = 'PRIMARY'"
        )

    def _keys(self) -> Iterator[_Clause]:
        """Unique constraints and indexes: what is renamed, comes, and goes."""
        old = [*_gone(self.source.uniques, self.target.uniques), *_gone(self.source.indexes, self.target.indexes)]
        new = [*_gone(self.target.uniques, self.source.uniques), *_gone(self.target.indexes, self.source.indexes)]
        for key in list(new):
            before = next((other for other in old if _nameless(other) == _nameless(key)), None)
            if before is not None:
                old.remove(before)
                new.remove(key)
                yield self._rename_index(before, key)
        names = [self._key_name(key) for key in new]
        for key in old:
            again = [other for other in new if self._key_name(other) == self._key_name(key)]
            if any(_with_visibility(other, key) == key for other in again):
                new = [other for other in new if other not in again]
                index = next(other for other in again if isinstance(other, Index))
                text = f"ALTER INDEX {self.quoting.name(str(index.name))} {visibility(index, self.quoting)}"
                yield _Clause(text, None, str(index.name))
                continue
            yield self._drop_index(key, again=self._key_name(key) in names)
        gone = [self._key_name(key) for key in old]
        for key in new:
            yield self._add_index(key, again=self._key_name(key) in gone)
        for index in self._made_by_the_server():
            yield self._drop_index(index, again=True)
            yield self._add_index(index, again=True)

    def _made_by_the_server(self) -> Iterator[Index]:
        """Indexes that the server would rename after a foreign key that comes: it keeps one that was asked for."""
        come = [key for key in self.target.foreign_keys if key not in self.source.foreign_keys or key in self.apart]
        for index in self.target.indexes:
            keys = [foreign_key_name(self.target, key) for key in come if key.columns == index.columns]
            if index.implicit and index in self.source.indexes and any(name != index.name for name in keys):
                yield index

    def _key_name(self, key: Unique | Index) -> str:
        return self._name(key.name, key.columns, "uq" if isinstance(key, Unique) else "ix")

    def _rename_index(self, before: Unique | Index, after: Unique | Index) -> _Clause:
        old, new = self._key_name(before), self._key_name(after)
        return _Clause(
            f"RENAME INDEX {self.quoting.name(old)} TO {self.quoting.name(new)}",
            self._exists("STATISTICS", "INDEX_NAME", new),
            after.name or ",".join(after.columns),
        )

    def _add_index(self, key: Unique | Index, *, again: bool) -> _Clause:
        name = self._key_name(key)
        if isinstance(key, Unique):
            online, definition = True, f"UNIQUE INDEX {self.quoting.name(name)} ({self.quoting.names(key.columns)})"
        else:
            online = key.method == "btree" and all(part.expression is None for part in key.keys)
            definition = index_definition(key, name, self.quoting)
        return _Clause(
            f"ADD {definition}",
            None if again else self._exists("STATISTICS", "INDEX_NAME", name),
            key.name or ",".join(key.columns),
            _Cost.ONLINE if online else _Cost.BLOCKS,
        )

    def _drop_index(self, key: Unique | Index, *, again: bool) -> _Clause:
        # An index without a name was made by this plan's other direction, under the name that it would give.
        name = key.name if key.name is not None else self._name(None, key.columns, "uq")
        return _Clause(
            f"DROP INDEX {self.quoting.name(name)}",
            None if again else self._missing("STATISTICS", "INDEX_NAME", name),
            key.name or ",".join(key.columns),
            _Cost.ONLINE,
        )

    def _add_check(self, check: Check) -> _Clause:
        name = self._name(check.name, check.columns, "ck")
        again = any(self._name(old.name, old.columns, "ck") == name for old in self.source.checks)
        return _Clause(
            f"ADD {check_definition(check, name, self.quoting)}",
            None if again else self._exists("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name),
            check.name or ",".join(check.columns),
            _Cost.BLOCKS,
        )

    def _drop_check(self, check: Check) -> _Clause:
        name = self._name(check.name, check.columns, "ck")
        again = any(self._name(new.name, new.columns, "ck") == name for new in self.target.checks)
        return _Clause(
            f"DROP CONSTRAINT {self.quoting.name(name)}",
            None if again else self._missing("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name),
            check.name or ",".join(check.columns),
        )

    def _subject(self, key: ForeignKey) -> str:
        return key.name or ",".join(key.columns)

    def _keeps_name(self, key: ForeignKey) -> bool:
        """Whether another key bears its name, which no server gives to two in one statement."""
        name = foreign_key_name(self.target, key)
        return any(foreign_key_name(self.source, old) == name for old in self.source.foreign_keys)

    def _interim(self, key: ForeignKey) -> str:
        return f"{foreign_key_name(self.target, key)[:58]}_drift"

    def _add_foreign_key(self, key: ForeignKey, *, interim: bool = False) -> _Clause:
        name = self._interim(key) if interim else foreign_key_name(self.target, key)
        done = self._exists("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name)
        if interim:
            done = f"{done} OR ({self._key_is(key)})"
        text = f"ADD {foreign_key_definition(key, name, self.quoting)}"
        return _Clause(text, done, self._subject(key), _Cost.BLOCKS)

    def _key_is(self, key: ForeignKey) -> str:
        """The key of that name is this one."""
        name, literal = foreign_key_name(self.target, key), self.quoting.literal
        rules = {"NO ACTION": "('NO ACTION', 'RESTRICT')"}
        wanted = (
            f"CONSTRAINT_SCHEMA = {self._schema()} AND TABLE_NAME = {literal(self.target.name.name)} "
            f"AND CONSTRAINT_NAME = {literal(name)}"
        )
        return (
            f"SELECT EXISTS (SELECT 1 FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {wanted} "
            f"AND REFERENCED_TABLE_NAME = {literal(key.target.name)} "
            f"AND DELETE_RULE IN {rules.get(key.on_delete, f'({literal(key.on_delete)})')} "
            f"AND UPDATE_RULE IN {rules.get(key.on_update, f'({literal(key.on_update)})')}) "
            "AND (SELECT GROUP_CONCAT(CONCAT(COLUMN_NAME, '=', REFERENCED_COLUMN_NAME) ORDER BY ORDINAL_POSITION) "
            f"FROM information_schema.KEY_COLUMN_USAGE WHERE {wanted}) = "
            + literal(",".join(f"{one}={other}" for one, other in zip(key.columns, key.target_columns, strict=True)))
        )

    def _drop_foreign_key(self, key: ForeignKey) -> _Clause:
        name = foreign_key_name(self.source, key)
        again = any(foreign_key_name(self.target, new) == name for new in self.target.foreign_keys)
        return _Clause(
            f"DROP FOREIGN KEY {self.quoting.name(name)}",
            None if again and key not in self.apart else self._missing("TABLE_CONSTRAINTS", "CONSTRAINT_NAME", name),
            self._subject(key),
        )

    # the table itself

    def _options(self) -> Iterator[_Clause]:
        before, after = dict(self.source.options), dict(self.target.options)
        if before.get("engine") != after.get("engine") and "engine" in after:
            yield _Clause(f"ENGINE = {self.quoting.name(after['engine'])}", None, "", _Cost.BLOCKS)
        if before.get("row_format") != after.get("row_format") and "row_format" in after:
            yield _Clause(f"ROW_FORMAT = {after['row_format'].upper()}", None, "", _Cost.BLOCKS)
        if before.get("collation") != after.get("collation") or before.get("charset") != after.get("charset"):
            charset = after.get("charset") or str(after.get("collation")).split("_")[0]
            collate = f" COLLATE {after['collation']}" if after.get("collation", "").startswith(charset) else ""
            # CONVERT TO would change columns that have a collation of their own, and widen text: each column that
            # follows the table is restated instead.
            yield _Clause(f"DEFAULT CHARACTER SET {charset}{collate}", None, "")
        if self.source.comment != self.target.comment:
            yield _Clause(f"COMMENT = {self.quoting.literal(self.target.comment or '')}", None, "")

    # questions

    def _name(self, name: str | None, columns: tuple[str, ...], prefix: str) -> str:
        return name if name is not None else chosen_name(self.target, columns, prefix)

    def _schema(self) -> str:
        schema = self.target.name.schema
        return "DATABASE()" if self.quoting.schema(self.target.name) is None else self.quoting.literal(str(schema))

    def _where(self) -> str:
        return f"TABLE_SCHEMA = {self._schema()} AND TABLE_NAME = {self.quoting.literal(self.target.name.name)}"

    def _exists(self, view: str, column: str, name: str) -> str:
        return (
            f"SELECT EXISTS (SELECT 1 FROM information_schema.{view} "
            f"WHERE {self._where()} AND {column} = {self.quoting.literal(name)})"
        )

    def _missing(self, view: str, column: str, name: str) -> str:
        return self._exists(view, column, name).replace("SELECT EXISTS", "SELECT NOT EXISTS", 1)


def _nameless(key: Unique | Index) -> Unique | Index:
    """What it is apart from its name, and from who asked for it."""
    return replace(key, name=None, implicit=False) if isinstance(key, Index) else replace(key, name=None)


def _with_visibility(key: Unique | Index, other: Unique | Index) -> Unique | Index:
    if isinstance(key, Index) and isinstance(other, Index):
        return replace(key, visible=other.visible)
    return key


def _gone(left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
    """What stands in ``left`` and not in ``right``."""
    others = list(right)
    return [item for item in left if item not in others]
