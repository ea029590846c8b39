"""What is compared with what: a target is one database with its models, filters, and migration scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift.checks.registry import find_check
from drift.dialects import Dialect, ServerInfo, dialect_for
from drift.errors import DriftError
from drift.findings import NotChecked, Outcome
from drift.pipeline.inputs import Inputs
from drift.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.engine import Connection, Engine

    from drift.sources.alembic_project import AlembicProject, CapturedEnvironment
    from drift.sources.models import Models, Natives
    from drift.sources.snapshot import Snapshot


_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Target:
    """One database with everything that belongs to it.

    Attributes:
        models: The models, imported and configured.
        database: Engine or Connection; ``None`` for a snapshot, and where none is wanted.
        snapshot: The actual side, where it was read from a file.
        source: The database for people, without secrets.
        origin: Where the database was named.
        project, environment, environments: The Alembic project; several environments where several sets of models
            with a version table each share one database.
        responses, response_pairs: What to look for response schemas in, and pairs that were named.
        driver: The driver that the application's own URL names, for example ``asyncpg``.
        directory: The project's directory.
    """

    models: Models
    database: Engine | Connection | None
    snapshot: Snapshot | None
    source: str
    origin: str
    directory: Path
    project: AlembicProject | None = None
    environments: tuple[CapturedEnvironment, ...] = ()
    responses: tuple[object, ...] = ()
    response_pairs: tuple[tuple[str, str], ...] = field(default=())
    driver: str | None = None

    @property
    def environment(self) -> CapturedEnvironment | None:
        """The Alembic environment whose way of writing revisions is followed."""
        return self.environments[0] if self.environments else None

    @property
    def schema_translate_map(self) -> Mapping[str | None, str | None]:
        """As ``env.py`` sets it on its connection."""
        return self.environment.schema_translate_map if self.environment is not None else {}

    def include_name(self, info: ServerInfo) -> Callable[[str | None, str], bool] | None:
        """The project's ``include_name`` for tables, as the readers take it."""
        environment = self.environment
        hook = environment.include_name if environment is not None else None
        if environment is None or hook is None:
            return None
        from drift.sources.models import is_table_wanted

        default, schemas = info.default_schema, environment.include_schemas
        return lambda schema, table: is_table_wanted(
            hook, schema, table, default_schema=default, include_schemas=schemas
        )

    @contextmanager
    def connect(self) -> Iterator[tuple[Connection, Dialect]]:
        """A read-only connection with its dialect.

        Raises:
            DriftError: The server cannot be reached, or refuses.
        """
        from sqlalchemy.engine import Connection
        from sqlalchemy.exc import DBAPIError

        from drift.sources.connections import failure

        database = self.database
        assert database is not None
        dialect = dialect_for(database.dialect.name)
        if isinstance(database, Connection):
            # The caller's own transaction: what it has not committed is part of the question.
            with dialect.borrowed(database):
                yield database, dialect
            return
        try:
            # The session that env.py makes is the one whose schema the models mean.
            chosen = self.environment.search_path if self.environment is not None else None
            with dialect.read_only(database.execution_options(drift_search_path=chosen)) as connection:
                yield connection, dialect
        except DBAPIError as error:
            raise failure(error, database.url, self.origin) from error

    def expect(self, dialect: Dialect, info: ServerInfo) -> Schema:
        """What the models expect of the server that ``info`` describes, Continuum's part included."""
        from drift.sources.continuum import expect_versioning
        from drift.sources.models import ExpectOptions, expect

        environment = self.environment
        options = ExpectOptions(
            include_object=environment.include_object if environment else None,
            include_name=environment.include_name if environment else None,
            include_schemas=environment is not None and environment.include_schemas,
            schema_translate_map=self.schema_translate_map,
        )
        return expect_versioning(self.models, expect(self.models, dialect, info, options), info, options)

    def schemas(self, info: ServerInfo) -> tuple[str, ...]:
        """The database schemas that the models' tables are in, the default one included."""
        translate = self.schema_translate_map
        tables = (table for metadata in self.models.metadata for table in metadata.tables.values())
        named = {translate.get(table.schema, table.schema) or info.default_schema for table in tables}
        return tuple(sorted(name for name in named | {info.default_schema} if name is not None))

    def natives(self, info: ServerInfo) -> Natives:
        """SQLAlchemy's own objects behind the expected side."""
        from drift.sources.models import natives

        return natives(self.models, info, schema_translate_map=self.schema_translate_map)

    def check_responses(
        self, expected: Schema, actual: Schema, connection: Connection | None
    ) -> tuple[tuple[Outcome, ...], int]:
        """Findings on response and request schemas, and how many fields were looked at.

        Args:
            expected: The models' side.
            actual: The database's side.
            connection: Where rows may be looked for (``--probe``), or ``None``.
        """
        if not self.responses:
            return (), 0
        from drift.pipeline.responses import check_responses

        return check_responses(self, expected, actual, connection)


