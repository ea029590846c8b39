"""Continuum's own tables: the columns of transactions and plugins, and the sequence that numbers transactions."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.checks.context import SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.version_tables.support import (
    column_subject,
    finding,
    is_own,
    located,
    quoted,
    sequence_subject,
    subject_of,
)
from drift.checks.wording import LOOK_AT_ROWS, unknown
from drift.findings import NotChecked, Outcome, Safety, Severity, SubjectKind
from drift.schema import Column, QualifiedName, Sequence, Table, VersioningRole


@check("VT110", "transaction-column-missing", Severity.ERROR)
def transaction_column_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The transaction table, or a plugin's, lacks a column.

    `user_id` is there when `make_versioned(user_cls=...)` names a class (by default `User`), `remote_addr` unless the
    factory was told otherwise; columns of the declarative base's mixins appear as well.

    ## What happens at run time

    Every flush of every versioned class fails:

        ProgrammingError: (psycopg2.errors.UndefinedColumn) column "user_id" of relation "transaction" does not exist

    ## Way out

    Add the column. Or let Continuum do without: `make_versioned(user_cls=None)`,
    `TransactionFactory(remote_addr=False)`.
    """
    if not is_own(table):
        return
    for pair in table.columns:
        if pair.expected is None or pair.actual is not None:
            continue
        column = pair.expected
        name = quoted(table.wanted.name, schema.expected)
        yield finding(
            "VT110",
            "transaction-column-missing",
            Severity.ERROR,
            column_subject(table.wanted, column.name),
            f'Each flush of a versioned class fails with UndefinedColumn: column "{column.name}" of relation "{name}" '
            "does not exist.",
            expected=column.type,
            locations=located(column),
            repair="add-transaction-column",
        )


