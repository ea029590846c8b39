"""The check: resolve what to compare, read both sides, compare, judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import partial
from time import perf_counter

from drift import collector
from drift.alignment import Alignment
from drift.dialects import Canonicalise, Dialect, ServerInfo, dialect_for
from drift.findings import Outcome
from drift.pipeline.compare import Setting, compare
from drift.pipeline.inputs import Inputs
from drift.pipeline.migrations import migration_states, resolved_by_pending
from drift.pipeline.not_compared import not_compared
from drift.pipeline.probes import count_rows, with_strays
from drift.pipeline.reading import read_both
from drift.pipeline.receipts import receipt_of, watching
from drift.pipeline.report import Comparison, Report
from drift.pipeline.sanity import require_plausible
from drift.pipeline.snapshots import snapshot_canonicaliser, snapshot_server
from drift.pipeline.targets import Target, resolve_targets
from drift.policy import Circumstances, Compared, judge
from drift.schema import MigrationState, Schema, TableKind
from drift.sources.snapshot import Snapshot


def run_check(inputs: Inputs) -> Report:
    """Compare the models with the database, or with each database of a project that has several.

    Raises:
        DriftError: The check could not happen.
    """
    started = perf_counter()
    targets, outcomes, notes = resolve_targets(inputs)
    return check_targets(targets, inputs, outcomes, notes, started)


def check_targets(
    targets: Iterable[Target],
    inputs: Inputs,
    outcomes: tuple[Outcome, ...] = (),
    notes: tuple[str, ...] = (),
    started: float | None = None,
) -> Report:
    """Compare targets that are known already.

    Args:
        targets: Databases with their models.
        inputs: Policy and wishes; models and database are not looked at.
        outcomes: What could not be checked already before.
        notes: Remarks for the report.
        started: When the work began, by ``perf_counter``.
    """
    started = perf_counter() if started is None else started
    comparisons: list[Comparison] = []
    compared = Compared()
    for target in targets:
        with collector.paused():
            comparison, said, remarks, fields = _compare(target, inputs)
        comparisons.append(comparison)
        outcomes = (*outcomes, *said)
        notes = (*notes, *remarks)
        compared = _add(compared, count_compared(comparison.alignment, fields))
    inputs.progress("judging")
    whole = _merge([comparison.alignment for comparison in comparisons])
    verdict = judge(
        outcomes,
        inputs.config,
        inputs.baseline,
        alignment=whole,
        circumstances=Circumstances(
            compared=compared,
            expected_source=whole.expected.source,
            actual_source=whole.actual.source,
            actual_origin=", ".join(dict.fromkeys(one.target.origin for one in comparisons if one.target.origin)),
            dialect=whole.actual.dialect,
            server=whole.actual.server,
            not_compared=not_compared(whole.expected, whole.actual, dialect_for(whole.actual.dialect)),
            seconds=perf_counter() - started,
            notes=notes,
        ),
        today=date.today(),
    )
    return Report(verdict, tuple(comparisons))


def _compare(target: Target, inputs: Inputs) -> tuple[Comparison, tuple[Outcome, ...], tuple[str, ...], int]:
    """One database: the comparison, what the checks said, remarks, and how many response fields were looked at."""
    if target.snapshot is not None:
        return _compare_snapshot(target, target.snapshot, inputs)
    inputs.progress("connecting")
    with target.connect() as (connection, dialect), watching(connection, inputs) as watch:
        info = dialect.info(connection)
        expected, actual = read_both(target, inputs, connection, dialect, info)
        migrations = migration_states(target, connection)

        def observed(expected: Schema, actual: Schema) -> Schema:
            actual = with_strays(connection, dialect, expected, replace(actual, source=target.source))
            return count_rows(connection, dialect, expected, actual) if inputs.probe else actual

        inputs.progress("comparing")
        setting = _setting(target, inputs, dialect, info, dialect.canonicaliser(connection), migrations)
        alignment, said = compare(expected, actual, replace(setting, observe=observed))
        outcomes, remarks = resolved_by_pending(said, target, migrations, dialect.name)
        inputs.progress("probing the response schemas")
        of_responses, fields = target.check_responses(
            alignment.expected, alignment.actual, connection if inputs.probe else None
        )
        receipt = receipt_of(connection, watch, actual.schemas)
    comparison = Comparison(alignment, target, partial(target.natives, info), migrations, receipt)
    return comparison, (*outcomes, *of_responses), remarks, fields


def _compare_snapshot(
    target: Target, snapshot: Snapshot, inputs: Inputs
) -> tuple[Comparison, tuple[Outcome, ...], tuple[str, ...], int]:
    """A snapshot: nobody can be asked, so that what only differs as text is settled by the canonical forms it holds."""
    dialect, info = snapshot_server(snapshot)
    inputs.progress("reading the models")
    expected = target.expect(dialect, info)
    inputs.progress("comparing")
    setting = _setting(target, inputs, dialect, info, snapshot_canonicaliser(snapshot, inputs))
    alignment, outcomes = compare(expected, snapshot.schema, setting)
    said, fields = target.check_responses(alignment.expected, alignment.actual, None)
    return Comparison(alignment, target, partial(target.natives, info)), (*outcomes, *said), (), fields


def _setting(
    target: Target,
    inputs: Inputs,
    dialect: Dialect,
    info: ServerInfo,
    canonicalise: Canonicalise,
    migrations: tuple[MigrationState, ...] = (),
) -> Setting:
    return Setting(
        dialect,
        info,
        canonicalise,
        target,
        named=bool(inputs.schemas),
        migrations=migrations,
        require=partial(require_plausible, migrations=migrations, target=target, allow_empty=inputs.allow_empty),
    )


def count_compared(alignment: Alignment, response_fields: int) -> Compared:
    """How much of an alignment has two sides, for the summary."""
    pairs = [pair for pair in alignment.tables if pair.expected is not None and pair.actual is not None]
    return Compared(
        tables=len(pairs),
        columns=sum(len(pair.expected.columns) for pair in pairs if pair.expected is not None),
        constraints_and_indexes=sum(
            len(pair.uniques)
            + len(pair.foreign_keys)
            + len(pair.checks)
            + len(pair.exclusions)
            + len(pair.indexes)
            + (pair.primary_key.expected is not None)
            for pair in pairs
            if pair.actual is not None and pair.actual.kind in (TableKind.TABLE, TableKind.PARTITIONED)
        ),
        response_fields=response_fields,
    )


def _add(left: Compared, right: Compared) -> Compared:
    return Compared(
        left.tables + right.tables,
        left.columns + right.columns,
        left.constraints_and_indexes + right.constraints_and_indexes,
        left.response_fields + right.response_fields,
    )


def _merge(alignments: Iterable[Alignment]) -> Alignment:
    """One alignment to judge by; with one database, its own."""
    first, *others = alignments
    if not others:
        return first
    whole = (first, *others)
    return replace(
        first,
        expected=replace(first.expected, tables=tuple(t for a in whole for t in a.expected.tables)),
        actual=replace(
            first.actual,
            source=", ".join(a.actual.source for a in whole),
            tables=tuple(t for a in whole for t in a.actual.tables),
        ),
        tables=tuple(pair for a in whole for pair in a.tables),
    )
