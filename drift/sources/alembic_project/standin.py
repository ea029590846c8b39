"""Connections that stand in for real ones while ``env.py`` runs, so that no database is needed and none is changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.sql.schema import MetaData

from drift.dialects.postgresql.keywords import always_quote
from drift.dialects.text import TornTextError
from drift.errors import DriftError
from drift.sources.alembic_project.search_path import chosen_database, chosen_path, statements
from drift.sources.connections.drivers import choose_driver
from drift.sources.connections.engines import CONNECT_TIMEOUT

_READS = re.compile(
    r"^\s*(?:/\*.*?\*/\s*)*(?:select|show|values|explain|set|reset|with(?!.*\b(?:insert|update|delete|merge)\b)"
    r"|pragma\s+\w+\s*(?:\(|;?\s*$))",
    re.IGNORECASE | re.DOTALL,
)
_HARMLESS = "SELECT 1"
_CHOICES = {"postgresql": chosen_path, "mysql": chosen_database, "mariadb": chosen_database}
"""What tells which schema, or which database, a statement chooses."""


def search_path_of(connection: Any) -> str | None:
    """The search path that ``env.py`` has chosen on its connection; ``None`` where it has not."""
    if not isinstance(connection, StandIn):
        return None
    dialect = connection.engine.dialect
    if connection.search_path is not None or dialect.default_schema_name is None or dialect.name != "postgresql":
        return connection.search_path
    # It never connected, so that env.py itself has set it.
    return always_quote(dialect.default_schema_name)


def _is_one(sql: str) -> bool:
    """Whether a text is one statement: one behind it could end the transaction that only reads."""
    try:
        return ";" not in sql or len(statements(sql)) == 1
    except TornTextError:
        return False


class Nothing:
    """The result of a statement that was not executed: no rows, and every way of asking says so."""

    rowcount = 0
    closed = True

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _none(self, *_: Any, **__: Any) -> None:
        return None

    def _empty(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def _self(self, *_: Any, **__: Any) -> Nothing:
        return self

    scalar = scalar_one = scalar_one_or_none = first = one = one_or_none = fetchone = close = _none
    all = fetchall = fetchmany = keys = partitions = _empty
    scalars = mappings = tuples = unique = columns = yield_per = execution_options = _self


class NoTransaction:
    """A transaction of nothing."""

    is_active = True
    is_valid = True

    def __enter__(self) -> NoTransaction:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def _none(self, *_: Any, **__: Any) -> None:
        return None

    commit = rollback = close = prepare = _none


class StandIn(Connection):
    """A connection that never connects. It knows its engine, takes every statement, and answers with nothing.

    ``asked`` is set as soon as something was wanted of the database.
    """

    def __init__(self, engine: Engine, log: list[str]) -> None:
        self.engine = engine
        self.dialect = engine.dialect
        self._log = log
        self._options: dict[str, Any] = dict(engine.get_execution_options())
        self.__dict__["info"] = {}
        self.search_path: str | None = None

    def execute(self, statement: Any, parameters: Any = None, *_: Any, **__: Any) -> Any:
        """Execute nothing."""
        self._log.append(str(statement)[:80])
        choice = _CHOICES.get(self.dialect.name)
        if choice is not None:
            self.search_path = choice(statement, parameters) or self.search_path
        return Nothing()

    exec_driver_sql = execute

    def scalar(self, statement: Any, parameters: Any = None, *_: Any, **__: Any) -> Any:
        """Execute nothing, and find nothing."""
        self.execute(statement, parameters)

    def scalars(self, statement: Any, *_: Any, **__: Any) -> Any:
        """Execute nothing, and find nothing."""
        return self.execute(statement)

    def begin(self) -> Any:
        """Begin nothing."""
        return NoTransaction()

    begin_nested = begin
    get_transaction = begin

    def begin_twophase(self, xid: Any = None) -> Any:  # noqa: ARG002
        """Begin nothing."""
        return NoTransaction()

    def in_transaction(self) -> bool:
        """There is none."""
        return False

    def commit(self) -> None:
        """Commit nothing."""

    def rollback(self) -> None:
        """Roll nothing back."""

    def close(self) -> None:
        """Nothing is open."""

    def detach(self) -> None:
        """Nothing is attached."""

    def execution_options(self, **options: Any) -> Any:
        """Remember options; ``schema_translate_map`` is of interest."""
        self._options.update(options)
        return self

    def get_execution_options(self) -> Any:
        """Options of the engine and of this connection."""
        return self._options

    @property
    def closed(self) -> bool:
        """It is as open as it gets."""
        return False

    @property
    def connection(self) -> Any:
        """The driver's connection is wanted: only a real one will do."""
        self._log.append("the driver's connection")
        raise StandInError("the driver's connection is wanted")

    def _run_ddl_visitor(self, *_: Any, **__: Any) -> None:
        """``metadata.create_all(connection)`` and the like."""
        self._log.append("DDL")

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class StandInError(RuntimeError):
    """Something was wanted that only a real connection can do."""


