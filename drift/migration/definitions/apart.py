"""Foreign keys of MySQL and MariaDB that cannot be in force while tables change, whoever maps their tables.

Both ends of a foreign key have the same type, sign, character set and collation at every moment, and its target has a
key. Where an end or that key changes, the foreign key is taken off before the first table changes and put on when the
last one has. One that could not come back refuses what is in its way, before anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from drift.findings import Finding
from drift.migration.definitions.mysql_words import effective_charset, foreign_key_name
from drift.migration.definitions.target import Definitions, renamed
from drift.migration.handlers.messages import drop_reason
from drift.migration.plan import Guard
from drift.schema import ForeignKey, Index, QualifiedName, Table, TableKind, Unique

if TYPE_CHECKING:
    from drift.migration.context import PlanContext

_WHOLE_TABLE = ("TB310", "TB311")
"""Findings about a table's options, its character set among them."""


class Apart:
    """The foreign keys that are off meanwhile.

    Args:
        found: The definitions of the tables that change.
        context: The plan's context.

    Attributes:
        definitions: What is left of them, and the tables that only give their foreign keys.
    """

    def __init__(self, found: Sequence[Definitions], context: PlanContext) -> None:
        self.context = context
        self.definitions = {one.source.name: one for one in found}
        dropped = set(_dropped(context))
        for pair in context.alignment.tables:
            if pair.actual is not None and pair.actual.name not in dropped and pair.actual.kind is not TableKind.VIEW:
                table = renamed(pair, context.column_names(pair), context)
                self.definitions.setdefault(table.name, Definitions(table, table, (), (), ()))
        while self._refused():
            pass
        self._keys = {
            name: frozenset(key for key in (*one.source.foreign_keys, *one.target.foreign_keys) if self._is(one, key))
            for name, one in self.definitions.items()
        }
        self.definitions = {
            name: one if one.answered else replace(one, answered=self._causes(one))
            for name, one in self.definitions.items()
            if one.source != one.target or self._keys[name]
        }
        context.moving |= {name for name, one in self.definitions.items() if one.source != one.target}

    def keys(self, table: QualifiedName) -> frozenset[ForeignKey]:
        """Those of one table."""
        return self._keys.get(table, frozenset())

    def guards(self, found: Definitions) -> Iterator[Guard]:
        """Nothing refers to what changes in a table, but what this plan knows."""
        moving = [c.name for c in found.source.columns if self._moves(found.source.name, (c.name,))]
        if not moving:
            return
        quoting, name = self.context.quoting, found.source.name
        sides = (self.context.alignment.actual.tables, self.context.alignment.expected.tables)
        known = dict.fromkeys(table.name for tables in sides for table in tables)
        listed = ", ".join(f"({self._schema(one)}, {quoting.literal(one.name)})" for one in known)
        yield Guard(
            "SELECT EXISTS (SELECT 1 FROM information_schema.KEY_COLUMN_USAGE "
            f"WHERE REFERENCED_TABLE_SCHEMA = {self._schema(name)} "
            f"AND REFERENCED_TABLE_NAME = {quoting.literal(name.name)} "
            f"AND REFERENCED_COLUMN_NAME IN ({', '.join(map(quoting.literal, moving))}) "
            f"AND (TABLE_SCHEMA, TABLE_NAME) NOT IN ({listed}))",
            f"a table that this plan does not see has a foreign key to {name}, whose columns change: take the foreign "
            "key off, run this again, and put it back.",
        )

    def _schema(self, name: QualifiedName) -> str:
        quoting = self.context.quoting
        return "DATABASE()" if quoting.schema(name) is None else quoting.literal(str(name.schema))

    # what moves

    def _is(self, one: Definitions, key: ForeignKey) -> bool:
        if self._moves(key.target, key.target_columns) or self._key_moves(key):
            return True
        kept = key in one.source.foreign_keys and key in one.target.foreign_keys
        return kept and self._moves(one.source.name, key.columns)

    def _moves(self, table: QualifiedName, columns: Iterable[str]) -> bool:
        one = self.definitions.get(table)
        if one is None:
            return False
        return any(_end(one.source, column) != _end(one.target, column) for column in columns)

    def _key_moves(self, key: ForeignKey) -> bool:
        """No key of its target serves it all the time."""
        one = self.definitions.get(key.target)
        if one is None or one.source == one.target:
            return False
        there, then = (set(_keys(table, key)) for table in (one.source, one.target))
        return there.isdisjoint(then)

    def _causes(self, one: Definitions) -> tuple[Finding, ...]:
        targets = [key.target for key in self._keys[one.source.name]]
        found = [self.definitions[target].answered for target in targets if target in self.definitions]
        return tuple(dict.fromkeys(finding for findings in found for finding in findings))

    # what cannot be

    def _refused(self) -> bool:
        """Refuse one change that a foreign key does not survive, if there is one."""
        for name, one in self.definitions.items():
            for key in one.target.foreign_keys:
                target = self.definitions.get(key.target)
                if target is None or key not in one.source.foreign_keys:
                    continue
                said = f"the foreign key {foreign_key_name(one.target, key)} of {name} "
                ends = [(name, column) for column in key.columns]
                ends += [(key.target, column) for column in key.target_columns]
                if not self._fits(one.target, target.target, key):
                    if self._take_back(ends, said + "would have ends of different types: change both"):
                        return True
                elif not self._has_key(target, key) and self._take_back_key(key, said + "rests on it"):
                    return True
        return False

    def _fits(self, child: Table, parent: Table, key: ForeignKey) -> bool:
        pairs = zip(key.columns, key.target_columns, strict=True)
        return all(_kind(_end(child, one)) == _kind(_end(parent, other)) for one, other in pairs)

    def _has_key(self, one: Definitions, key: ForeignKey) -> bool:
        """Whether the foreign key can rest on its target as before; MySQL wants the very columns to be unique."""
        there, then = (list(_keys(table, key)) for table in (one.source, one.target))
        exact = key.target_columns in there and self.context.dialect == "mysql"
        return key.target_columns in then if exact else bool(then)

    def _take_back(self, ends: Iterable[tuple[QualifiedName, str]], reason: str) -> bool:
        """Leave the ends as they are; ``False`` where the plan does not change them."""
        done = False
        for table, column in ends:
            one = self.definitions[table]
            if _end(one.source, column) == _end(one.target, column):
                continue
            findings = [f for f in one.answered if f.subject.name == column or f.code in _WHOLE_TABLE]
            before = one.source.column(column)
            columns = tuple(before if before and c.name == column else c for c in one.target.columns)
            if before is not None and before not in one.target.columns and column not in {c.name for c in columns}:
                columns = (*columns, before)
            options = one.source.options if any(f.code in _WHOLE_TABLE for f in findings) else one.target.options
            self._without(one, replace(one.target, columns=columns, options=options), findings, reason)
            done = True
        return done

    def _take_back_key(self, key: ForeignKey, reason: str) -> bool:
        one = self.definitions[key.target]
        members: list[Unique | Index] = [*one.source.uniques, *one.source.indexes]
        names = {
            member.name or ",".join(member.columns)
            for member in members
            if member.columns[: len(key.target_columns)] == key.target_columns
        }
        findings = [f for f in one.answered if f.code.startswith("PK") or f.subject.name in names]
        if one.source == one.target or not findings:
            return False
        back = replace(
            one.target,
            primary_key=one.source.primary_key,
            uniques=tuple(dict.fromkeys((*one.source.uniques, *one.target.uniques))),
            indexes=tuple(dict.fromkeys((*one.source.indexes, *one.target.indexes))),
        )
        self._without(one, back, findings, reason)
        return True

    def _without(self, one: Definitions, target: Table, findings: Sequence[Finding], reason: str) -> None:
        for finding in findings:
            self.context.refuse(finding, reason)
        answered = tuple(finding for finding in one.answered if finding not in findings)
        self.definitions[one.source.name] = replace(one, target=target, answered=answered)


