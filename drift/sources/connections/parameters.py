"""Connection parameters: from the spelling of the application's driver to that of the driver in use.

Sources: libpq's "Parameter Key Words" and "SSL Support"; asyncpg's ``connect()``; PyMySQL's ``connect()``.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.engine import URL

from drift.errors import DriftError

LIBPQ_DRIVERS = ("psycopg2", "psycopg", "psycopg2cffi")

_SSL_MODES = {
    "true": "require", "1": "require", "on": "require", "yes": "require", "required": "require",
    "false": "disable", "0": "disable", "off": "disable", "no": "disable", "disabled": "disable",
    "preferred": "prefer", "verify_ca": "verify-ca", "verify_full": "verify-full", "verify_identity": "verify-full",
    "disable": "disable", "allow": "allow", "prefer": "prefer", "require": "require",
    "verify-ca": "verify-ca", "verify-full": "verify-full",
}  # fmt: skip

# Parameters of asyncpg, psycopg 3 and SQLAlchemy's adapters that libpq does not know and that change nothing here.
_NOT_LIBPQ = {
    "prepared_statement_cache_size", "prepared_statement_name_func", "statement_cache_size", "async_fallback",
    "max_cached_statement_lifetime", "max_cacheable_statement_size", "command_timeout", "direct_tls", "loop",
    "connection_class", "record_class", "async_creator_fn", "prepare_threshold", "autocommit", "row_factory",
    "cursor_factory", "use_native_hstore", "executemany_mode", "pool_size", "max_overflow", "min_size", "max_size",
}  # fmt: skip
_NOT_MYSQL = {
    "minsize", "maxsize", "pool_recycle", "echo", "loop", "async_fallback", "pool_size", "max_overflow", "autocommit",
}  # fmt: skip

_MYSQLCLIENT_MODES = {"verify-ca": "VERIFY_CA", "verify-full": "VERIFY_IDENTITY"}

_LISTENING = {"tcp_user_timeout": 60_000, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""libpq's: a network that has gone is noticed within a minute. Milliseconds; seconds; seconds; a number."""
_READ_TIMEOUT = 75
"""PyMySQL's and mysqlclient's longest wait for an answer, in seconds: longer than any statement of ours may run."""

Query = dict[str, "str | tuple[str, ...]"]


def translate(url: URL, *, timeout: int) -> tuple[URL, dict[str, Any]]:
    """The URL with parameters for its driver, and arguments to hand to ``connect()`` directly.

    Args:
        url: With the driver that will be used.
        timeout: Seconds to wait for a connection, unless the URL says otherwise.

    Raises:
        DriftError: A TLS mode that nobody knows.
    """
    driver = url.drivername.partition("+")[2]
    query: Query = dict(url.query)
    if driver in LIBPQ_DRIVERS:
        return _libpq(url, query, timeout)
    if driver in ("pymysql", "mysqldb"):
        return _mysql(url, query, driver, timeout)
    folder = str(query.get("host", ""))
    if driver == "pg8000" and folder.startswith("/"):
        # A Unix socket, as libpq names it: pg8000 wants its path.
        port = query.get("port", "5432")
        rest = {key: value for key, value in query.items() if key not in ("host", "port")}
        return url.set(query={**rest, "unix_sock": f"{folder}/.s.PGSQL.{port}"}), {}
    return url, {}


def _libpq(url: URL, query: Query, timeout: int) -> tuple[URL, dict[str, Any]]:
    for name in _NOT_LIBPQ & set(query):
        del query[name]
    ssl = query.pop("ssl", None)
    if ssl is not None and "sslmode" not in query:
        query["sslmode"] = ssl_mode("ssl", ssl)
    elif "sslmode" in query:
        query["sslmode"] = ssl_mode("sslmode", query["sslmode"])
    seconds = query.pop("timeout", None)
    if seconds is not None and "connect_timeout" not in query:
        query["connect_timeout"] = str(max(2, round(float(_one(seconds)))))
    settings = query.pop("server_settings", None)
    if settings is not None:
        options = " ".join(f"-c {name}={_escaped(str(value))}" for name, value in _settings(_one(settings)).items())
        query["options"] = f"{_one(query['options'])} {options}" if "options" in query else options
    arguments: dict[str, Any] = {}
    if "connect_timeout" not in query:
        arguments["connect_timeout"] = timeout
    arguments.update((name, value) for name, value in _LISTENING.items() if name not in query)
    if "application_name" not in query:
        arguments["fallback_application_name"] = "drift"
    return url.set(query=query), arguments


def _mysql(url: URL, query: Query, driver: str, timeout: int) -> tuple[URL, dict[str, Any]]:
    for name in _NOT_MYSQL & set(query):
        del query[name]
    arguments: dict[str, Any] = {}
    mode: str | None = None
    for name in ("ssl", "ssl_mode", "ssl-mode", "sslmode"):
        value = query.pop(name, None)
        if value is not None:
            mode = ssl_mode(name, value)
    if mode not in (None, "disable", "allow", "prefer"):
        verified = mode in ("verify-ca", "verify-full")
        if driver == "mysqldb":
            arguments["ssl_mode"] = {"verify-ca": "VERIFY_CA", "verify-full": "VERIFY_IDENTITY"}.get(
                mode or "", "REQUIRED"
            )
        else:
            arguments["ssl"] = {
                "verify_mode": "required" if verified else "none",
                "check_hostname": mode == "verify-full",
            }
    limits = {"connect_timeout": timeout, "read_timeout": _READ_TIMEOUT, "write_timeout": _READ_TIMEOUT}
    arguments.update((name, value) for name, value in limits.items() if name not in query)
    return url.set(query=query), arguments


def ssl_mode(name: str, value: str | tuple[str, ...]) -> str:
    """libpq's word for a TLS mode in anybody's spelling.

    Raises:
        DriftError: It is none.
    """
    text = _one(value).strip().lower()
    if text in _SSL_MODES:
        return _SSL_MODES[text]
    raise DriftError(
        f"the URL asks for a TLS mode that does not exist: {name}={text}",
        help=("Modes are disable, prefer, require, verify-ca and verify-full: ?sslmode=require",),
    )


def _settings(text: str) -> dict[str, Any]:
    """asyncpg's ``server_settings``, written as JSON or as ``a=1,b=2``."""
    try:
        found = json.loads(text)
    except ValueError:
        found = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    return found if isinstance(found, dict) else {}


def _escaped(value: str) -> str:
    """A value inside libpq's ``options``, where spaces separate."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _one(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]
