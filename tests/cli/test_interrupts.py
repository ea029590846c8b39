"""Ctrl-C, and being told to stop: at once, exit code 2, no traceback, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from drift.cli.interrupts import bounded
from tests.cli.projects import ROOT

LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'drift' AND wait_event_type = 'Lock'"
OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'drift' AND datname = current_database()"
SCRATCH = "SELECT datname FROM pg_database WHERE datname LIKE 'drift\\_scratch\\_%%'"
SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])


def ask(url: str, query: str) -> list[object]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return list(connection.exec_driver_sql(query).scalars())


def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(300):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain: {what}")


def started(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    return subprocess.Popen(
        [sys.executable, "-m", "drift", *arguments],
        cwd=directory,
        env={**kept, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert out == ""
    assert err.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in err


@SIGNALS
def test_while_the_server_waits_for_a_lock(project, database, number):
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.connect() as migration:
        # An index whose definition only a reader of the table may see.
        migration.exec_driver_sql("CREATE TABLE users (id serial PRIMARY KEY, email varchar(80), CHECK (id > 0))")
        migration.commit()
        migration.exec_driver_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        process = started(project.directory, "check", "--models", project.models, "--database-url", database)
        until(lambda: ask(database, LOCKED) != [0], "a statement that waits for the lock")
        stopped(process, number)
        until(lambda: ask(database, OURS) == [0], "the end of our session on the server")


@SIGNALS
def test_while_a_scratch_database_is_there(tmp_path, database, number):
    (tmp_path / "versions").mkdir()
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = {tmp_path}\n")
    (tmp_path / "env.py").write_text(
        "from alembic import context\nfrom sqlalchemy import MetaData\n"
        "context.configure(dialect_name='postgresql', target_metadata=MetaData())\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )
    (tmp_path / "versions" / "one.py").write_text(
        "import sys, time\nfrom alembic import op\nrevision, down_revision = 'one', None\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (id int)')\n"
        "    print('half-way', file=sys.stderr, flush=True)\n    time.sleep(60)\n"
    )
    before = set(ask(database, SCRATCH))
    process = started(tmp_path, "diff", "migrations:", database, "--scratch-url", database)
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line == "half-way\n", line + process.stderr.read()
    assert set(ask(database, SCRATCH)) - before, "the scratch database is there"
    stopped(process, number)
    assert set(ask(database, SCRATCH)) <= before


def test_files_are_written_whole_or_not_at_all(project, database):
    """Interrupted before the end, `--output` leaves neither half a report nor a temporary file."""
    (project.directory / "slow.py").write_text("import time\nprint('started', flush=True)\ntime.sleep(60)\n")
    arguments = ("check", "--models", "slow:Base", "--database-url", database, "-o", "report.html")
    process = started(project.directory, *arguments)
    assert process.stderr is not None
    assert process.stderr.readline() == "started\n"
    stopped(process, signal.SIGINT)
    assert not [path.name for path in project.directory.iterdir() if "report" in path.name]


def test_outside_the_main_thread_nothing_is_installed():
    """A library's caller may sit in any thread; only the main one hears of signals."""
    seen: list[str] = []

    def work() -> None:
        with bounded(None):
            seen.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["done"]
