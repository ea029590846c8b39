"""UQ: unique constraints. A plain unique index on the same columns keeps the same promise and counts as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drift.alignment import UNIQUE_INDEX, Pair
from drift.checks.causes import consequences_of_key, follows_from_column
from drift.checks.context import SchemaView, TableView
from drift.checks.deferrability import deferrability, why
from drift.checks.registry import check
from drift.checks.server_words import Failure
from drift.checks.wording import found, listed, member_subject, places, repair
from drift.findings import Finding, Safety, Severity, Subject, SubjectKind
from drift.schema import Unique

Both = tuple[Unique, Unique, Pair[Unique]]


def _subject(table: TableView, *uniques: Unique | None) -> Subject:
    columns = next((unique.columns for unique in uniques if unique is not None), ())
    return member_subject(SubjectKind.UNIQUE, table.wanted.name, *uniques, columns=columns)


def _both(table: TableView) -> Iterator[Both]:
    if not table.stored:
        return
    for pair in table.differing_uniques:
        if pair.expected is not None and pair.actual is not None and not follows_from_column(table, pair):
            yield pair.expected, pair.actual, pair


def _text(unique: Unique) -> str:
    include = f" INCLUDE ({listed(unique.include)})" if unique.include else ""
    nulls = " NULLS NOT DISTINCT" if unique.nulls_not_distinct else ""
    return f"UNIQUE{nulls} ({listed(unique.columns)}){include}"


@check("UQ101", "unique-missing", Severity.ERROR)
def unique_missing(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A unique constraint of the models does not exist in the database.

    A unique index, or the primary key, on the same columns is as good, and silences this: PostgreSQL itself folds a
    UNIQUE of `CREATE TABLE` into an equal primary key.

    ## Why it breaks at run time

    Duplicates get in, and code that expects one row fails later: `Multiple rows were found when one or none was
    required`. An upsert fails at once: `there is no unique or exclusion constraint matching the ON CONFLICT
    specification`.

    ## Example

        models      email: Mapped[str] = mapped_column(unique=True)
        database    email text NOT NULL

    ## Repair

    Add it. This fails while there are duplicates; on a large table build a unique index concurrently and attach it.
    """
    if not table.stored:
        return
    for pair in table.uniques:
        if pair.expected is None or pair.actual is not None or follows_from_column(table, pair):
            continue
        unique = pair.expected
        if _is_the_key(table, schema, unique):
            continue
        yield found(
            "UQ101",
            _subject(table, unique),
            f"Duplicates get in, and an upsert fails with: {Failure.NO_CONFLICT_TARGET.said(schema.actual.dialect)}.",
            expected=_text(unique),
            note=pair.evidence,
            locations=places(*map(table.wanted.column, unique.columns), table.wanted),
            repair=repair(
                "create-unique-constraint", "remove duplicates", f"add {_text(unique)}", safety=Safety.NEEDS_DATA
            ),
            columns=unique.columns,
            also=consequences_of_key(schema, table, unique.columns),
        )


