"""IX: what an index does besides finding rows: NULLs, visibility, storage, columns carried along."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.causes import columns_of
from drift.checks.context import SchemaView, TableView
from drift.checks.indexes import both, replaced, subject_of
from drift.checks.registry import check
from drift.checks.wording import found, listed, places, repair
from drift.findings import Finding, Safety, Severity


@check("IX307", "index-include-mismatch", Severity.INFO)
def index_include_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The index carries other columns along (`INCLUDE`) than the models say.

    ## Why it matters

    Queries that were answered from the index alone read the table as well. Nothing fails.

    ## Example

        models      Index("ix_users_email", "email", postgresql_include=["name"])
        database    CREATE INDEX ix_users_email ON users (email)

    ## Repair

    Drop it and create the expected one; `CONCURRENTLY` on busy tables.
    """
    for wanted, seen, _pair in both(table):
        ours = set(schema.actual_names(table, wanted.include))
        if ours == set(seen.include):
            continue
        keys = schema.actual_names(table, tuple(key.column for key in wanted.keys if key.column is not None))
        if ours | set(keys) == set(seen.include) | {key.column for key in seen.keys}:
            continue  # the same columns, some as keys on one side only: IX301 speaks of it
        yield found(
            "IX307",
            subject_of(table, seen, wanted),
            "Queries that the index alone should answer read the table, or the index is larger than expected.",
            expected=f"INCLUDE ({listed(wanted.include)})" if wanted.include else "no INCLUDE",
            actual=f"INCLUDE ({listed(seen.include)})" if seen.include else "no INCLUDE",
            locations=places(table.wanted),
            repair=replaced(wanted),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX310", "index-nulls-mismatch", Severity.WARNING)
def index_nulls_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """NULLs count as equal on one side only (`NULLS NOT DISTINCT` of a unique index).

    ## Why it breaks at run time

    Without it any number of rows may have NULL in the column, with it only one: the second fails with `duplicate key
    value violates unique constraint` (*error*).

    ## Example

        models      Index("uq_email", "email", unique=True, postgresql_nulls_not_distinct=True)
        database    CREATE UNIQUE INDEX uq_email ON users (email)

    ## Repair

    Drop it and create the expected one. It fails while there are several NULLs.
    """
    for wanted, seen, _pair in both(table):
        if wanted.nulls_not_distinct == seen.nulls_not_distinct or not (wanted.unique and seen.unique):
            continue
        yield found(
            "IX310",
            subject_of(table, seen, wanted),
            "Several rows with NULL get in."
            if wanted.nulls_not_distinct
            else "The second row with NULL is rejected as a duplicate.",
            severity=Severity.WARNING if wanted.nulls_not_distinct else Severity.ERROR,
            expected="NULLS NOT DISTINCT" if wanted.nulls_not_distinct else "NULLS DISTINCT",
            actual="NULLS NOT DISTINCT" if seen.nulls_not_distinct else "NULLS DISTINCT",
            locations=places(table.wanted),
            repair=replaced(wanted, Safety.NEEDS_DATA),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX311", "index-visibility-mismatch", Severity.WARNING)
def index_visibility_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The index is invisible to queries (MySQL: INVISIBLE, MariaDB: IGNORED).

    ## Why it matters

    Queries read the whole table as if it did not exist, writes keep it up to date. It is what remains of trying out
    whether an index could be dropped.

    ## Example

        database    KEY ix_users_email (email) INVISIBLE

    ## Repair

    `ALTER TABLE ... ALTER INDEX ... VISIBLE`: instant.
    """
    for wanted, seen, _pair in both(table):
        if wanted.visible == seen.visible:
            continue
        yield found(
            "IX311",
            subject_of(table, seen, wanted),
            "Queries do not use it." if wanted.visible else "Queries use it although the models hide it.",
            expected="visible" if wanted.visible else "invisible",
            actual="visible" if seen.visible else "invisible",
            locations=places(table.wanted),
            repair=repair("alter-index", f"make {seen.name} {'visible' if wanted.visible else 'invisible'}"),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX313", "index-option-mismatch", Severity.INFO)
def index_option_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """A storage parameter of the index differs (`fillfactor`, `fastupdate`, ...).

    Only parameters that the model states are compared.

    ## Why it matters

    Size and speed differ a little. Nothing fails.

    ## Example

        models      Index("ix_users_email", "email", postgresql_with={"fillfactor": 50})
        database    CREATE INDEX ix_users_email ON users (email)

    ## Repair

    `ALTER INDEX ... SET (fillfactor = 50)`; it counts for pages that are written from then on.
    """
    for wanted, seen, _pair in both(table):
        theirs = dict(seen.options)
        differing = [(name, value) for name, value in wanted.options if theirs.get(name, "").lower() != value.lower()]
        if not differing:
            continue
        yield found(
            "IX313",
            subject_of(table, seen, wanted),
            "Size and speed of the index differ a little from what the models expect.",
            expected=listed(f"{name}={value}" for name, value in differing),
            actual=listed(f"{name}={theirs[name]}" if name in theirs else f"no {name}" for name, _ in differing),
            locations=places(table.wanted),
            repair=repair("alter-index", *(f"set {name} to {value}" for name, value in differing)),
            columns=columns_of(wanted, table.wanted),
        )
