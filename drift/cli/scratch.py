"""Scratch databases for commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from drift.errors import DriftError
from drift.reports.safe import visible

if TYPE_CHECKING:
    from alembic.script import Script
    from sqlalchemy import URL, Connection

    from drift.pipeline import Inputs
    from drift.sources.alembic_project import AlembicProject, CapturedEnvironment
    from drift.verification import Proof, ScratchServer


def can_prove(dialect: str) -> bool:
    """Whether a scratch database of that dialect can be had without naming a server."""
    from drift.verification.archive import programs
    from drift.verification.embedded import embedded_binaries
    from drift.verification.scratch import docker_answers

    if dialect == "sqlite":
        return True
    if dialect != "postgresql":
        return docker_answers()
    return embedded_binaries() is not None or (programs() is not None and docker_answers())


def name_strangers(proof: Proof) -> None:
    """Name what may have been left on the scratch server by a process of another machine."""
    if proof.strangers:
        click.echo(
            f"note: on the scratch server there are {visible(', '.join(proof.strangers))}, of another machine or "
            "another login; where no drift runs any more, drop them",
            err=True,
        )


@dataclass(frozen=True, slots=True)
class Scripts:
    """The project's migration scripts, and what its ``env.py`` hands to them for one database."""

    project: AlembicProject
    environment: CapturedEnvironment | None = None


def scripts_of(inputs: Inputs) -> Scripts:
    """Those of the project, for its first database.

    Raises:
        DriftError: There are none, or ``env.py`` fails.
    """
    from drift.pipeline.targets import named_url
    from drift.sources import alembic_project

    project = alembic_project.find(inputs.directory, inputs.alembic)
    if project is None:
        raise DriftError(
            "there are no migration scripts here",
            place=str(inputs.directory),
            help=("run drift in an Alembic project, or name alembic.ini: --config",),
        )
    environments = alembic_project.capture(project, inputs.x_arguments, database_url=named_url(inputs))
    return Scripts(project.informed(environments), environments[0] if environments else None)


@contextmanager
def server_for(inputs: Inputs, scripts: Scripts, dialect: str | None = None) -> Iterator[ScratchServer]:
    """Where scratch databases for a project's migration scripts are made.

    Args:
        inputs: The project.
        scripts: Its scripts.
        dialect: SQLAlchemy dialect name; by default that of the project's own database.

    Raises:
        DriftError: There is none.
    """
    from drift.verification.scratch import scratch_server

    environment = scripts.environment
    chosen = dialect or _dialect(inputs, environment.url if environment is not None else None)
    purpose = "the migration scripts are run on a throw-away database, to see what they make"
    with scratch_server(chosen, scratch_url=inputs.config.scratch_url, purpose=purpose) as server:
        yield server


@contextmanager
def migrated_database(
    inputs: Inputs, scripts: Scripts, server: ScratchServer, revisions: str | tuple[str, ...] = "heads"
) -> Iterator[URL]:
    """A scratch database to which the project's migration scripts have been applied.

    The scripts run one by one on a connection of our own, so that the project's ``env.py`` cannot lead them to another
    database. They are the project's own code and nothing of a live database comes along: they may do what the server's
    login may.

    Args:
        inputs: The project.
        scripts: Its scripts.
        server: Where to make it.
        revisions: Where to stop; several where the scripts have branches; ``heads`` for the end.

    Raises:
        DriftError: No scratch database, or a script fails.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from drift.verification.running import load, run

    environment, project = scripts.environment, scripts.project
    options = environment.options if environment is not None else {}
    config = project.config(inputs.x_arguments)
    arguments = environment.arguments if environment is not None else {}
    with project.inside(), server.database(foreign=False) as scratch:
        engine = scratch.engine()
        with engine.connect() as connection:
            for script in _in_order(project, revisions):
                inputs.progress(f"running {script.revision}")
                try:
                    run([partial(load(Path(script.path)).upgrade, **arguments)], connection, options, config)
                except SQLAlchemyError as error:
                    original = getattr(error, "orig", None) or error
                    raise DriftError(
                        f"the migration {script.revision} fails on an empty database",
                        place=str(script.path),
                        details=tuple(str(original).strip().splitlines()[:2]),
                        help=("`alembic upgrade head` on an empty database shows the same",),
                    ) from error
            _stamp(connection, project, environment, revisions)
        engine.dispose()
        yield scratch.url


def _stamp(
    connection: Connection,
    project: AlembicProject,
    environment: CapturedEnvironment | None,
    revisions: str | tuple[str, ...],
) -> None:
    """Make the version table, as Alembic would: a database that was migrated has one."""
    from alembic.runtime.migration import MigrationContext

    options: dict[str, str] = {}
    if environment is not None:
        options["version_table"] = environment.version_table
        if environment.version_table_schema is not None:
            options["version_table_schema"] = environment.version_table_schema
    context = MigrationContext.configure(connection, opts=options)
    context.stamp(project.scripts(), revisions)  # type: ignore[arg-type]  # it takes several, too
    connection.commit()


def _dialect(inputs: Inputs, of_project: URL | None) -> str:
    """The dialect of the project's own database; PostgreSQL where nothing names one."""
    from sqlalchemy import URL

    from drift.sources.connections import parse

    if isinstance(inputs.database, str):
        return parse(inputs.database, origin=inputs.origin).get_backend_name()
    if isinstance(inputs.database, URL):
        return inputs.database.get_backend_name()
    return of_project.get_backend_name() if of_project is not None else "postgresql"


def _in_order(project: AlembicProject, revisions: str | tuple[str, ...]) -> list[Script]:
    from alembic.util import CommandError

    scripts = project.scripts()
    try:
        return list(reversed(list(scripts.iterate_revisions(revisions, "base"))))
    except CommandError as error:
        raise DriftError(
            "the revision was not found",
            place=str(project.place),
            details=(str(error),),
            help=("`alembic history` lists them",),
        ) from error