def _dropped(context: PlanContext) -> Iterator[QualifiedName]:
    """Tables that go, with a step for their foreign keys."""
    if drop_reason(context.options, "") is not None:
        return
    for finding in context.findings:
        pair = context.table_pair(finding.subject) if finding.code in ("TB201", "TB202") else None
        if pair is not None and pair.actual is not None:
            yield pair.actual.name


_End = tuple[str, tuple[str | None, str | None]]


def _end(table: Table, name: str) -> _End | None:
    column = table.column(name)
    return None if column is None else (column.type, effective_charset(column, table))


def _kind(end: _End | None) -> _End | None:
    """What must be the same at both ends: lengths of text may differ."""
    if end is None:
        return None
    word = end[0].split("(")[0]
    text = "text" if word in ("char", "varchar") else "bytes" if word in ("binary", "varbinary") else end[0]
    return text, end[1]


def _keys(table: Table, key: ForeignKey) -> Iterator[tuple[str, ...]]:
    """The columns of the table's keys that begin with those to which the foreign key refers."""
    members = [table.primary_key.columns] if table.primary_key is not None else []
    members += [unique.columns for unique in table.uniques]
    members += [index.columns for index in table.indexes if all(part.length is None for part in index.keys)]
    for columns in members:
        if columns[: len(key.target_columns)] == key.target_columns:
            yield columns
