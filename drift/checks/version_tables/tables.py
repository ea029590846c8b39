"""Version tables, association version tables and Continuum's own tables as a whole: missing, misnamed, split."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.version_tables.support import (
    OWN_ROLES,
    VERSION_ROLES,
    facts_of,
    finding,
    located,
    parent_of,
    quoted,
    split_histories,
    table_subject,
)
from drift.findings import Outcome, Safety, Severity
from drift.schema import VersioningRole


@check("VT101", "history-table-missing", Severity.ERROR)
def version_table_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table does not exist.

    ## What happens at run time

    Every flush that touches the versioned class fails, because Continuum writes the version in the same flush:

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "schedule_runs_version" does not exist

    The table of a many-to-many relationship fails as soon as a link is added or removed, and when versions are read.

    ## How it comes about

    `__versioned__ = {}` was added and no migration followed; or `env.py` does not call
    `sqlalchemy.orm.configure_mappers()`, so Alembic never saw the table: Continuum builds it in that moment.

    ## Way out

    Create the table with exactly the columns, key and indexes that Continuum built. Rows that are older than the
    table have no history; the plan can write a baseline version for each of them.
    """
    if table.expected is None or table.actual is not None or table.expected.role not in VERSION_ROLES:
        return
    facts = facts_of(schema, table.expected.name)
    parent = parent_of(schema, facts)
    name = quoted(table.expected.name, schema.expected)
    yield finding(
        "VT101",
        "history-table-missing",
        Severity.ERROR,
        table_subject(table.expected),
        f"Continuum writes each change of {facts.parent if facts else 'its table'} here, and the table does not exist: "
        f'the next flush fails with UndefinedTable: relation "{name}" does not exist.',
        expected=str(table.expected.name),
        locations=located(table.expected, parent),
        repair="create-version-table",
        parent=None if facts is None else str(facts.parent),
    )


@check("VT105", "transaction-table-missing", Severity.ERROR)
def transaction_table_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """Continuum's transaction table does not exist.

    ## What happens at run time

    Every flush of every versioned class fails, reading versions too:

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "transaction" does not exist

    ## Way out

    Create the sequence and the table, and give each transaction number that the version tables mention its row back;
    when and by whom those transactions were made cannot be known any more.
    """
    if table.expected is None or table.actual is not None or table.expected.role is not VersioningRole.TRANSACTION:
        return
    name = quoted(table.expected.name, schema.expected)
    yield finding(
        "VT105",
        "transaction-table-missing",
        Severity.ERROR,
        table_subject(table.expected),
        "Continuum numbers every change here, and the table does not exist: each flush of a versioned class fails with "
        f'UndefinedTable: relation "{name}" does not exist.',
        expected=str(table.expected.name),
        repair="create-transaction-table",
    )


@check("VT109", "plugin-table-missing", Severity.ERROR)
def plugin_table_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A table of a Continuum plugin does not exist.

    TransactionChangesPlugin writes `transaction_changes`, TransactionMetaPlugin `transaction_meta`, ActivityPlugin
    `activity`.

    ## What happens at run time

    With TransactionChangesPlugin every flush of a versioned class fails, with the others each use of the plugin:

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "transaction_changes" does not exist

    ## Way out

    Create the table, or take the plugin out of `make_versioned(plugins=[...])`.
    """
    if table.expected is None or table.actual is not None or table.expected.role is not VersioningRole.PLUGIN:
        return
    name = quoted(table.expected.name, schema.expected)
    yield finding(
        "VT109",
        "plugin-table-missing",
        Severity.ERROR,
        table_subject(table.expected),
        f'A plugin of Continuum writes here, and the table does not exist: UndefinedTable: relation "{name}" does not '
        "exist.",
        expected=str(table.expected.name),
        repair="create-plugin-table",
    )


def _misnamed(table: TableView, schema: SchemaView, code: str, what: str, effect: str) -> Iterator[Outcome]:
    expected, actual = table.wanted, table.seen
    facts = facts_of(schema, expected.name)
    parent = parent_of(schema, facts)
    moved = expected.name.schema != actual.name.schema
    name = quoted(expected.name, schema.expected)
    yield finding(
        code,
        what,
        Severity.ERROR,
        table_subject(expected),
        f"The history lies in {actual.name}, and Continuum looks for {expected.name}: {effect} "
        f'UndefinedTable: relation "{name}" does not exist.',
        expected=str(expected.name),
        actual=str(actual.name),
        note=table.evidence,
        locations=located(expected, parent),
        repair="move-version-table" if moved else "rename-version-table",
        parent=None if facts is None else str(facts.parent),
    )


@check("VT301", "version-table-misnamed", Severity.ERROR)
def version_table_misnamed(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table exists under another name than the one Continuum uses.

    Continuum's name is the versioned table's own name in the pattern `table_name`, by default `%s_version`: no plural
    is formed or undone, and the case is kept. `schedule_runs` becomes `schedule_runs_version`.

    ## What happens at run time

    Every flush that touches the versioned class fails:

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "schedule_runs_version" does not exist

    ## Why Alembic must not repair it

    Autogenerate proposes to create an empty table and to drop the one that holds the history.

    ## Way out

    Rename the table, and with it its key, indexes, constraints and sequences. Every row of history stays. A table is
    taken for a version table only when it has Continuum's columns and the versioned table's, never for its name alone.
    """
    if table.expected is None or table.actual is None or table.expected.role not in VERSION_ROLES:
        return
    if table.expected.name != table.actual.name and table.expected.name.schema == table.actual.name.schema:
        yield from _misnamed(table, schema, "VT301", "version-table-misnamed", "the next flush fails with")


