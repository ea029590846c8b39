"""Columns of version tables: missing, unexpected, or under another name."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView, TableView
from drift.checks.registry import check
from drift.checks.version_tables.support import (
    VersionPair,
    column_pairs,
    column_subject,
    finding,
    located,
    version_pair,
)
from drift.findings import Outcome, Safety, Severity
from drift.schema import Column


def _missing(version: VersionPair) -> Iterator[Column]:
    for pair in version.pair.columns:
        if pair.expected is not None and pair.actual is None:
            yield pair.expected


def _undefined(version: VersionPair, column: str) -> str:
    table = version.spelled
    return f'UndefinedColumn: column "{column}" of relation "{table}" does not exist'


@check("VT102", "version-column-missing", Severity.ERROR)
def version_column_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table lacks a column of the table whose history it keeps.

    Continuum copies every column that is not excluded with `__versioned__ = {"exclude": [...]}`; a column that was
    added to the versioned table has to be added here as well.

    ## What happens at run time

    Each flush that inserts, changes or deletes a row of the versioned class fails, and so does reading its versions:

        ProgrammingError: (psycopg2.errors.UndefinedColumn)
        column "note" of relation "schedule_runs_version" does not exist

    ## Way out

    Add it, nullable and without filling it: what the column held in the past is not known. A server default is set
    *after* the column was added, so that old versions do not seem to have had that value. Or exclude the attribute.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for column in _missing(version):
        if version.is_internal(column.name) or version.flagged(column.name) is not None:
            continue
        yield finding(
            "VT102",
            "version-column-missing",
            Severity.ERROR,
            column_subject(version.expected, column.name),
            f"Continuum copies {version.facts.parent.name}.{column.name} into every version: the next flush fails with "
            f"{_undefined(version, column.name)}.",
            expected=column.type,
            locations=located(column, version.parent),
            repair="add-version-column",
            parent=str(version.facts.parent),
        )


@check("VT103", "version-internal-column-missing", Severity.ERROR)
def version_internal_column_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table lacks a column of Continuum's own: the transaction, its end, or the type of operation.

    `transaction_id` says which transaction made the version and is part of the key, `operation_type` is 0 for an
    insert, 1 for an update and 2 for a delete, and `end_transaction_id` (strategy `validity` only) says which
    transaction made the next version.

    ## What happens at run time

        ProgrammingError: (psycopg2.errors.UndefinedColumn)
        column "end_transaction_id" of relation "schedule_runs_version" does not exist

    at each flush that touches the versioned class, and when versions are read.

    ## Way out

    `end_transaction_id` is computed from the transactions of each entity. `operation_type` is derived: the first
    version of an entity is an insert, the last one of an entity that is gone is a delete, every other one an update.
    `transaction_id` cannot be reconstructed: the table is set aside under another name with all its rows, a new one
    is created, and every living row gets a baseline version.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for column in _missing(version):
        if not version.is_internal(column.name):
            continue
        lost = column.name == version.facts.transaction_column
        yield finding(
            "VT103",
            "version-internal-column-missing",
            Severity.ERROR,
            column_subject(version.expected, column.name),
            f"Continuum's own column is missing: the next flush fails with {_undefined(version, column.name)}.",
            expected=f"{column.type} {'NULL' if column.nullable else 'NOT NULL'}",
            note="the order of these versions cannot be reconstructed" if lost else None,
            locations=located(version.parent),
            repair="set-history-aside" if lost else "add-version-column",
            safety=Safety.BLOCKS_WRITES,
            parent=str(version.facts.parent),
        )


@check("VT104", "modification-column-missing", Severity.ERROR)
def modification_column_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table lacks the modification flag of a column.

    PropertyModTrackerPlugin keeps a boolean `<column>_mod` for every column of the versioned table that is neither part
    of the key nor excluded: it says which columns a transaction changed.

    ## What happens at run time

        ProgrammingError: (psycopg2.errors.UndefinedColumn)
        column "start_date_mod" of relation "schedule_runs_version" does not exist

    at each flush that touches the versioned class, and when versions are read.

    ## Two ways out

    * Add the columns: `BOOLEAN NOT NULL DEFAULT false`, one step for all flags of a table. Old versions then say
      "not changed"; `sqlalchemy_continuum.schema.update_property_mod_flags` can compute them from the history.
    * Turn the plugin off: take `PropertyModTrackerPlugin()` out of `make_versioned(plugins=[...])`. Flags that some
      tables do have are then left behind (VT202).
    """
    version = version_pair(table, schema)
    if version is None:
        return
    missing = [column for column in _missing(version) if version.flagged(column.name) is not None]
    for column in missing:
        yield finding(
            "VT104",
            "modification-column-missing",
            Severity.ERROR,
            column_subject(version.expected, column.name),
            f"PropertyModTrackerPlugin writes a flag for each tracked column: the next flush fails with "
            f"{_undefined(version, column.name)}.",
            expected="boolean NOT NULL DEFAULT false",
            note="add the column, or turn the plugin off",
            locations=located(column, version.parent),
            repair="add-modification-columns",
            column=version.flagged(column.name),
            parent=str(version.facts.parent),
        )


def _unexpected(version: VersionPair) -> Iterator[Column]:
    key = version.actual.primary_key.columns if version.actual.primary_key is not None else ()
    for pair in version.pair.columns:
        if pair.expected is None and pair.actual is not None:
            column = pair.actual
            # A surrogate key is told by the key's own check, together with its column.
            if not (column.name in key and (column.auto_increment or column.default is not None)):
                yield column


