"""Step by step from the configuration to the version table: what works, what does not, and the way out.

Each step is tried by itself, so that a failure is named where it happens and not where it surfaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from drift.errors import DriftError
from drift.pipeline.inputs import Inputs
from drift.pipeline.network import Probe, resolve, speak_tls, try_tcp

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection

    from drift.dialects import Dialect, ServerInfo

STEPS = (
    "configuration",
    "models",
    "url",
    "dns",
    "tcp",
    "tls",
    "login",
    "privileges",
    "version table",
    "heads",
)


class Result(StrEnum):
    """How a step went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its result and, where it is needed, the way out."""

    name: str
    result: Result
    text: str
    details: tuple[str, ...] = ()
    help: tuple[str, ...] = ()


@dataclass(slots=True)
class _Course:
    """What the steps so far have found."""

    inputs: Inputs
    timeout: float
    url: URL | None = None
    origin: str = ""
    project: Any = None
    environments: tuple[Any, ...] = ()
    models: Any = None
    steps: list[Step] = field(default_factory=list)


def diagnose(inputs: Inputs, *, timeout: float = 5.0) -> Iterator[Step]:
    """Go through all steps; each is handed out as soon as it is done.

    Args:
        inputs: As for a check.
        timeout: Seconds to wait for each answer of the network.
    """
    course = _Course(inputs, timeout)
    yield _configuration(course)
    yield _try("models", lambda: _models(course))
    yield _try("url", lambda: _url(course))
    url = course.url
    if url is None:
        yield from (_skipped(name, "there is no URL to try") for name in STEPS[3:])
        return
    if url.host is None or url.get_backend_name() == "sqlite":
        what = "a file" if url.get_backend_name() == "sqlite" else "a local socket"
        yield from (_skipped(name, f"{what} needs no network") for name in ("dns", "tcp", "tls"))
    else:
        failed = False
        for name, probe in (("dns", resolve), ("tcp", try_tcp), ("tls", speak_tls)):
            if failed:
                yield _skipped(name, "the step before it failed")
                continue
            step = _step(name, probe(url, timeout))
            failed = step.result is Result.FAILED
            yield step
        if failed:
            yield from (_skipped(name, "there is no way to the server") for name in STEPS[6:])
            return
    yield from _inside(course, url)


def _step(name: str, probe: Probe) -> Step:
    return Step(name, Result(probe.result), probe.text, probe.details, probe.help)


def _skipped(name: str, reason: str) -> Step:
    return Step(name, Result.SKIPPED, reason)


def _try(name: str, action: Any) -> Step:
    try:
        step: Step = action()
    except DriftError as error:
        details = (error.place, *error.details) if error.place else error.details
        return Step(name, Result.FAILED, error.title, details, error.help)
    return step


def _configuration(course: _Course) -> Step:
    config = course.inputs.config
    if config.source is not None:
        return Step("configuration", Result.OK, f"{config.source} in {config.directory}")
    return Step("configuration", Result.OK, "none: options, environment, and Alembic's env.py are used")


def _models(course: _Course) -> Step:
    from drift.sources import alembic_project
    from drift.sources.models import from_metadata, load

    inputs = course.inputs
    if inputs.discover or inputs.alembic is not None:
        course.project = alembic_project.find(inputs.directory, inputs.alembic)
    problem: DriftError | None = None
    if course.project is not None:
        try:
            named = _named_url(inputs)
            course.environments = alembic_project.capture(course.project, inputs.x_arguments, database_url=named)
            course.project = course.project.informed(course.environments)
        except DriftError as error:
            problem = error
    if inputs.models:
        course.models = load(inputs.models, directory=inputs.directory)
        source = ", ".join(map(str, inputs.models))
    else:
        if problem is not None:
            raise problem
        metadata = [item for environment in course.environments for item in environment.target_metadata]
        if not metadata:
            raise DriftError(
                "there are no models",
                place=str(inputs.directory),
                help=("name them: --models app.models:Base", "or run drift in an Alembic project"),
            )
        course.models = from_metadata(metadata, source="target_metadata of env.py", directory=inputs.directory)
        source = "target_metadata of env.py"
    tables = sum(len(collection.tables) for collection in course.models.metadata)
    if problem is not None:
        return Step(
            "models", Result.WARNING, f"{source}: {tables} tables; env.py does not run", (problem.title,), problem.help
        )
    if not tables:
        return Step(
            "models", Result.FAILED, f"{source} has no tables", (), ("import the modules that define the models",)
        )
    return Step("models", Result.OK, f"{source}: {tables} tables")


def _named_url(inputs: Inputs) -> URL | None:
    """What env.py is given; a URL that is broken is the next step's matter."""
    from drift.pipeline.targets import named_url

    try:
        return named_url(inputs)
    except DriftError:
        return None


def _url(course: _Course) -> Step:
    from sqlalchemy import URL

    from drift.sources.connections import display, engine_for, parse

    inputs = course.inputs
    named = inputs.database
    if named is None:
        found = next((environment.url for environment in course.environments if environment.url is not None), None)
        if found is None:
            raise DriftError(
                "no database is named",
                help=("set DATABASE_URL", "or pass --database-url", "or let env.py connect to one"),
            )
        url, course.origin = found, "env.py"
    else:
        url, course.origin = named if isinstance(named, URL) else parse(str(named), origin=inputs.origin), inputs.origin
    engine = engine_for(url, origin=course.origin)
    course.url = url
    return Step("url", Result.OK, f"{display(url)}  (from {course.origin}; driver {engine.driver})")


