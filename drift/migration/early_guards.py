"""Guards by the names of today: they are asked before anything is renamed (PostgreSQL).

What a step asks is written for the names that hold after the plan's renames. Asked after them, a guard would hold the
renamed tables locked while it scans them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from drift.alignment import TablePair
from drift.alignment.renaming import with_other_name
from drift.migration.casts import base_type, same_family
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import mentions, without_strings
from drift.migration.plan import Guard, Step
from drift.migration.queries import Queries
from drift.schema import Column, QualifiedName


def ask_early(step: Step, context: PlanContext) -> Step:
    """The step with its guards by the names of today, where they are other ones."""
    if not step.guards:
        return step
    guards = (_early(guard, step, context) for guard in step.guards)
    # A label that is not there yet cannot be asked for, and no row holds it.
    return replace(step, guards=tuple(guard for guard in guards if not _asks_for_labels(guard, "EN102", context)))


def _early(guard: Guard, step: Step, context: PlanContext) -> Guard:
    if _asks_for_labels(guard, "EN303", context):
        return replace(guard, late=True)
    text, strings = without_strings(guard.query)
    conditions: list[str] = []
    late = False
    for pair in context.alignment.tables:
        if pair.actual is None:
            continue
        found = re.compile(rf"FROM {re.escape(context.sql_name(pair))}(?= AS child | AS parent | WHERE | GROUP BY |\))")
        if found.search(text) is None:
            # Some other question about a renamed table, which cannot be put in other words.
            late = late or (step.table == context.table_name(pair) and _is_renamed(context, pair))
            continue
        conditions += _as_today(context, pair, text)
        if _is_renamed(context, pair):
            text = found.sub(partial(_rows, context, pair, text), text)
    if late:
        return replace(guard, late=True)
    for old, new in context.enum_names.items():
        text = with_other_name(text, new, old)
    asked_if = f"SELECT {' AND '.join(f'({text})' for text in dict.fromkeys(conditions))}" if conditions else None
    early = strings(text)
    if early == guard.query:
        return replace(guard, early=None, asked_if=asked_if)
    # The sample is of the same rows, so that the same names are other ones in it.
    sample = (
        _early(replace(guard, query=guard.sample, sample=None), step, context) if guard.sample is not None else None
    )
    return replace(guard, early=early, asked_if=asked_if, sample=sample.early if sample is not None else None)


def _is_renamed(context: PlanContext, pair: TablePair) -> bool:
    return pair.actual is not None and (
        context.table_name(pair) != pair.actual.name or bool(context.column_names(pair))
    )


def _rows(context: PlanContext, pair: TablePair, query: str, match: re.Match[str]) -> str:
    """``FROM`` the table of today, its columns under the names that the query knows."""
    assert pair.actual is not None
    quoting, names = context.quoting, context.column_names(pair)
    table = quoting.qualified(pair.actual.name)
    columns = [(c.name, names.get(c.name, c.name)) for c in pair.actual.columns]
    asked = [(old, new) for old, new in columns if mentions(query, new)]
    if all(old == new for old, new in asked):
        return f"FROM {table}"
    listed = ", ".join(f"{quoting.name(old)} AS {quoting.name(new)}" for old, new in asked)
    alias = "" if match.string[match.end() :].startswith(" AS ") else " AS today"
    return f"FROM (SELECT {listed} FROM {table}){alias}"


def _as_today(context: PlanContext, pair: TablePair, query: str) -> Iterator[str]:
    """What must still be as today: a run that is started again may have renamed it, or changed its type, already."""
    assert pair.actual is not None
    queries, table = Queries(context.quoting), pair.actual.name
    names = context.column_names(pair)
    if context.table_name(pair) != table:
        yield queries.relation_exists(table)
    for columns in pair.columns:
        old = columns.actual
        if old is None or not mentions(query, names.get(old.name, old.name)):
            continue
        if old.name in names:
            yield queries.column_exists(table, old.name)
        if columns.expected is not None and _changes(context, pair, old, columns.expected):
            yield queries.column_has_type(table, old.name, base_type(old))


def _changes(context: PlanContext, pair: TablePair, old: Column, new: Column) -> bool:
    return not same_family(old, new) and any(
        f.code in ("CO301", "CO309") and f.subject.name == new.name and context.table_pair(f.subject) is pair
        for f in context.findings
    )


def _asks_for_labels(guard: Guard, code: str, context: PlanContext) -> bool:
    """Whether the guard compares a column of an enum with a label that a finding with that code speaks of.

    The same word beside a column of any other type is just a word.
    """
    enums: dict[QualifiedName, tuple[str, ...]] = {}
    for finding in context.findings:
        labels = finding.detail("labels")
        if finding.code == code and isinstance(labels, tuple):
            enums[QualifiedName(finding.subject.schema, finding.subject.name)] = labels
    asked = [
        columns.actual.enum
        for pair in context.alignment.tables
        if f" {context.sql_name(pair)} " in guard.query
        for columns in pair.columns
        if columns.actual is not None and columns.actual.enum is not None
        if mentions(guard.query, context.column_names(pair).get(columns.actual.name, columns.actual.name))
    ]
    meant = (label for enum in asked for label in enums.get(context.enum_names.get(enum, enum), ()))
    return any("'" + label.replace("'", "''") + "'" in guard.query for label in meant)
