"""Native enums: missing, labels missing, unexpected, reordered, renamed (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from alembic.operations import ops

from drift.alignment import Pair, TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import mentions
from drift.migration.dependents import Touched, hazard_of, resting_on, why_not
from drift.migration.dependents import around as taken_down_around
from drift.migration.handlers.messages import drop_reason
from drift.migration.order import schema_exists
from drift.migration.plan import Change, Guard, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.translate import after_renames
from drift.schema import Column, Dependent, Enum, QualifiedName, Table, TableKind

VIEWS = (TableKind.VIEW, TableKind.MATERIALIZED_VIEW)
LABELS = ("EN102", "EN202", "EN301", "EN303")


def locate(finding: Finding, context: PlanContext) -> Pair[Enum] | None:
    """The pair of enums that a finding speaks of."""
    wanted = QualifiedName(finding.subject.schema, finding.subject.name)
    for side in ("expected", "actual"):
        for pair in context.alignment.enums:
            enum = getattr(pair, side)
            if enum is not None and enum.name == wanted:
                return pair
    context.refuse(finding, "the enum was not found")
    return None


@handles("EN101")
def create_enum(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An enum that the database lacks."""
    pair = locate(finding, context)
    if pair is None or pair.expected is None:
        return
    yield create_step(finding, context, pair.expected)


def create_step(finding: Finding, context: PlanContext, enum: Enum) -> Step:
    """Create an enum."""
    queries = Queries(context.quoting)
    return Step(
        f"create enum {enum.name}",
        Phase.TYPE,
        (finding,),
        (own.Execute(context.ddl.create_enum(enum)),),
        (own.Execute(f"DROP TYPE {context.quoting.qualified(enum.name)}"),),
        Change.ADD,
        done=queries.type_exists(enum.name),
        undone=queries.type_missing(enum.name),
        needs=frozenset({schema_exists(enum.name.schema)}),
    )


