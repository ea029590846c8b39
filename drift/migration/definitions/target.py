"""The definition that a table should have: the database's own, with the findings put right, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from drift.alignment import Pair, TablePair
from drift.findings import Finding, SubjectKind
from drift.migration.definitions.mysql import settled
from drift.migration.handlers.messages import drop_reason
from drift.migration.translate import target_after_renames
from drift.schema import Check, Column, ForeignKey, Index, PrimaryKey, QualifiedName, Table, Unique

if TYPE_CHECKING:
    from drift.migration.context import PlanContext

_FACETS: Mapping[str, tuple[str, ...]] = {
    "CO301": ("type", "enum_labels"),
    "CO302": ("nullable",),
    "CO303": ("default",),
    "CO304": ("identity", "auto_increment"),
    "CO305": ("generated", "generated_stored"),
    "CO306": ("collation", "charset"),
    "CO307": ("comment",),
    "CO310": ("auto_increment", "default"),
    "CO311": ("on_update",),
    "CO312": ("charset",),
    "VT206": ("identity", "auto_increment"),
    "VT207": ("generated", "generated_stored"),
    "VT208": ("nullable",),
    "VT209": ("default",),
    "VT305": ("type", "enum_labels"),
    "VT308": ("type", "enum_labels"),
    "VT309": ("nullable",),
    "VT310": ("default",),
    "VT311": ("nullable",),
    "VT312": ("default",),
}
"""Which attributes of a column a finding is about; any other code is about all of them."""
_ALL_FACETS = tuple(dict.fromkeys(facet for facets in _FACETS.values() for facet in facets))

_MEMBERS = ("uniques", "foreign_keys", "checks", "indexes")
_LISTS: Mapping[SubjectKind, tuple[str, ...]] = {
    # A unique constraint and a unique index are the same thing in these databases; either may answer for the other.
    SubjectKind.UNIQUE: ("uniques", "indexes"),
    SubjectKind.INDEX: ("indexes", "uniques"),
    SubjectKind.FOREIGN_KEY: ("foreign_keys",),
    SubjectKind.CHECK: ("checks",),
}


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions of one table between which a migration leads.

    Attributes:
        source: As the database has it, under its expected name.
        target: With everything put right.
        required: New NOT NULL columns without a default, for which a person must say what existing rows hold.
        answered: The findings that ``target`` puts right.
        withheld: Drops that were not allowed.
    """

    source: Table
    target: Table
    required: tuple[Column, ...]
    answered: tuple[Finding, ...]
    withheld: tuple[tuple[Finding, str], ...]

    @property
    def widened(self) -> Table:
        """The source with the required new columns, which may still be NULL."""
        new = tuple(replace(column, nullable=True) for column in self.required)
        return with_own_texts(replace(self.source, columns=(*self.source.columns, *new)), self.source)


def definitions(pair: TablePair, findings: Sequence[Finding], context: PlanContext) -> Definitions:
    """Put the findings right in the database's definition of the table; refuses those that cannot be."""
    assert pair.actual is not None
    source = renamed(pair, context.column_names(pair), context)
    target = source
    answered: list[Finding] = []
    withheld: list[tuple[Finding, str]] = []
    for finding in findings:
        reason = _withheld(finding, context)
        if reason is not None:
            withheld.append((finding, reason))
            continue
        changed = _apply(target, pair, finding, context)
        if changed is None:
            context.refuse(finding, "this database has no statement for it; change it by hand")
            continue
        target = changed
        answered.append(finding)
    target = _complete(target, source, pair, context)
    if context.is_mysql:
        target = settled(target, source)
    target = with_own_texts(target, source)
    known = {column.name for column in source.columns}
    required = tuple(
        column
        for column in target.columns
        if column.name not in known
        and not column.nullable
        and column.default is None
        and column.generated is None
        and not column.auto_increment
    )
    return Definitions(source, target, required, tuple(answered), tuple(withheld))


def with_own_texts(target: Table, source: Table) -> Table:
    """The target with no other texts than those of indexes that are the source's own."""
    if target == source:
        return target
    own = {index.name for index in target.indexes if index in source.indexes}
    return replace(target, written=tuple(text for text in source.written if text[0] in own))


def _withheld(finding: Finding, context: PlanContext) -> str | None:
    if finding.code[2] != "2":
        return None
    words = {
        SubjectKind.COLUMN: "a column and its values",
        SubjectKind.INDEX: "an index",
    }
    return drop_reason(context.options, words.get(finding.subject.kind, "what the constraint guards"))


