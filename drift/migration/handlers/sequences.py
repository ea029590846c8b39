"""Sequences (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.alignment import Pair, TablePair
from drift.checks.numbering import narrower
from drift.findings import Finding, Subject, SubjectKind
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers.messages import drop_reason
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.translate import sequence_after_renames
from drift.schema import Column, QualifiedName, Sequence

_LIMITS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def locate(finding: Finding, context: PlanContext) -> Pair[Sequence] | None:
    """The pair of sequences that a finding speaks of."""
    wanted = QualifiedName(finding.subject.schema, finding.subject.name)
    for side in ("expected", "actual"):
        for pair in context.alignment.sequences:
            sequence = getattr(pair, side)
            if sequence is not None and sequence.name == wanted:
                return pair
    context.refuse(finding, "the sequence was not found")
    return None


@handles("SQ101")
def create_sequence(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A sequence that the database lacks."""
    pair = locate(finding, context)
    if pair is None or pair.expected is None:
        return
    sequence = pair.expected
    step = create_step(finding, context, sequence)
    users = list(_users(context, sequence))
    after = tuple(own.Execute(text) for user in users for text in _catch_up(context, sequence, *user))
    yield replace(step, upgrade=(*step.upgrade, *after))
    for user, column in users:
        yield from _default(finding, context, user, column)


def _users(context: PlanContext, sequence: Sequence) -> Iterator[tuple[TablePair, Pair[Column]]]:
    """Existing columns that the models number with the sequence."""
    for pair in context.alignment.tables:
        for columns in pair.columns:
            if columns.expected is None or columns.actual is None:
                continue
            if columns.expected.sequence == sequence.name:
                yield pair, columns


def _catch_up(context: PlanContext, sequence: Sequence, pair: TablePair, columns: Pair[Column]) -> Iterator[str]:
    """Start above the largest number in use."""
    assert columns.actual is not None
    if (sequence.increment or 1) < 0:
        return
    quoting = context.quoting
    name = quoting.name(context.column_names(pair).get(columns.actual.name, columns.actual.name))
    literal = quoting.literal(quoting.qualified(sequence.name))
    start = sequence.start if sequence.start is not None else (sequence.minimum or 1)
    yield f"SELECT setval({literal}, max({name})) FROM {context.sql_name(pair)} HAVING max({name}) >= {start}"


def _default(finding: Finding, context: PlanContext, pair: TablePair, columns: Pair[Column]) -> Iterator[Step]:
    """The default that the column lost together with its sequence."""
    assert columns.expected is not None
    assert columns.actual is not None
    default = context.ddl.default(columns.expected)
    lost = default is not None and context.ddl.default(columns.actual) is None and columns.actual.identity is None
    subject = Subject(SubjectKind.COLUMN, finding.subject.schema, context.table_name(pair).name, columns.expected.name)
    if not lost or any(context.has(code, subject) for code in ("CO303", "CO304", "CO310")):
        return
    table = context.table_name(pair)
    name = context.column_names(pair).get(columns.actual.name, columns.actual.name)
    prefix = f"ALTER TABLE {context.quoting.qualified(table)} ALTER COLUMN {context.quoting.name(name)}"
    yield Step(
        f"number {table}.{name} by sequence",
        Phase.ALTER,
        (finding,),
        (own.Execute(f"{prefix} SET DEFAULT {default}"),),
        (own.Execute(f"{prefix} DROP DEFAULT"),),
        Change.CHANGE,
        table,
        Lock.ACCESS_EXCLUSIVE,
    )


def create_step(finding: Finding, context: PlanContext, sequence: Sequence) -> Step:
    """Create a sequence."""
    queries = Queries(context.quoting)
    return Step(
        f"create sequence {sequence.name}",
        Phase.SEQUENCE,
        (finding,),
        (own.Execute(context.ddl.create_sequence(sequence)),),
        (own.Execute(f"DROP SEQUENCE {context.quoting.qualified(sequence.name)}"),),
        Change.ADD,
        done=queries.relation_exists(sequence.name),
        undone=queries.relation_missing(sequence.name),
    )