@handles("EN201")
def drop_enum(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An enum that the models do not know."""
    pair = locate(finding, context)
    if pair is None or pair.actual is None:
        return
    yield _drop_step(finding, context, pair.actual)


def orphaned(context: PlanContext) -> Iterator[Step]:
    """Enums that no model knows and that lose their last user by what the plan drops, or gives another type."""
    if drop_reason(context.options, "") is not None:
        return
    expected = {
        pair.actual.name for pair in context.alignment.enums if pair.actual is not None and pair.expected is not None
    }
    for enum in context.alignment.actual.enums:
        causes = [
            _freed(context, table, column)
            for table in context.alignment.actual.tables
            for column in table.columns
            if column.enum == enum.name
        ]
        freed = [cause for cause in causes if cause is not None]
        kept = resting_on(context, [Touched(enum.name, goes=True)])
        if causes and len(freed) == len(causes) and enum.name not in expected and not kept:
            yield _drop_step(freed[0], context, enum)


def _freed(context: PlanContext, table: Table, column: Column) -> Finding | None:
    """The finding by whose repair the column is gone, or no longer of its type."""
    refused = {(finding.code, finding.subject) for finding, _ in context.refused}
    for finding in context.findings:
        pair = context.table_pair(finding.subject)
        if pair is None or pair.actual is not table or (finding.code, finding.subject) in refused:
            continue
        both = context.column_pair(pair, finding.subject.name)
        meant = both is not None and both.actual is not None and both.actual.name == column.name
        if finding.code in ("TB201", "TB202") or (finding.code in ("CO201", "CO301") and meant):
            return finding
    return None


def _drop_step(finding: Finding, context: PlanContext, enum: Enum) -> Step:
    queries = Queries(context.quoting)
    return Step(
        f"drop enum {enum.name}",
        Phase.DROP,
        (finding,),
        (own.Execute(f"DROP TYPE {context.quoting.qualified(enum.name)}"),),
        (own.Execute(context.ddl.create_enum(enum)),),
        Change.DROP,
        hazard="it fails where something still uses the type",
        done=queries.type_missing(enum.name),
        undone=queries.type_exists(enum.name),
        commented_out=drop_reason(context.options, "a type"),
        order=900,
    )


@handles("EN302", "EN304")
def move_enum(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """An enum in another schema, or under another name."""
    pair = locate(finding, context)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    there, back = _renames(context, pair.actual.name, pair.expected.name)
    queries = Queries(context.quoting)
    yield Step(
        f"rename enum {pair.actual.name} to {pair.expected.name}",
        Phase.RENAME,
        (finding,),
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in back),
        Change.RENAME,
        done=queries.type_exists(pair.expected.name),
        undone=queries.type_exists(pair.actual.name),
        order=5,
    )


def _renames(context: PlanContext, old: QualifiedName, new: QualifiedName) -> tuple[list[str], list[str]]:
    quoting = context.quoting
    there, back = [], []
    if old.schema != new.schema:
        moved = QualifiedName(new.schema, old.name)
        there.append(f"ALTER TYPE {quoting.qualified(old)} SET SCHEMA {quoting.name(str(new.schema))}")
        back.append(f"ALTER TYPE {quoting.qualified(moved)} SET SCHEMA {quoting.name(str(old.schema))}")
    if old.name != new.name:
        here = QualifiedName(new.schema, old.name)
        there.append(f"ALTER TYPE {quoting.qualified(here)} RENAME TO {quoting.name(new.name)}")
        back.insert(0, f"ALTER TYPE {quoting.qualified(new)} RENAME TO {quoting.name(old.name)}")
    return there, back


def _renamed_labels(pair: Pair[Enum], findings: Sequence[Finding]) -> dict[str, str]:
    """Old labels with their new names, as the findings tell them."""
    names: dict[str, str] = {}
    for finding in findings:
        if finding.code != "EN303":
            continue
        new, old = finding.detail("labels"), finding.detail("old_labels")
        assert pair.actual is not None
        if isinstance(old, tuple) and isinstance(new, tuple):
            names |= {str(a): str(b) for a, b in zip(old, new, strict=True) if a in pair.actual.labels}
    return names


@handles(*LABELS)
def change_labels(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Everything about the labels of one enum: renames first, then additions, then what needs a new type."""
    pair = locate(finding, context)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    findings = context.claim(LABELS, finding.subject)
    renamed = context.has("EN302", finding.subject) or context.has("EN304", finding.subject)
    name = pair.expected.name if renamed else pair.actual.name
    renames = _renamed_labels(pair, findings)
    if renames:
        renaming = tuple(f for f in findings if f.code == "EN303")
        yield _rename_labels(context, name, renames, renaming)
    labels = tuple(renames.get(label, label) for label in pair.actual.labels)
    missing = [label for label in pair.expected.labels if label not in labels]
    additions = tuple(f for f in findings if f.code == "EN102")
    removals = tuple(f for f in findings if f.code in ("EN202", "EN301"))
    reordered = any(f.code == "EN301" for f in removals)
    if removals and (context.options.allow_drop or (reordered and _only_order(removals))):
        step = _recreate(context, name, labels, pair.expected.labels, (*removals, *additions))
        if step is not None:
            yield step
        return
    if missing and additions:
        yield _add_labels(context, name, labels, pair.expected.labels, missing, additions)
        labels = _merged(labels, pair.expected.labels, missing)
    if removals:
        step = _recreate(context, name, labels, pair.expected.labels, removals)
        if step is not None:
            yield replace(step, commented_out=drop_reason(context.options, "a label that rows may hold"))


def _only_order(findings: Sequence[Finding]) -> bool:
    return all(f.code == "EN301" for f in findings)


def _rename_labels(
    context: PlanContext, name: QualifiedName, renames: dict[str, str], findings: tuple[Finding, ...]
) -> Step:
    quoting, queries = context.quoting, Queries(context.quoting)
    there: list[ops.MigrateOperation] = []
    back: list[ops.MigrateOperation] = []
    for old, new in renames.items():
        prefix = f"ALTER TYPE {quoting.qualified(name)} RENAME VALUE"
        forth = f"{prefix} {quoting.literal(old)} TO {quoting.literal(new)}"
        reverse = f"{prefix} {quoting.literal(new)} TO {quoting.literal(old)}"
        there.append(own.Unless(queries.label_exists(name, new), [own.Execute(forth, reverse)]))
        back.append(own.Unless(queries.label_exists(name, old), [own.Execute(reverse, forth)]))
    return Step(
        f"rename labels of enum {name}",
        Phase.RENAME,
        findings,
        tuple(there),
        tuple(back),
        Change.RENAME,
        hazard="code that is still running under the old label breaks; rows follow by themselves",
        order=6,
    )


def _add_labels(
    context: PlanContext,
    name: QualifiedName,
    labels: tuple[str, ...],
    expected: tuple[str, ...],
    missing: list[str],
    findings: tuple[Finding, ...],
) -> Step:
    """ADD VALUE in an autocommit block: a new label cannot be used in the transaction that adds it."""
    quoting = context.quoting
    statements = []
    present = list(labels)
    for label in missing:
        place = _place(label, present, expected, quoting.literal)
        prefix = f"ALTER TYPE {quoting.qualified(name)} ADD VALUE IF NOT EXISTS {quoting.literal(label)}"
        statements.append(own.Execute(f"{prefix}{place}"))
        present = list(_merged(tuple(present), expected, [label]))
    around = _resting_on_type(context, name)
    back, guards = _recreation(context, name, tuple(present), labels)
    stuck = why_not(context, around)
    if stuck is not None:
        back = (own.Stub(f"the labels cannot be taken away again: {stuck}"),)
    stops = [own.StopIf(guard.query, guard.message) for guard in guards]
    return Step(
        f"add label {', '.join(missing)} to enum {name}",
        Phase.ENUM_LABEL,
        findings,
        (own.Autocommit(statements),),
        (*stops, *taken_down_around(around, back)),
        Change.ADD,
        hazard="a label cannot be taken away again: the way back makes the type anew and writes its tables again",
        autocommit=True,
    )


def _place(label: str, present: list[str], expected: tuple[str, ...], literal: object) -> str:
    """``BEFORE``/``AFTER`` a label that is there, so that the order is the expected one."""
    quote = literal if callable(literal) else repr
    position = expected.index(label)
    for neighbour in reversed(expected[:position]):
        if neighbour in present:
            return f" AFTER {quote(neighbour)}"
    for neighbour in expected[position + 1 :]:
        if neighbour in present:
            return f" BEFORE {quote(neighbour)}"
    return ""


def _merged(labels: tuple[str, ...], expected: tuple[str, ...], missing: Sequence[str]) -> tuple[str, ...]:
    """The labels after the missing ones were put in their places."""
    result = list(labels)
    for label in missing:
        position = expected.index(label)
        before = next((n for n in reversed(expected[:position]) if n in result), None)
        after = next((n for n in expected[position + 1 :] if n in result), None)
        if before is not None:
            result.insert(result.index(before) + 1, label)
        elif after is not None:
            result.insert(result.index(after), label)
        else:
            result.append(label)
    return tuple(result)


def _recreate(
    context: PlanContext,
    name: QualifiedName,
    labels: tuple[str, ...],
    expected: tuple[str, ...],
    findings: tuple[Finding, ...],
) -> Step | None:
    around = _resting_on_type(context, name)
    stuck = why_not(context, around)
    if stuck is not None:
        for finding in findings:
            context.refuse(finding, stuck)
        return None
    there, guards = _recreation(context, name, labels, expected, loose=True)
    back, guards_back = _recreation(context, name, expected, labels, loose=True)
    stops = [own.StopIf(guard.query, guard.message) for guard in guards_back]
    loses = set(labels) - set(expected)
    return Step(
        f"make enum {name} anew with the labels {', '.join(expected)}",
        Phase.ALTER,
        findings,
        there,
        (*stops, *back),
        Change.CHANGE,
        lock=Lock.ACCESS_EXCLUSIVE,
        hold=Hold.REWRITE,
        safety=Safety.NEEDS_DATA if loses else Safety.BLOCKS_READS,
        hazard="; ".join(filter(None, ["every table that uses the type is written again", hazard_of(around)])),
        guards=guards,
        order=-10,
        around=around,
    )


def _resting_on_type(context: PlanContext, name: QualifiedName) -> tuple[Dependent, ...]:
    """What reads a column of the type, or the type itself: nothing else may use it while a new one takes its place."""
    types = {p.actual.name for p in context.alignment.enums if p.actual is not None and name in _both(p)} or {name}
    columns = [
        Touched(table.name, column.name)
        for table in context.alignment.actual.tables
        for column in table.columns
        if column.enum in types
    ]
    return resting_on(context, [*(Touched(type_) for type_ in types), *columns])


def _users(context: PlanContext, name: QualifiedName) -> Iterator[tuple[TablePair | None, QualifiedName, Column]]:
    """Columns of the enum's type, with the names of after the renames."""
    actual = next((p.actual.name for p in context.alignment.enums if p.actual is not None and name in _both(p)), name)
    pairs = {pair.actual.name: pair for pair in context.alignment.tables if pair.actual is not None}
    for table in context.alignment.actual.tables:
        for column in table.columns:
            if column.enum != actual or table.partition_of is not None or table.kind in VIEWS:
                continue
            pair = pairs.get(table.name)
            if pair is None:
                yield None, table.name, column
            else:
                names = context.column_names(pair)
                yield pair, context.table_name(pair), replace(column, name=names.get(column.name, column.name))


def _both(pair: Pair[Enum]) -> set[QualifiedName]:
    return {side.name for side in (pair.expected, pair.actual) if side is not None}


def _recreation(
    context: PlanContext, name: QualifiedName, old: tuple[str, ...], new: tuple[str, ...], *, loose: bool = False
) -> tuple[tuple[ops.MigrateOperation, ...], tuple[Guard, ...]]:
    """A new type beside the old one, every column cast through text, then the old type's name.

    Args:
        context: The plan's context.
        name: The type.
        old: Its labels before.
        new: Its labels after.
        loose: Foreign keys over its columns have been taken off.
    """
    quoting, ddl = context.quoting, context.ddl
    interim = QualifiedName(name.schema, f"{name.name[:57]}_drift")
    queries = Queries(quoting)
    gone = [label for label in old if label not in new]
    guards: list[Guard] = []
    before: list[str] = []
    casts: list[str] = []
    after: list[str] = []
    for _, table, column in _users(context, name):
        column_name = quoting.name(column.name)
        prefix = f"ALTER TABLE {quoting.qualified(table)} ALTER COLUMN {column_name}"
        suffix = "[]" if column.type.endswith("[]") else ""
        if column.default is not None:
            before.append(f"{prefix} DROP DEFAULT")
            after.append(f"{prefix} SET DEFAULT {column.default.sql}")
        cast = f"{column_name}::text{suffix}::{quoting.qualified(interim)}{suffix}"
        casts.append(f"{prefix} TYPE {quoting.qualified(interim)}{suffix} USING {cast}")
        if gone:
            labels = ", ".join(quoting.literal(label) for label in gone)
            held = f"{column_name}::text[] && ARRAY[{labels}]" if suffix else f"{column_name}::text IN ({labels})"
            guards.append(
                Guard(
                    queries.has_rows(table, held),
                    f"{table}.{column.name} holds labels that go away ({', '.join(gone)}): give these rows another "
                    "label first, then run this again.",
                )
            )
    for drop, add in (*_in_the_way(context, name), *(() if loose else _foreign_keys(context, name))):
        before.append(drop)
        after.append(add)
    statements = [
        *before,
        ddl.create_enum(Enum(interim, new)),
        *casts,
        f"DROP TYPE {quoting.qualified(name)}",
        f"ALTER TYPE {quoting.qualified(interim)} RENAME TO {quoting.name(name.name)}",
        *after,
    ]
    return tuple(own.Execute(statement) for statement in statements), tuple(guards)


def _foreign_keys(context: PlanContext, name: QualifiedName) -> Iterator[tuple[str, str]]:
    """Foreign keys over columns of the type: both ends change one after the other, and between that they differ."""
    users = {(table, column.name) for _, table, column in _users(context, name)}
    for pair in context.alignment.tables:
        if pair.actual is None:
            continue
        table = context.table_name(pair)
        for key in pair.actual.foreign_keys:
            noun = after_renames(context, pair, key)
            if noun.name is not None and any((table, column) in users for column in noun.columns):
                yield context.ddl.drop_constraint(table, noun.name), context.ddl.add_constraint(table, noun.name, noun)


def _in_the_way(context: PlanContext, name: QualifiedName) -> Iterator[tuple[str, str]]:
    """Checks and indexes that compare with a label of the old type: off before, on again after."""
    users: dict[QualifiedName, list[str]] = {}
    for _, table, column in _users(context, name):
        users.setdefault(table, []).append(column.name)
    for pair in context.alignment.tables:
        columns = users.get(context.table_name(pair), []) if pair.actual is not None else []
        if pair.actual is None or not columns:
            continue
        table = context.table_name(pair)
        for check in pair.actual.checks:
            noun = after_renames(context, pair, check)
            if noun.name is not None and any(mentions(noun.expression.sql, word) for word in (*columns, name.name)):
                yield context.ddl.drop_constraint(table, noun.name), context.ddl.add_constraint(table, noun.name, noun)
        for index in pair.actual.indexes:
            indexed = after_renames(context, pair, index)
            texts = [key.expression.sql for key in indexed.keys if key.expression is not None]
            texts += [indexed.predicate.sql] if indexed.predicate is not None else []
            words = (*columns, name.name)
            if indexed.name is not None and any(mentions(text, word) for text in texts for word in words):
                full = context.quoting.qualified(QualifiedName(table.schema, indexed.name))
                yield f"DROP INDEX {full}", context.ddl.create_index(table, indexed.name, indexed)
