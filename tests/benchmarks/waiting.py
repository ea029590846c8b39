"""How long readers and writers wait while a revision runs: the slow roads, and plain DDL for contrast.

Run: ``python -m tests.benchmarks.waiting [--rows 1000000]``. The server is the one that tests use. Two readers and two
writers work on the table all the time; the longest wait of any of their statements is what counts. Prints; asserts
nothing: ``test_waiting.py`` asserts on a small table that the slow road never makes anyone wait for the lock timeout.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from drift.migration.options import PlanOptions, Roads
from tests.migration.gaps import DRIFTED, Project, plan
from tests.repair import run_script
from tests.servers import choose_postgresql, fresh_database

FILL = """
INSERT INTO places (name) SELECT 'p' || n FROM generate_series(1, 1000) n;
INSERT INTO things (code, place_id, amount, kind)
    SELECT 'c' || n, 1 + n % 1000, 1 + n % 500, 'small' FROM generate_series(1, {rows}) n;
ANALYZE;
"""
WORKERS = {
    "readers": "SELECT amount FROM things WHERE id = :id",
    "writers": "UPDATE things SET amount = 1 + amount % 400 WHERE id = :id",
}


@contextmanager
def traffic(url: str, rows: int) -> Iterator[dict[str, list[float]]]:
    """Readers and writers at work; yields how long each of their statements took, in seconds."""
    stop = threading.Event()
    waits: dict[str, list[float]] = {name: [] for name in WORKERS}

    def work(name: str, statement: str) -> None:
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            while not stop.is_set():
                started = time.perf_counter()
                connection.execute(text(statement), {"id": random.randint(1, rows)})
                waits[name].append(time.perf_counter() - started)
                time.sleep(0.002)

    threads = [threading.Thread(target=work, args=item, daemon=True) for item in WORKERS.items() for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=60)


def measure(url: str, rows: int, roads: Roads, folder: Path) -> dict[str, Any]:
    """Run the revision under traffic; longest waits in seconds."""
    # A primary-key index serves the workers from the start; the column that they write gets another type.
    narrow = "ALTER TABLE things ALTER amount TYPE smallint; CREATE VIEW amounts AS SELECT amount FROM things;"
    run_script(url, DRIFTED + narrow + FILL.format(rows=rows) + "CREATE UNIQUE INDEX for_workers ON things (id);")
    project = Project(plan(url, PlanOptions(roads=roads)), url, folder)
    with traffic(url, rows) as waits:
        time.sleep(0.5)
        started = time.perf_counter()
        project.run("upgrade")
        seconds = time.perf_counter() - started
        time.sleep(0.2)
    return {
        "seconds": round(seconds, 2),
        **{f"longest wait of {name}": round(max(found), 3) for name, found in waits.items()},
        **{f"statements of {name}": len(found) for name, found in waits.items()},
    }


def run(rows: int, report: Callable[[str], None] = print) -> dict[str, dict[str, Any]]:
    """Both roads, each on a database of its own."""
    server = choose_postgresql().open()
    results = {}
    try:
        for roads in (Roads.SLOW, Roads.SHORT):
            with fresh_database(server) as url, tempfile.TemporaryDirectory() as folder:
                results[roads.value] = measure(url, rows, roads, Path(folder) / "project")
                report(f"{roads.value}: {json.dumps(results[roads.value])}")
    finally:
        server.stop()
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    run(parser.parse_args().rows)