@handles("SQ201")
def drop_sequence(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A sequence that the models do not know."""
    pair = locate(finding, context)
    if pair is None or pair.actual is None:
        return
    sequence = pair.actual
    queries = Queries(context.quoting)
    yield Step(
        f"drop sequence {sequence.name}",
        Phase.DROP,
        (finding,),
        (own.Execute(f"DROP SEQUENCE {context.quoting.qualified(sequence.name)}"),),
        (own.Execute(context.ddl.create_sequence(sequence)),),
        Change.DROP,
        hazard="its position is lost",
        done=queries.relation_missing(sequence.name),
        undone=queries.relation_exists(sequence.name),
        commented_out=drop_reason(context.options, "a sequence"),
    )


@handles("SQ301")
def change_options(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Options of a sequence; its position stays."""
    pair = locate(finding, context)
    if pair is None or pair.actual is None:
        return
    if pair.expected is None:
        yield from _as_serial_makes_it(finding, context, pair.actual)
        return
    prefix = f"ALTER SEQUENCE {context.quoting.qualified(pair.expected.name)}"
    yield Step(
        f"change the options of sequence {pair.expected.name}",
        Phase.SEQUENCE,
        (finding,),
        (own.Execute(f"{prefix} {_options(pair.expected)}"),),
        (own.Execute(f"{prefix} {_options(pair.actual)}"),),
        Change.CHANGE,
    )


def _as_serial_makes_it(finding: Finding, context: PlanContext, sequence: Sequence) -> Iterator[Step]:
    """The sequence behind a SERIAL column with the options that SERIAL gives it; its position stays where it can."""
    owner = sequence.owned_by
    pair = next((p for p in context.alignment.tables if p.actual and owner and p.actual.name == owner[0]), None)
    columns = context.column_pair(pair, owner[1]) if pair is not None and owner is not None else None
    if pair is None or columns is None or columns.actual is None or columns.expected is None:
        context.refuse(finding, "the column that it numbers was not found")
        return
    name, quoting = sequence_after_renames(context, sequence), context.quoting
    as_column = narrower(columns.expected.type, columns.actual.type)
    wider = max(sequence.type, as_column, key=lambda type_: _LIMITS.get(type_, 0))
    plain = Sequence(name, wider, start=sequence.start if (sequence.start or 1) > 0 else None)
    prefix = f"ALTER SEQUENCE {quoting.qualified(name)}"
    there = [f"{prefix} {_options(plain)}"]
    back = [f"{prefix} {_options(sequence)}"]
    if (sequence.increment or 1) < 0 or (sequence.minimum or 1) < 1:
        # Its position may be below 1, where it cannot stay.
        column = quoting.name(context.column_names(pair).get(columns.actual.name, columns.actual.name))
        largest = f"(SELECT max({column}) FROM {context.sql_name(pair)})"
        there[0] += " RESTART WITH 1"
        there.append(f"SELECT setval({quoting.literal(quoting.qualified(name))}, greatest({largest} + 1, 1), false)")
        back[0] += f" RESTART WITH {-1 if (sequence.increment or 1) < 0 else 1}"
    yield Step(
        f"give sequence {name} the options that SERIAL gives it",
        Phase.SEQUENCE,
        (finding,),
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in back),
        Change.CHANGE,
        hazard="the way back fails once it has passed the old maximum" if sequence.maximum is not None else None,
    )


def widen(context: PlanContext, findings: tuple[Finding, ...], sequence: Sequence, type_: str) -> Step:
    """Let the sequence behind a SERIAL column count as far as the column's new type."""
    name = sequence_after_renames(context, sequence)
    prefix = f"ALTER SEQUENCE {context.quoting.qualified(name)} AS"
    return Step(
        f"let sequence {name} count as far as {type_}",
        Phase.SEQUENCE,
        findings,
        (own.Execute(f"{prefix} {type_}"),),
        (own.Execute(f"{prefix} {sequence.type}"),),
        Change.CHANGE,
    )


