"""Steps of a plan for SQLite, MySQL and MariaDB."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from drift.findings import Finding, Safety, SubjectKind
from drift.migration import operations as own
from drift.migration.conversions import accepted_loss, conversion_guard, is_accepted
from drift.migration.definitions.apart import Apart
from drift.migration.definitions.mysql import mysql_passage
from drift.migration.definitions.mysql_words import effective_charset
from drift.migration.definitions.renaming import rename_column
from drift.migration.definitions.sqlite import counts, sqlite_statements
from drift.migration.definitions.statement import Statement
from drift.migration.definitions.target import Definitions, created_tables, definitions, renamed
from drift.migration.fills import fill_step, known_value
from drift.migration.losses import Loss, mysql, sqlite
from drift.migration.plan import Change, Guard, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.version_tables.filling import filling
from drift.migration.version_tables.history import history_of
from drift.schema import Column, QualifiedName, Table

if TYPE_CHECKING:
    from drift.alignment import TablePair
    from drift.migration.context import PlanContext

_OTHER_KINDS = frozenset({SubjectKind.ENUM, SubjectKind.SEQUENCE, SubjectKind.VIEW, SubjectKind.MIGRATION})
_WHOLE_TABLES = frozenset({"TB101", "TB201", "TB202", "TB301", "TB302", "TB303"})
_VERSIONING = frozenset(
    {"VT102", "VT104", "VT107", "VT110", "VT111", "VT113", "VT114"}
    | {f"VT{number}" for number in (*range(201, 211), *range(304, 314), 317)}
)
"""Findings about columns, keys and indexes of version tables; the others are about rows, models, or whole tables."""
_SWITCH_OFF = "PRAGMA foreign_keys = OFF"
_RENAMED_COLUMNS = frozenset({"CO308", "VT306", "VT307"})


_LAST = 1_000_000
"""Place among the steps of a phase: after everything that gives the table its columns."""
_ABOUT_ROWS = frozenset({"FK308"})


def by_definition(finding: Finding) -> bool:
    """Whether a finding is put right in a table's definition, and not by a statement of its own."""
    if finding.code == "VT103":
        # Without the transaction nothing can be computed, and the table is set aside.
        return finding.repair is not None and finding.repair.kind == "add-version-column"
    if finding.code.startswith("VT"):
        return finding.code in _VERSIONING
    return finding.code not in _WHOLE_TABLES | _ABOUT_ROWS and finding.subject.kind not in _OTHER_KINDS


def definition_steps(findings: Sequence[Finding], context: PlanContext) -> Iterator[Step]:
    """The steps for everything that :func:`by_definition` accepts."""
    groups: dict[QualifiedName, tuple[TablePair, list[Finding]]] = {}
    for finding in findings:
        pair = context.table_pair(finding.subject)
        if pair is None or pair.actual is None:
            context.refuse(finding, "the table is not there")
            continue
        groups.setdefault(pair.actual.name, (pair, []))[1].append(finding)
    for pair in context.alignment.tables:
        # A foreign key that waits for a table which the plan creates is no finding of its own.
        if pair.actual is not None and _causes(pair, context):
            groups.setdefault(pair.actual.name, (pair, []))
    defined = []
    for pair, group in groups.values():
        found = yield from _definitions(pair, group, context)
        if found is not None:
            defined.append(found)
    apart = Apart(defined, context) if context.is_mysql else None
    steps: list[Step] = []
    for found in apart.definitions.values() if apart is not None else defined:
        steps += _table_steps(found, apart, context)
    if any(step.hold is Hold.REWRITE for step in steps) and context.is_sqlite:
        yield _without_enforcement()
    yield from steps


def _causes(pair: TablePair, context: PlanContext) -> tuple[Finding, ...]:
    """The missing tables that foreign keys of this table wait for."""
    created = created_tables(context)
    keys = [key.expected for key in pair.foreign_keys if key.expected is not None and key.expected != key.actual]
    return tuple(dict.fromkeys(created[key.target] for key in keys if key.target in created))


