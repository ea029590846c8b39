"""A large schema on SQLite, MariaDB and MySQL: this tool and Alembic's comparison, side by side in one run.

Run: ``python -m tests.benchmarks.portable [--tables 1000] [--dialect sqlite|mariadb|mysql]``. Prints seconds,
statements, and ratios; asserts nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tests.benchmarks.reading import alembic, check, counted
from tests.servers import choose_mariadb, choose_mysql, fresh_database

DIALECTS = ("sqlite", "mariadb", "mysql")


def metadata_of(tables: int) -> sa.MetaData:
    """Tables of nine columns with a key, an index, a foreign key, a unique constraint, a check, and defaults."""
    metadata = sa.MetaData()
    for number in range(tables):
        sa.Table(
            f"things_{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(80), nullable=False, index=True),
            sa.Column("email", sa.String(120), unique=True),
            sa.Column("age", sa.Integer, server_default="0"),
            sa.Column("created", sa.DateTime, server_default=sa.func.now()),
            sa.Column("price", sa.Numeric(10, 2), server_default=sa.text("1.5")),
            sa.Column("note", sa.Text),
            sa.Column("flag", sa.Boolean, nullable=False, server_default=sa.false()),
            sa.Column("parent", sa.Integer, *([sa.ForeignKey(f"things_{number - 1}.id")] if number else [])),
            sa.CheckConstraint("age >= 0", name=f"ck_things_{number}_age"),
        )
    return metadata


def create(engine: sa.Engine, metadata: sa.MetaData) -> int:
    """Create the tables, then let one in a hundred drift; how many drifted."""
    with engine.begin() as connection:
        metadata.create_all(connection, checkfirst=False)
        drifted = metadata.sorted_tables[::100]
        for table in drifted:
            connection.exec_driver_sql(f"ALTER TABLE {table.name} DROP COLUMN note")
    return len(drifted)


@contextmanager
def database(dialect: str) -> Iterator[str]:
    """The URL of an empty database."""
    if dialect == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/database.sqlite"
        return
    server = (choose_mariadb() if dialect == "mariadb" else choose_mysql()).open()
    try:
        with fresh_database(server) as url:
            yield url
    finally:
        server.stop()


def run(url: str, tables: int) -> dict[str, tuple[float, int, int]]:
    """Seconds, statements, and what was found, for each of the two."""
    engine = sa.create_engine(url, poolclass=NullPool)
    metadata = metadata_of(tables)
    create(engine, metadata)
    check(engine, metadata)  # what is imported and compiled once is not what is measured
    results = {}
    for name, contestant in (("check", check), ("alembic", alembic)):
        with counted(engine) as seen:
            started = time.perf_counter()
            found = contestant(engine, metadata)
            results[name] = (time.perf_counter() - started, len(seen), found)
    engine.dispose()
    return results


def main() -> None:
    """Parse arguments, run, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--dialect", choices=DIALECTS, action="append")
    arguments = parser.parse_args()
    for dialect in arguments.dialect or DIALECTS:
        with database(dialect) as url:
            results = run(url, arguments.tables)
        print(f"{dialect}, {arguments.tables} tables")
        for name, (seconds, statements, found) in results.items():
            print(f"  {name:8}{seconds:8.2f} s{statements:8} statements{found:6} found")
        print(f"  Alembic / check: {results['alembic'][0] / results['check'][0]:.1f}")


if __name__ == "__main__":
    main()
