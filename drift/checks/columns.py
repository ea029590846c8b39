"""CO: columns that are missing, unexpected, or called something else."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.alignment.judge import default_of
from drift.checks.causes import consequences_of_column, unexpected_members
from drift.checks.context import VIEWS, SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.server_words import Failure
from drift.checks.wording import column_subject, found, local, places, repair
from drift.findings import Finding, Safety, Severity
from drift.schema import Column


@check("CO101", "column-missing", Severity.ERROR, Subjects.COLUMN)
def column_missing(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A mapped column does not exist in the database.

    Indexes and constraints that need the column are not reported again; the details list them.

    ## Why it breaks at run time

    The ORM names every mapped column in every SELECT and INSERT, so each query of the class fails, whether or not it
    uses the column: `UndefinedColumn: column assignments.explain_json does not exist`.

    ## Example

        models      explain_json: Mapped[dict | None] = mapped_column(JSONB)
        database    assignments (id, name)

    ## Repair

    Add the column. A NOT NULL column needs a value for the rows that are there: its server default, or a backfill
    between adding it and setting NOT NULL.
    """
    if pair.expected is None or pair.actual is not None:
        return
    column = pair.expected
    in_view = table.actual is not None and table.actual.kind in VIEWS
    needs_data = _needs_value(column) and not in_view
    relation = local(table.wanted.name, schema.actual.default_schema)
    steps = [f"add column {column.name} {column.type}"]
    if needs_data:
        steps.append("fill the rows that are there, then set NOT NULL")
    yield found(
        "CO101",
        column_subject(table.wanted.name, column.name),
        f"Every query of the class fails with: {_unknown(schema, relation, column)}.",
        expected=describe(column),
        note=pair.evidence,
        locations=places(column, table.wanted),
        repair=repair("replace-view", f"add {column.name} to the view's query", safety=Safety.MANUAL)
        if in_view
        else repair("add-column", *steps, safety=Safety.NEEDS_DATA if needs_data else Safety.SAFE),
        also=consequences_of_column(schema, table, column.name),
    )


@check("CO201", "column-unexpected", Severity.INFO, Subjects.COLUMN)
def column_unexpected(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The database has a column that the models do not map.

    *info* where the ORM can ignore it; *error* where it is NOT NULL without a default.

    ## Why it breaks at run time

    The ORM never names the column, so an INSERT leaves it empty. If it is NOT NULL without a default, every INSERT
    fails: `null value in column "tenant_id" of relation "users" violates not-null constraint`.

    ## Example

        models      users (id, email)
        database    users (id, email, tenant_id integer NOT NULL)

    ## Repair

    Map it, give it a default or let it be NULL, or drop it (`--allow-drop`; its values are lost).
    """
    if pair.actual is None or pair.expected is not None:
        return
    column = pair.actual
    blocks = table.stored and _needs_value(column)
    relation = table.seen.name.name
    if blocks:
        message = (
            "Every INSERT through the models fails with: "
            f"{Failure.NO_VALUE.said(schema.actual.dialect, column=column.name, relation=relation)}."
        )
    else:
        message = "No model maps it; the ORM neither reads nor writes it."
    yield found(
        "CO201",
        column_subject(table.wanted.name, column.name),
        message,
        severity=Severity.ERROR if blocks else Severity.INFO,
        actual=describe(column),
        locations=places(table.wanted),
        repair=repair(
            "drop-column",
            f"map it, or drop column {column.name}",
            *(["or let it be NULL until then"] if blocks else []),
            safety=Safety.LOSES_DATA,
        ),
        also=unexpected_members(table, column.name),
    )


@check("CO308", "column-renamed", Severity.ERROR, Subjects.COLUMN)
def column_renamed(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The column exists under another name.

    Proposed only when a missing and an unexpected column are each other's only good match: same type and nullability
    and the same place among the other columns, or the same part in keys and indexes, or close names. Everything that
    uses the column is compared under its new name.

    ## Why it breaks at run time

    The name that the models use does not exist: `UndefinedColumn: column users.surname does not exist` on every query
    of the class. Should the guess be wrong, the column is missing, which is as bad.

    ## Example

        models      surname
        database    last_name (same type, nullability, and position)

    ## Repair

    `ALTER TABLE users RENAME COLUMN last_name TO surname`: the values stay. Dropping the one and adding the other would
    lose them.
    """
    if pair.expected is None or pair.actual is None or not pair.renamed:
        return
    relation = local(table.wanted.name, schema.actual.default_schema)
    yield found(
        "CO308",
        column_subject(table.wanted.name, pair.expected.name),
        f"Every query of the class fails with: {_unknown(schema, relation, pair.expected)}.",
        expected=pair.expected.name,
        actual=pair.actual.name,
        note=pair.evidence,
        locations=places(pair.expected, table.wanted),
        repair=repair(
            "rename-column", f"rename column {pair.actual.name} to {pair.expected.name}", safety=Safety.BLOCKS_READS
        ),
    )


def _unknown(schema: SchemaView, relation: str, column: Column) -> str:
    return Failure.NO_COLUMN.said(schema.actual.dialect, relation=relation, column=column.name)


def _needs_value(column: Column) -> bool:
    """An INSERT that leaves the column out fails."""
    supplied = column.auto_increment or column.identity is not None or column.generated is not None
    return not column.nullable and not supplied and default_of(column) is None


def describe(column: Column) -> str:
    """A column as a person would write it."""
    parts = [column.type]
    if not column.nullable:
        parts.append("NOT NULL")
    if column.generated is not None:
        parts.append(f"GENERATED ALWAYS AS ({column.generated})")
    default = default_of(column)
    if default is not None:
        parts.append(f"DEFAULT {default}")
    return " ".join(parts)
