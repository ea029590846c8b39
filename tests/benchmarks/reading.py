"""Reading and comparing a large schema: this tool, Alembic's comparison, and the bare catalog queries, side by side.

Run: ``python -m tests.benchmarks.reading [--tables 1000] [--rounds 3]``. The server is the one that tests use. The
metadata is built beforehand, and one table in a hundred has drifted. Prints ratios; asserts nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, MetaData, create_engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import NullPool

COLUMNS = 12
MOOD = sa.Enum("sad", "ok", "happy", name="mood")


def metadata_of(tables: int) -> MetaData:
    """Tables of 12 columns with a key, two indexes, a foreign key, a unique constraint, a check, and defaults."""
    metadata = MetaData()
    for number in range(tables):
        previous = f"things_{number - 1}.id"
        sa.Table(
            f"things_{number}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(80), nullable=False, index=True),
            sa.Column("email", sa.String(255), unique=True),
            sa.Column("age", sa.Integer, sa.CheckConstraint("age >= 0"), server_default="0"),
            sa.Column("created", sa.DateTime(timezone=True), server_default=sa.func.now()),
            sa.Column("price", sa.Numeric(10, 2), server_default=sa.text("1.5")),
            sa.Column("data", postgresql.JSONB),
            sa.Column("mood", MOOD if number % 10 == 0 else sa.Text),
            sa.Column("flag", sa.Boolean, nullable=False, server_default=sa.false()),
            sa.Column("tags", postgresql.ARRAY(sa.Text)),
            sa.Column("day", sa.Date),
            sa.Column("parent", sa.Integer, *([sa.ForeignKey(previous)] if number else [])),
            sa.Index(f"ix_things_{number}_age_day", "age", "day"),
        )
    return metadata


def create(engine: Engine, metadata: MetaData) -> int:
    """Create the tables, then let one in a hundred drift; how many drifted."""
    tables = list(metadata.tables.values())  # each refers to the one before
    drifted = tables[::100]
    # A server has locks for a few thousand tables at a time only.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        MOOD.create(connection, checkfirst=True)
        for table in tables:
            connection.execute(sa.schema.CreateTable(table))
            for index in table.indexes:
                connection.execute(sa.schema.CreateIndex(index))
        for table in drifted:
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ALTER name TYPE varchar(40)")
        connection.exec_driver_sql("ANALYZE")
    return len(drifted)


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Statements sent through ``engine`` meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def bare(engine: Engine, _: MetaData) -> int:
    """The catalog queries, rows fetched by the driver and dropped."""
    from drift.dialects.postgresql import DIALECT, catalog
    from drift.dialects.postgresql.session import server_of

    with DIALECT.read_only(engine) as connection:
        server = server_of(connection)
        return len(catalog.fetch(connection, server, (server.default_schema,)).relations)


def read(engine: Engine, _: MetaData) -> int:
    """Reading alone: the queries and the nouns."""
    from drift.dialects.base import Scope
    from drift.dialects.postgresql import DIALECT

    with DIALECT.read_only(engine) as connection:
        return len(DIALECT.read(connection, Scope()).tables)


def check(engine: Engine, metadata: MetaData) -> int:
    """The whole check through the Python API; how many findings."""
    import drift

    return len(drift.check(models=metadata, database=engine).findings)


def alembic(engine: Engine, metadata: MetaData) -> int:
    """Alembic's comparison with its defaults; how many differences."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        return len(compare_metadata(MigrationContext.configure(connection), metadata))


CONTESTANTS: dict[str, Callable[[Engine, MetaData], int]] = {
    "bare": bare,
    "read": read,
    "check": check,
    "alembic": alembic,
}


def measure(name: str, url: str, tables: int, rounds: int) -> dict[str, float]:
    """One contestant, in this process: best wall and CPU seconds, statements, peak memory (MB), and what it found."""
    import resource

    metadata = metadata_of(tables)
    engine = create_engine(url, poolclass=NullPool)
    contestant = CONTESTANTS[name]
    if name == "check":  # what is imported lazily is not what is measured
        import drift.pipeline  # noqa: F401
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best = (float("inf"), 0.0, 0, 0)
    for _ in range(rounds):
        with counted(engine) as seen:
            wall, cpu = time.perf_counter(), time.process_time()
            found = contestant(engine, metadata)
            best = min(best, (time.perf_counter() - wall, time.process_time() - cpu, len(seen), found))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    engine.dispose()
    keys = ("wall", "cpu", "statements", "found", "peak", "grown")
    return dict(zip(keys, (*best, peak / 1024, (peak - before) / 1024), strict=True))


def run(url: str, tables: int, rounds: int) -> dict[str, dict[str, float]]:
    """Every contestant in a process of its own, one after the other."""
    engine = create_engine(url, poolclass=NullPool)
    create(engine, metadata_of(tables))
    engine.dispose()
    results: dict[str, dict[str, float]] = {}
    for name in CONTESTANTS:
        command = [sys.executable, "-m", "tests.benchmarks.reading", "--one", name, "--url", url]
        command += ["--tables", str(tables), "--rounds", str(rounds if name != "alembic" else 1)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        results[name] = json.loads(done.stdout.splitlines()[-1])
    return results


def report(results: dict[str, dict[str, float]]) -> str:
    """A table, and the two ratios."""
    lines = [f"{'':10}{'wall s':>10}{'CPU s':>10}{'statements':>12}{'peak MB':>10}{'found':>8}"]
    lines += [
        f"{name:10}{row['wall']:10.3f}{row['cpu']:10.3f}{row['statements']:12.0f}{row['peak']:10.0f}{row['found']:8.0f}"
        for name, row in results.items()
    ]
    whole, read_only = results["check"]["wall"], results["read"]["wall"]
    peer, floor = results["alembic"]["wall"], results["bare"]["wall"]
    lines.append(f"Alembic / check: {peer / whole:.1f}   Alembic / read: {peer / read_only:.1f}")
    lines.append(f"check / bare: {whole / floor:.1f}   read / bare: {read_only / floor:.1f}")
    return "\n".join(lines)


def main() -> None:
    """Parse arguments, start a server, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=tuple(CONTESTANTS))
    parser.add_argument("--url")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.url, arguments.tables, arguments.rounds)))
        return
    from tests.servers import choose_postgresql, fresh_database

    server = choose_postgresql().open()
    try:
        with fresh_database(server) as url:
            print(report(run(url, arguments.tables, arguments.rounds)))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
