"""TB: tables that are missing, unexpected, elsewhere, or of another kind."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import UNIQUE_INDEX
from drift.alignment.tables import BATCH_PREFIX, is_bookkeeping
from drift.alignment.version_twins import recognise
from drift.checks.causes import consequences_of_table
from drift.checks.context import STORED, VIEWS, SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.server_words import Failure
from drift.checks.wording import found, local, places, repair, table_subject, unknown
from drift.findings import Finding, Outcome, Safety, Severity
from drift.schema import QualifiedName, Table, TableKind


@check("TB101", "table-missing", Severity.ERROR)
def table_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A mapped table does not exist in the database.

    Its columns, keys, indexes, and the foreign keys that refer to it are not reported again: they come with the table.

    ## Why it breaks at run time

    Every query that touches the class fails: `UndefinedTable: relation "api_keys" does not exist`. Classes that are
    loaded with it (relationships, joined inheritance) fail as well.

    ## Example

        models      class ApiKey(Base): __tablename__ = "api_keys"
        database    no such table

    ## Repair

    Create it, after the tables it refers to. Where a table of another name is its twin, the finding is
    `table-renamed` instead.
    """
    if table.expected is None or table.actual is not None or table.expected.kind in VIEWS:
        return
    name = table.wanted.name
    if str(name) in schema.unreadable:
        return
    subject = table_subject(name)
    if schema.actual.schemas and name.schema is not None and name.schema not in schema.actual.schemas:
        yield unknown(
            "TB101", subject, f"schema {name.schema} was not read", f"read it as well: --schema {name.schema}"
        )
        return
    batch = QualifiedName(name.schema, BATCH_PREFIX + name.name)
    leftover = next((other for other in schema.views if other.actual is not None and other.name == batch), None)
    relation = local(name, schema.actual.default_schema)
    yield found(
        "TB101",
        subject,
        f"Every query on it fails with: {Failure.NO_TABLE.said(schema.actual.dialect, relation=relation)}.",
        expected=f"table {relation}",
        note=f"{batch.name} exists: a batch migration stopped half-way" if leftover is not None else table.evidence,
        locations=places(table.wanted),
        repair=repair("create-table", f"create table {relation} with its keys, constraints and indexes"),
        also=consequences_of_table(schema, table),
        model=table.wanted.model,
    )


