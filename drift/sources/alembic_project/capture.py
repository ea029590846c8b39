"""Running the project's own ``env.py`` to hear what it would tell Alembic."""

from __future__ import annotations

import asyncio
import configparser
import io
import logging.config
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, TextIO, cast

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from drift.errors import DriftError
from drift.secrets import Scrubbed, environment_passwords, password_of
from drift.sources.alembic_project.environment import CapturedEnvironment, environment
from drift.sources.alembic_project.project import AlembicProject, env_failure
from drift.sources.alembic_project.standin import no_database, reading_only, search_path_of
from drift.sources.alembic_project.unfinished import EnvironmentFailedError, unfinished
from drift.sources.connections.failures import failure
from drift.sources.connections.urls import parse
from drift.sources.models.blame import relative
from drift.sources.project_code import ENDED, project_code

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import URL


class _Listener(EnvironmentContext):
    """Alembic's ``context`` for ``env.py``: takes down what is configured, and runs nothing."""

    def __init__(self, config: Config, script: ScriptDirectory) -> None:
        super().__init__(config, script)
        self.captured: list[CapturedEnvironment] = []
        self._arguments: dict[int, dict[str, Any]] = {}
        self._current = 0
        self._connection: Any = None
        self._connections: dict[int, Any] = {}

    def configure(  # type: ignore[override]
        self, connection: Any = None, url: Any = None, dialect_name: Any = None, **options: Any
    ) -> None:
        """Take down one configuration."""
        self._migration_context = None
        self._connection = connection
        arguments = {"connection": connection, "url": url, "dialect_name": dialect_name, **options}
        found = environment(arguments, connection)
        if found not in self.captured:
            self.captured.append(found)
        self._current = self.captured.index(found)
        self._connections.setdefault(self._current, connection)

    def run_migrations(self, **arguments: Any) -> None:
        """Run none; take down what each would have been given."""
        self._arguments[self._current] = arguments

    def heard(self) -> tuple[CapturedEnvironment, ...]:
        """Everything that was configured, in its order."""
        return tuple(
            replace(
                found,
                arguments=self._arguments.get(number, {}),
                search_path=search_path_of(self._connections.get(number)),
            )
            for number, found in enumerate(self.captured)
        )

    def execute(self, *_: Any, **__: Any) -> None:
        """Execute nothing."""

    def begin_transaction(self) -> Any:
        """Begin nothing."""
        return nullcontext()

    def get_bind(self) -> Any:
        """The connection of the last configuration."""
        return self._connection

    def get_context(self) -> Any:
        """A migration context that writes its SQL to nowhere."""
        if self._migration_context is None:
            last = self.captured[-1] if self.captured else CapturedEnvironment()
            from alembic.runtime.migration import MigrationContext

            self._migration_context = MigrationContext.configure(
                dialect_name=last.dialect_name or "default",
                environment_context=self,
                opts={"as_sql": True, "output_buffer": io.StringIO(), "target_metadata": None},
            )
        return self._migration_context


# Alembic looks up the module-level functions of `alembic.context` by the very class.
_Listener._setups[_Listener] = EnvironmentContext._setups[EnvironmentContext]


def capture(
    project: AlembicProject, x_arguments: Sequence[str] = (), *, database_url: URL | None = None
) -> tuple[CapturedEnvironment, ...]:
    """Run ``env.py`` and return what each of its calls of ``context.configure`` said. No migration runs.

    Connections that ``env.py`` opens are stood in for, so the database need not be reachable. Only when it wants an
    answer from the database does it get a real connection, on which nothing but reading is executed.

    Args:
        project: From :func:`find`.
        x_arguments: Alembic's ``-x`` arguments.
        database_url: Put in the place of ``sqlalchemy.url`` before ``env.py`` runs (which may replace it again).

    Raises:
        EnvironmentFailedError: ``env.py`` fails (with the user's line), does not configure anything, or needs a
            database that cannot be reached.
        DriftError: There are no scripts.
    """
    asked: list[str] = []
    try:
        return _run(project, x_arguments, database_url, no_database(asked))
    except EnvironmentFailedError as error:
        if not asked:
            raise
        first = error
    tried: list[URL] = []
    try:
        return _run(project, x_arguments, database_url, reading_only(tried))
    except DBAPIError as error:
        found = failure(error, tried[-1] if tried else None, f"env.py of {project.place.name}")
        note = f"env.py needs the database ({asked[0]}): {first.title}"
        told = DriftError(found.title, place=found.place, details=(*found.details, note), help=found.help)
        raise EnvironmentFailedError(told, first.environments, first.missed) from None


def _run(
    project: AlembicProject,
    x_arguments: Sequence[str],
    database_url: URL | None,
    databases: AbstractContextManager[None],
) -> tuple[CapturedEnvironment, ...]:
    config = project.config(x_arguments)
    if database_url is None:
        with project.inside():
            return _listen(project, config, databases)
    written = _written_url(config)
    text = database_url.render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", text.replace("%", "%%"))
    with project.inside(), _setting(config) as chosen:
        found = _listen(project, config, databases)
    # Where env.py set the option itself, the file's text means nothing.
    own = None if "sqlalchemy.url" in chosen else written
    return tuple(replace(one, outranked=own if one.url in (None, database_url) else one.url) for one in found)


def _written_url(config: Config) -> URL | None:
    """``sqlalchemy.url`` of the file, unless it is only a placeholder."""
    try:
        return parse(config.get_main_option("sqlalchemy.url"), origin="sqlalchemy.url")
    except (DriftError, configparser.Error):
        return None