Group = tuple["CapturedEnvironment", ...]
"""Environments that speak of one database."""


@dataclass(frozen=True, slots=True)
class Project:
    """What a project says of itself.

    Attributes:
        scripts: Its Alembic environment on disk.
        environments: What its ``env.py`` configures.
        notes: Remarks for the report.
        outcomes: What could not be checked already now.
    """

    scripts: AlembicProject | None = None
    environments: Group = ()
    notes: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


def resolve_targets(inputs: Inputs) -> tuple[tuple[Target, ...], tuple[Outcome, ...], tuple[str, ...]]:
    """The targets, what could not be checked already now, and remarks for the report.

    Raises:
        DriftError: There are no models or no database, or they cannot be loaded.
    """
    inputs.progress("looking for the project")
    project = find_project(inputs, database_named=inputs.database is not None)
    explicit = _named_models(inputs)
    groups = _by_database(inputs, project.environments)
    targets = tuple(_target(inputs, project, group, explicit or _models_of(group, inputs, project)) for group in groups)
    return targets, project.outcomes, (*project.notes, *_outranked(inputs, project), *_left_out(explicit))


def resolve_models(inputs: Inputs) -> Target:
    """The models, with the filters of their project and without a database.

    Raises:
        DriftError: There are none, or they cannot be loaded.
    """
    project = find_project(inputs, database_named=True)
    models = _named_models(inputs) or _models_of(project.environments, inputs, project)
    return Target(models, None, None, "", "", inputs.directory, project.scripts, project.environments)


def project_database(inputs: Inputs) -> Target:
    """The project's one database. The models are loaded only where ``env.py`` does so.

    Raises:
        DriftError: None is named, or ``env.py`` names several.
    """
    from drift.sources.models.loaded import Models

    named = inputs.database is not None
    project = Project() if named else find_project(inputs, database_named=False)
    groups = _by_database(inputs, project.environments)
    if len(groups) > 1:
        raise DriftError("the project has several databases", help=("name one of them: --database-url",))
    return _target(inputs, project, groups[0], Models((), "", inputs.directory))


def find_project(inputs: Inputs, *, database_named: bool) -> Project:
    """The Alembic project in reach, and what its ``env.py`` says.

    Where ``env.py`` fails, what it had set before counts, as long as nothing else is needed of it.

    Args:
        inputs: What was asked for.
        database_named: The database is known from elsewhere, or none is wanted.

    Raises:
        DriftError: ``env.py`` fails, and only it knows the models or the database.
    """
    if not inputs.discover and inputs.alembic is None:
        return Project()
    from drift.sources import alembic_project
    from drift.sources.alembic_project import EnvironmentFailedError, without_the_rest

    scripts = alembic_project.find(inputs.directory, inputs.alembic)
    if scripts is None:
        return Project()
    try:
        environments = alembic_project.capture(scripts, inputs.x_arguments, database_url=named_url(inputs))
    except DriftError as error:
        heard, missed = (error.environments, error.missed) if isinstance(error, EnvironmentFailedError) else ((), ())
        if not database_named or not (inputs.models or any(found.target_metadata for found in heard)):
            raise
        if not heard or "version_table" in missed:
            return Project(None, heard, outcomes=(_migrations_not_checked(error),))
        return Project(scripts, heard, (without_the_rest(error, missed),))
    return Project(scripts.informed(environments), environments)


def _migrations_not_checked(error: DriftError) -> NotChecked:
    check = find_check("MG101")
    assert check is not None
    return NotChecked(
        check.code, check.name, None, f"env.py could not be read: {error.title}", error.help[0] if error.help else None
    )


def _left_out(models: Models | None) -> Iterator[str]:
    if models is not None and models.skipped:
        first = ", ".join(models.skipped[:_SHOWN])
        more = f" and {len(models.skipped) - _SHOWN} more" if len(models.skipped) > _SHOWN else ""
        yield f"left out of {models.source}, because it runs inside of Alembic only: {first}{more}."