def _apply(table: Table, pair: TablePair, finding: Finding, context: PlanContext) -> Table | None:
    kind = finding.subject.kind
    if kind is SubjectKind.COLUMN:
        return _apply_column(table, pair, finding, context)
    if kind is SubjectKind.PRIMARY_KEY:
        return _apply_primary_key(table, pair, finding)
    if kind in _LISTS:
        return _apply_member(table, pair, finding, context)
    if kind is SubjectKind.TABLE and pair.expected is not None:
        if finding.code == "TB304":
            return replace(table, comment=pair.expected.comment)
        if finding.code in ("TB310", "TB311"):
            return replace(table, options=_merged(table.options, pair.expected.options))
    return None


def _apply_column(table: Table, pair: TablePair, finding: Finding, context: PlanContext) -> Table | None:
    columns = context.column_pair(pair, finding.subject.name)
    if columns is None:
        return None
    if columns.actual is None and columns.expected is not None:
        return replace(table, columns=(*table.columns, columns.expected))
    if columns.expected is None and columns.actual is not None:
        return _without_column(table, columns.actual.name)
    assert columns.expected is not None
    expected = columns.expected
    facets = {facet: getattr(expected, facet) for facet in _FACETS.get(finding.code, _ALL_FACETS)}
    if expected.collation is None and "collation" in facets:
        facets["collation"] = None
    return replace(
        table,
        columns=tuple(
            replace(column, **facets) if column.name == expected.name else column for column in table.columns
        ),
    )


def _without_column(table: Table, name: str) -> Table:
    """The table without a column, and without what cannot exist without it."""

    def stays(member: Any) -> bool:
        return name not in member.columns

    return replace(
        table,
        columns=tuple(column for column in table.columns if column.name != name),
        uniques=tuple(filter(stays, table.uniques)),
        foreign_keys=tuple(filter(stays, table.foreign_keys)),
        checks=tuple(check for check in table.checks if check.columns != (name,)),
        indexes=tuple(filter(stays, table.indexes)),
    )


def _apply_primary_key(table: Table, pair: TablePair, finding: Finding) -> Table | None:
    if finding.code[2] == "2":
        return replace(table, primary_key=None)
    wanted = pair.primary_key.expected
    if wanted is None:
        return None
    return _with_primary_key(table, wanted)


def _with_primary_key(table: Table, wanted: PrimaryKey) -> Table:
    name = wanted.name if wanted.name is not None or table.primary_key is None else table.primary_key.name
    keys = set(wanted.columns)
    columns = tuple(replace(c, nullable=False) if c.name in keys else c for c in table.columns)
    conflict = table.primary_key.on_conflict if table.primary_key is not None else None
    return replace(table, primary_key=PrimaryKey(name, wanted.columns, on_conflict=conflict), columns=columns)


def _apply_member(table: Table, pair: TablePair, finding: Finding, context: PlanContext) -> Table | None:
    found: Pair[Any] | None = None
    for place in _LISTS[finding.subject.kind]:
        pairs: tuple[Pair[Any], ...] = getattr(pair, place)
        wanted = [p for p in pairs if (p.expected is None, p.actual is None) == _sides(finding.code)]
        found = _by_body(wanted, finding) or (context.named_pair(wanted, finding) if wanted else None)
        if found is not None:
            break
    if found is None:
        return None
    if found.actual is not None:
        table = _remove(table, _in_source(found.actual, pair, context))
    if found.expected is not None:
        table = _add(table, _named_like(found.expected, found.actual, finding))
    return table


def _by_body(pairs: Sequence[Pair[Any]], finding: Finding) -> Pair[Any] | None:
    """The pair of checks that have no name, but the bodies that the finding quotes."""
    quoted = {finding.expected, finding.actual}
    for pair in pairs:
        sides = [check for check in (pair.expected, pair.actual) if isinstance(check, Check)]
        if sides and all(check.name is None and f"CHECK ({check.expression.sql})" in quoted for check in sides):
            return pair
    return None


def _sides(code: str) -> tuple[bool, bool]:
    """(expected is missing, actual is missing) for a kind of finding."""
    return {"1": (False, True), "2": (True, False)}.get(code[2], (False, False))


def _named_like(expected: Any, actual: Any, finding: Finding) -> Any:
    """The expected object under the database's name, unless the name itself is what is wrong."""
    if isinstance(expected, Unique) and isinstance(actual, Unique):
        expected = replace(expected, on_conflict=actual.on_conflict)
    if actual is None or finding.code in ("UQ305", "FK305", "CK303", "IX309") or isinstance(expected, Index):
        return expected
    return replace(expected, name=actual.name) if expected.name is None else expected


def _place(member: Any) -> str:
    return {Unique: "uniques", ForeignKey: "foreign_keys", Check: "checks", Index: "indexes"}[type(member)]


