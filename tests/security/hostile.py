"""A PostgreSQL on which every function of the hostile role tells the server's log that it ran, and as whom.

The log is the one place to which a function may write in a read-only transaction that is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from tests.repair import run_script
from tests.servers import Server

EVE = "eve"
_RAN = re.compile(r"LOG: +eve ran: (\S+)")


@dataclass(frozen=True)
class Crime:
    """A server and its log."""

    server: Server
    log: Path

    @contextmanager
    def recorded(self) -> Iterator[list[str]]:
        """The names of what ran meanwhile, in order; complete at the end."""
        ran: list[str] = []
        start = self.log.stat().st_size
        yield ran
        with self.log.open("rb") as log:
            log.seek(start)
            ran += _RAN.findall(log.read().decode(errors="replace"))


def crime(server: Server) -> Crime:
    """The server with its log.

    Args:
        server: One that was started from binaries.
    """
    with create_engine(server.url, poolclass=NullPool).connect() as connection:
        data = Path(str(connection.exec_driver_sql("SHOW data_directory").scalar()))
    return Crime(server, data.parent / "log")


def function(signature: str, result: str, returns: str, *, tag: str | None = None, kind: str = "IMMUTABLE") -> str:
    """A function that tells that it ran.

    Args:
        signature: Name and arguments.
        result: The expression that it returns; names in it must be qualified, or it would call itself.
        returns: Its type.
        tag: What the log says; by default the signature's name.
        kind: Volatility and whatever else stands there.
    """
    name = tag or signature.partition("(")[0]
    return (
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {kind} "
        f"AS $f$BEGIN RAISE LOG 'eve ran: {name}'; RETURN {result}; END$f$;"
    )


def as_eve(script: str) -> str:
    """The script, run by the hostile role."""
    return f"SET ROLE {EVE};\n{script}\nRESET ROLE;"


def own_everything(url: str, *scripts: str) -> None:
    """Make the hostile role the owner of the database, who puts a schema before ``pg_catalog`` on everybody's path.

    Args:
        url: Of an administrator.
        scripts: What makes the things in that schema, which is called ``first``.
    """
    name = make_url(url).database
    run_script(url, f"ALTER DATABASE {name} OWNER TO {EVE};")
    path = f"ALTER DATABASE {name} SET search_path = first, pg_catalog, public;"
    run_script(url, as_eve("\n".join(("CREATE SCHEMA first;", *scripts, path))))