def _outranked(inputs: Inputs, project: Project) -> Iterator[str]:
    """A variable of the environment may have been set for another program: say that the project names another database.

    Whoever gives an option, or writes a configuration file of drift, means it.
    """
    from drift.sources.connections import display

    named = named_url(inputs) if inputs.ambient else None
    own = [one.outranked for one in project.environments if one.outranked is not None]
    other = next((url for url in own if named is not None and not _same_database(url, named)), None)
    if other is not None:
        yield f"{inputs.origin} was taken, not the database of env.py, where `alembic upgrade` goes: {display(other)}"


def _same_database(first: URL, second: URL) -> bool:
    """Whether two URLs lead to one place, whatever the driver and the account."""

    def place(url: URL) -> tuple[object, ...]:
        return url.get_backend_name(), url.host, url.port, url.database

    return place(first) == place(second)


def _named_models(inputs: Inputs) -> Models | None:
    from drift.sources.models import load

    return load(inputs.models, directory=inputs.directory) if inputs.models else None


def named_url(inputs: Inputs) -> URL | None:
    """The URL that was named, so that an ``env.py`` whose own is only a placeholder still runs."""
    from sqlalchemy import URL

    from drift.sources.connections import parse

    if isinstance(inputs.database, URL):
        return inputs.database
    if isinstance(inputs.database, str) and "://" in inputs.database:
        return parse(inputs.database, origin=inputs.origin)
    return None


def _by_database(inputs: Inputs, environments: Group) -> tuple[Group, ...]:
    """Environments that speak of one database belong together; a database that was named is the only one."""
    if inputs.database is not None or not environments:
        return (environments,)
    groups: dict[str, list[Any]] = {}
    for environment in environments:
        groups.setdefault(environment.database_key, []).append(environment)
    return tuple(tuple(group) for group in groups.values())


def _models_of(group: Group, inputs: Inputs, project: Project) -> Models:
    from drift.sources.models import from_metadata

    metadata = [collection for environment in group for collection in environment.target_metadata]
    if not metadata:
        scripts = project.scripts
        raise DriftError(
            "there are no models to compare",
            place=str(scripts.place) if scripts is not None else str(inputs.directory),
            details=("env.py sets no target_metadata",) if scripts is not None else ("no alembic.ini is in reach",),
            help=(
                "Name the models: --models app.models:Base",
                "or set target_metadata in env.py." if scripts is not None else "or run drift in an Alembic project.",
            ),
        )
    unique = list({id(collection): collection for collection in metadata}.values())
    return from_metadata(unique, source="target_metadata of env.py", directory=inputs.directory)


def _target(inputs: Inputs, project: Project, group: Group, models: Models) -> Target:
    database, snapshot, source, origin, driver = _database(inputs, group)
    return Target(
        models=models,
        database=database,
        snapshot=snapshot,
        source=source,
        origin=origin,
        directory=inputs.directory,
        project=project.scripts,
        environments=group,
        responses=inputs.responses,
        response_pairs=inputs.config.response_pairs,
        driver=driver,
    )


def _database(
    inputs: Inputs, group: Sequence[CapturedEnvironment]
) -> tuple[Any, Snapshot | None, str, str, str | None]:
    """(engine or connection, snapshot, source for people, origin, driver)."""
    from sqlalchemy import URL
    from sqlalchemy.engine import Connection, Engine

    from drift.sources.connections import display, engine_for, parse

    named = inputs.database
    if named is None:
        if not group or group[0].url is None:
            raise DriftError(
                "there is no database to compare with",
                place=str(inputs.directory),
                help=(
                    "Name it: --database-url postgresql://user@host/name",
                    "or set DATABASE_URL, or database-url in [tool.drift].",
                ),
            )
        url = group[0].url
        return engine_for(url), None, display(url), "env.py", _driver(url)
    if isinstance(named, Engine | Connection):
        return named, None, display(named.engine.url), inputs.origin, named.dialect.driver
    if isinstance(named, URL):
        return engine_for(named), None, display(named), inputs.origin, _driver(named)
    if isinstance(named, Path) or (isinstance(named, str) and "://" not in named and named.endswith(".json")):
        from drift.sources.snapshot import load_snapshot

        snapshot = load_snapshot(Path(named))
        return None, snapshot, snapshot.schema.source, inputs.origin, None
    url = parse(str(named), origin=inputs.origin)
    return engine_for(url), None, display(url), inputs.origin, _driver(url)


def _driver(url: URL) -> str | None:
    """The driver named in ``dialect+driver://``, or ``None`` where the URL leaves it open."""
    return url.drivername.partition("+")[2] or None
