"""Where the time of `drift check` goes on a mid-size project: 60 tables of 12 columns.

`python -m tests.benchmarks.phases URL` with the URL of an empty PostgreSQL database.
"""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise

import sqlalchemy as sa

from drift.pipeline import Inputs, run_check

TABLES, COLUMNS = 60, 10


def metadata() -> sa.MetaData:
    """Tables with a key, a foreign key to the one before, an index, and ordinary columns."""
    collection = sa.MetaData()
    for number in range(TABLES):
        columns = [sa.Column(f"c{index}", sa.String(40 + index), index=index == 0) for index in range(COLUMNS)]
        parent = [sa.Column("parent", sa.ForeignKey(f"t{number - 1}.id"))] if number else []
        sa.Table(f"t{number}", collection, sa.Column("id", sa.Integer, primary_key=True), *parent, *columns)
    return collection


def measure(url: str) -> dict[str, float]:
    """Seconds of each stage, imports first (measured in a process of their own)."""
    started = time.perf_counter()
    code = "import drift.cli.check, drift.pipeline, sqlalchemy, alembic, drift.dialects.postgresql"
    subprocess.run([sys.executable, "-c", code], check=True)
    stages = {"start and imports": time.perf_counter() - started}
    began = [("", time.perf_counter())]
    run_check(
        Inputs(models=(metadata(),), database=url, progress=lambda name: began.append((name, time.perf_counter())))
    )
    began.append(("", time.perf_counter()))
    for (name, start), (_, end) in pairwise(began[1:]):
        stages[name] = stages.get(name, 0.0) + end - start
    return stages


def main() -> None:
    """Make the tables, measure, and print the shares."""
    engine = sa.create_engine(sys.argv[1])
    metadata().create_all(engine)
    stages = measure(sys.argv[1])
    total = sum(stages.values())
    for name, seconds in stages.items():
        print(f"{seconds:8.3f} s  {seconds / total:5.1%}  {name}")
    print(f"{total:8.3f} s  100.0%")
    metadata().drop_all(engine)


if __name__ == "__main__":
    main()
