"""Taking a snapshot of a live schema, and answering for it later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drift.alignment import Question, Unsettled
from drift.dialects import Canonicalise, Dialect, Scope, ServerInfo, dialect_for
from drift.errors import DriftError
from drift.pipeline.compare import Setting, compare
from drift.pipeline.inputs import Inputs
from drift.sources.snapshot import NOT_REMEMBERED, Snapshot, remembered


def take_snapshot(inputs: Inputs) -> Snapshot:
    """Read the live schema.

    Where the project's models can be loaded, what they spell differently is settled by the server now and remembered,
    so that comparing these models with the snapshot loses nothing. Without models, ``inputs.schemas`` says what to
    read.

    Raises:
        DriftError: The database cannot be read, or the project has several.
    """
    from drift.pipeline.targets import resolve_targets

    if not inputs.models and inputs.database is not None and not _has_project(inputs):
        return _without_models(inputs)
    targets, _, _ = resolve_targets(inputs)
    if len(targets) > 1:
        raise DriftError(
            "the project has several databases; a snapshot is of one", help=("name one of them: --database-url",)
        )
    target = targets[0]
    if target.snapshot is not None:
        return target.snapshot
    inputs.progress("connecting")
    with target.connect() as (connection, dialect):
        info = dialect.info(connection)
        inputs.progress("reading the models")
        expected = target.expect(dialect, info)
        inputs.progress("reading the database")
        actual = dialect.read(connection, Scope(schemas=tuple(inputs.schemas or expected.schemas)))
        others = dialect.others(connection, actual.schemas)
        inputs.progress("settling")
        settled, _ = compare(expected, actual, Setting(dialect, info, dialect.canonicaliser(connection), target))
    return Snapshot(replace(actual, source=target.source, others=others), settled.settlement.answers)


def _has_project(inputs: Inputs) -> bool:
    from drift.sources import alembic_project

    return inputs.discover and alembic_project.find(inputs.directory, inputs.alembic) is not None


def _without_models(inputs: Inputs) -> Snapshot:
    from drift.pipeline.databases import open_database

    inputs.progress("connecting")
    with open_database(inputs.database, inputs.origin) as (connection, dialect, source):
        inputs.progress("reading the database")
        found = dialect.read(connection, Scope(schemas=inputs.schemas))
        return Snapshot(replace(found, source=source, others=dialect.others(connection, found.schemas)))


def snapshot_server(snapshot: Snapshot) -> tuple[Dialect, ServerInfo]:
    """The database product and server that a snapshot was taken of."""
    schema = snapshot.schema
    return dialect_for(schema.dialect), ServerInfo(schema.dialect, schema.server or "", schema.default_schema)


def snapshot_canonicaliser(snapshot: Snapshot, inputs: Inputs) -> Canonicalise:
    """Answer from what the snapshot remembers; ask the scratch server, where one is configured, for the rest."""
    answer = remembered(snapshot.answers)
    if inputs.config.scratch_url is None:
        return answer
    scratch_url = inputs.config.scratch_url

    def canonicalise(questions: Iterable[Question]) -> dict[Question, str | Unsettled]:
        answers = answer(questions)
        open_questions = [question for question, said in answers.items() if said is NOT_REMEMBERED]
        if open_questions:
            from drift.pipeline.databases import open_database

            with open_database(scratch_url, "--scratch-url") as (connection, dialect, _):
                if dialect.info(connection).dialect == snapshot.schema.dialect:
                    answers.update(dialect.canonicaliser(connection)(open_questions))
        return answers

    return canonicalise
