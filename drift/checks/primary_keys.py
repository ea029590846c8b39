"""PK: primary keys."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.causes import consequences_of_key, follows_from_column
from drift.checks.context import SchemaView, TableView
from drift.checks.deferrability import deferrability, why
from drift.checks.registry import check
from drift.checks.uniques import other_columns
from drift.checks.wording import found, listed, member_subject, places, repair
from drift.findings import Finding, Safety, Severity, Subject, SubjectKind
from drift.schema import PrimaryKey


def _subject(table: TableView, *keys: PrimaryKey | None) -> Subject:
    columns = next((key.columns for key in keys if key is not None), ())
    return member_subject(SubjectKind.PRIMARY_KEY, table.wanted.name, *keys, columns=columns)


def _both(table: TableView) -> tuple[PrimaryKey, PrimaryKey] | None:
    pair = table.primary_key
    if not table.stored or pair.expected is None or pair.actual is None or follows_from_column(table, pair):
        return None
    return pair.expected, pair.actual


@check("PK101", "primary-key-missing", Severity.ERROR)
def primary_key_missing(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The table has no primary key in the database.

    ## Why it breaks at run time

    Nothing keeps two rows from having the same key. The ORM loads both as one object, and an UPDATE changes both:
    `UPDATE statement on table 'users' expected to update 1 row(s); 2 were matched`. `INSERT ... ON CONFLICT (id)`
    fails with `there is no unique or exclusion constraint matching the ON CONFLICT specification`, foreign keys
    cannot refer to the table, and logical replication refuses UPDATE and DELETE.

    ## Example

        models      id: Mapped[int] = mapped_column(primary_key=True)
        database    id integer NOT NULL

    ## Repair

    Add it. This fails while there are duplicates or NULLs; on a large table build a unique index concurrently first.
    """
    pair = table.primary_key
    if not table.stored or pair.expected is None or pair.actual is not None or follows_from_column(table, pair):
        return
    key = pair.expected
    yield found(
        "PK101",
        _subject(table, key),
        "Rows with the same key can get in, and ON CONFLICT and foreign keys that rely on the key fail.",
        expected=f"PRIMARY KEY ({listed(key.columns)})",
        locations=places(table.wanted),
        repair=repair(
            "create-primary-key",
            "remove duplicates and NULLs",
            f"add the primary key ({listed(key.columns)})",
            safety=Safety.NEEDS_DATA,
        ),
        columns=key.columns,
        also=consequences_of_key(schema, table, key.columns),
    )


@check("PK201", "primary-key-unexpected", Severity.WARNING)
def primary_key_unexpected(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The database has a primary key where the models have none.

    ## Why it breaks at run time

    Rows that the models take for different are rejected: `duplicate key value violates unique constraint
    "events_pkey"`, and its columns cannot be NULL. Only tables outside the ORM (`Table(...)`) can be without a key.

    ## Example

        models      Table("events", metadata, Column("id", Integer))
        database    id integer PRIMARY KEY

    ## Repair

    Put it into the models, or drop it.
    """
    pair = table.primary_key
    if not table.stored or pair.actual is None or pair.expected is not None or follows_from_column(table, pair):
        return
    key = pair.actual
    yield found(
        "PK201",
        _subject(table, key),
        "Rows that the models accept are rejected as duplicates, and the columns cannot be NULL.",
        actual=f"PRIMARY KEY ({listed(key.columns)})",
        locations=places(table.wanted),
        repair=repair("drop-constraint", "put it into the models, or drop it", safety=Safety.BLOCKS_READS),
        columns=key.columns,
    )


@check("PK301", "primary-key-columns-mismatch", Severity.ERROR)
def primary_key_columns_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The primary key has other columns than the models say.

    Other columns are an *error*; the same columns in another order are *info*: only lookups by a part of it differ.

    ## Why it breaks at run time

    A key with fewer columns rejects rows that the models take for different: `duplicate key value violates unique
    constraint`. One with more lets in rows that the ORM takes for the same: it loads both as one object.
    `ON CONFLICT (id)` fails with `there is no unique or exclusion constraint matching the ON CONFLICT specification`.

    ## Example

        models      PRIMARY KEY (tenant_id, id)
        database    PRIMARY KEY (id)

    ## Repair

    Drop the key and add the expected one, after the foreign keys that refer to it were dropped. It fails on duplicates.
    """
    both = _both(table)
    if both is None:
        return
    wanted, seen = both
    columns = schema.actual_names(table, wanted.columns)
    include = set(schema.actual_names(table, wanted.include))
    if columns == seen.columns and include == set(seen.include):
        return
    severity, message = other_columns(columns, seen.columns)
    yield found(
        "PK301",
        _subject(table, seen, wanted),
        message,
        severity=severity,
        expected=_text(wanted),
        actual=_text(seen),
        locations=places(table.wanted),
        repair=repair(
            "replace-primary-key", "drop the primary key", f"add {_text(wanted)}", safety=Safety.BLOCKS_READS
        ),
        columns=wanted.columns,
        also=consequences_of_key(schema, table, wanted.columns),
    )


def _text(key: PrimaryKey) -> str:
    include = f" INCLUDE ({listed(key.include)})" if key.include else ""
    return f"PRIMARY KEY ({listed(key.columns)}){include}"


@check("PK302", "primary-key-name-mismatch", Severity.INFO)
def primary_key_name_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The primary key is called something else than the models say.

    Only where the model or its naming convention names it.

    ## Why it matters

    A later migration that drops or replaces it by its name fails: `constraint "pk_users" of relation "users" does not
    exist`.

    ## Example

        models      PrimaryKeyConstraint("id", name="pk_users")
        database    users_pkey

    ## Repair

    `ALTER TABLE ... RENAME CONSTRAINT`: instant.
    """
    both = _both(table)
    if both is None or not table.primary_key.renamed:
        return
    wanted, seen = both
    yield found(
        "PK302",
        _subject(table, wanted),
        "Migrations that use the expected name fail; nothing else does.",
        expected=wanted.name,
        actual=seen.name,
        locations=places(table.wanted),
        repair=repair("rename-constraint", f"rename {seen.name} to {wanted.name}"),
        columns=wanted.columns,
    )


@check("PK303", "primary-key-deferrability-mismatch", Severity.WARNING)
def primary_key_deferrability_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The primary key is checked at another time than the models say.

    ## Why it breaks at run time

    A deferrable key cannot be the target of a foreign key or of ON CONFLICT: `ON CONFLICT does not support deferrable
    unique constraints/exclusion constraints as arbiters`. One that is not deferrable rejects a renumbering half-way.

    ## Example

        models      PRIMARY KEY (id)
        database    PRIMARY KEY (id) DEFERRABLE

    ## Repair

    Drop the key and add the expected one; it rebuilds the index.
    """
    both = _both(table)
    if both is None or deferrability(both[0]) == deferrability(both[1]):
        return
    wanted, seen = both
    yield found(
        "PK303",
        _subject(table, seen, wanted),
        why(wanted, seen),
        expected=deferrability(wanted),
        actual=deferrability(seen),
        locations=places(table.wanted),
        repair=repair("replace-primary-key", "drop and add the primary key", safety=Safety.BLOCKS_READS),
        columns=wanted.columns,
    )
