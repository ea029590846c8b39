"""Version tables as a whole: create, rename, move, and put together two halves of a history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from alembic.operations import ops
from sqlalchemy import Integer

from drift.alignment import TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.clone_statements import create_table_statements
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import Quoting
from drift.migration.handlers.tables import rename_steps
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.version_tables.delegation import delegate
from drift.migration.version_tables.history import (
    History,
    history_of,
    known_histories,
    numbers_in_use,
    transaction_sequence,
)
from drift.migration.version_tables.merging import merge_elsewhere
from drift.schema import Column, QualifiedName, Table, VersioningRole

LATE = 1_000_000
"""Place of the transaction table among new tables: after the users it refers to."""


@handles("VT101", "VT109")
def create_version_table(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A missing version table, or a plugin's, as Continuum built it."""
    yield from delegate("TB101", finding, context)
    history = history_of(finding, context)
    if history is None or not context.is_postgresql or history.table.role is not VersioningRole.VERSION:
        return
    baseline = baseline_statement(history, context)
    if baseline is not None:
        yield Step(
            f"write a baseline version of every row of {history.parent}",
            Phase.BACKFILL,
            (),
            (own.Execute(baseline),),
            (),
            Change.MANUAL,
            safety=Safety.BLOCKS_WRITES,
            commented_out="history begins with the next change of each row; with this it begins with the present state",
        )


def baseline_statement(history: History, context: PlanContext) -> str | None:
    """The statement, or ``None`` where the transaction table or its sequence is not known."""
    transaction = history.facts.transaction
    sequence = transaction_sequence(context, transaction) if transaction is not None else None
    parent = context.alignment.expected.table(history.parent)
    if transaction is None or sequence is None or parent is None or not history.key:
        return None
    columns = [column.name for column in history.table.columns if parent.column(column.name) is not None]
    return history.write_baseline(transaction, sequence, columns)


