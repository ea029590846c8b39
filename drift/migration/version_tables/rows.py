"""Rows of version tables: baselines, ends, and a history whose order is lost."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.registry import handles
from drift.migration.version_tables.history import History, history_of
from drift.migration.version_tables.tables import baseline_statement, restore_transactions
from drift.schema import QualifiedName


def _fill(finding: Finding, title: str, statement: str, hazard: str, reason: str | None = None) -> Step:
    return Step(
        title,
        Phase.BACKFILL,
        (finding,),
        (own.Execute(statement),),
        (),
        safety=Safety.BLOCKS_WRITES,
        hazard=hazard,
        commented_out=reason,
        # After everything that gives these rows their columns.
        order=1_000_000,
    )


@handles("VT115")
def write_baseline(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """One transaction, and one version for every row that has none."""
    history = history_of(finding, context)
    statement = baseline_statement(history, context) if history is not None and context.is_postgresql else None
    if history is None or statement is None:
        context.refuse(finding, "write a version for each row by hand; this is written for PostgreSQL only")
        return
    yield _fill(
        finding,
        f"write a baseline version of every row of {history.parent} that has none",
        statement,
        "the history of these rows begins today, with their present values; the way back leaves these versions",
    )


@handles("VT321", "VT322")
def compute_ends(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """``end_transaction_id`` from the order of the transactions."""
    history = history_of(finding, context)
    if history is None or not context.is_postgresql:
        context.refuse(finding, "use sqlalchemy_continuum.schema.update_end_tx_column")
        return
    yield _fill(
        finding,
        f"compute when each version of {history.parent} ended",
        history.compute_ends(),
        "each version ends where the next one of the same row begins; the way back leaves the computed ends",
    )


@handles("VT324")
def put_transactions_back(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Numbers of transactions that are gone; only a person knows whether they were tidied away on purpose."""
    history = history_of(finding, context)
    if history is None or history.facts.transaction is None:
        return
    for statement in restore_transactions(context, history.facts.transaction):
        if history.sql in statement:
            yield _fill(
                finding,
                f"put back the transactions that versions of {history.parent} mention",
                statement,
                "when and by whom they were made is lost",
                "transactions may have been tidied away on purpose; this brings back their numbers only.",
            )


def set_history_aside(finding: Finding, context: PlanContext, pair: TablePair, history: History) -> Iterator[Step]:
    """Without the transaction the order of the versions is lost: keep them under another name, and begin anew."""
    assert pair.actual is not None
    quoting = context.quoting
    aside = QualifiedName(history.name.schema, f"{history.name.name[:53]}_set_aside")
    table, old = quoting.qualified(history.name), quoting.qualified(aside)
    names = [index.name for index in pair.actual.indexes if index.name is not None]
    if pair.actual.primary_key is not None and pair.actual.primary_key.name is not None:
        names.append(pair.actual.primary_key.name)
    there = [own.Execute(f"ALTER TABLE {table} RENAME TO {quoting.name(aside.name)}")]
    back = [own.Execute(f"ALTER TABLE {old} RENAME TO {quoting.name(history.name.name)}")]
    for name in names:
        before = quoting.qualified(QualifiedName(history.name.schema, name))
        after = QualifiedName(history.name.schema, f"{name[:53]}_set_aside")
        there.append(own.Execute(f"ALTER INDEX {before} RENAME TO {quoting.name(after.name)}"))
        back.append(own.Execute(f"ALTER INDEX {quoting.qualified(after)} RENAME TO {quoting.name(name)}"))
    create = context.ddl.create_table(history.table)
    indexes = [
        context.ddl.create_index(history.name, str(index.name), index)
        for index in history.table.indexes
        if index.name is not None
    ]
    baseline = baseline_statement(history, context)
    fresh = [own.Execute(statement) for statement in (create, *indexes, *([baseline] if baseline else []))]
    yield Step(
        f"set {history.name} aside as {aside.name} and begin a new history",
        # Before anything else touches the table: the other findings speak of the one that is set aside.
        Phase.TABLE,
        (finding,),
        (*there, *fresh),
        (own.Execute(f"DROP TABLE {table}"), *reversed(back)),
        Change.CHANGE,
        history.name,
        Lock.ACCESS_EXCLUSIVE,
        safety=Safety.BLOCKS_WRITES,
        hazard=f"no row is lost: they stay in {aside.name}, but Continuum cannot read them, because nobody knows which "
        "transaction made them; each living row gets a baseline version",
    )