@check("VT317", "transaction-column-mismatch", Severity.ERROR, Subjects.COLUMN)
def transaction_column_mismatch(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A column of the transaction table, or of a plugin's, is not as Continuum writes it.

    The type of `user_id` is that of the user class's key. Whether `id` has `nextval('transaction_id_seq')` as its
    default or none does not matter: Continuum always asks the sequence.

    ## What happens at run time

    * `user_id` is NOT NULL: changes that no user makes (jobs, scripts) fail with
      `NotNullViolation: null value in column "user_id" of relation "transaction"`.
    * `user_id` has another type than the users' key: writing works, joining does not:
      `UndefinedFunction: operator does not exist: uuid = character varying`.
    * `id` is an INTEGER: no transaction after number 2147483647.
    * `id` is `GENERATED ALWAYS`: `GeneratedAlways: cannot insert a non-DEFAULT value into column "id"`.

    ## Way out

    Change the column; no row is touched apart from the conversion.
    """
    if not is_own(table) or pair.expected is None or pair.actual is None:
        return
    expected, actual = pair.expected, pair.actual
    verdict = schema.judge.types(expected.type, actual.type)
    subject = column_subject(table.wanted, expected.name)
    if verdict.unknown:
        yield NotChecked("VT317", "transaction-column-mismatch", subject, verdict.reason or "")
    faults: list[tuple[Severity, str]] = []
    if pair.renamed:
        faults.append((Severity.ERROR, f'UndefinedColumn: column "{expected.name}" does not exist'))
    if verdict.different:
        faults.append(_type_fault(expected, actual))
    if expected.nullable and not actual.nullable:
        faults.append((Severity.ERROR, f'NotNullViolation: null value in column "{expected.name}"'))
    if not expected.nullable and actual.nullable:
        faults.append((Severity.WARNING, "a row without it is no transaction"))
    if actual.identity is not None and actual.identity.always:
        faults.append((Severity.ERROR, f'GeneratedAlways: cannot insert a non-DEFAULT value into "{expected.name}"'))
    if not faults:
        return
    yield finding(
        "VT317",
        "transaction-column-mismatch",
        min((severity for severity, _ in faults), key=lambda severity: severity.rank),
        subject,
        f"The column is not as Continuum writes it: {'; '.join(text for _, text in faults)}.",
        expected=_spelled(expected, named=pair.renamed),
        actual=_spelled(actual, named=pair.renamed),
        locations=located(expected),
        repair="alter-transaction-column",
        safety=Safety.NEEDS_DATA if verdict.different else Safety.SAFE,
    )


def _spelled(column: Column, *, named: bool) -> str:
    identity = ""
    if column.identity is not None and column.identity.always:
        identity = " GENERATED ALWAYS AS IDENTITY"
    name = f"{column.name} " if named else ""
    return f"{name}{column.type} {'NULL' if column.nullable else 'NOT NULL'}{identity}"


def _type_fault(expected: Column, actual: Column) -> tuple[Severity, str]:
    if expected.type == "bigint" and actual.type == "integer":
        return Severity.WARNING, "NumericValueOutOfRange from number 2147483648 on"
    return Severity.ERROR, f"values of type {expected.type} do not compare with {actual.type}"


@check("VT114", "transaction-foreign-key-missing", Severity.WARNING)
def transaction_foreign_key_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The transaction table lacks its foreign key to the users.

    ## What happens at run time

    No error: transactions may name users who do not exist.

    ## Way out

    Add the foreign key; it fails while transactions name users who are gone.
    """
    if not is_own(table):
        return
    for pair in table.foreign_keys:
        key = pair.expected
        if key is None or pair.actual is not None or table.missing_columns & set(key.columns):
            continue
        differing = any(
            column.expected is not None
            and column.actual is not None
            and column.expected.name in key.columns
            and schema.judge.types(column.expected.type, column.actual.type).different
            for column in table.columns
        )
        if differing:
            # Told by the column's own finding: without the right type there can be no such key.
            continue
        yield finding(
            "VT114",
            "transaction-foreign-key-missing",
            Severity.WARNING,
            subject_of(SubjectKind.FOREIGN_KEY, table.wanted, key.name, key.columns),
            "Nothing keeps transactions from naming users who do not exist.",
            expected=f"({', '.join(key.columns)}) references {key.target} ({', '.join(key.target_columns)})",
            repair="create-foreign-key",
            columns=key.columns,
        )


def numbered_table(schema: SchemaView, sequence: Sequence) -> Table | None:
    """The table of Continuum that a sequence numbers: ``transaction_id_seq`` numbers ``transaction.id``."""
    for table in schema.views:
        if table.expected is None or table.expected.role is not sequence.role:
            continue
        if sequence.name.name.startswith(f"{table.expected.name.name}_"):
            return table.expected
    return None


def _sequences(schema: SchemaView) -> Iterator[tuple[Sequence, Sequence | None, Pair[Sequence], QualifiedName | None]]:
    """Continuum's sequences whose table is there; a missing table is told by itself."""
    for pair in schema.sequences:
        if pair.expected is None or pair.expected.role is VersioningRole.NONE:
            continue
        table = numbered_table(schema, pair.expected)
        if table is None or schema.pairs[table.name].complete:
            yield pair.expected, pair.actual, pair, None if table is None else table.name


@check("VT106", "transaction-sequence-missing", Severity.ERROR, Subjects.SCHEMA)
def transaction_sequence_missing(schema: SchemaView) -> Iterator[Outcome]:
    """The sequence that numbers Continuum's transactions does not exist.

    Continuum always asks `transaction_id_seq` (ActivityPlugin: `activity_id_seq`), even where the column numbers itself
    with IDENTITY.

    ## What happens at run time

    Every flush of every versioned class fails:

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "transaction_id_seq" does not exist

    Alembic creates no sequences and never compares them.

    ## Way out

    Create the sequence and set it behind the largest number in use. An IDENTITY that took its place is dropped.
    """
    for expected, actual, _, table in _sequences(schema):
        if actual is not None:
            continue
        pair = schema.pairs[table] if table is not None else None
        identity = pair is not None and any(column.identity is not None for column in pair.seen.columns)
        yield finding(
            "VT106",
            "transaction-sequence-missing",
            Severity.ERROR,
            sequence_subject(expected, table),
            "Each flush of a versioned class fails with UndefinedTable: relation "
            f'"{quoted(expected.name, schema.expected)}" does not exist.',
            expected=str(expected.name),
            note="the column is an IDENTITY, which Continuum does not use" if identity else None,
            repair="create-transaction-sequence",
            numbered_table=None if table is None else str(table),
        )


@check("VT315", "transaction-sequence-misnamed", Severity.ERROR, Subjects.SCHEMA)
def transaction_sequence_misnamed(schema: SchemaView) -> Iterator[Outcome]:
    """The sequence that numbers Continuum's transactions has another name or lies in another schema.

    The name `transaction_id_seq` is fixed and carries no schema, even where the transaction table has one: it must lie
    in the default schema, or on the `search_path`. Migrations that Alembic wrote (`BIGSERIAL`) put it beside the table.

    ## What happens at run time

    Every flush of every versioned class fails:

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "transaction_id_seq" does not exist

    ## Way out

    Rename or move the sequence; it goes on counting where it is.
    """
    for expected, actual, pair, table in _sequences(schema):
        if actual is None or actual.name == expected.name:
            continue
        yield finding(
            "VT315",
            "transaction-sequence-misnamed",
            Severity.ERROR,
            sequence_subject(expected, table),
            "Each flush of a versioned class fails with UndefinedTable: relation "
            f'"{quoted(expected.name, schema.expected)}" does not exist.',
            expected=str(expected.name),
            actual=str(actual.name),
            note=pair.evidence,
            repair="move-sequence" if actual.name.schema != expected.name.schema else "rename-sequence",
            numbered_table=None if table is None else str(table),
        )


@check("VT316", "transaction-sequence-behind", Severity.ERROR, Subjects.SCHEMA)
def transaction_sequence_behind(schema: SchemaView) -> Iterator[Outcome]:
    """The sequence that numbers Continuum's transactions is behind the numbers in use (`--probe`).

    Rows were copied from another database, or restored without the sequence's position.

    ## What happens at run time

    Every flush of a versioned class fails until the sequence has caught up, one number for each attempt:

        IntegrityError: (psycopg2.errors.UniqueViolation)
        duplicate key value violates unique constraint "transaction_pkey"

    ## Way out

    `setval` behind the largest number that the transaction table or any version table knows.
    """
    for seen in schema.actual.transaction_numbers:
        if seen.next_value is None:
            yield unknown("VT316", sequence_subject(Sequence(seen.sequence), seen.table), seen.reason, LOOK_AT_ROWS)
            continue
        if seen.largest is None or seen.next_value > seen.largest:
            continue
        expected = next(
            (pair.expected for pair in schema.sequences if pair.actual and pair.actual.name == seen.sequence), None
        )
        name = expected.name if expected is not None else seen.sequence
        yield finding(
            "VT316",
            "transaction-sequence-behind",
            Severity.ERROR,
            sequence_subject(Sequence(name), seen.table),
            "Each flush of a versioned class fails with UniqueViolation: duplicate key value violates unique "
            f'constraint "{seen.table.name}_pkey", until the sequence has caught up.',
            expected=f"next value above {seen.largest}",
            actual=f"next value {seen.next_value}",
            repair="set-sequence",
            numbered_table=str(seen.table),
            next_value=seen.next_value,
            largest=seen.largest,
        )