@check("TB201", "table-unexpected", Severity.INFO)
def table_unexpected(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The database has a table that no model maps.

    Partitions, children of inheritance, tables of extensions, migration bookkeeping, views, SQLite's virtual tables,
    and what the project's filters leave out are not meant, nor is the default schema when every model names another.

    ## Why it matters

    Nothing breaks by itself. It may be the remains of a removed model, a table of another program, or the work of a
    migration whose model is not imported: then the check sees less than the application does.

    ## Example

        models      nothing
        database    table experiment_permissions

    ## Repair

    Import the module that maps it, leave it out with `include_object` or `ignore`, accept it in the baseline, or
    drop it (`--allow-drop`; its rows are lost).
    """
    if table.expected is not None or table.actual is None:
        return
    seen = table.seen
    if seen.kind not in (*STORED, TableKind.FOREIGN) or seen.name in schema.version_tables:
        return
    if seen.kind is TableKind.FOREIGN and schema.actual.dialect == "sqlite":
        return  # a virtual table: a search index over tables that are there, like a view
    if is_bookkeeping(seen) or seen.name.name.startswith(BATCH_PREFIX) or _second_history(seen, schema):
        return
    relation = local(seen.name, schema.actual.default_schema)
    yield found(
        "TB201",
        table_subject(seen.name),
        "No model maps it: a removed model, a module that is not imported, or somebody else's table.",
        actual=f"{seen.kind} {relation}",
        repair=repair("drop-table", f"drop table {relation}", safety=Safety.LOSES_DATA),
    )


def _second_history(seen: Table, schema: SchemaView) -> bool:
    """Whether the versioning checks speak of the table: it holds a part of some history."""
    if not schema.expected.version_tables:
        return False
    return any(twin.actual == seen.name for twin in recognise(schema.expected, schema.actual))


@check("TB202", "batch-table-left-behind", Severity.WARNING)
def batch_table_left_behind(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A temporary table of Alembic's batch mode was left behind.

    ## Why it matters

    Batch mode copies a table into `_alembic_tmp_<name>`, drops the original, and renames the copy. The leftover shows
    that a migration stopped half-way; the next run fails with `table _alembic_tmp_users already exists`. If the
    original is missing, the rows are in the leftover.

    ## Example

        database    table _alembic_tmp_users

    ## Repair

    Compare it with the original. Drop it when the original is complete; rename it back when the original is gone.
    """
    if table.expected is not None or table.actual is None or not table.seen.name.name.startswith(BATCH_PREFIX):
        return
    name = table.seen.name
    original = QualifiedName(name.schema, name.name.removeprefix(BATCH_PREFIX))
    there = any(other.name == original for other in schema.actual.tables)
    yield found(
        "TB202",
        table_subject(name),
        f"A batch migration of {original.name} stopped half-way; the next one fails because this table exists.",
        actual=f"table {local(name, schema.actual.default_schema)}",
        note=None if there else f"{original.name} itself is missing: its rows may be here",
        repair=repair("drop-table", f"compare it with {original.name}, then drop it", safety=Safety.LOSES_DATA),
    )


@check("TB301", "table-kind-mismatch", Severity.ERROR)
def table_kind_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The models map a table, and the database has a view of that name, or the reverse.

    Mapping a view is common and works for reading. It is reported where the model asks for something that only a
    table has: constraints, foreign keys, server defaults, generated or identity columns, and indexes where the view is
    a plain one (those of a materialised view are compared). A model that means a view says so with
    `info={"is_view": True}`, materialised or not; nothing but its columns and indexes is compared then. Foreign and
    partitioned tables pass for tables.

    ## Why it breaks at run time

    `INSERT` fails with `cannot insert into view "users"` unless the view is a simple one, and then none of the
    constraints holds. A materialised view returns what was true at its last refresh.

    ## Example

        models      class User(Base): email = mapped_column(String, unique=True)
        database    CREATE VIEW users AS SELECT * FROM accounts

    ## Repair

    No migration can turn one into the other without knowing where the rows should be: rename or drop the view and
    create the table, or mark the model.
    """
    if not table.complete:
        return
    wanted, seen = table.wanted, table.seen
    if wanted.kind in VIEWS:
        if seen.kind is wanted.kind or (seen.kind in VIEWS and wanted.kind is TableKind.VIEW and not wanted.definition):
            return
        severity = Severity.WARNING
        message = f"The model maps a {wanted.kind}, the database has a {seen.kind}: its rows are not derived any more."
        if seen.kind in VIEWS:
            message = f"The model maps a {wanted.kind}, the database has a {seen.kind}: its rows may be outdated."
            if wanted.kind is TableKind.MATERIALIZED_VIEW:
                message = "The query runs on every read instead of being stored, and refreshing it fails."
    elif seen.kind in VIEWS and _means_a_table(table):
        severity = Severity.ERROR
        message = "Writing through the model fails or bypasses its constraints: a view has none."
    else:
        return
    yield found(
        "TB301",
        table_subject(wanted.name),
        message,
        severity=severity,
        expected=wanted.kind.value,
        actual=seen.kind.value,
        locations=places(wanted),
        repair=repair(
            "replace-relation",
            'mark the model with info={"is_view": True} if the view is meant',
            f"otherwise rename or drop the {seen.kind} and create the {wanted.kind}",
            safety=Safety.MANUAL,
        ),
    )


def _means_a_table(table: TableView) -> bool:
    """Whether the model asks for what the view cannot have; a materialised one has indexes, unique ones included."""
    wanted, indexed = table.wanted, table.indexed
    if wanted.foreign_keys or wanted.checks or wanted.exclusions or wanted.partition_key:
        return True
    if (wanted.indexes and not indexed) or any(
        pair.expected is not None and not (indexed and pair.evidence == UNIQUE_INDEX) for pair in table.uniques
    ):
        return True
    return any(
        column.default is not None or column.identity is not None or column.generated is not None
        for column in wanted.columns
    )


@check("TB302", "table-in-other-schema", Severity.ERROR)
def table_in_other_schema(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The table exists, in another schema than the models say.

    ## Why it breaks at run time

    `UndefinedTable: relation "app.users" does not exist`, unless the other schema happens to stand in the role's
    `search_path`: then it works for one role and fails for another.

    ## Example

        models      app.users
        database    public.users

    ## Repair

    `ALTER TABLE public.users SET SCHEMA app` keeps rows, indexes and constraints; or give the model the right schema.
    """
    if not table.complete or table.wanted.name.schema == table.seen.name.schema:
        return
    wanted, seen = table.wanted.name, table.seen.name
    yield found(
        "TB302",
        table_subject(wanted),
        f"Queries fail with: {_unknown(wanted, schema)}, unless the search_path happens to find it.",
        expected=str(wanted),
        actual=str(seen),
        locations=places(table.wanted),
        repair=repair("set-schema", f"alter table {seen} set schema {wanted.schema}", safety=Safety.BLOCKS_READS),
    )


@check("TB303", "table-renamed", Severity.ERROR)
def table_renamed(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The table exists under another name.

    Proposed only when the two tables are each other's only good match: nearly all columns agree in name and type, or
    most do and the names are close. Otherwise one is missing and the other unexpected. Everything inside is compared
    as usual.

    ## Why it breaks at run time

    `UndefinedTable: relation "customers" does not exist` on every query of the class.

    ## Example

        models      customers
        database    customer (12 of 12 columns agree, similar name)

    ## Repair

    Rename it: the rows stay. Creating the one and dropping the other would lose them.
    """
    if not table.complete or not table.renamed or table.wanted.name.schema != table.seen.name.schema:
        return
    wanted, seen = table.wanted.name, table.seen.name
    yield found(
        "TB303",
        table_subject(wanted),
        f"Every query on it fails with: {_unknown(wanted, schema)}.",
        expected=wanted.name,
        actual=seen.name,
        note=table.evidence,
        locations=places(table.wanted),
        repair=repair("rename-table", f"rename table {seen} to {wanted.name}", safety=Safety.BLOCKS_READS),
    )


def _unknown(name: QualifiedName, schema: SchemaView) -> str:
    return Failure.NO_TABLE.said(schema.actual.dialect, relation=local(name, schema.actual.default_schema))


@check("TB313", "facet-unreadable", Severity.WARNING, Subjects.SCHEMA)
def facet_unreadable(schema: SchemaView) -> Iterator[Outcome]:
    """Something in the models or in the database could not be read, and so was not compared.

    One object that cannot be expressed does not stop the comparison of the others. It is listed as *not checked*, which
    fails under `--strict`.

    ## Why it matters

    A default that SQLAlchemy cannot render, a type without DDL, or an index expression without a compiler makes
    `create_all()` fail as well. On the database's side it is an object that was dropped or altered during the reading.

    ## Example

        models      Index("ix_docs", func.my_function(Doc.body)) with a function that does not compile
        database    nothing to compare it with

    ## Repair

    Repair the model as the reason says; where the database changed meanwhile, check again.
    """
    for side, source in ((schema.expected, "models"), (schema.actual, "database")):
        for subject, reason in side.unreadable:
            yield unknown("TB313", None, f"{subject} ({source}): {reason}", None)