def _definitions(
    pair: TablePair, findings: list[Finding], context: PlanContext
) -> Generator[Step, None, Definitions | None]:
    """Renames and what is withheld as steps; the definitions between which the rest leads, where they differ."""
    renames = [finding for finding in findings if finding.code in _RENAMED_COLUMNS]
    names: dict[str, str] = {}
    for finding in renames:
        yield from _rename_column(pair, finding, names, context)
    found = definitions(pair, [f for f in findings if f not in renames], context)
    if not found.answered:
        found = replace(found, answered=_causes(pair, context))
    for finding, reason in found.withheld:
        yield _withheld(finding, reason, found.source.name)
    return found if found.target != found.source else None


def _table_steps(found: Definitions, apart: Apart | None, context: PlanContext) -> Iterator[Step]:
    fills = tuple(_fills(found, context))
    filled = frozenset(step.column for step in fills)
    guards = tuple(_guards(found.source, found.target, context, _created(context), up=True, filled=filled))
    back = tuple(_guards(found.target, found.source, context, _dropped(context), up=False))
    if apart is not None:
        guards += tuple(apart.guards(found))
        yield from _foreign_key_steps(found, apart, context)
    yield from fills
    if found.required:
        yield from _steps(found, found.source, found.widened, Phase.COLUMN, ((), ()), apart, context)
        early = {column.name for column in found.widened.columns}
        yield from _computed(found, context, Phase.BACKFILL, lambda name: name in early)
        yield from _backfill(found, context)
        yield from _steps(found, found.widened, found.target, Phase.NOT_NULL, (guards, back), apart, context)
        yield from _computed(found, context, Phase.NOT_NULL, lambda name: name not in early)
    else:
        yield from _steps(found, found.source, found.target, Phase.ALTER, (guards, back), apart, context)
        yield from _computed(found, context, Phase.BACKFILL, lambda _: True)


def _foreign_key_steps(found: Definitions, apart: Apart, context: PlanContext) -> Iterator[Step]:
    """Foreign keys that are off while tables change, and on again when all of them have."""
    there = mysql_passage(found.source, found.target, context.quoting, apart.keys(found.source.name))
    back = mysql_passage(found.target, found.source, context.quoting, apart.keys(found.source.name))
    table = found.source.name
    for statements, returning, phase, title in (
        (there.detach, back.attach, Phase.DETACH, f"take foreign keys off {table} meanwhile"),
        (there.attach, back.detach, Phase.FOREIGN_KEY, f"put foreign keys on {table}"),
    ):
        if statements or returning:
            yield Step(
                title,
                phase,
                found.answered,
                tuple(_operations(list(statements))),
                tuple(_operations(list(returning))),
                Change.CHANGE,
                table,
                Lock.NONE,
                Hold.REWRITE if phase is Phase.FOREIGN_KEY else Hold.BRIEF,
                safety=Safety.BLOCKS_WRITES,
                hazard="until they are back, rows can come in that refer to nothing"
                if phase is Phase.DETACH
                else "writers wait while the table is copied or scanned",
            )


def _rename_column(pair: TablePair, finding: Finding, names: dict[str, str], context: PlanContext) -> Iterator[Step]:
    """The step for one rename; ``names`` are those that went before, and get this one."""
    columns = context.column_pair(pair, finding.subject.name)
    if columns is None or columns.expected is None or columns.actual is None:
        context.refuse(finding, "the column is not on both sides")
        return
    table, old, new = context.table_name(pair), columns.actual.name, columns.expected.name
    before = renamed(pair, names, context)
    names[old] = new
    after = renamed(pair, names, context)
    statement = rename_column(before, after, old, new, context.quoting)
    back = rename_column(after, before, new, old, context.quoting)
    yield Step(
        f"rename column {table}.{old} to {new}",
        Phase.RENAME,
        (finding,),
        (own.Execute(statement, back),),
        (own.Execute(back, statement),),
        Change.RENAME,
        table,
        hazard="code that is still running under the old name breaks",
        done=Queries(context.quoting).column_exists(table, new),
        undone=Queries(context.quoting).column_exists(table, old),
        order=20,
    )