def _is_flag(version: VersionPair, column: Column) -> bool:
    """Whether a column that nobody expects looks like a modification flag."""
    suffix = version.facts.mod_suffix or "_mod"
    return column.name.endswith(suffix) and column.name != suffix and column.type in ("boolean", "bool", "tinyint(1)")


def _rejects_inserts(column: Column) -> bool:
    filled = column.default is not None or column.auto_increment or column.identity is not None
    return not column.nullable and not filled and column.generated is None


@check("VT201", "version-column-unexpected", Severity.INFO)
def version_column_unexpected(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table has a column that Continuum does not write.

    Most often the column was removed from the versioned table or excluded from versioning, and its past values stay
    here. That is what a history is for.

    ## What happens at run time

    Nothing, when the column may be empty. When it is `NOT NULL` without a default, every flush of the versioned class
    fails, because Continuum does not know the column:

        IntegrityError: (psycopg2.errors.NotNullViolation)
        null value in column "legacy" of relation "schedule_runs_version" violates not-null constraint

    ## Way out

    `DROP NOT NULL`; the past values stay. Dropping the column would destroy them, so that is only proposed with
    `--allow-drop`.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for column in _unexpected(version):
        if _is_flag(version, column):
            continue
        broken = _rejects_inserts(column)
        yield finding(
            "VT201",
            "version-column-unexpected",
            Severity.ERROR if broken else Severity.INFO,
            column_subject(version.expected, column.name),
            "Continuum does not know this NOT NULL column and leaves it empty: the next flush fails with "
            f'NotNullViolation: null value in column "{column.name}".'
            if broken
            else "Continuum does not write this column; it holds values of the past.",
            actual=f"{column.type} {'NOT NULL' if not column.nullable else 'NULL'}",
            locations=located(version.parent),
            repair="drop-not-null" if broken else "drop-version-column",
            safety=Safety.SAFE if broken else Safety.LOSES_DATA,
        )


@check("VT202", "modification-column-unexpected", Severity.INFO)
def modification_column_unexpected(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A modification flag was left behind: nothing writes it any more.

    Its column was removed or excluded, is part of the key (which is never tracked), belongs to an association table
    (which has no flags), or PropertyModTrackerPlugin was turned off.

    ## What happens at run time

    Nothing while the flag has its default. Without one every flush of the versioned class fails:

        IntegrityError: (psycopg2.errors.NotNullViolation)
        null value in column "legacy_mod" of relation "schedule_runs_version" violates not-null constraint

    ## Two ways out

    Give the flag its default back (`SET DEFAULT false`), or drop it with `--allow-drop`. Or turn the plugin on again,
    when it was turned off by mistake.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for column in _unexpected(version):
        if not _is_flag(version, column):
            continue
        broken = _rejects_inserts(column)
        yield finding(
            "VT202",
            "modification-column-unexpected",
            Severity.ERROR if broken else Severity.INFO,
            column_subject(version.expected, column.name),
            "Nothing writes this flag any more, and it has no default: the next flush fails with NotNullViolation: "
            f'null value in column "{column.name}".'
            if broken
            else "Nothing writes this modification flag any more.",
            actual=f"{column.type} {'NOT NULL' if not column.nullable else 'NULL'}",
            note="PropertyModTrackerPlugin is off" if version.facts.mod_suffix is None else None,
            locations=located(version.parent),
            repair="set-default" if broken else "drop-version-column",
            safety=Safety.SAFE if broken else Safety.LOSES_DATA,
        )


@check("VT306", "version-column-misnamed", Severity.ERROR)
def version_column_misnamed(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A column of a version table has another name than Continuum uses.

    The versioned table's column was renamed and its history was forgotten, or the table was made by hand.

    ## What happens at run time

        ProgrammingError: (psycopg2.errors.UndefinedColumn)
        column "note" of relation "schedule_runs_version" does not exist

    ## Way out

    Rename the column; its past values stay.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for expected, actual, _ in column_pairs(version.pair.columns):
        if expected.name != actual.name and version.flagged(expected.name) is None:
            yield _renamed(version, expected, actual, "VT306", "version-column-misnamed")


@check("VT307", "modification-column-misnamed", Severity.ERROR)
def modification_column_misnamed(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A modification flag has another name than PropertyModTrackerPlugin uses.

    Flags are called after the column in the database plus the plugin's `column_suffix`, by default `_mod`.

    ## What happens at run time

        ProgrammingError: (psycopg2.errors.UndefinedColumn)
        column "note_mod" of relation "schedule_runs_version" does not exist

    ## Way out

    Rename the flag; what it says about old versions stays. Or set the plugin's `column_suffix` to the one in use.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for expected, actual, _ in column_pairs(version.pair.columns):
        if expected.name != actual.name and version.flagged(expected.name) is not None:
            yield _renamed(version, expected, actual, "VT307", "modification-column-misnamed")


def _renamed(version: VersionPair, expected: Column, actual: Column, code: str, name: str) -> Outcome:
    return finding(
        code,
        name,
        Severity.ERROR,
        column_subject(version.expected, expected.name),
        f"The column is called {actual.name} here: the next flush fails with {_undefined(version, expected.name)}.",
        expected=expected.name,
        actual=actual.name,
        note=next((pair.evidence for pair in version.pair.columns if pair.expected is expected), None),
        locations=located(expected, version.parent),
        repair="rename-version-column",
        parent=str(version.facts.parent),
    )
