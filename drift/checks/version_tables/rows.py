"""What the rows of version tables say (``--probe``): history that was never written, or never closed."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView
from drift.checks.registry import Subjects, check
from drift.checks.version_tables.support import facts_of, finding, located, parent_of, table_subject
from drift.checks.wording import LOOK_AT_ROWS, unknown
from drift.findings import Finding, NotChecked, Outcome, Safety, Severity, Subject, SubjectKind
from drift.schema import VersionRows


def _refused(schema: SchemaView, code: str, *counts: str) -> Iterator[NotChecked]:
    """Version tables whose rows could not be counted so."""
    for rows in schema.actual.version_rows:
        reasons = dict(rows.refused)
        reason = next((reasons[count] for count in counts if count in reasons), None)
        if reason is not None:
            subject = Subject(SubjectKind.TABLE, rows.table.schema, rows.table.name, rows.table.name)
            yield unknown(code, subject, reason, LOOK_AT_ROWS)


def _report(
    schema: SchemaView,
    rows: VersionRows,
    code: str,
    name: str,
    severity: Severity,
    message: str,
    count: int,
    repair: str,
) -> Finding | None:
    pair = next((one for one in schema.views if one.actual is not None and one.actual.name == rows.table), None)
    if pair is None or pair.expected is None:
        return None
    facts = facts_of(schema, pair.expected.name)
    return finding(
        code,
        name,
        severity,
        table_subject(pair.expected),
        message,
        actual=f"{count} row{'' if count == 1 else 's'}",
        locations=located(pair.expected, parent_of(schema, facts)),
        repair=repair,
        safety=Safety.BLOCKS_WRITES,
        rows=count,
        parent=None if facts is None else str(facts.parent),
    )


@check("VT115", "baseline-version-missing", Severity.WARNING, Subjects.SCHEMA)
def baseline_version_missing(schema: SchemaView) -> Iterator[Outcome]:
    """Rows of a versioned table have no version at all (`--probe`).

    They are older than the versioning, or were written past it (bulk statements, another program).

    ## What happens at run time

    No error. `versions` is empty, and what the row was before its next change is never known: that change becomes its
    first version.

    ## Way out

    A baseline: one transaction, and one version of operation type 0 for each such row, with its present values.
    """
    yield from _refused(schema, "VT115", "without_version")
    for rows in schema.actual.version_rows:
        if rows.without_version:
            found = _report(
                schema,
                rows,
                "VT115",
                "baseline-version-missing",
                Severity.WARNING,
                "Rows of the versioned table have no version: their next change overwrites what nobody recorded.",
                rows.without_version,
                "write-baseline-versions",
            )
            if found is not None:
                yield found


@check("VT321", "several-open-versions", Severity.WARNING, Subjects.SCHEMA)
def several_open_versions(schema: SchemaView) -> Iterator[Outcome]:
    """Entities have several versions at once that have not ended (`--probe`).

    ## What happens at run time

    No error. `previous`, `next` and queries for the state at some time return the wrong version, or two.

    ## Way out

    Compute `end_transaction_id` again: each version ends where the next one of the same entity begins.
    """
    yield from _refused(schema, "VT321", "never_closed", "closed")
    for rows in schema.actual.version_rows:
        # Where nothing at all was ever closed the more telling VT322 speaks.
        if rows.never_closed and rows.closed:
            found = _report(
                schema,
                rows,
                "VT321",
                "several-open-versions",
                Severity.WARNING,
                "Several versions of the same row seem to be the current one.",
                rows.never_closed,
                "compute-end-transactions",
            )
            if found is not None:
                yield found


@check("VT322", "end-transaction-not-filled", Severity.WARNING, Subjects.SCHEMA)
def end_transaction_not_filled(schema: SchemaView) -> Iterator[Outcome]:
    """Versions that were followed by another one have no `end_transaction_id` (`--probe`).

    The strategy was changed from `subquery` to `validity`, the column was added later, or the trigger functions were
    made by `sync_trigger`, which never sets it.

    ## What happens at run time

    No error. `previous`, `next` and queries for the state at some time return the wrong version.

    ## Way out

    Compute it: each version ends where the next one of the same entity begins
    (`sqlalchemy_continuum.schema.update_end_tx_column` does the same, row by row).
    """
    yield from _refused(schema, "VT322", "never_closed", "closed")
    for rows in schema.actual.version_rows:
        if rows.never_closed and not rows.closed:
            found = _report(
                schema,
                rows,
                "VT322",
                "end-transaction-not-filled",
                Severity.WARNING,
                "Versions that were followed by another one have never ended: reading the past goes wrong.",
                rows.never_closed,
                "compute-end-transactions",
            )
            if found is not None:
                yield found


@check("VT324", "version-without-transaction", Severity.INFO, Subjects.SCHEMA)
def version_without_transaction(schema: SchemaView) -> Iterator[Outcome]:
    """Versions belong to transactions that the transaction table does not know (`--probe`).

    ## What happens at run time

    `version.transaction` is None; when and by whom the change was made is not known.

    ## Way out

    Transactions that were tidied away on purpose are no fault. Otherwise their numbers can be put back, without date
    and user.
    """
    yield from _refused(schema, "VT324", "without_transaction")
    for rows in schema.actual.version_rows:
        if rows.without_transaction:
            found = _report(
                schema,
                rows,
                "VT324",
                "version-without-transaction",
                Severity.INFO,
                "Nobody knows when and by whom these changes were made.",
                rows.without_transaction,
                "restore-transactions",
            )
            if found is not None:
                yield found