def _withheld(finding: Finding, reason: str, table: QualifiedName) -> Step:
    kind = finding.subject.kind.value.replace("-", " ")
    return Step(
        f"drop {kind} {finding.subject.name} of {table}",
        Phase.DROP,
        (finding,),
        change=Change.DROP,
        table=table,
        safety=Safety.LOSES_DATA if finding.subject.kind is SubjectKind.COLUMN else Safety.SAFE,
        commented_out=reason,
    )


def _created(context: PlanContext) -> frozenset[QualifiedName]:
    """Tables that are not there before the upgrade."""
    return frozenset(created_tables(context))


def _dropped(context: PlanContext) -> frozenset[QualifiedName]:
    """Tables that are not there before the downgrade."""
    gone = (f.subject for f in context.findings if f.code in ("TB201", "TB202"))
    return frozenset(QualifiedName(subject.schema, subject.name) for subject in gone)


def _guards(
    source: Table,
    target: Table,
    context: PlanContext,
    absent: frozenset[QualifiedName],
    *,
    up: bool,
    filled: frozenset[str | None] = frozenset(),
) -> Iterator[Guard]:
    """What rows must not hold before anything is changed. Columns and tables that are new hold nothing yet."""
    queries, quoting = Queries(context.quoting), context.quoting
    name = source.name
    old = {column.name: column for column in source.columns}
    for column in target.columns:
        before = old.get(column.name)
        null = before is not None and before.nullable and not column.nullable
        if null and column.generated is None and column.name not in filled:
            yield Guard(
                queries.has_rows(name, f"{quoting.name(column.name)} IS NULL"),
                f"{name}.{column.name} holds NULL: say what these rows are to hold, fill them, then run this again.",
            )
    for column, lost in _losses(source, target, context):
        if not (up and is_accepted(context, name, column.name)):
            yield conversion_guard(context, name, column.name, column.type, lost)
    for columns in _keys(target):
        compared = {column: _compared(source, target, column, context) for column in columns}
        coarser = [text for text in compared.values() if text is not None]
        if old.keys() >= set(columns) and (coarser or columns in _new_keys(source, target)):
            plain = [column for column, text in compared.items() if text is None]
            yield Guard(
                queries.duplicates(name, plain, expressions=coarser),
                f"{name} holds duplicates in ({', '.join(columns)})"
                + (", as the new collation compares" if coarser else "")
                + ": make them unique first, then run this again.",
            )
    for key in target.foreign_keys:
        if key not in source.foreign_keys and old.keys() >= set(key.columns) and key.target not in absent:
            yield Guard(
                queries.orphans(name, key),
                f"{name} ({', '.join(key.columns)}) holds values that {key.target} does not know: repair these rows "
                "first, then run this again.",
            )
    for check in target.checks:
        if check not in source.checks and not _mentions_new(check.expression.sql, source, target):
            yield Guard(
                queries.has_rows(name, f"NOT ({check.expression.sql})"),
                f"{name} holds rows that CHECK ({check.expression.sql}) forbids: repair them, then run this again.",
            )


def _losses(source: Table, target: Table, context: PlanContext) -> Iterator[tuple[Column, Loss]]:
    """What the columns of ``source`` hold and those of ``target`` would not."""
    for column in target.columns:
        before = source.column(column.name)
        if before is None or column.generated is not None or before.generated is not None:
            continue
        name = context.quoting.name(column.name)
        lost = (
            sqlite.loss(before, column, name, strict="strict" in dict(target.options))
            if context.is_sqlite
            else mysql.loss(before, column, name, (_charset(before, source), _charset(column, target)))
        )
        if lost is not None:
            yield column, lost


def _accepted_losses(source: Table, target: Table, context: PlanContext) -> Iterator[str]:
    for column, lost in _losses(source, target, context):
        if is_accepted(context, source.name, column.name):
            yield accepted_loss(source.name, column.name, column.type, lost)


def _charset(column: Column, table: Table) -> str | None:
    return column.charset or dict(table.options).get("charset")


def _keys(table: Table) -> tuple[tuple[str, ...], ...]:
    """The columns of everything that is unique over whole columns and all rows."""
    found = [unique.columns for unique in table.uniques]
    found += [table.primary_key.columns] if table.primary_key is not None else []
    for index in table.indexes:
        plain = all(key.column is not None and key.length is None for key in index.keys) and index.predicate is None
        if index.unique and plain:
            found.append(index.columns)
    return tuple(dict.fromkeys(found))


