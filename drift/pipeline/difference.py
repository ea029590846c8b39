"""Comparing any two sides: models, a live database, a snapshot, or what the migration scripts make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from drift.alignment import Alignment
from drift.dialects import Canonicalise, Dialect, Scope, ServerInfo, dialect_for
from drift.findings import Finding, Outcome
from drift.pipeline.compare import Setting, compare
from drift.pipeline.databases import open_database
from drift.pipeline.inputs import Inputs
from drift.pipeline.run import count_compared
from drift.pipeline.sanity import require_comparable
from drift.pipeline.snapshots import snapshot_server
from drift.pipeline.targets import Target, project_database, resolve_models
from drift.policy import Circumstances, Verdict, judge
from drift.schema import Schema
from drift.sources.snapshot import load_snapshot, remembered

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class Opened:
    """A side that can be compared now.

    Attributes:
        label: What the report calls it, at most eight characters.
        source: Where it came from, for people, without secrets.
        dialect: Its database's dialect; ``None`` for models, which take the other side's.
        info: Its server; ``None`` for models.
        schema: Gives the schema, for a dialect and server, restricted to some database schemas (empty: its own).
        canonicalise: Answers what differs as text, where somebody can be asked.
        schemas: The database schemas it is about; empty when it does not say.
        target: The project whose filters count, where this side is models.
    """

    label: str
    source: str
    dialect: Dialect | None
    info: ServerInfo | None
    schema: Callable[[Dialect, ServerInfo, tuple[str, ...]], Schema]
    canonicalise: Canonicalise | None = None
    schemas: tuple[str, ...] = ()
    target: Target | None = None


Side = Callable[[], AbstractContextManager[Opened]]
"""A side, not opened yet."""

_NEVER_COMPARED = (
    "not compared, here or there: other schemas than those read, owners, privileges, security labels, subscriptions, "
    "user mappings, options of foreign servers and tables, and what an aggregate, cast, collation, operator (class, "
    "family), conversion, language, transform or text search object does; on MySQL and MariaDB partitions. "
    "`pg_dump --schema-only` or its like shows them."
)
"""What may differ between two databases that are called in sync."""

NO_SERVER = ServerInfo("postgresql", "", "public")
"""What models are compared with models for."""


def models_side(inputs: Inputs, *references: str) -> Side:
    """Models by reference, or without any those of the configuration or the Alembic project."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        target = resolve_models(replace(inputs, models=references or inputs.models))

        def schema(dialect: Dialect, info: ServerInfo, schemas: tuple[str, ...]) -> Schema:
            del schemas
            return target.expect(dialect, info)

        yield Opened("models", target.models.source, None, None, schema, target=target)

    return opened


def database_side(database: object, origin: str, label: str = "database") -> Side:
    """A live database."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        with open_database(database, origin) as (connection, dialect, source):
            yield _live(label, source, connection, dialect)

    return opened


def _live(label: str, source: str, connection: Connection, dialect: Dialect) -> Opened:
    def schema(_dialect: Dialect, _info: ServerInfo, schemas: tuple[str, ...]) -> Schema:
        found = dialect.read(connection, Scope(schemas=schemas))
        return replace(found, source=source, others=dialect.others(connection, found.schemas))

    return Opened(label, source, dialect, dialect.info(connection), schema, dialect.canonicaliser(connection))


def project_side(inputs: Inputs) -> Side:
    """The project's database: the one that is named, or that its ``env.py`` connects to."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        target = project_database(inputs)
        if target.snapshot is not None:
            with snapshot_side(Path(str(inputs.database)))() as side:
                yield side
            return
        with target.connect() as (connection, dialect):
            yield _live("database", target.source, connection, dialect)

    return opened


