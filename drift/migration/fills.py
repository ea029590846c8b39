"""What rows without a value are filled with, where the models say it: their server default, or one plain value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic.operations.ops import MigrateOperation
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from drift.alignment import TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.ddl.quoting import Quoting
from drift.migration.native_columns import native_column
from drift.migration.native_dialect import native_dialect
from drift.migration.plan import Phase, Step
from drift.schema import Column, QualifiedName

if TYPE_CHECKING:
    from drift.migration.context import PlanContext

PAGES = 100
"""Pages of the table in one batch: some thousand rows, a fraction of a second."""


def fill_step(
    findings: tuple[Finding, ...], context: PlanContext, pair: TablePair, column: Column, table: QualifiedName
) -> Step | None:
    """Fills a column where it is NULL, before NULL is forbidden; ``None`` where only a person knows with what."""
    value = known_value(context, pair, column)
    if value is None:
        return None
    name = context.quoting.name(column.name)
    change, condition = f"{name} = {value}", f"{name} IS NULL"
    step = Step(
        f"fill {table}.{column.name} with the models' default",
        Phase.BACKFILL,
        findings,
        (own.Execute(f"UPDATE {context.quoting.qualified(table)} SET {change} WHERE {condition}"),),
        (),
        table=table,
        safety=Safety.SAFE,
        hazard="rows that hold NULL get this value; put another one in its place where it is not what they mean",
    )
    if context.is_postgresql and context.is_large(pair):
        batches: MigrateOperation = own.Execute(in_batches(context.quoting, table, change, condition))
        return replace(step, upgrade=(own.Autocommit([batches]),), autocommit=True)
    return step


def known_value(context: PlanContext, pair: TablePair, column: Column) -> str | None:
    """The models' server default, or their Python default where it is one plain value, as SQL."""
    if column.generated is not None or column.identity is not None or column.auto_increment:
        return None
    if column.default is not None:
        return column.default.sql
    native = native_column(context, pair, column)
    default = native.default if native is not None else None
    if native is None or not isinstance(default, ScalarElementColumnDefault):
        return None
    if isinstance(default.arg, str) and isinstance(native.type, sa.String) and not isinstance(native.type, sa.Enum):
        return context.quoting.literal(default.arg)
    if isinstance(native.type, sa.types.TypeDecorator):
        # What such a type makes of a value is its own affair.
        return None
    try:
        text = sa.literal(default.arg, native.type).compile(
            dialect=native_dialect(context.dialect), compile_kwargs={"literal_binds": True}
        )
    except (CompileError, NotImplementedError, TypeError, ValueError, LookupError, AttributeError):
        return None
    return str(text)


def in_batches(quoting: Quoting, table: QualifiedName, change: str, condition: str) -> str:
    """One stretch of pages after the other, each committed: no batch reads again what an earlier one has changed."""
    relation = quoting.literal(quoting.qualified(table))
    places = (
        "SELECT ('(' || p || ',' || i || ')')::tid "
        f"FROM generate_series(drift_page, drift_page + {PAGES - 1}) AS p, "
        "generate_series(1, current_setting('block_size')::integer / 28) AS i"
    )
    return (
        f"DO $drift$\n#variable_conflict use_column\nDECLARE drift_page bigint := 0;\nBEGIN\n"
        f"WHILE drift_page <= pg_relation_size({relation}) / current_setting('block_size')::bigint LOOP\n"
        f"UPDATE {quoting.qualified(table)} SET {change}\n"
        f"WHERE ctid = ANY (ARRAY({places}))\n"
        f"AND {condition};\n"
        f"COMMIT;\ndrift_page := drift_page + {PAGES};\nEND LOOP;\nEND $drift$"
    )