@contextmanager
def _setting(config: Config) -> Iterator[list[str]]:
    """The names of the options that are set meanwhile."""
    before, names = config.set_section_option, list[str]()

    def heard(section: str, name: str, value: str) -> None:
        names.append(name)
        before(section, name, value)

    config.set_section_option = heard  # type: ignore[method-assign]
    try:
        yield names
    finally:
        del config.set_section_option


def _listen(
    project: AlembicProject, config: Config, databases: AbstractContextManager[None]
) -> tuple[CapturedEnvironment, ...]:
    script = project.scripts(config)
    env_py = relative(str(Path(script.dir, "env.py")), project.root)
    if not Path(project.root, env_py).is_file():
        raise DriftError(
            "the Alembic environment has no env.py",
            place=str(project.place),
            details=(f"looked for {env_py}",),
            help=("Correct script_location, or run `alembic init`.",),
        )
    listener = _Listener(config, script)
    before = tuple(str(location) for location in script.version_locations or ())
    try:
        with ExitStack() as stack:
            stack.enter_context(_silence(_passwords(config)))
            stack.enter_context(databases)
            stack.enter_context(_flask_application(Path(script.dir, "env.py")))
            stack.enter_context(listener)
            stack.enter_context(project_code())
            _run_env(script.run_env)
    except DBAPIError:
        # What the database said over a real connection.
        raise
    except ENDED as error:
        told = error if isinstance(error, DriftError) else _told(error, env_py, project, config)
        if listener.captured:
            raise EnvironmentFailedError(told, listener.heard()) from error
        raise EnvironmentFailedError(told, *unfinished(error, Path(script.dir, "env.py"))) from error
    if not listener.captured:
        told = DriftError(
            "env.py does not call context.configure(...)",
            place=env_py,
            help=("Does it run the migrations only under a condition, or -x arguments? Pass them: -x name=value",),
        )
        raise EnvironmentFailedError(told, *unfinished(None, Path(script.dir, "env.py")))
    after = tuple(str(location) for location in script.version_locations or ())
    if after == before:
        return listener.heard()
    # Some env.py choose the revisions by the database.
    return tuple(replace(found, version_locations=after) for found in listener.heard())


def _passwords(config: Config) -> frozenset[str]:
    """Those that ``env.py`` can know of, as far as they can be told."""
    try:
        password = password_of(config.get_main_option("sqlalchemy.url") or "")
    except configparser.Error:
        # A percent sign that is not doubled: the file's text is not shown then.
        password = None
    return environment_passwords(os.environ) | ({password} if password else frozenset())


def _told(error: BaseException, env_py: str, project: AlembicProject, config: Config) -> DriftError:
    """The error for what ``env.py`` raised.

    Where SQLAlchemy refused a URL, what is wrong with ``sqlalchemy.url`` says more than what it makes of it.
    """
    text = config.get_main_option("sqlalchemy.url") if _refused_a_url(error) else None
    if text is not None:
        try:
            parse(text, origin=f"sqlalchemy.url in {project.place.name}")
        except DriftError as explained:
            return explained
    return env_failure(error, env_py, project, _passwords(config))


def _refused_a_url(error: BaseException) -> bool:
    """Whether SQLAlchemy's own reading of a URL raised it; a mapping mistake is an ``ArgumentError``, too."""
    if not isinstance(error, (ArgumentError, NoSuchModuleError)):
        return False
    modules = {frame.f_globals.get("__name__") for frame, _ in walk_tb(error.__traceback__)}
    return not modules.isdisjoint(("sqlalchemy.engine.url", "sqlalchemy.engine.create"))


def _run_env(run: Callable[[], None]) -> None:
    """Run ``env.py`` in the thread that it wants.

    One that calls ``asyncio.run`` cannot do so where an event loop is running; one that calls back into an event loop
    (``anyio.from_thread``) must be in a worker thread of it, as when the application upgrades the database itself.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        try:
            run()
        except RuntimeError as error:
            if "AnyIO worker thread" not in str(error):
                raise
            _run_in_worker_thread(run)
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_run_env, run).result()


def _run_in_worker_thread(run: Callable[[], None]) -> None:
    # env.py uses it, so it is installed.
    import anyio

    async def wait() -> None:
        await anyio.to_thread.run_sync(run)

    anyio.run(wait)


@contextmanager
def _silence(secrets: frozenset[str]) -> Iterator[None]:
    """Keep ``env.py`` from reconfiguring the logging of this process, and what it prints from the findings."""
    before = logging.config.fileConfig
    logging.config.fileConfig = lambda *_, **__: None
    printed = cast(TextIO, Scrubbed(sys.stderr, secrets))
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield
    finally:
        printed.flush()
        logging.config.fileConfig = before


@contextmanager
def _flask_application(env_py: Path) -> Iterator[None]:
    """Flask-Migrate's ``env.py`` asks the current application; find it as the ``flask`` command does."""
    if "current_app" not in env_py.read_text(encoding="utf-8", errors="replace"):
        yield
        return
    from flask import has_app_context
    from flask.cli import FlaskGroup, NoAppException

    if has_app_context():
        yield
        return
    try:
        application = FlaskGroup().make_context("flask", ["db"]).obj.load_app()
    except NoAppException as error:
        raise DriftError(
            "env.py needs the Flask application, and it is not found",
            place=str(env_py),
            details=(str(error).splitlines()[0],),
            help=("Set FLASK_APP, as for the `flask db` command: FLASK_APP=app:create_app",),
        ) from error
    with application.app_context():
        yield
