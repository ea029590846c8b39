"""What a plan costs today, from the catalog's statistics, and on request from bounded, read-only probes of the rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drift.dialects.postgresql.statistics import TableStatistics, read_statistics
from drift.dialects.postgresql.strangers import strangers_of
from drift.migration.ddl.quoting import Quoting
from drift.migration.plan import Guard, Hold, Lock, Plan, Step
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MOST_ROWS = 1000
"""How many offending rows a probe counts at most."""

PROBE_TIMEOUT = 10.0
"""Seconds that one probe may take."""


def measured(
    plan: Plan,
    connection: Connection,
    *,
    default_schema: str | None = None,
    probe: bool = False,
    timeout: float = PROBE_TIMEOUT,
) -> Plan:
    """The plan with what each step costs or would fail on today.

    Args:
        plan: As it was made.
        connection: In the read-only transaction of a check (``Dialect.read_only``), PostgreSQL.
        default_schema: The schema that unqualified names mean.
        probe: Also ask the rows: each data guard once, at most ``MOST_ROWS`` rows counted, each under the timeout.
        timeout: Longest run of one probe, in seconds.
    """
    if plan.dialect != "postgresql":
        return plan
    tables = {step.table for step in plan.steps if step.table is not None}
    statistics = read_statistics(connection, tables)
    answers = _probe(plan, connection, default_schema, timeout) if probe else {}
    return replace(plan, steps=tuple(_with_cost(step, statistics, answers) for step in plan.steps))


def _with_cost(step: Step, statistics: dict[QualifiedName, TableStatistics], answers: dict[Guard, str]) -> Step:
    parts = list(dict.fromkeys(answers[guard] for guard in step.guards if guard in answers))
    found = statistics.get(step.table) if step.table is not None else None
    if found is not None:
        if not parts and step.column is not None and step.guards:
            parts += _nulls(step, found)
        if step.lock is not Lock.NONE and (step.hold is not Hold.BRIEF or parts):
            parts.append(_size(found))
    return replace(step, cost="; ".join(part for part in parts if part) or None)


def _nulls(step: Step, found: TableStatistics) -> list[str]:
    """``SET NOT NULL`` without reading a row."""
    column = found.columns.get(step.column or "")
    if column is None or "forbid NULL" not in step.title:
        return []
    if column.null_fraction == 0:
        return ["no NULL was seen when the table was last analysed"]
    share = f"{100 * column.null_fraction:.2g} %"
    rows = f" of {in_words(found.rows)} rows" if found.rows is not None else ""
    return [f"fails: about {share}{rows} are NULL"]


def _size(found: TableStatistics) -> str:
    rows = "never analysed" if found.rows is None else f"about {in_words(found.rows)} rows"
    return f"{rows}, {_bytes(found.size)}"


def in_words(number: int) -> str:
    """``40 M``, ``12 k``, ``7``."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def _bytes(size: int) -> str:
    for unit, scale in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size} bytes"


def _probe(plan: Plan, connection: Connection, default_schema: str | None, timeout: float) -> dict[Guard, str]:
    """Ask each guard's question, counting what stands in the way. Rolled back to where it was after each."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    answers: dict[Guard, str] = {}
    quoting = Quoting(plan.dialect)
    strangers = strangers_of(connection)
    for guard in dict.fromkeys(guard for step in plan.active for guard in step.guards):
        query = guard.early or guard.query
        if strange := strangers.met(query, default_schema):
            answers[guard] = f"not known whether rows stand in the way: {strange}"
            continue
        savepoint = connection.begin_nested()
        try:
            connection.execute(text(f"SET LOCAL statement_timeout = {round(timeout * 1000)}"))
            if default_schema is not None:
                connection.execute(text(f"SET LOCAL search_path = {quoting.name(default_schema)}"))
            answers[guard] = _answer(connection.execute(text(_counting(query))).scalar_one())
        except DBAPIError as error:
            code = getattr(error.orig, "pgcode", None) or getattr(error.orig, "sqlstate", None)
            why = "it took too long" if code == "57014" else "it could not be asked"
            answers[guard] = f"not known whether rows stand in the way: {why}"
        finally:
            savepoint.rollback()
    return answers


def _counting(query: str) -> str:
    """The guard's question with a number for an answer."""
    opening, closing = "SELECT EXISTS (", ")"
    inner = query.removeprefix(opening).removesuffix(closing)
    escaped = inner.replace("\\", "\\\\").replace(":", "\\:").replace("\\:\\:", "::")
    return f"SELECT count(*) FROM ({escaped} LIMIT {MOST_ROWS + 1}) AS found"


def _answer(count: int) -> str:
    if count == 0:
        return "no row stands in the way"
    if count > MOST_ROWS:
        return f"fails: more than {MOST_ROWS} rows"
    return f"fails: {count} row{'' if count == 1 else 's'}"