def _new_keys(source: Table, target: Table) -> set[tuple[str, ...]]:
    return set(_keys(target)) - set(_keys(source))


def _compared(source: Table, target: Table, name: str, context: PlanContext) -> str | None:
    """A column as its new collation compares it, where that is another one."""
    before, after = source.column(name), target.column(name)
    if before is None or after is None:
        return None
    quoted = context.quoting.name(name)
    if context.is_sqlite:
        same = (before.collation or "BINARY").upper() == (after.collation or "BINARY").upper()
        return None if same else f"{quoted} COLLATE {context.quoting.name(after.collation or 'BINARY')}"
    (_, old), (charset, new) = effective_charset(before, source), effective_charset(after, target)
    return None if new in (old, None) or charset is None else f"CONVERT({quoted} USING {charset}) COLLATE {new}"


def _mentions_new(sql: str, source: Table, target: Table) -> bool:
    from drift.migration.ddl.quoting import mentions

    known = {column.name for column in source.columns}
    return any(mentions(sql, column.name) for column in target.columns if column.name not in known)


def _filling(finding: Finding, context: PlanContext) -> str | None:
    """The statement that fills one of Continuum's own columns, which follow from the rest of the history."""
    history = history_of(finding, context) if finding.code == "VT103" else None
    return None if history is None else filling(history, finding.subject.name)


def _computed(found: Definitions, context: PlanContext, phase: Phase, wanted: Callable[[str], bool]) -> Iterator[Step]:
    for finding in found.answered:
        statement = _filling(finding, context) if wanted(finding.subject.name) else None
        if statement is None:
            continue
        yield Step(
            f"compute {found.target.name}.{finding.subject.name}",
            phase,
            (finding,),
            (own.Execute(statement),),
            (),
            table=found.target.name,
            safety=Safety.BLOCKS_WRITES,
            hazard="each version ends where the next one of the same row begins; the first is an insert, the newest of "
            "a row that is gone a delete, every other an update",
            order=_LAST,
        )


def _table_pair(found: Definitions, context: PlanContext) -> TablePair:
    name = found.source.name
    return next(pair for pair in context.alignment.tables if pair.actual and context.table_name(pair) == name)


def _is_filled(before: Column | None, column: Column, pair: TablePair, context: PlanContext) -> bool:
    """Whether the models say what NULL becomes; a value of a type that changes as well is left to a person."""
    loose = before is not None and before.nullable and before.type == column.type
    return loose and not column.nullable and known_value(context, pair, column) is not None


def _fills(found: Definitions, context: PlanContext) -> Iterator[Step]:
    """Rows that hold NULL where it is forbidden now."""
    pair = _table_pair(found, context)
    for column in found.target.columns:
        if _is_filled(found.source.column(column.name), column, pair, context):
            about = tuple(finding for finding in found.answered if finding.subject.name == column.name)
            step = fill_step(about, context, pair, column, found.target.name)
            assert step is not None
            yield replace(step, phase=Phase.COLUMN, column=column.name)


def _backfill(found: Definitions, context: PlanContext) -> Iterator[Step]:
    """The place for a person's decision: what existing rows hold in a new column."""
    queries, quoting = Queries(context.quoting), context.quoting
    table = found.target.name
    computed = {finding.subject.name for finding in found.answered if _filling(finding, context) is not None}
    for column in (column for column in found.required if column.name not in computed):
        about = tuple(finding for finding in found.answered if finding.subject.name == column.name)
        fill = fill_step(about, context, _table_pair(found, context), column, table)
        if fill is not None:
            yield fill
            continue
        name = quoting.name(column.name)
        update = f"UPDATE {quoting.qualified(table)} SET {name} = ... WHERE {name} IS NULL"
        message = (
            f"{table}.{column.name} is NULL in rows that exist: write down above this line what they are to hold, "
            "then run this again."
        )
        proposal = f'Fill {table}.{column.name} here, for example:\nop.execute("{update}")'
        yield Step(
            f"fill {table}.{column.name} in existing rows",
            Phase.BACKFILL,
            about,
            (own.StopIf(queries.has_rows(table, f"{name} IS NULL"), message, proposal),),
            (),
            Change.MANUAL,
            safety=Safety.NEEDS_DATA,
            hazard="a person must say what existing rows hold; an empty table needs nothing",
        )