@check("VT302", "version-table-in-other-schema", Severity.ERROR)
def version_table_in_other_schema(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table lies in another schema than the table whose history it keeps.

    Continuum puts it beside the versioned table and has no option for another place.

    ## What happens at run time

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "schedule_runs_version" does not exist

    unless the other schema stands on the connection's `search_path`.

    ## Way out

    Move it with `ALTER TABLE ... SET SCHEMA`: indexes, constraints and owned sequences move along, rows stay.
    """
    if table.expected is None or table.actual is None or table.expected.role not in VERSION_ROLES:
        return
    if table.expected.name.schema != table.actual.name.schema:
        yield from _misnamed(table, schema, "VT302", "version-table-in-other-schema", "the next flush fails with")


@check("VT314", "transaction-table-misnamed", Severity.ERROR)
def transaction_table_misnamed(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """Continuum's transaction table, or a plugin's, exists under another name or in another schema.

    The names `transaction`, `transaction_changes`, `transaction_meta` and `activity` are fixed; the schema is the
    declarative base's.

    ## What happens at run time

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "transaction" does not exist

    ## Way out

    Rename or move the table with everything that belongs to it; its rows stay.
    """
    if table.expected is None or table.actual is None or table.expected.role not in OWN_ROLES:
        return
    if table.expected.name != table.actual.name:
        yield from _misnamed(
            table, schema, "VT314", "transaction-table-misnamed", "each flush of a versioned class fails with"
        )


@check("VT303", "version-history-split", Severity.ERROR, Subjects.SCHEMA)
def version_history_split(schema: SchemaView) -> Iterator[Outcome]:
    """The history of one table lies in two tables.

    The version table exists under its right name, and a second one with the same signature exists under another.

    ## What happens at run time

    No error. Continuum reads and writes the table with the right name only, so everything in the other one has
    silently disappeared from `versions`, and the last version there is never closed.

    ## How it comes about

    Somebody applied what Alembic proposed for a misnamed version table, apart from the drop.

    ## Way out

    Put both halves into the table with the right name, row by row where the key is not there yet, and compute
    `end_transaction_id` again. The other table is removed only when the migration has seen that every one of its rows
    has arrived.
    """
    for twin in split_histories(schema):
        expected = schema.pairs[twin.expected].expected
        if expected is None:
            continue
        facts = facts_of(schema, expected.name)
        parent = parent_of(schema, facts)
        yield finding(
            "VT303",
            "version-history-split",
            Severity.ERROR,
            table_subject(expected),
            f"Part of the history lies in {twin.actual}; Continuum reads {expected.name} only, so those versions have "
            "silently disappeared.",
            expected=str(expected.name),
            actual=str(twin.actual),
            note=twin.evidence,
            locations=located(expected, parent),
            repair="merge-version-tables",
            safety=Safety.BLOCKS_WRITES,
            other_schema=twin.actual.schema,
            other_table=twin.actual.name,
        )