def _options(sequence: Sequence) -> str:
    """Every option: what is not given goes back to the server's default."""
    increment = sequence.increment if sequence.increment is not None else 1
    limit = _LIMITS.get(sequence.type, _LIMITS["bigint"])
    ascending = increment > 0
    minimum = sequence.minimum if sequence.minimum is not None else (1 if ascending else -limit - 1)
    maximum = sequence.maximum if sequence.maximum is not None else (limit if ascending else -1)
    start = sequence.start if sequence.start is not None else (minimum if ascending else maximum)
    return (
        f"AS {sequence.type} INCREMENT BY {increment} MINVALUE {minimum} MAXVALUE {maximum} START WITH {start} "
        f"CACHE {sequence.cache if sequence.cache is not None else 1} {'CYCLE' if sequence.cycle else 'NO CYCLE'}"
    )


@handles("SQ302")
def change_ownership(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Which column a sequence goes with: the first mapped one that it numbers."""
    wanted = QualifiedName(finding.subject.schema, finding.subject.name)
    sequence = next((s for s in context.alignment.actual.sequences if s.name == wanted), None)
    users = [
        (context.table_name(pair), context.column_names(pair).get(columns.actual.name, columns.actual.name))
        for pair in context.alignment.tables
        if pair.expected is not None
        for columns in pair.columns
        if columns.actual is not None and columns.actual.sequence == wanted
    ]
    if sequence is None or not users:
        context.refuse(finding, "no mapped column is numbered by it")
        return
    yield Step(
        f"change who owns sequence {wanted}",
        Phase.COMMENT,
        (finding,),
        (own.Execute(context.ddl.own_sequence(wanted, users[0])),),
        (own.Execute(context.ddl.own_sequence(wanted, sequence.owned_by)),),
        Change.CHANGE,
    )


@handles("SQ303")
def advance(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A sequence behind its column's largest value: the next INSERT fails. Going back would bring that back."""
    wanted = QualifiedName(finding.subject.schema, finding.subject.name)
    sequence = next((s for s in context.alignment.actual.sequences if s.name == wanted), None)
    owner = sequence.owned_by if sequence is not None else None
    if owner is None:
        context.refuse(finding, "the sequence belongs to no column; set it by hand")
        return
    quoting = context.quoting
    literal = quoting.literal(quoting.qualified(wanted))
    largest = f"SELECT max({quoting.name(owner[1])}) FROM {quoting.qualified(owner[0])}"
    statement = f"SELECT setval({literal}, greatest(({largest}), (SELECT last_value FROM {quoting.qualified(wanted)})))"
    yield Step(
        f"set sequence {wanted} behind the largest value of {owner[0]}.{owner[1]}",
        Phase.SEQUENCE,
        (finding,),
        (own.Execute(statement),),
        (),
        Change.CHANGE,
        hazard="the way back leaves the sequence where it is: numbers that were given are not given again",
    )


@handles("SQ304")
def rename_sequence(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A sequence under another name."""
    pair = locate(finding, context)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    old, new = pair.actual.name, pair.expected.name
    quoting, queries = context.quoting, Queries(context.quoting)
    there, back = [], []
    if old.schema != new.schema:
        moved = QualifiedName(new.schema, old.name)
        there.append(f"ALTER SEQUENCE {quoting.qualified(old)} SET SCHEMA {quoting.name(str(new.schema))}")
        back.append(f"ALTER SEQUENCE {quoting.qualified(moved)} SET SCHEMA {quoting.name(str(old.schema))}")
    if old.name != new.name:
        here = QualifiedName(new.schema, old.name)
        there.append(f"ALTER SEQUENCE {quoting.qualified(here)} RENAME TO {quoting.name(new.name)}")
        back.insert(0, f"ALTER SEQUENCE {quoting.qualified(new)} RENAME TO {quoting.name(old.name)}")
    yield Step(
        f"rename sequence {old} to {new}",
        Phase.RENAME,
        (finding,),
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in back),
        Change.RENAME,
        hazard="code that calls nextval under the old name breaks; column defaults follow by themselves",
        done=queries.relation_exists(new),
        undone=queries.relation_exists(old),
        order=8,
    )
