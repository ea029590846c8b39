"""What a project's ``env.py`` hands to ``context.configure(...)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drift.sources.connections.secrets import display
from drift.sources.connections.urls import parse

if TYPE_CHECKING:
    from sqlalchemy import MetaData
    from sqlalchemy.engine import URL, Engine


@dataclass(frozen=True, slots=True)
class CapturedEnvironment:
    """One call of ``context.configure``.

    Attributes:
        target_metadata: The models' metadata, always a tuple; empty for ``None``.
        url: The database; ``None`` where only a dialect was given.
        outranked: What it would connect to, where another URL was put in the place of ``sqlalchemy.url``.
        engine: The engine whose connection was handed over, unless it is an async one.
        dialect_name: SQLAlchemy's dialect name.
        include_object, include_name, include_schemas: Alembic's filters.
        version_table, version_table_schema: Where the current revision is kept.
        render_item, process_revision_directives: Hooks of autogenerate.
        compare_type, compare_server_default: Settings or hooks of Alembic's comparison.
        render_as_batch: Write batch operations (SQLite).
        user_module_prefix, sqlalchemy_module_prefix, alembic_module_prefix: How names are written in scripts.
        transaction_per_migration: Whether each revision has a transaction of its own.
        upgrade_token, downgrade_token: Names in the script template (several databases).
        schema_translate_map: The connection's execution option.
        search_path: What it chose on its connection (PostgreSQL), or the database (MySQL); ``None``: the session's own.
        version_locations: Where ``env.py`` says the revisions are; empty where it leaves that to the configuration.
        options: All arguments as they were given.
        arguments: What ``run_migrations(...)`` hands to each ``upgrade()``, for example the name of the database.
    """

    target_metadata: tuple[MetaData, ...] = ()
    url: URL | None = None
    outranked: URL | None = None
    engine: Engine | None = None
    dialect_name: str | None = None
    include_object: Callable[..., bool] | None = None
    include_name: Callable[..., bool] | None = None
    include_schemas: bool = False
    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    render_item: Callable[..., Any] | None = None
    process_revision_directives: Callable[..., None] | None = None
    compare_type: Any = True
    compare_server_default: Any = False
    render_as_batch: bool = False
    user_module_prefix: str | None = None
    sqlalchemy_module_prefix: str = "sa."
    alembic_module_prefix: str = "op."
    transaction_per_migration: bool = False
    upgrade_token: str = "upgrades"
    downgrade_token: str = "downgrades"
    schema_translate_map: Mapping[str | None, str | None] = field(default_factory=dict)
    search_path: str | None = None
    version_locations: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def database_key(self) -> str:
        """Equal for environments that speak of one database. Holds no secret."""
        return display(self.url) if self.url is not None else self.dialect_name or ""


def environment(arguments: Mapping[str, Any], connection: Any) -> CapturedEnvironment:
    """Sort the arguments of one ``context.configure`` call.

    Args:
        arguments: All of them by name.
        connection: The connection that stands in for the one that ``env.py`` opened, or ``None``.

    Raises:
        DriftError: ``target_metadata`` or ``url`` is none.
    """
    engine = connection.engine if connection is not None else None
    url = engine.url if engine is not None else _url(arguments.get("url"))
    dialect = engine.dialect.name if engine is not None else arguments.get("dialect_name")
    if dialect is None and url is not None:
        dialect = url.get_backend_name()
    translate = connection.get_execution_options().get("schema_translate_map") if connection is not None else None
    plain = {
        name: arguments[name]
        for name in (
            "include_object",
            "include_name",
            "version_table_schema",
            "render_item",
            "process_revision_directives",
            "user_module_prefix",
        )
        if arguments.get(name) is not None
    }
    defaulted = {
        name: arguments[name]
        for name in (
            "compare_type",
            "compare_server_default",
            "sqlalchemy_module_prefix",
            "alembic_module_prefix",
            "version_table",
            "upgrade_token",
            "downgrade_token",
        )
        if arguments.get(name) is not None
    }
    return CapturedEnvironment(
        target_metadata=_metadata(arguments.get("target_metadata")),
        url=url,
        engine=None if engine is None or engine.dialect.is_async else engine,
        dialect_name=dialect,
        include_schemas=bool(arguments.get("include_schemas")),
        render_as_batch=bool(arguments.get("render_as_batch")),
        transaction_per_migration=bool(arguments.get("transaction_per_migration")),
        schema_translate_map=dict(translate or {}),
        options=dict(arguments),
        **plain,
        **defaulted,
    )


def _metadata(given: Any) -> tuple[MetaData, ...]:
    from drift.errors import DriftError
    from drift.sources.models.references import metadata_of

    if given is None:
        return ()
    items = tuple(given) if isinstance(given, (list, tuple, set, frozenset)) else (given,)
    found: list[MetaData] = []
    for item in items:
        metadata = metadata_of(item)
        if not metadata:
            raise DriftError(
                f"target_metadata in env.py is not metadata but an object of {type(item).__name__}",
                help=("Set it to Base.metadata, or to a list of MetaData objects.",),
            )
        found.extend(metadata)
    return tuple(found)


def _url(given: Any) -> URL | None:
    from sqlalchemy.engine import URL

    if given is None or isinstance(given, URL):
        return given
    return parse(str(given), origin="the url in env.py")
