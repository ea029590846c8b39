"""What rests on a table or a column that is to be dropped, and would keep the server from dropping it (PostgreSQL).

Foreign keys that the plan takes off, and columns that it drops as well, go first. Anything else is somebody's: the
drop is refused, and its dependents are named.
"""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import TablePair
from drift.findings import Finding
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import mentions
from drift.migration.dependents import Touched, heirs, in_the_way, resting_on
from drift.migration.handlers.messages import drop_reason
from drift.schema import QualifiedName, Table

DROPS = ("TB201", "TB202")


def stays_because(context: PlanContext, pair: TablePair, column: str | None = None) -> str | None:
    """Why a table, or a column of it, cannot be dropped; ``None`` where nothing is in the way."""
    names = sorted(dict.fromkeys(_others(context, pair, column)))
    if not names:
        return None
    what = "column" if column is not None else "table"
    return f"the {what} cannot be dropped before what rests on it: {'; '.join(names)}"


def _resting(context: PlanContext, table: Table, column: str | None) -> Iterator[str]:
    """What the server says, and does not drop along: views, policies, functions and others."""
    touched = [Touched(name, column, goes=True) for name in (table.name, *heirs(context, table.name))]
    for dependent in in_the_way(resting_on(context, touched), touched):
        if dependent.makes is None or not is_dropped(context, dependent.makes):
            yield dependent.label


def _others(context: PlanContext, pair: TablePair, column: str | None) -> Iterator[str]:
    assert pair.actual is not None
    yield from _resting(context, pair.actual, column)
    for table in context.alignment.actual.tables if column is None else ():
        if pair.actual.name in table.inherits and not is_dropped(context, table.name):
            yield f"table {table.name}"
    if column is not None and any(_has(context, parent, column) for parent in pair.actual.inherits):
        yield f"the same column of {', '.join(map(str, pair.actual.inherits))}, from which it is inherited"
    for other in pair.actual.columns if column is not None else ():
        generated = other.generated is not None and mentions(other.generated.sql, str(column))
        if generated and not _column_goes(context, pair, other.name):
            yield f"column {other.name}, which is generated from it"
    for owner, key in _keys_to(context, pair.actual.name, column):
        if (owner.name, key) not in _answered(context):
            yield f"foreign key {key} of {owner.name}"


def _has(context: PlanContext, name: QualifiedName, column: str) -> bool:
    table = context.actual_tables.get(name)
    return table is not None and any(other.name == column for other in table.columns)


def _keys_to(context: PlanContext, name: QualifiedName, column: str | None) -> Iterator[tuple[Table, str]]:
    """Foreign keys of other tables that refer to it."""
    for table in context.alignment.actual.tables:
        for key in table.foreign_keys:
            concerned = column is None or column in key.target_columns
            if key.target == name and table.name != name and key.name is not None and concerned:
                yield table, key.name


def _answered(context: PlanContext) -> set[tuple[QualifiedName, str]]:
    """Foreign keys that the plan drops or replaces, or whose table or column it drops, by their actual names."""
    found: set[tuple[QualifiedName, str]] = set()
    for pair in context.alignment.tables:
        if pair.actual is None:
            continue
        gone = is_dropped(context, pair.actual.name)
        spoken_of = _foreign_keys_spoken_of(context, pair)
        for key in pair.actual.foreign_keys:
            columns_go = any(_column_goes(context, pair, column) for column in key.columns)
            if key.name is not None and (gone or columns_go or key.name in spoken_of):
                found.add((pair.actual.name, key.name))
    return found


def _foreign_keys_spoken_of(context: PlanContext, pair: TablePair) -> set[str | None]:
    pairs = [
        context.named_pair(pair.foreign_keys, finding)
        for finding in context.findings
        if finding.code in ("FK201", "FK301") and context.table_pair(finding.subject) is pair
    ]
    names = {members.actual.name for members in pairs if members is not None and members.actual is not None}
    missing = {f.subject for f in context.findings if f.code in ("TB101", "CO101", "PK101", "UQ101")}
    for members in pair.foreign_keys:
        # A foreign key that leads elsewhere because its target is missing is replaced together with that.
        wanted, seen = members.expected, members.actual
        if wanted is not None and seen is not None and wanted.target != seen.target and missing:
            names.add(seen.name)
    return names


def is_dropped(context: PlanContext, name: QualifiedName) -> bool:
    """Whether the plan drops that table."""
    return drop_reason(context.options, "") is None and any(
        f.code in DROPS and QualifiedName(f.subject.schema, f.subject.name) == name for f in context.findings
    )


def _column_goes(context: PlanContext, pair: TablePair, column: str) -> bool:
    return drop_reason(context.options, "") is None and any(_drops(context, f, pair, column) for f in context.findings)


def _drops(context: PlanContext, finding: Finding, pair: TablePair, column: str) -> bool:
    return finding.code == "CO201" and finding.subject.name == column and context.table_pair(finding.subject) is pair
