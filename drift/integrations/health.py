"""A health check for running services: 200 while models and database agree, 503 otherwise.

The comparison is repeated only when the database's catalog has changed, which one cheap query tells.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from drift.errors import DriftError
from drift.findings import Severity
from drift.policy import Config, Verdict
from drift.policy.order import describe
from drift.secrets import scrub

FINGERPRINTS = {
    # The transaction that wrote a catalog row last changes with every DDL statement, and with no ANALYZE or VACUUM.
    "postgresql": """
        SELECT string_agg(part, ' ' ORDER BY part) FROM (
          SELECT 'class' || count(*) || ':' || sum(hashtext(oid::text || xmin::text)::bigint) AS part
            FROM pg_catalog.pg_class WHERE oid >= 16384
          UNION ALL SELECT 'attribute' || count(*) || ':'
              || sum(hashtext(attrelid::text || attnum || xmin::text)::bigint)
            FROM pg_catalog.pg_attribute WHERE attrelid >= 16384 AND attnum > 0
          UNION ALL SELECT 'attrdef' || count(*) || ':' || sum(hashtext(oid::text || xmin::text)::bigint)
            FROM pg_catalog.pg_attrdef
          UNION ALL SELECT 'constraint' || count(*) || ':' || sum(hashtext(oid::text || xmin::text)::bigint)
            FROM pg_catalog.pg_constraint WHERE oid >= 16384
          UNION ALL SELECT 'index' || count(*) || ':' || sum(hashtext(indexrelid::text || xmin::text)::bigint)
            FROM pg_catalog.pg_index WHERE indexrelid >= 16384
          UNION ALL SELECT 'enum' || count(*) || ':' || sum(hashtext(oid::text || xmin::text)::bigint)
            FROM pg_catalog.pg_enum
          UNION ALL SELECT 'trigger' || count(*) || ':' || sum(hashtext(oid::text || xmin::text)::bigint)
            FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
        ) parts""",
    "sqlite": "PRAGMA schema_version",
    "mysql": """
        SELECT CONCAT_WS(':',
          (SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE,
             IS_NULLABLE, COALESCE(COLUMN_DEFAULT, ''), EXTRA, COLUMN_COMMENT))), 0))
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()),
          (SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX,
             COLUMN_NAME, NON_UNIQUE))), 0)) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()),
          (SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', TABLE_NAME, CONSTRAINT_NAME,
             CONSTRAINT_TYPE))), 0)) FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE()))""",
}
"""One query for each dialect whose result changes whenever the schema does."""


@dataclass(frozen=True, slots=True)
class HealthStatus:
    """The answer of a health check.

    Attributes:
        code: 200 in sync; 503 on drift, and also when it could not be checked: what was not looked at is not healthy.
        body: For the response, without secrets.
        verdict: The comparison behind it; ``None`` when there was none.
    """

    code: int
    body: dict[str, Any]
    verdict: Verdict | None = None

    @property
    def healthy(self) -> bool:
        """Whether the service may be used."""
        return self.code == 200


class Health:
    """A health check. Call it for a :class:`HealthStatus`; ``asgi`` and ``wsgi`` are applications of their own."""

    def __init__(
        self,
        models: Any,
        database: Any,
        *,
        responses: Sequence[Any] = (),
        config: Config | None = None,
        details: bool = False,
        pause: float = 1.0,
        oldest: float = 3600.0,
    ) -> None:
        self._models = models
        self._database = database
        self._responses = responses
        self._config = config or Config()
        self._details = details
        self._pause = pause
        self._oldest = oldest
        self._lock = threading.Lock()
        self._status: HealthStatus | None = None
        self._fingerprint: str | None = None
        self._compared_at = self._asked_at = 0.0

    def __call__(self) -> HealthStatus:
        """The state now. Concurrent callers wait for one comparison instead of starting their own."""
        with self._lock:
            now = time.monotonic()
            if self._status is not None and self._status.verdict is not None and now - self._asked_at < self._pause:
                return self._status
            self._asked_at = now
            try:
                fingerprint = self._catalog_fingerprint()
                fresh = now - self._compared_at < self._oldest
                if self._status is None or fingerprint is None or fingerprint != self._fingerprint or not fresh:
                    self._status = self._compare()
                    self._fingerprint, self._compared_at = fingerprint, now
            except Exception as error:
                # Whatever the reason: a service whose schema could not be checked must not be called healthy.
                self._status, self._fingerprint = _could_not_check(error), None
            return self._status

    def _compare(self) -> HealthStatus:
        from drift.pipeline import check

        verdict = check(self._models, self._database, self._responses, self._config).verdict
        body: dict[str, Any] = {
            "status": "drift" if verdict.fails else "in sync",
            **{severity.value: verdict.count(severity) for severity in Severity},
            "not_checked": len(verdict.not_checked),
        }
        if self._details:
            body["findings"] = [
                {"code": item.code, "name": item.name, "subject": describe(item.subject)} for item in verdict.findings
            ]
        return HealthStatus(503 if verdict.fails else 200, body, verdict)

    def _catalog_fingerprint(self) -> str | None:
        """``None`` where the dialect has no cheap query for it; then every call compares."""
        from sqlalchemy import Connection, text

        from drift.dialects import dialect_for
        from drift.pipeline.databases import open_database

        with ExitStack() as stack:
            if isinstance(self._database, Connection):
                connection = self._database
                stack.enter_context(dialect_for(connection.dialect.name).borrowed(connection))
            else:
                connection, _, _ = stack.enter_context(open_database(self._database, "health"))
            name = connection.dialect.name
            query = FINGERPRINTS.get("mysql" if name == "mariadb" else name)
            return None if query is None else str(connection.execute(text(query)).scalar())

    async def asgi(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """An ASGI application: ``app.mount("/health/schema", health.asgi)`` in FastAPI and Starlette."""
        import asyncio

        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        status = await asyncio.to_thread(self)
        body = json.dumps(status.body).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status.code, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """A WSGI application, for Flask: ``@app.get("/health/schema")`` returning ``health().body, health().code``."""
        del environ
        status = self()
        body = json.dumps(status.body).encode()
        reason = "200 OK" if status.healthy else "503 Service Unavailable"
        start_response(reason, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


async def _lifespan(
    receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _could_not_check(error: Exception) -> HealthStatus:
    title = error.title if isinstance(error, DriftError) else type(error).__name__
    return HealthStatus(503, {"status": "could not check", "reason": scrub(title)})


def health(
    models: Any,
    database: Any,
    *,
    responses: Sequence[Any] = (),
    config: Config | None = None,
    details: bool = False,
    fail_on: str = "error",
    pause: float = 1.0,
    oldest: float = 3600.0,
) -> Health:
    """A health check for a running service.

    Args:
        models: As for :func:`drift.check`.
        database: URL, Engine, or Connection of the live database; async URLs are understood.
        responses: As for :func:`drift.check`.
        config: The team's policy; ``fail_on`` is taken from it where it is given.
        details: Name the findings in the body. Off, because a health endpoint is often public.
        fail_on: Without ``config``: the mildest severity that makes the service unhealthy.
        pause: Seconds during which the last answer is repeated without asking the database.
        oldest: Seconds after which the comparison is repeated even when the catalog has not changed.
    """
    return Health(
        models,
        database,
        responses=responses,
        config=config or replace(Config(), fail_on=fail_on),
        details=details,
        pause=pause,
        oldest=oldest,
    )
