"""Another type for a column of a large table without writing the table again under a lock (PostgreSQL).

Expand: a new column beside the old one, and a trigger that fills it on every write. Backfill: existing rows in small
batches, each in a transaction of its own; an interrupted run goes on where it was. Contract: in one brief transaction
the old column goes and the new one takes its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.operations import ops

from drift.migration import operations as own
from drift.migration.casts import Cast, base_type
from drift.migration.constraint_facts import columns_of, constraints_of
from drift.migration.ddl.quoting import mentions, rename_identifiers
from drift.migration.queries import Queries
from drift.schema import Column, Table

if TYPE_CHECKING:
    from drift.migration.context import PlanContext
    from drift.migration.handlers.column_places import Place

BATCH = 10_000
"""Rows of one batch: a fraction of a second on ordinary rows."""

HAZARD = (
    "a new column is filled in batches by a trigger and takes the old one's name; the old column and the trigger are "
    "dropped; the new one stands last in the table, and must be analysed"
)


def can_be_swapped(context: PlanContext, place: Place) -> bool:
    """Whether nothing but the column itself would go with the old column."""
    table = place.pair.actual
    assert table is not None
    name = place.actual.name
    if base_type(place.actual) == base_type(place.expected) or place.actual.identity or place.actual.auto_increment:
        return False
    return not (_is_used(table, name) or _is_pointed_at(context, table, name) or context.is_partitioned(place.table))


def _is_used(table: Table, name: str) -> bool:
    if table.inherits or table.triggers or any(name in columns_of(c) for c in constraints_of(table)):
        return True
    texts = [check.expression.sql for check in table.checks]
    texts += [column.generated.sql for column in table.columns if column.generated is not None]
    for index in table.indexes:
        if name in index.columns or name in index.include:
            return True
        texts += [key.expression.sql for key in index.keys if key.expression is not None]
        texts += [index.predicate.sql] if index.predicate is not None else []
    return any(mentions(text, name) for text in texts)


def _is_pointed_at(context: PlanContext, table: Table, name: str) -> bool:
    return any(
        (key.target == table.name and name in key.target_columns)
        for other in context.alignment.actual.tables
        for key in other.foreign_keys
    ) or any(table.name in other.inherits for other in context.alignment.actual.tables)


def swap(
    context: PlanContext, place: Place, old: Column, new: Column, cast: Cast, default: str | None
) -> tuple[ops.MigrateOperation, ...]:
    """The operations that give the column the type of ``new``.

    Args:
        context: The plan's context.
        place: Where it is.
        old: What it is before.
        new: What it is to be.
        cast: How a value becomes one of the new type.
        default: The default it gets at the end.
    """
    quoting, queries = context.quoting, Queries(context.quoting)
    table, name = quoting.qualified(place.table), quoting.name(place.name)
    interim = f"{place.name[:50]}_drift"
    column = quoting.name(interim)
    helper = quoting.name(f"{place.table.name}_{place.name}"[:50] + "_drift")
    function = f"{quoting.name(place.table.schema)}.{helper}" if place.table.schema else helper
    value = cast.using or f"{name}::{new.type}"
    # Inside the trigger the column is a field of NEW; a name that is followed by a dot or quoted stays a name.
    written = rename_identifiers(value, {place.name: _NEW}, quoting).replace(quoting.name(_NEW), f"NEW.{name}")
    expand = [
        own.Execute(f"ALTER TABLE {table} ADD COLUMN {column} {context.ddl.type(new)}"),
        own.Execute(
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$drift$ BEGIN NEW.{column} := {written}; RETURN NEW; END $drift$"
        ),
        own.Execute(
            f"CREATE TRIGGER {helper} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
        ),
    ]
    open_rows = f"{name} IS NOT NULL AND {column} IS NULL"
    batch = (
        f"UPDATE {table} SET {column} = {value} WHERE ctid = ANY (ARRAY("
        f"SELECT ctid FROM {table} WHERE {open_rows} LIMIT {BATCH}))"
    )
    check = quoting.name(f"{place.table.name}_{place.name}"[:45] + "_drift_null")
    contract = [
        f"DROP TRIGGER {helper} ON {table}",
        f"DROP FUNCTION {function}()",
        f"ALTER TABLE {table} DROP COLUMN {name}",
        f"ALTER TABLE {table} RENAME COLUMN {column} TO {name}",
        *([f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default}"] if default is not None else []),
    ]
    between: list[ops.MigrateOperation] = []
    if not old.nullable:
        full = f"{place.table.name}_{place.name}"[:45] + "_drift_null"
        add = f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"
        between = [
            own.Unless(queries.constraint_exists(place.table, full), [own.Execute(add)]),
            own.Autocommit([own.Execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}")]),
        ]
        contract += [
            f"ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL",
            f"ALTER TABLE {table} DROP CONSTRAINT {check}",
        ]
    if old.comment is not None:
        contract.append(context.ddl.comment(f"COLUMN {table}.{name}", old.comment))
    return (
        own.Unless(
            queries.column_has_type(place.table, place.name, base_type(new)),
            [
                own.Unless(queries.column_exists(place.table, interim), expand),
                own.Autocommit([], ["From here on every write fills the new column, too."]),
                own.While(queries.has_rows(place.table, open_rows), [own.Autocommit([own.Execute(batch)])]),
                *between,
                *(own.Execute(statement) for statement in contract),
            ],
        ),
    )


_NEW = "drift_value_of_new"