def snapshot_side(file: Path) -> Side:
    """A snapshot file."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        snapshot = load_snapshot(file)
        known = snapshot.schema
        dialect, info = snapshot_server(snapshot)
        source = f"{file.name} of {known.source}"
        answers = remembered(snapshot.answers)
        yield Opened("snapshot", source, dialect, info, lambda *_: known, answers, known.schemas)

    return opened


def schema_side(schema: Schema, label: str = "database", target: Target | None = None) -> Side:
    """A schema that was read already; what differs as text is settled by the other side."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        info = ServerInfo(schema.dialect, schema.server or "", schema.default_schema)
        dialect = dialect_for(schema.dialect)
        yield Opened(label, schema.source, dialect, info, lambda *_: schema, schemas=schema.schemas, target=target)

    return opened


def compare_sides(first: Side, second: Side, inputs: Inputs) -> Verdict:
    """What the second side lacks or has otherwise, seen from the first.

    Models are always the expected side, whichever stands first: they know less about a database than another database.

    Raises:
        DriftError: A side cannot be read, or there is nothing to compare.
    """
    started = perf_counter()
    with ExitStack() as stack:
        inputs.progress("opening both sides")
        left = stack.enter_context(first())
        right = stack.enter_context(second())
        if right.dialect is None and left.dialect is not None:
            left, right = right, left
        dialect = right.dialect or left.dialect or dialect_for(NO_SERVER.dialect)
        info = right.info or left.info or NO_SERVER
        inputs.progress("reading both sides")
        here, there = (left.info or info).default_schema, info.default_schema
        schemas = inputs.schemas or left.schemas or _moved(right.schemas, there, here)
        expected = left.schema(dialect, left.info or info, schemas)
        wanted = schemas or (expected.schemas if left.dialect is None else ())
        actual = right.schema(dialect, info, inputs.schemas or _moved(wanted, here, there))
        inputs.progress("comparing")

        def require(alignment: Alignment) -> None:
            require_comparable(alignment, inputs.schemas)

        asked = _who_answers(left, right)
        setting = Setting(dialect, info, asked, left.target, named=bool(inputs.schemas), require=require)
        alignment, outcomes = compare(expected, actual, setting)
        notes: tuple[str, ...] = ()
        if left.dialect is not None and left.target is None:
            back = Setting(dialect, left.info or info, left.canonicalise or asked)
            outcomes = (*outcomes, *_seen_from_there(outcomes, compare(actual, expected, back)[1]))
            notes = (_NEVER_COMPARED,)
    labels = (left.label, right.label) if left.label != right.label else ("first", "second")
    return judge(
        outcomes,
        inputs.config,
        inputs.baseline,
        alignment=alignment,
        circumstances=Circumstances(
            compared=count_compared(alignment, 0),
            expected_source=left.source,
            actual_source=right.source,
            dialect=actual.dialect,
            server=actual.server,
            seconds=perf_counter() - started,
            notes=notes,
            labels=labels,
        ),
        today=date.today(),
    )


def _seen_from_there(outcomes: tuple[Outcome, ...], back: tuple[Outcome, ...]) -> Iterator[Finding]:
    """Mismatches that only show when the second side is the expected one: what models cannot ask for.

    A constraint that is NOT VALID, or row-level security that is on, in the first database only, is a difference, too.
    """
    seen = [item for item in outcomes if isinstance(item, Finding)]
    subjects = {(item.code, item.subject) for item in seen}
    # One thing may have another name on each side.
    values = {(item.code, item.subject.table, item.expected, item.actual) for item in seen}
    for item in back:
        if not isinstance(item, Finding) or item.code[2] != "3" or (item.code, item.subject) in subjects:
            continue
        if (item.code, item.subject.table, item.actual, item.expected) not in values:
            yield replace(item, expected=item.actual, actual=item.expected, repair=None)


def _moved(schemas: tuple[str, ...], old: str | None, new: str | None) -> tuple[str, ...]:
    """Two databases correspond by their default schemas, whatever these are called."""
    return tuple(new if name == old and new is not None else name for name in schemas)


def _who_answers(left: Opened, right: Opened) -> Canonicalise | None:
    """A live server before a snapshot, the second side before the first."""
    candidates = sorted((right, left), key=lambda side: side.label == "snapshot")
    return next((side.canonicalise for side in candidates if side.canonicalise is not None), None)