def _steps(
    found: Definitions,
    source: Table,
    target: Table,
    phase: Phase,
    guards: tuple[tuple[Guard, ...], tuple[Guard, ...]],
    apart: Apart | None,
    context: PlanContext,
) -> Iterator[Step]:
    """The steps from one definition to the other: one for each statement, or one for a table that is built anew.

    All of the way back hangs on the first step, because its order is not the other one reversed.
    """
    there = _statements(source, target, apart, context)
    accepted = list(_accepted_losses(source, target, context))
    back = tuple(_operations(_statements(target, source, apart, context)))
    if any(statement.anew for statement in there):
        yield Step(
            f"build table {target.name} anew: {_summary(found.answered)}",
            phase,
            found.answered,
            tuple(_operations(there)),
            back,
            _change(found.answered),
            target.name,
            Lock.NONE,
            Hold.REWRITE,
            safety=Safety.BLOCKS_WRITES,
            hazard="the rows are copied; nobody else can write to the database meanwhile"
            + ("; the counter goes, and numbers of deleted rows are given again" if _stops_counting(found) else "")
            + "".join(f"; {text}" for text in accepted),
            guards=guards[0],
            guards_down=guards[1],
        )
        return
    for number, statement in enumerate(there):
        about = tuple(f for f in found.answered if f.subject.name in statement.subjects) or found.answered
        yield Step(
            f"{_summary(about)} of {target.name}",
            phase,
            about,
            tuple(_operations([statement])),
            back if number == 0 else (),
            _change(about),
            target.name,
            Lock.NONE,
            Hold.REWRITE if statement.blocks else Hold.BRIEF,
            safety=Safety.BLOCKS_WRITES if statement.blocks else Safety.SAFE,
            hazard="; ".join(
                [
                    *(["writers wait while the table is copied or scanned"] if statement.blocks else []),
                    *(accepted if number == 0 else []),
                ]
            )
            or None,
            guards=guards[0] if number == 0 else (),
            guards_down=guards[1] if number == 0 else (),
            order=number + 1,
        )


def _stops_counting(found: Definitions) -> bool:
    return counts(found.source) and not counts(found.target)


def _statements(source: Table, target: Table, apart: Apart | None, context: PlanContext) -> list[Statement]:
    if apart is None:
        return sqlite_statements(source, target, context.quoting, context.server)
    return list(mysql_passage(source, target, context.quoting, apart.keys(source.name)).change)


def _operations(statements: list[Statement]) -> Iterator[own.Execute | own.Unless]:
    if any(statement.anew for statement in statements):
        # Dropping the old table must not cascade into the tables that refer to it.
        yield own.Execute(_SWITCH_OFF)
    yield from (statement.operation() for statement in statements)


def _without_enforcement() -> Step:
    """First of all, because the switch has no effect inside a transaction."""
    message = (
        "foreign keys are enforced on this connection, and building a table anew would delete rows that refer to it: "
        "run this migration on a connection with PRAGMA foreign_keys = OFF."
    )
    return Step(
        "switch off the enforcement of foreign keys",
        Phase.RENAME,
        (),
        (own.Execute(_SWITCH_OFF), own.StopIf("SELECT foreign_keys FROM pragma_foreign_keys", message)),
        order=1,
    )


_VERBS = {"1": "add", "2": "drop", "3": "change"}


def _summary(findings: Iterable[Finding]) -> str:
    """What is done about the findings: ``change column email, add index ix_users_email``."""
    parts = [f"{_VERBS[f.code[2]]} {f.subject.kind.value.replace('-', ' ')} {f.subject.name}" for f in findings]
    return ", ".join(dict.fromkeys(parts))


def _change(findings: Sequence[Finding]) -> Change:
    kinds = {finding.code[2] for finding in findings}
    return {frozenset("1"): Change.ADD, frozenset("2"): Change.DROP}.get(frozenset(kinds), Change.CHANGE)