def _inside(course: _Course, url: URL) -> Iterator[Step]:
    from sqlalchemy.exc import DBAPIError

    from drift.pipeline.databases import open_database
    from drift.sources.connections import failure

    done = "login"
    try:
        with open_database(url, course.origin) as (connection, dialect, _):
            info = dialect.info(connection)
            yield _login(connection, info)
            done = "privileges"
            yield _privileges(course, connection, dialect, info)
            done = "version table"
            yield from _versions(course, connection)
    except DriftError as error:
        yield Step(done, Result.FAILED, error.title, error.details, error.help)
    except DBAPIError as error:
        trouble = failure(error, url, course.origin)
        yield Step(done, Result.FAILED, trouble.title, trouble.details, trouble.help)
    else:
        return
    yield from (_skipped(name, "the step before it failed") for name in STEPS[STEPS.index(done) + 1 :])


def _login(connection: Connection, info: ServerInfo) -> Step:
    from sqlalchemy import text

    server = f"{info.dialect} {info.version}"
    if info.dialect != "postgresql":
        return Step("login", Result.OK, server)
    user, database, standby, superuser = connection.execute(
        text(
            "SELECT current_user, pg_catalog.current_database(), pg_catalog.pg_is_in_recovery(), r.rolsuper "
            "FROM pg_catalog.pg_roles r WHERE r.rolname = current_user"
        )
    ).one()
    who = f"{user} on {database}, {server}" + (", a read-only replica" if standby else "")
    if not superuser:
        return Step("login", Result.OK, who)
    return Step(
        "login",
        Result.OK,
        who,
        ("a superuser: a check needs none, and may look at what others own",),
        ("connect as a role that can only read; docs/security.md names the grants that are enough",),
    )


def _privileges(course: _Course, connection: Connection, dialect: Dialect, info: ServerInfo) -> Step:
    """Whether the wanted schemas exist and may be looked into, and how many of the mapped tables are there."""
    from drift.dialects import Scope
    from drift.sources.models import ExpectOptions, expect

    if course.models is None:
        return _skipped("privileges", "there are no models to look for")
    expected = expect(course.models, dialect, info, ExpectOptions())
    schemas = course.inputs.schemas or expected.schemas
    problems, ways = _schema_problems(connection, info, schemas)
    if problems:
        return Step("privileges", Result.FAILED, "not every schema can be read", tuple(problems), tuple(ways))
    actual = dialect.read(connection, Scope(schemas=tuple(schemas)))
    there = set(actual.relation_names) | {table.name for table in actual.tables}
    present = sum(1 for table in expected.tables if table.name in there)
    text = f"the catalog can be read; {present} of {len(expected.tables)} mapped tables exist"
    if expected.tables and not present:
        return Step(
            "privileges",
            Result.WARNING,
            text,
            ("this does not look like the database of these models",),
            ("check the database name, or name the schema: --schema",),
        )
    return Step("privileges", Result.OK, text)


def _schema_problems(connection: Connection, info: ServerInfo, schemas: tuple[str, ...]) -> tuple[list[str], list[str]]:
    from sqlalchemy import text

    problems: list[str] = []
    ways: list[str] = []
    if info.dialect != "postgresql":
        return problems, ways
    for schema in schemas:
        # A missing schema gives no row; asking for a privilege on it would be an error.
        allowed = connection.execute(
            text(
                "SELECT pg_catalog.has_schema_privilege(oid, 'USAGE') "
                "FROM pg_catalog.pg_namespace WHERE nspname = :schema"
            ),
            {"schema": schema},
        ).scalar_one_or_none()
        if allowed is None:
            problems.append(f"there is no schema {schema}")
            ways.append("check the schema's name, or the database's")
        elif not allowed:
            problems.append(f"no USAGE on schema {schema}: its types cannot be compared")
            ways.append(f"GRANT USAGE ON SCHEMA {_quoted(schema)} TO the role that checks;")
    return problems, ways


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _versions(course: _Course, connection: Connection) -> Iterator[Step]:
    from drift.sources.alembic_project import migration_state

    if course.project is None or not course.environments:
        yield _skipped("version table", "this is no Alembic project")
        yield _skipped("heads", "this is no Alembic project")
        return
    states = [migration_state(course.project, environment, connection) for environment in course.environments]
    for state in states:
        name = str(state.version_table)
        if not state.table_exists:
            yield Step(
                "version table", Result.WARNING, f"{name} does not exist: never migrated", (), ("alembic upgrade head",)
            )
        else:
            current = ", ".join(state.current) or "nothing"
            yield Step("version table", Result.OK, f"{name} says {current}")
        yield _heads(state)


def _heads(state: Any) -> Step:
    heads = ", ".join(state.heads) or "none"
    if len(state.heads) > 1:
        way = ("alembic merge heads -m 'merge'",)
        return Step("heads", Result.WARNING, f"the scripts have several heads: {heads}", (), way)
    if state.unknown:
        text = f"the database is at {', '.join(state.unknown)}, which the scripts do not have"
        return Step("heads", Result.FAILED, text, (), ("check out the branch that has it, or the right database",))
    if state.pending:
        text = f"{len(state.pending)} revisions behind head {heads}"
        return Step("heads", Result.WARNING, text, state.pending, ("alembic upgrade head",))
    return Step("heads", Result.OK, f"at head {heads}")
