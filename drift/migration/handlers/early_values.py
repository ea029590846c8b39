"""Values as they will be, asked for before any type has changed (PostgreSQL).

Guards run before anything else, and what they ask is written for the expected types: ``points >= 0`` means nothing
while ``points`` is text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from drift.migration.casts import cast_for, same_family
from drift.migration.ddl.quoting import rename_identifiers

if TYPE_CHECKING:
    from drift.alignment import TablePair
    from drift.migration.context import PlanContext

TYPE_CODES = ("CO301", "CO309")
_MARK = "drift_value_of_"


def early_value(context: PlanContext, pair: TablePair, column: str, prefix: str = "") -> str:
    """The column, or what it will be where the plan gives it another type.

    Args:
        context: The plan's context.
        pair: Its table.
        column: Its name after the renames.
        prefix: What stands before the name, for example ``child.``.
    """
    spelled = f"{prefix}{context.quoting.name(column)}"
    return _changed(context, pair, column, spelled) or spelled


def early_expression(context: PlanContext, pair: TablePair, sql: str) -> str:
    """An expression of the expected side over values as they will be."""
    names = [column.name for column in pair.expected.columns] if pair.expected is not None else []
    values = {name: _changed(context, pair, name, context.quoting.name(name)) for name in names}
    changed = {name: value for name, value in values.items() if value is not None}
    marks = {name: f"{_MARK}{number}" for number, name in enumerate(changed)}
    text = rename_identifiers(sql, marks, context.quoting)
    # Longer marks first: one may be the beginning of another.
    for name, mark in sorted(marks.items(), key=lambda item: -len(item[1])):
        text = text.replace(mark, changed[name])
    return text


def early_keys(context: PlanContext, pair: TablePair, columns: Iterable[str]) -> tuple[list[str], list[str]]:
    """Columns that stay as they are, and expressions for those that the plan gives another type."""
    plain, changed = [], []
    for column in columns:
        value = _changed(context, pair, column, context.quoting.name(column))
        if value is None:
            plain.append(column)
        else:
            changed.append(value)
    return plain, changed


def _changed(context: PlanContext, pair: TablePair, column: str, spelled: str) -> str | None:
    """The value that the plan makes of a column with another kind of type; ``None`` for every other column."""
    found = context.column_pair(pair, column)
    if found is None or found.expected is None or found.actual is None or same_family(found.actual, found.expected):
        return None
    changes = any(
        finding.code in TYPE_CODES
        and context.table_pair(finding.subject) is pair
        and finding.subject.name in (found.expected.name, found.actual.name)
        for finding in context.findings
    )
    if not changes:
        return None
    if found.expected.enum is not None and found.expected.enum not in context.actual_enums:
        # The type is not there yet; its labels differ where their texts do.
        return f"({spelled}::text)"
    using = cast_for(found.actual, found.expected, spelled).using or f"{spelled}::{found.expected.type}"
    return f"({using})"
