"""A network or a server that says nothing more: every command ends with exit code 2, by itself and when told to.

How long that may take is bounded by `subprocess`'s own time limit only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

import drift
from drift.errors import DriftError
from tests.cli.test_interrupts import started
from tests.servers.mute import mute_after

BEFORE_LOGIN, AFTER_LOGIN, IN_A_RESULT = 0, 700, 6000
MOMENTS = pytest.mark.parametrize(
    "passing",
    [
        pytest.param(BEFORE_LOGIN, id="before login"),
        pytest.param(AFTER_LOGIN, id="after login"),
        pytest.param(IN_A_RESULT, id="in a result"),
    ],
)
MODELS = sa.MetaData()
sa.Table("users", MODELS, sa.Column("id", sa.Integer, primary_key=True))
SILENT = "error: it took longer than 4 seconds"


def ended(process: subprocess.Popen[str], message: str) -> None:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert out == ""
    assert message in err.splitlines()
    assert "Traceback" not in err


@MOMENTS
def test_the_time_is_over(project, database, passing):
    with mute_after(database, passing) as way:
        arguments = ("check", "--models", project.models, "--database-url", way.url, "--timeout", "4")
        ended(started(project.directory, *arguments), SILENT)


@MOMENTS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop(project, database, passing, number):
    with mute_after(database, passing) as way:
        process = started(project.directory, "check", "--models", project.models, "--database-url", way.url)
        assert way.silent.wait(timeout=60)
        process.send_signal(number)
        ended(process, "error: interrupted")


@pytest.mark.parametrize("command", ["plan", "snapshot", "baseline", "diff models database"])
def test_every_command(project, database, command):
    with mute_after(database, IN_A_RESULT) as way:
        given = ("--models", project.models, "--database-url", way.url, "--timeout", "4")
        ended(started(project.directory, *command.split(), *given), SILENT)


@MOMENTS
def test_the_doctor(project, database, passing):
    """Each of its answers has a time of its own; the configuration's bounds them all."""
    (project.directory / "drift.toml").write_text("timeout = 4")
    with mute_after(database, passing) as way:
        process = started(project.directory, "doctor", "--models", project.models, "--database-url", way.url)
        _out, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "Traceback" not in err


OF_MARIADB = pytest.mark.parametrize(
    "passing", [BEFORE_LOGIN, 150, 1500], ids=["before login", "after login", "in a result"]
)


@OF_MARIADB
def test_the_time_is_over_on_mariadb(project, mariadb_database, passing):
    with mute_after(mariadb_database, passing) as way:
        arguments = ("check", "--models", project.models, "--database-url", way.url, "--timeout", "4")
        ended(started(project.directory, *arguments), SILENT)


@OF_MARIADB
def test_told_to_stop_on_mariadb(project, mariadb_database, passing):
    with mute_after(mariadb_database, passing) as way:
        process = started(project.directory, "check", "--models", project.models, "--database-url", way.url)
        assert way.silent.wait(timeout=60)
        process.terminate()
        ended(process, "error: interrupted")


def test_the_library(database):
    """No signals and no exit there: the caller gets an error."""
    with mute_after(database, IN_A_RESULT) as way, pytest.raises(DriftError, match="longer than 2 seconds"):
        drift.check(MODELS, way.url, config=drift.Config(timeout=2))


def test_the_connections_of_others_are_left_alone(database):
    """Another thread of the same program works on while a check runs out of time."""
    found: list[object] = []
    taken, over = threading.Event(), threading.Event()

    def work() -> None:
        with sa.create_engine(database).connect() as connection:
            taken.set()
            assert over.wait(timeout=60)
            found.append(connection.exec_driver_sql("SELECT 1").scalar_one())

    with mute_after(database, IN_A_RESULT) as way:
        other = threading.Thread(target=work)
        other.start()
        assert taken.wait(timeout=60)
        with pytest.raises(DriftError, match="longer than"):
            drift.check(MODELS, way.url, config=drift.Config(timeout=2))
        over.set()
        other.join(timeout=60)
    assert found == [1]


DEAF = """\
import time
print('started', flush=True)
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
"""


@pytest.mark.parametrize("times", [1, 2])
def test_models_that_listen_to_nobody(project, database, times):
    """Five seconds after a signal, or with a second one, the process ends."""
    (project.directory / "deaf.py").write_text(DEAF)
    process = started(project.directory, "check", "--models", "deaf:Base", "--database-url", database)
    assert process.stderr is not None
    assert process.stderr.readline() == "started\n"
    for _ in range(times):
        process.terminate()
    ended(process, "error: interrupted")


def test_what_the_caller_has_had_ignored_stays_ignored(project, database):
    """As `nohup` does."""
    (project.directory / "slow.py").write_text("import time\nprint('started', flush=True)\ntime.sleep(3)\n")
    process = subprocess.Popen(
        ["nohup", sys.executable, "-m", "drift", "check", "--models", "slow:Base", "--database-url", database],
        cwd=project.directory,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while process.stderr.readline() != "started\n":
        pass
    process.send_signal(signal.SIGHUP)
    _out, err = process.communicate(timeout=60)
    assert "interrupted" not in err
    assert "has no attribute" in err or "no Base" in err or "error:" in err