@check("UQ201", "unique-unexpected", Severity.WARNING)
def unique_unexpected(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The database has a unique constraint that the models do not know.

    *info* where another key of the models implies it.

    ## Why it breaks at run time

    A row that the models accept is rejected: `duplicate key value violates unique constraint "users_email_key"`.

    ## Example

        models      email: Mapped[str]
        database    UNIQUE (email)

    ## Repair

    Put it into the models, or drop it.
    """
    if not table.stored:
        return
    for pair in table.uniques:
        if pair.actual is None or pair.expected is not None or follows_from_column(table, pair):
            continue
        unique = pair.actual
        if stands_for_key(table, schema, unique.columns):
            continue
        implied = is_implied(table, schema, unique.columns)
        yield found(
            "UQ201",
            _subject(table, unique),
            "Another key of the models implies it, so nothing more is rejected."
            if implied
            else "Rows that the models accept are rejected as duplicates.",
            severity=Severity.INFO if implied else Severity.WARNING,
            actual=_text(unique),
            locations=places(table.wanted),
            repair=repair("drop-constraint", "put it into the models, or drop it"),
            columns=unique.columns,
        )


def stands_for_key(table: TableView, schema: SchemaView, columns: tuple[str, ...]) -> bool:
    """Whether a missing primary key has the same columns: that finding says it all."""
    key = table.primary_key.expected
    if key is None or table.primary_key.actual is not None:
        return False
    return set(schema.actual_names(table, key.columns)) == set(columns)


def _is_the_key(table: TableView, schema: SchemaView, unique: Unique) -> bool:
    """Whether the database's primary key keeps the promise; one that is checked later cannot serve ON CONFLICT."""
    key = table.primary_key.actual
    if key is None or set(schema.actual_names(table, unique.columns)) != set(key.columns):
        return False
    return unique.deferrable or not key.deferrable


def is_implied(table: TableView, schema: SchemaView, columns: tuple[str, ...]) -> bool:
    """Whether a key of the models that the database has is a part of these columns."""
    wanted = table.wanted
    keys = [unique.columns for unique in wanted.uniques]
    keys.extend(index.columns for index in wanted.indexes if index.unique and index.predicate is None)
    if wanted.primary_key is not None:
        keys.append(wanted.primary_key.columns)
    return any(set(schema.actual_names(table, key)) <= set(columns) for key in keys)


@check("UQ301", "unique-columns-mismatch", Severity.ERROR)
def unique_columns_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The unique constraint has other columns than the models say.

    Other columns are an *error*; the same columns in another order promise the same, and are *info*: only lookups by
    the first of them differ.

    ## Why it breaks at run time

    With fewer columns, rows that the models take for different are rejected: `duplicate key value violates unique
    constraint`. With more, duplicates get in, and `ON CONFLICT` on the expected columns fails with `there is no unique
    or exclusion constraint matching the ON CONFLICT specification`.

    ## Example

        models      UniqueConstraint("tenant_id", "email", name="uq_users_email")
        database    uq_users_email UNIQUE (email)

    ## Repair

    Drop it and add the expected one. It fails while there are duplicates.
    """
    for wanted, seen, _ in _both(table):
        columns = schema.actual_names(table, wanted.columns)
        if columns == seen.columns:
            continue
        severity, message = other_columns(columns, seen.columns)
        reordered = severity is Severity.INFO
        yield found(
            "UQ301",
            _subject(table, seen, wanted),
            message,
            severity=severity,
            expected=_text(wanted),
            actual=_text(seen),
            locations=places(table.wanted),
            repair=repair(
                "replace-unique-constraint",
                *([] if reordered else ["remove duplicates"]),
                f"replace it by {_text(wanted)}",
                safety=Safety.BLOCKS_WRITES if reordered else Safety.NEEDS_DATA,
            ),
            columns=wanted.columns,
            also=() if reordered else consequences_of_key(schema, table, wanted.columns),
        )


def other_columns(wanted: Sequence[str], seen: Sequence[str]) -> tuple[Severity, str]:
    """How bad it is that a key has other columns, or the same in another order: one rule for all that is unique."""
    if set(wanted) == set(seen):
        return Severity.INFO, "The key is the same; lookups by the first of its columns differ in speed."
    if set(wanted) > set(seen):
        return Severity.ERROR, "Rows that the models accept are rejected as duplicates."
    return Severity.ERROR, "Duplicates get in, and ON CONFLICT on the expected columns fails."


@check("UQ302", "unique-deferrability-mismatch", Severity.WARNING)
def unique_deferrability_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The unique constraint is checked at another time than the models say.

    ## Why it breaks at run time

    Swapping two values in one transaction needs a deferrable constraint: otherwise `duplicate key value violates unique
    constraint` at the first statement. A deferrable one cannot serve ON CONFLICT: `ON CONFLICT does not support
    deferrable unique constraints/exclusion constraints as arbiters`.

    ## Example

        models      UniqueConstraint("position", deferrable=True, initially="DEFERRED")
        database    UNIQUE (position)

    ## Repair

    Drop it and add the expected one; it rebuilds the index.
    """
    for wanted, seen, pair in _both(table):
        if deferrability(wanted) == deferrability(seen):
            continue
        yield found(
            "UQ302",
            _subject(table, seen, wanted),
            why(wanted, seen),
            expected=deferrability(wanted),
            actual=deferrability(seen),
            note="the database has a unique index, which cannot be deferred" if pair.evidence == UNIQUE_INDEX else None,
            locations=places(table.wanted),
            repair=repair("replace-unique-constraint", f"replace it by {_text(wanted)}", safety=Safety.BLOCKS_WRITES),
            columns=wanted.columns,
        )


@check("UQ303", "unique-nulls-mismatch", Severity.WARNING)
def unique_nulls_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """NULLs count as equal on one side only (`NULLS NOT DISTINCT`).

    ## Why it breaks at run time

    Without it any number of rows may have NULL in the column, with it only one: the second fails with `duplicate key
    value violates unique constraint`.

    ## Example

        models      UniqueConstraint("email", postgresql_nulls_not_distinct=True)
        database    UNIQUE (email)

    ## Repair

    Drop it and add the expected one. It fails while there are several NULLs.
    """
    for wanted, seen, _pair in _both(table):
        if wanted.nulls_not_distinct == seen.nulls_not_distinct:
            continue
        yield found(
            "UQ303",
            _subject(table, seen, wanted),
            "Several rows with NULL get in."
            if wanted.nulls_not_distinct
            else "The second row with NULL is rejected as a duplicate.",
            severity=Severity.WARNING if wanted.nulls_not_distinct else Severity.ERROR,
            expected="NULLS NOT DISTINCT" if wanted.nulls_not_distinct else "NULLS DISTINCT",
            actual="NULLS NOT DISTINCT" if seen.nulls_not_distinct else "NULLS DISTINCT",
            locations=places(table.wanted),
            repair=repair("replace-unique-constraint", f"replace it by {_text(wanted)}", safety=Safety.NEEDS_DATA),
            columns=wanted.columns,
        )


@check("UQ304", "unique-include-mismatch", Severity.INFO)
def unique_include_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The constraint's index carries other columns along (`INCLUDE`).

    ## Why it matters

    Queries that were answered from the index alone read the table as well. Nothing fails.

    ## Example

        models      UniqueConstraint("email", postgresql_include=["name"])
        database    UNIQUE (email)

    ## Repair

    Drop it and add the expected one; it rebuilds the index.
    """
    for wanted, seen, _ in _both(table):
        if set(schema.actual_names(table, wanted.include)) == set(seen.include):
            continue
        yield found(
            "UQ304",
            _subject(table, seen, wanted),
            "Queries that the index alone should answer read the table, or the index is larger than expected.",
            expected=f"INCLUDE ({listed(wanted.include)})" if wanted.include else "no INCLUDE",
            actual=f"INCLUDE ({listed(seen.include)})" if seen.include else "no INCLUDE",
            locations=places(table.wanted),
            repair=repair("replace-unique-constraint", f"replace it by {_text(wanted)}", safety=Safety.BLOCKS_WRITES),
            columns=wanted.columns,
        )


@check("UQ305", "unique-name-mismatch", Severity.INFO)
def unique_name_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The unique constraint is called something else than the models say.

    Only where the model or its naming convention names it.

    ## Why it matters

    `ON CONFLICT ON CONSTRAINT uq_users_email` fails with `constraint "uq_users_email" for table "users" does not
    exist`, as does a later migration that uses the name, and code that recognises the error by the constraint's name.

    ## Example

        models      UniqueConstraint("email", name="uq_users_email")
        database    users_email_key

    ## Repair

    Rename it: instant.
    """
    for wanted, seen, pair in _both(table):
        if not pair.renamed:
            continue
        yield found(
            "UQ305",
            _subject(table, wanted),
            "ON CONFLICT ON CONSTRAINT and migrations that use the expected name fail; nothing else does.",
            expected=wanted.name,
            actual=seen.name,
            note=pair.evidence,
            locations=places(table.wanted),
            repair=repair("rename-constraint", f"rename {seen.name} to {wanted.name}"),
            columns=wanted.columns,
        )