@handles("VT105")
def create_transaction_table(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The transaction table with its sequence, and a row for each transaction that any version mentions."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.expected is None:
        context.refuse(finding, "the models do not name it")
        return
    name = pair.expected.name
    sequence = transaction_sequence(context, name)
    queries = Queries(context.quoting)
    noun = next((one for one in context.alignment.sequences if one.expected and one.expected.name == sequence), None)
    if context.is_postgresql and noun is not None and noun.expected is not None and noun.actual is None:
        yield Step(
            f"create sequence {noun.expected.name}",
            Phase.SEQUENCE,
            (finding,),
            (own.Execute(context.ddl.create_sequence(noun.expected)),),
            (own.Execute(f"DROP SEQUENCE {context.quoting.qualified(noun.expected.name)}"),),
            Change.ADD,
            done=queries.relation_exists(noun.expected.name),
            undone=queries.relation_missing(noun.expected.name),
        )
    for step in delegate("TB101", finding, context):
        operations = tuple(_numbered_by_continuum(one, context) for one in step.upgrade)
        yield replace(step, upgrade=operations, order=step.order + LATE)
    if not context.is_postgresql:
        return
    statements = [*restore_transactions(context, name)]
    if sequence is not None:
        statements.append(set_behind(context, name, sequence))
    yield Step(
        f"put back the numbers of the transactions that versions mention into {name}",
        Phase.BACKFILL,
        (finding,),
        tuple(own.Execute(statement) for statement in statements),
        (),
        hazard="when and by whom those transactions were made is lost",
    )


def _numbered_by_continuum(operation: ops.MigrateOperation, context: PlanContext) -> ops.MigrateOperation:
    """Continuum asks its own sequence, and BIGSERIAL would make a second one; SQLite numbers INTEGER keys only."""
    if isinstance(operation, ops.CreateTableOp):
        for item in operation.columns:
            column: Any = item
            if getattr(column, "name", None) != "id" or not hasattr(column, "autoincrement"):
                continue
            if context.is_postgresql:
                column.autoincrement = False
            elif context.is_sqlite:
                column.type = Integer()
    return operation


def restore_transactions(context: PlanContext, transaction: QualifiedName) -> Iterator[str]:
    """One statement for each version table."""
    quoting = context.quoting
    target = quoting.qualified(transaction)
    for facts in known_histories(context, transaction):
        number = quoting.name(facts.transaction_column)
        yield (
            f"INSERT INTO {target} (id) SELECT DISTINCT version.{number} FROM {quoting.qualified(facts.table)} "
            f"AS version WHERE NOT EXISTS (SELECT 1 FROM {target} AS known WHERE known.id = version.{number})"
        )


def set_behind(context: PlanContext, transaction: QualifiedName, sequence: QualifiedName) -> str:
    """``setval`` behind the largest number in use."""
    literal = context.quoting.literal(context.quoting.qualified(sequence))
    return f"SELECT setval({literal}, coalesce({numbers_in_use(context, transaction)}, 0) + 1, false)"


@handles("VT301", "VT302", "VT314")
def rename_version_table(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A version table under another name or in another schema, with everything that carries its name."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None or pair.expected is None:
        context.refuse(finding, "one of the two tables is not there")
        return
    steps = list(rename_steps((finding,), context, pair))
    if context.is_postgresql:
        there, back = _index_renames(context, pair)
        steps[0] = replace(steps[0], upgrade=(*steps[0].upgrade, *there), downgrade=(*back, *steps[0].downgrade))
    steps[0] = steps[0].because(*_sequences_that_follow(context, pair))
    yield from (replace(step, hazard=_HAZARD) for step in steps)


def _sequences_that_follow(context: PlanContext, pair: TablePair) -> Iterator[Finding]:
    """Misnamed sequences that get their expected name together with the table that they carry in their own name."""
    assert pair.actual is not None
    assert pair.expected is not None
    old, new = pair.actual.name.name, pair.expected.name.name
    for one in context.alignment.sequences:
        if one.expected is None or one.actual is None or one.actual.owned_by is None:
            continue
        name = one.actual.name.name
        follows = one.actual.owned_by[0] == pair.actual.name and name.startswith(f"{old}_")
        if not follows or new + name[len(old) :] != one.expected.name.name:
            continue
        for finding in context.findings:
            if finding.code == "VT315" and finding.subject.name == one.expected.name.name:
                context.claim_finding(finding)
                yield finding


_HAZARD = "every row of history stays; code that is still running under the old name breaks"


def _index_renames(context: PlanContext, pair: TablePair) -> tuple[list[own.Execute], list[own.Execute]]:
    """Indexes and the key take the names that the models give them; they were matched by what they index."""
    assert pair.expected is not None
    quoting = context.quoting
    home = pair.expected.name.schema
    names = [(one.expected.name, one.actual.name) for one in pair.indexes if one.expected and one.actual]
    if pair.primary_key.expected is not None and pair.primary_key.actual is not None:
        names.append((pair.primary_key.expected.name, pair.primary_key.actual.name))
    there, back = [], []
    for wanted, found in names:
        if wanted is None or found is None or wanted == found:
            continue
        forth = f"ALTER INDEX {quoting.qualified(QualifiedName(home, found))} RENAME TO {quoting.name(wanted)}"
        reverse = f"ALTER INDEX {quoting.qualified(QualifiedName(home, wanted))} RENAME TO {quoting.name(found)}"
        there.append(own.Execute(forth, reverse))
        back.append(own.Execute(reverse, forth))
    return there, back


@handles("VT303")
def merge_histories(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Two halves of a history: every row goes into the table that Continuum reads, then the empty one goes."""
    history = history_of(finding, context)
    other = QualifiedName(_text(finding.detail("other_schema")), str(finding.detail("other_table")))
    half = context.actual_tables.get(other)
    if history is None or half is None:
        context.refuse(finding, "one of the two tables is not there")
        return
    if half.column(history.facts.transaction_column) is None:
        context.refuse(finding, f"{other} does not say which transaction made its rows; copy what you need by hand")
        return
    if not context.is_postgresql:
        yield from merge_elsewhere(finding, context, history, half, insert_half(history, half, context))
        return
    quoting = context.quoting
    statements = [insert_half(history, half, context)]
    if history.facts.end_transaction_column is not None and history.table.role is VersioningRole.VERSION:
        statements.append(history.compute_ends())
    extra = [column.name for column in half.columns if history.table.column(column.name) is None]
    queries = Queries(quoting)
    step = Step(
        f"put the rows of {other} into {history.name}",
        Phase.BACKFILL,
        (finding,),
        tuple(own.Execute(statement) for statement in statements),
        (),
        Change.CHANGE,
        other,
        Lock.ACCESS_EXCLUSIVE,
        safety=Safety.BLOCKS_WRITES,
        done=queries.relation_missing(other),
    )
    if extra:
        # What Continuum does not know would be lost with the table.
        aside = QualifiedName(other.schema, f"{other.name[:56]}_merged")
        yield replace(
            step,
            upgrade=(*step.upgrade, own.Execute(f"ALTER TABLE {quoting.qualified(other)} RENAME TO {aside.name}")),
            downgrade=(own.Execute(f"ALTER TABLE {quoting.qualified(aside)} RENAME TO {quoting.name(other.name)}"),),
            hazard=f"{other} stays as {aside.name}: it has columns that Continuum does not know ({', '.join(extra)})",
        )
        return
    yield replace(
        step,
        upgrade=(
            *step.upgrade,
            own.Execute(_remove_arrived(history, half, quoting)),
            own.Execute(_stop_unless_empty(other, quoting)),
            ops.DropTableOp(other.name, schema=quoting.schema(other)),
        ),
        downgrade=tuple(own.Execute(statement) for statement in create_table_statements(context, half)),
        hazard=f"{other} is dropped when all its rows have arrived, else nothing is changed; the way back makes it "
        "again, empty",
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def insert_half(history: History, half: Table, context: PlanContext) -> str:
    """Rows whose key is not there yet; flags that the half lacks are false, missing operations derived."""
    target = next((t for t in context.alignment.actual.tables if t.name == history.name), history.table)
    flags = {flag for _, flag in history.facts.mod_columns}
    names: list[str] = []
    values: list[str] = []
    for column in history.table.columns:
        found, into = half.column(column.name), target.column(column.name) or column
        if found is None and column.name == history.facts.operation_type_column:
            window = f"(PARTITION BY {history.quoting.names(history.key)} ORDER BY {history.transaction})"
            value = f"CASE WHEN row_number() OVER {window} = 1 THEN 0 ELSE 1 END"
        elif found is None:
            continue
        else:
            value = _value(history, found, into)
            value = f"coalesce({value}, false)" if column.name in flags else value
        names.append(column.name)
        values.append(value)
    known = f"SELECT 1 FROM {history.sql} AS known WHERE {history.same('known', 'half', transaction=True)}"
    return (
        f"INSERT INTO {history.sql} ({history.quoting.names(names)}) SELECT {', '.join(values)} "
        f"FROM {history.quoting.qualified(half.name)} AS half WHERE NOT EXISTS ({known})"
    )


def _value(history: History, found: Column, into: Column) -> str:
    value = f"half.{history.column(found.name)}"
    if found.type == into.type or history.quoting.dialect != "postgresql":
        return value  # elsewhere values are converted as they are assigned
    return f"{value}::text::{into.type}"


def _remove_arrived(history: History, half: Table, quoting: Quoting) -> str:
    """Delete what has arrived with the same contents; ends are computed and may differ."""
    computed = {history.facts.end_transaction_column, history.facts.operation_type_column}
    flags = {flag for _, flag in history.facts.mod_columns}
    shared = {column.name for column in half.columns} - computed - flags

    def without(alias: str, table: Table) -> str:
        names = ", ".join(quoting.literal(column.name) for column in table.columns if column.name not in shared)
        return f"to_jsonb({alias}) - ARRAY[{names}]::text[]"

    others = ", ".join(quoting.literal(column.name) for column in half.columns if column.name not in flags)
    return (
        f"DELETE FROM {quoting.qualified(half.name)} AS half USING {history.sql} AS known "
        f"WHERE {history.same('known', 'half', transaction=True)} "
        f"AND ({without('half', half)}) = ({without('known', history.table)}) "
        f"AND jsonb_strip_nulls(to_jsonb(half) - ARRAY[{others}]::text[]) <@ to_jsonb(known)"
    )


def _stop_unless_empty(table: QualifiedName, quoting: Quoting) -> str:
    """Also stops a script that runs without Alembic (``--sql``)."""
    message = f"{table} holds rows whose key exists with other contents: compare them, then run this again"
    return (
        f"DO $$ BEGIN IF EXISTS (SELECT 1 FROM {quoting.qualified(table)}) THEN "
        f"RAISE EXCEPTION USING MESSAGE = {quoting.literal(message)}; END IF; END $$"
    )
