"""Run every check over an alignment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from drift.alignment import Alignment, Pair
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
        table_checks, column_checks = by_role[role_of(table)]
        if role_of(table) is not VersioningRole.NONE or not schema.plainly_same(table):
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
    for pair in table.columns:
        if not plainly_same(pair):
            yield from chain.from_iterable(check.function(pair, table, schema) for check in checks)


def plainly_same(pair: Pair[Column]) -> bool:
    """Whether the two columns agree to the letter in everything that is compared."""
    left, right = pair.expected, pair.actual
    if left is None or right is None or pair.renamed:
        return False
    return (
        left.type == right.type != ""
        and left.nullable == right.nullable
        and left.default == right.default
        and left.auto_increment == right.auto_increment
        and left.identity == right.identity
        and left.generated == right.generated
        and left.generated_stored == right.generated_stored
        and left.collation == right.collation
        and left.comment == right.comment
        and left.domain == right.domain
        and left.enum_labels == right.enum_labels
        and left.on_update == right.on_update
        and left.charset == right.charset
    )
