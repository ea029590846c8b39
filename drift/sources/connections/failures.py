"""Why a connection failed: what driver and server said, told apart, each case with its own way out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from drift.errors import DriftError
from drift.sources.connections.cases import CASES, Case
from drift.sources.connections.secrets import display, scrub

_MAX_LINES = 4
_NOISE = re.compile(r"^(\(Background on|\[SQL:|\[parameters:|Is the server running|Multiple connection attempts)")


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What can be known of a failure.

    Attributes:
        message: The driver's message in lower case.
        sqlstate: PostgreSQL's code, where the driver hands it over (psycopg2 does not while connecting).
        number: MySQL's error number.
    """

    message: str
    sqlstate: str | None = None
    number: int | None = None


def failure(exc: BaseException, url: URL | None, origin: str | None = None) -> DriftError:
    """The error to show for an exception of SQLAlchemy or a driver.

    The driver's exception is not chained to it: its text may hold secrets. What it says is in ``details``, scrubbed.

    Args:
        exc: As raised by connecting, or by a statement.
        url: What was connected to.
        origin: Where the URL was given: ``DATABASE_URL``.
    """
    if isinstance(exc, DriftError):
        return exc
    place = None
    if url is not None:
        place = display(url) if origin is None else f"{display(url)}  (from {origin})"
    seen = symptoms(exc)
    details = _lines(scrub(_text(exc), url))
    for case in CASES:
        if matches(case, seen):
            return DriftError(_filled(case.title, url), place=place, details=details, help=_all_filled(case.help, url))
    return DriftError(
        "the database cannot be used",
        place=place,
        details=details or (type(exc).__name__,),
        help=(
            "Try the same URL with the database's own client (psql, mysql, sqlite3).",
            "`drift doctor` goes step by step.",
        ),
    )


def symptoms(exc: BaseException) -> Symptoms:
    """What driver and server tell of an exception."""
    original = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    sqlstate = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    number = original.args[0] if original.args and isinstance(original.args[0], int) else None
    return Symptoms(_text(exc).lower(), sqlstate if isinstance(sqlstate, str) else None, number)


def matches(case: Case, seen: Symptoms) -> bool:
    """Whether a case is the one."""
    if case.unless is not None and re.search(case.unless, seen.message):
        return False
    if seen.sqlstate is not None and seen.sqlstate in case.sqlstates:
        return True
    if seen.number is not None and seen.number in case.numbers:
        return True
    return case.pattern is not None and re.search(case.pattern, seen.message) is not None


def _text(exc: BaseException) -> str:
    original = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    if len(original.args) > 1 and isinstance(original.args[0], int):
        return str(original.args[1])
    return str(original)


def _lines(text: str) -> tuple[str, ...]:
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not _NOISE.match(line))[:_MAX_LINES]


def _filled(text: str, url: URL | None) -> str:
    """The text with what the URL says in the place of ``{host}`` and so on."""
    values = {
        "host": (url.host if url is not None else None) or "the local socket",
        "port": str(url.port) if url is not None and url.port is not None else "the default port",
        "user": (url.username if url is not None else None) or "(the system user)",
        "database": (url.database if url is not None else None) or "(named like the user)",
    }
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), text)


def _all_filled(texts: tuple[str, ...], url: URL | None) -> tuple[str, ...]:
    return tuple(_filled(text, url) for text in texts)
