"""Which driver to use: the one the URL names where it is synchronous and installed, else another of that database."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError

from drift.errors import DriftError

# SQLAlchemy's driver name -> module to import, in order of preference.
_SYNC = {
    "postgresql": {"psycopg2": "psycopg2", "psycopg": "psycopg", "pg8000": "pg8000", "psycopg2cffi": "psycopg2cffi"},
    "mysql": {
        "pymysql": "pymysql",
        "mysqldb": "MySQLdb",
        "mariadbconnector": "mariadb",
        "mysqlconnector": "mysql.connector",
    },
    "sqlite": {"pysqlite": "sqlite3"},
    "oracle": {"oracledb": "oracledb", "cx_oracle": "cx_Oracle"},
    "mssql": {"pyodbc": "pyodbc", "pymssql": "pymssql"},
}
_ASYNC = {
    "postgresql": {"asyncpg": "asyncpg", "psycopg_async": "psycopg", "psycopgasync": "psycopg", "aiopg": "aiopg"},
    "mysql": {"aiomysql": "aiomysql", "asyncmy": "asyncmy"},
    "sqlite": {"aiosqlite": "aiosqlite"},
    "oracle": {"oracledb_async": "oracledb"},
    "mssql": {"aioodbc": "aioodbc"},
}
_INSTALL = {
    "postgresql": "pip install 'sqlalchemy-drift[postgresql]'  (or psycopg2-binary, or psycopg[binary])",
    "mysql": "pip install 'sqlalchemy-drift[mysql]'  (or pymysql)",
    "oracle": "pip install oracledb",
    "mssql": "pip install pyodbc",
}


def family_of(url: URL) -> str:
    """The database product, with MariaDB counted as MySQL (they share drivers)."""
    backend = url.get_backend_name()
    return "mysql" if backend == "mariadb" else backend


def choose_driver(url: URL, *, origin: str | None = None) -> URL:
    """The URL with a synchronous driver that is installed.

    An async driver is replaced, a bare ``postgresql://`` gets whichever driver there is (SQLAlchemy 2.0 and 2.1 differ
    in what it means), and so does a driver that is not installed.

    Raises:
        DriftError: No driver for this database is installed.
    """
    family, backend = family_of(url), url.get_backend_name()
    wanted = url.drivername.partition("+")[2]
    known = _SYNC.get(family)
    if known is None:
        return _of_other_product(url, origin)
    asynchronous = _ASYNC[family]
    if wanted and wanted not in known and wanted not in asynchronous:
        return _of_other_product(url, origin)
    candidates = ([wanted] if wanted in known else []) + [name for name in known if name != wanted]
    reasons: list[str] = []
    for name in candidates:
        problem = _import_problem(known[name])
        if problem is None:
            return url.set(drivername=f"{backend}+{name}")
        reasons.append(f"{known[name]}: {problem}")
    there = dict.fromkeys(module for module in asynchronous.values() if _import_problem(module) is None)
    raise DriftError(
        f"no synchronous driver for {backend} is installed",
        place=origin,
        details=(
            *(f"{module}: installed, but asynchronous; drift reads through a synchronous driver" for module in there),
            *reasons,
        ),
        help=(
            f"Install one {'beside it, ' if there else ''}into the environment that runs drift: "
            f"{_INSTALL.get(family, 'a DBAPI driver')}",
        ),
    )


def _import_problem(module: str) -> str | None:
    """Why a driver cannot be used, ``None`` when it can."""
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        return "not installed" if error.name == module.partition(".")[0] else str(error).splitlines()[0]
    except ImportError as error:
        return str(error).splitlines()[0] if str(error) else "cannot be imported"
    return None


def _of_other_product(url: URL, origin: str | None) -> URL:
    """A driver that only its own dialect knows: let that import it."""
    try:
        url.get_dialect().import_dbapi()
    except (ImportError, NoSuchModuleError) as error:
        raise DriftError(
            f"the driver of {url.drivername} cannot be imported",
            place=origin,
            details=(str(error).splitlines()[0] if str(error) else type(error).__name__,),
            help=("Install it into the environment that runs drift.",),
        ) from None
    return url
