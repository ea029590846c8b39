"""Constraints of model tables."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any

from sqlalchemy import CheckConstraint, Constraint, ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy import Column as NativeColumn
from sqlalchemy import Table as NativeTable
from sqlalchemy.exc import NoReferenceError

from drift.schema import Check, Exclusion, ExclusionElement, ForeignKey, PrimaryKey, QualifiedName, Unique
from drift.sources.models.indexes import column_names, key
from drift.sources.models.spelling import Spelling, phrase


def all_constraints(table: NativeTable) -> list[Constraint]:
    """Constraints of the table and of its columns, each once, in the order of declaration."""
    on_table = sorted(table.constraints, key=_creation_order)
    on_columns = [constraint for column in table.columns if column.constraints for constraint in column.constraints]
    if not on_columns:
        return on_table
    return list({id(constraint): constraint for constraint in (*on_table, *on_columns)}.values())


def is_created(item: Any, spelling: Spelling) -> bool:
    """Whether SQLAlchemy's DDL creates it here (``ddl_if``, type-bound rules of Enum and Boolean)."""
    if getattr(item, "_create_rule", None) is None and getattr(item, "_ddl_if", None) is None:
        return True
    if isinstance(item, Constraint) and not _added_by_alter_table(item):
        return bool(item._should_create_for_compiler(spelling.ddl))
    condition = getattr(item, "_ddl_if", None)
    if condition is None:
        return True
    from sqlalchemy.schema import AddConstraint, CreateIndex

    statement = AddConstraint(item) if isinstance(item, Constraint) else CreateIndex(item)
    return bool(condition._should_execute(statement, item, None, compiler=spelling.ddl))


def _added_by_alter_table(constraint: Constraint) -> bool:
    """Whether SQLAlchemy keeps it out of CREATE TABLE because an ALTER TABLE adds it.

    ``create_all()`` leaves that mark on foreign keys of a cycle: the process that made the tables sees it, too.
    """
    rule = constraint._create_rule
    # 2.0 wraps the method; the wrapper keeps its name in ``name``.
    return "_create_rule_disable" in (getattr(rule, "__name__", None), getattr(rule, "name", None))


def primary_key(native: PrimaryKeyConstraint, spelling: Spelling) -> PrimaryKey | None:
    """The primary key, ``None`` without columns."""
    if not len(native.columns):
        return None
    columns = native.columns_autoinc_first if native._implicit_generated else list(native.columns)
    deferrable, deferred = _deferrability(native)
    return PrimaryKey(
        spelling.constraint_name(native),
        _names(columns, spelling),
        deferrable,
        deferred,
        column_names(spelling.option(native, "include"), native.table),
        _comment(native),
    )


def unique(native: UniqueConstraint, spelling: Spelling) -> Unique:
    """A unique constraint."""
    deferrable, deferred = _deferrability(native)
    return Unique(
        spelling.constraint_name(native),
        _names(list(native.columns), spelling),
        deferrable,
        deferred,
        spelling.option(native, "nulls_not_distinct") is True,
        column_names(spelling.option(native, "include"), native.table),
        _comment(native),
    )


def foreign_key(native: ForeignKeyConstraint, spelling: Spelling) -> ForeignKey:
    """A foreign key; a target that is not among the models is taken by the name under which it was given."""
    deferrable, deferred = _deferrability(native)
    targets = [_target(element, spelling) for element in native.elements]
    columns = tuple(spelling.name(element.parent.name) for element in native.elements)
    on_delete, emptied = _some_columns(native.ondelete, spelling)
    return ForeignKey(
        spelling.constraint_name(native),
        columns,
        targets[0][0],
        tuple(column for _, column in targets),
        phrase(on_delete, "NO ACTION"),
        phrase(native.onupdate, "NO ACTION"),
        deferrable,
        deferred,
        phrase(native.match, "SIMPLE"),
        validated=spelling.option(native, "not_valid") is not True,
        comment=_comment(native),
        delete_columns=emptied if set(emptied) != set(columns) else (),
    )


_SOME_COLUMNS = re.compile(r"\s*(SET\s+(?:NULL|DEFAULT))\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NAMES = re.compile(r'"((?:[^"]|"")+)"|([^\s,"]+)')


def _some_columns(ondelete: str | None, spelling: Spelling) -> tuple[str | None, tuple[str, ...]]:
    """``SET NULL (a, "B")`` as ``SET NULL`` and its columns; an unquoted name is folded, as the server does it."""
    match = _SOME_COLUMNS.fullmatch(ondelete or "")
    if match is None:
        return ondelete, ()
    names = (quoted.replace('""', '"') or plain.lower() for quoted, plain in _NAMES.findall(match[2]))
    return match[1], tuple(spelling.name(name) for name in names)


def check(native: CheckConstraint, spelling: Spelling) -> Check:
    """A check constraint.

    Raises:
        CompileError: Its condition cannot be expressed.
    """
    columns = _names(list(native.columns), spelling)
    parent = getattr(native, "parent", None)
    if not columns and isinstance(parent, NativeColumn):
        columns = _names([parent], spelling)
    return Check(
        spelling.constraint_name(native),
        spelling.expression(native.sqltext),
        columns,
        validated=spelling.option(native, "not_valid") is not True,
        no_inherit=False,
        comment=_comment(native),
    )


def exclusion(native: Any, spelling: Spelling) -> Exclusion:
    """PostgreSQL's ``ExcludeConstraint``.

    Raises:
        CompileError: An element or the predicate cannot be expressed.
    """
    deferrable, deferred = _deferrability(native)
    elements = []
    for item, _, operator in native._render_exprs:
        found = key(item, native.table, native.ops or {}, None, spelling)
        elements.append(ExclusionElement(str(operator), found.column, found.expression, found.opclass))
    return Exclusion(
        spelling.constraint_name(native),
        tuple(elements),
        str(native.using).lower(),
        spelling.expression(native.where) if native.where is not None else None,
        deferrable,
        deferred,
        _comment(native),
    )


def is_exclusion(native: Constraint) -> bool:
    """Whether it is an ``ExcludeConstraint``, told without importing PostgreSQL's module."""
    return native.__visit_name__ == "exclude_constraint"


def _target(element: Any, spelling: Spelling) -> tuple[QualifiedName, str]:
    try:
        target = element.column
        table = target.table
        return spelling.qualified(table.schema, table.name), spelling.name(target.name)
    except NoReferenceError:
        path, _, column = element.target_fullname.rpartition(".")
        schema, _, table_name = path.rpartition(".")
        metadata_schema = element.parent.table.metadata.schema
        return spelling.qualified(schema or metadata_schema, table_name), spelling.name(column)


def _names(columns: list[Any], spelling: Spelling) -> tuple[str, ...]:
    return tuple([spelling.name(column.name) for column in columns])


def _deferrability(native: Any) -> tuple[bool, bool]:
    """Deferrable, initially deferred; the latter implies the former."""
    if native.initially is None:
        return bool(native.deferrable), False
    deferred = str(native.initially).strip().upper() == "DEFERRED"
    return bool(native.deferrable) or deferred, deferred


def _comment(native: Constraint) -> str | None:
    return getattr(native, "comment", None) or None


_creation_order = attrgetter("_creation_order")
