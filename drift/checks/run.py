"""Run every check over an alignment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import chain
from operator import attrgetter

from drift.alignment import Alignment, Pair
from drift.alignment.verdicts import Usage
from drift.checks.context import SchemaView, TableView
from drift.checks.registry import CheckDefinition, Subjects, all_checks
from drift.checks.versioned import role_of, speaks_for
from drift.findings import Outcome
from drift.schema import Column, MigrationState, VersioningRole

Checks = tuple[CheckDefinition, ...]


def run_checks(alignment: Alignment, migrations: Iterable[MigrationState] = ()) -> tuple[Outcome, ...]:
    """Every finding, and everything that could not be checked: whole-schema checks first, then table by table.

    Checks are called by their subjects: ``SCHEMA`` with the :class:`SchemaView`; ``TABLE`` with a :class:`TableView`
    (of which at least one side is there, and which is not plainly the same) and the schema; ``COLUMN`` with a pair
    of columns that is not plainly the same, its table, and the schema. ``OTHER`` checks have a pipeline of their own.
    """
    schema = SchemaView.of(alignment, migrations)
    checks = all_checks()
    by_role = {role: _speakers(checks, role) for role in VersioningRole}
    outcomes: list[Outcome] = []
    for check in checks:
        if check.subjects is Subjects.SCHEMA:
            outcomes.extend(check.function(schema))
    for table in schema.views:
        role = role_of(table)
        table_checks, column_checks = by_role[role]
        if role is not VersioningRole.NONE or not schema.plainly_same(table):
            outcomes.extend(chain.from_iterable([check.function(table, schema) for check in table_checks]))
        outcomes.extend(_columns(table, schema, column_checks))
    return tuple(outcomes)


def _speakers(checks: Checks, role: VersioningRole) -> tuple[Checks, Checks]:
    speaking = [check for check in checks if speaks_for(check, role)]
    return (
        tuple(check for check in speaking if check.subjects is Subjects.TABLE),
        tuple(check for check in speaking if check.subjects is Subjects.COLUMN),
    )


def _columns(table: TableView, schema: SchemaView, checks: Checks) -> Iterator[Outcome]:
    ordinary = role_of(table) is VersioningRole.NONE
    for pair in table.columns:
        if not plainly_same(pair) and not (ordinary and _default_spelled_otherwise(pair, table, schema)):
            yield from chain.from_iterable([check.function(pair, table, schema) for check in checks])


NOT_COMPARED = frozenset({"name", "sequence", "position", "enum", "client_default", "location", "ignored"})
"""Facets that one side alone knows, or that others decide: the pairing, the numbering, the type's name."""

_FACETS = tuple(item.name for item in fields(Column) if item.name not in NOT_COMPARED)
_compared = attrgetter(*_FACETS)
_default_aside = attrgetter("sequence", *(name for name in _FACETS if name != "default"))


def plainly_same(pair: Pair[Column]) -> bool:
    """Whether the two columns agree to the letter in everything that is compared."""
    left, right = pair.expected, pair.actual
    if left is None or right is None or pair.renamed:
        return False
    return left.type != "" and bool(_compared(left) == _compared(right))


def _default_spelled_otherwise(pair: Pair[Column], table: TableView, schema: SchemaView) -> bool:
    """Whether nothing but the default's spelling differs, and both mean the same."""
    left, right = pair.expected, pair.actual
    if left is None or right is None or pair.renamed or left.default is None or right.default is None:
        return False
    if left.type == "" or _default_aside(left) != _default_aside(right):
        return False
    return schema.judge.expressions(schema.frame(table), left.default, right.default, Usage.DEFAULT, right.type).same
