"""Comparing any two sides: models, a live database, a snapshot, or what the migration scripts make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from time import perf_counter

from drift.alignment import align, settle
from drift.checks.run import run_checks
from drift.dialects import Canonicalise, Dialect, Scope, ServerInfo, dialect_for
from drift.pipeline.databases import open_database
from drift.pipeline.inputs import Inputs
from drift.pipeline.run import count_compared
from drift.policy import Circumstances, Verdict, judge
from drift.schema import Schema
from drift.sources.snapshot import load_snapshot, remembered


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
    """

    label: str
    source: str
    dialect: Dialect | None
    info: ServerInfo | None
    schema: Callable[[Dialect, ServerInfo, tuple[str, ...]], Schema]
    canonicalise: Canonicalise | None = None
    schemas: tuple[str, ...] = ()


Side = Callable[[], AbstractContextManager[Opened]]
"""A side, not opened yet."""

NO_SERVER = ServerInfo("postgresql", "", "public")
"""What models are compared with models for."""


def models_side(inputs: Inputs, *references: str) -> Side:
    """Models by reference, or without any those of the configuration or the Alembic project."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        from drift.pipeline.targets import resolve_models
        from drift.sources.continuum import expect_versioning
        from drift.sources.models import ExpectOptions, expect

        models = resolve_models(replace(inputs, models=references or inputs.models))

        def schema(dialect: Dialect, info: ServerInfo, schemas: tuple[str, ...]) -> Schema:
            del schemas
            return expect_versioning(models, expect(models, dialect, info, ExpectOptions()), info)

        yield Opened("models", models.source, None, None, schema)

    return opened


def database_side(database: object, origin: str, label: str = "database") -> Side:
    """A live database."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        with open_database(database, origin) as (connection, dialect, source):
            info = dialect.info(connection)

            def schema(_dialect: Dialect, _info: ServerInfo, schemas: tuple[str, ...]) -> Schema:
                return replace(dialect.read(connection, Scope(schemas=schemas)), source=source)

            yield Opened(label, source, dialect, info, schema, dialect.canonicaliser(connection))

    return opened


def snapshot_side(file: Path) -> Side:
    """A snapshot file."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        snapshot = load_snapshot(file)
        known = snapshot.schema
        info = ServerInfo(known.dialect, known.server or "", known.default_schema)

        def schema(_dialect: Dialect, _info: ServerInfo, schemas: tuple[str, ...]) -> Schema:
            del schemas
            return known

        yield Opened(
            "snapshot",
            f"{file.name} of {known.source}",
            dialect_for(known.dialect),
            info,
            schema,
            remembered(snapshot.answers),
            known.schemas,
        )

    return opened


def schema_side(schema: Schema, label: str = "database") -> Side:
    """A schema that was read already; what differs as text is settled by the other side."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        info = ServerInfo(schema.dialect, schema.server or "", schema.default_schema)
        yield Opened(label, schema.source, dialect_for(schema.dialect), info, lambda *_: schema, schemas=schema.schemas)

    return opened


def compare_sides(first: Side, second: Side, inputs: Inputs) -> Verdict:
    """What the second side lacks or has otherwise, seen from the first.

    Models are always the expected side, whichever stands first: they know less about a database than another database.

    Raises:
        DriftError: A side cannot be read.
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
        schemas = inputs.schemas or left.schemas or right.schemas
        expected = left.schema(dialect, left.info or info, schemas)
        actual = right.schema(dialect, info, schemas or (expected.schemas if left.dialect is None else ()))
        inputs.progress("comparing")
        alignment = align(expected, actual, truncate=dialect.truncate)
        asked = _who_answers(left, right)
        alignment = settle(alignment, asked, spell=dialect.spell_expression)
        outcomes = run_checks(alignment)
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
            labels=labels,
        ),
        today=date.today(),
    )


def _who_answers(left: Opened, right: Opened) -> Canonicalise | None:
    """A live server before a snapshot, the second side before the first."""
    candidates = sorted((right, left), key=lambda side: side.label == "snapshot")
    return next((side.canonicalise for side in candidates if side.canonicalise is not None), None)