def _add(table: Table, member: Any) -> Table:
    place = _place(member)
    members: tuple[Any, ...] = getattr(table, place)
    changed: dict[str, Any] = {place: (*members, member)}
    return table if member in members else replace(table, **changed)


def _remove(table: Table, member: Any) -> Table:
    """The table without a member, or without the unique constraint or index that the member stands for."""
    place = _place(member)
    if member not in getattr(table, place) and place in ("uniques", "indexes"):
        place = "indexes" if place == "uniques" else "uniques"
        gone = [twin for twin in getattr(table, place) if (twin.name, twin.columns) == (member.name, member.columns)]
    else:
        gone = [member]
    changed: dict[str, Any] = {place: tuple(other for other in getattr(table, place) if other not in gone)}
    return replace(table, **changed)


def _complete(table: Table, source: Table, pair: TablePair, context: PlanContext) -> Table:
    """Add what the findings' causes left unsaid: constraints and indexes that need a new column or a new table."""
    new = {column.name for column in table.columns} - {column.name for column in source.columns}
    created = created_tables(context)
    key = pair.primary_key.expected
    if key is not None and not new.isdisjoint(key.columns):
        table = _with_primary_key(table, key)
    for place in _MEMBERS:
        pairs: tuple[Pair[Any], ...] = getattr(pair, place)
        for member in pairs:
            if member.expected is None:
                continue
            needs_column = not new.isdisjoint(_columns(member.expected, table))
            needs_table = isinstance(member.expected, ForeignKey) and member.expected.target in created
            if needs_column or needs_table:
                if member.actual is not None:
                    table = _remove(table, _in_source(member.actual, pair, context))
                table = _add(table, member.expected)
    return table


def created_tables(context: PlanContext) -> dict[QualifiedName, Finding]:
    """The tables that the plan creates, with the findings that ask for them."""
    return {
        QualifiedName(finding.subject.schema, finding.subject.name): finding
        for finding in context.findings
        if finding.code in ("TB101", "VT101", "VT105", "VT109")
    }


def _columns(member: Any, table: Table) -> tuple[str, ...]:
    if isinstance(member, Check) and not member.columns:
        from drift.migration.ddl.quoting import mentions

        return tuple(c.name for c in table.columns if mentions(member.expression.sql, c.name))
    columns: tuple[str, ...] = member.columns
    return columns


def _merged(actual: tuple[tuple[str, str], ...], expected: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The models' options over the database's; SQLite's switches that the models leave out are off."""
    kept = {key: value for key, value in actual if value != "true"}
    return tuple(sorted({**kept, **dict(expected)}.items()))


def renamed(pair: TablePair, names: Mapping[str, str], context: PlanContext) -> Table:
    """The database's definition after the plan's renames of the table and of the given columns, which come first."""
    assert pair.actual is not None
    table = replace(pair.actual, name=context.table_name(pair))
    if names or table.name != pair.actual.name:
        table = replace(table, written=())
    rename = _renamer(names, context)
    return replace(
        table,
        columns=tuple(rename(column) for column in table.columns),
        primary_key=None if table.primary_key is None else rename(table.primary_key),
        uniques=tuple(rename(unique) for unique in table.uniques),
        foreign_keys=tuple(rename(key) for key in table.foreign_keys),
        checks=tuple(rename(check) for check in table.checks),
        indexes=tuple(rename(index) for index in table.indexes),
    )


def _in_source(member: Any, pair: TablePair, context: PlanContext) -> Any:
    """An actual object as it reads after the renames."""
    return _renamer(context.column_names(pair), context)(member)


def _renamer(names: Mapping[str, str], context: PlanContext) -> Callable[[Any], Any]:
    from drift.migration.ddl.quoting import rename_identifiers

    def text(expression: Any) -> Any:
        if expression is None or not names:
            return expression
        return replace(expression, sql=rename_identifiers(expression.sql, names, context.quoting))

    def many(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(column, column) for column in columns)

    def rename(thing: Any) -> Any:
        match thing:
            case Column():
                return replace(thing, name=names.get(thing.name, thing.name), generated=text(thing.generated))
            case Check():
                return replace(thing, columns=many(thing.columns), expression=text(thing.expression))
            case ForeignKey():
                target, target_columns = target_after_renames(context, thing)
                return replace(thing, columns=many(thing.columns), target=target, target_columns=target_columns)
            case Index():
                keys = tuple(
                    replace(key, expression=text(key.expression))
                    if key.column is None
                    else replace(key, column=names.get(key.column, key.column))
                    for key in thing.keys
                )
                return replace(thing, keys=keys, predicate=text(thing.predicate))
            case _:
                return replace(thing, columns=many(thing.columns))

    return rename