@contextmanager
def no_database(log: list[str]) -> Iterator[None]:
    """No engine connects meanwhile; whatever is wanted of a database is written to ``log``."""

    def connect(engine: Engine) -> StandIn:
        return StandIn(engine, log)

    def create_all(*_: Any, **__: Any) -> None:
        log.append("DDL")

    with (
        _replaced(Engine, "connect", connect),
        _replaced(MetaData, "create_all", create_all),
        _replaced(URL, "_get_entrypoint", _entry_point_with_a_driver(URL._get_entrypoint)),
        _async_over_any_driver(),
    ):
        yield


@contextmanager
def _async_over_any_driver() -> Iterator[None]:
    """Async engines take a driver that is not async meanwhile: nothing is going to connect through them."""
    try:
        from sqlalchemy.ext.asyncio import AsyncEngine
    except ImportError:
        # SQLAlchemy 2.1 without greenlet: no env.py can make an async engine here.
        yield
        return

    def accept(engine: AsyncEngine, sync_engine: Engine) -> None:
        engine.sync_engine = engine._assign_proxied(sync_engine)

    with _replaced(AsyncEngine, "__init__", accept):
        yield


def _entry_point_with_a_driver(entry_point: Callable[[URL], type[Dialect]]) -> Callable[[URL], type[Dialect]]:
    """The dialect of a URL, with another driver of the same database where the URL's own is not installed.

    What a bare ``postgresql://`` means differs between SQLAlchemy 2.0 (psycopg2) and 2.1 (psycopg), and the machine
    that checks need not have the driver that the application runs on.
    """

    def found(url: URL) -> type[Dialect]:
        entry = entry_point(url)
        try:
            entry.get_dialect_cls(url).import_dbapi()
        except ImportError:
            try:
                return entry_point(choose_driver(url))
            except DriftError:
                return entry
        return entry

    return found


@contextmanager
def reading_only(tried: list[URL]) -> Iterator[None]:
    """Engines connect, but statements that are not plain reading are not executed.

    Args:
        tried: Told the URL of each engine that connects.
    """
    connect = Engine.connect

    def noted(engine: Engine) -> Connection:
        tried.append(engine.url)
        return connect(engine)

    def impatient(dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        if dialect.driver in ("psycopg2", "psycopg", "pymysql", "mysqldb", "aiomysql", "asyncmy"):
            parameters.setdefault("connect_timeout", CONNECT_TIMEOUT)
        elif dialect.driver == "asyncpg":
            parameters.setdefault("timeout", CONNECT_TIMEOUT)

    def begun(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    def guard(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        if _READS.match(statement) and _is_one(statement):
            return statement, parameters
        return _HARMLESS, [] if many else ()

    event.listen(Engine, "before_cursor_execute", guard, retval=True)
    event.listen(Engine, "begin", begun)
    event.listen(Engine, "do_connect", impatient)
    try:
        with _replaced(Engine, "connect", noted):
            yield
    finally:
        event.remove(Engine, "do_connect", impatient)
        event.remove(Engine, "begin", begun)
        event.remove(Engine, "before_cursor_execute", guard)


@contextmanager
def _replaced(owner: type[Any], name: str, value: Any) -> Iterator[None]:
    before = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
