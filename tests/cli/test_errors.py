"""Everything that can go wrong is a title, a place, and a way out, on stderr, with exit code 2."""

import signal
import subprocess
import sys
import time

import pytest

from drift.cli import check as check_module
from drift.cli.failures import failure_text, remember_secret
from drift.cli.inputs import remember_password
from drift.errors import DriftError


def test_the_block_is_laid_out_to_the_letter():
    error = DriftError(
        "this does not look like the database of these models",
        place="postgresql://shop:***@localhost:5432/postgres  (from DATABASE_URL)",
        details=("none of the 23 mapped tables exist there, and there is no alembic_version table",),
        help=(
            "check the database name, or name the schema: --schema app",
            "If it is meant to be empty, pass --allow-empty.",
        ),
    )
    assert failure_text(error) == (
        "error: this does not look like the database of these models\n"
        "  --> postgresql://shop:***@localhost:5432/postgres  (from DATABASE_URL)\n"
        "  none of the 23 mapped tables exist there, and there is no alembic_version table\n"
        "help: check the database name, or name the schema: --schema app\n"
        "      If it is meant to be empty, pass --allow-empty.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "title", "way"),
    [
        (["chekc"], "there is no command 'chekc'", "did you mean `drift check`?"),
        (["check", "--databse-url", "x"], "there is no option --databse-url", "did you mean --database-url?"),
        (["check", "--fail-on", "x"], "invalid value for '--fail-on'", "`drift check --help`"),
        (["check", "--ignore", "CO999"], "no check is called 'CO999'", "did you mean 'CO"),
        (["explain", "XX999"], "no check is called 'XX999'", "`drift checks` lists"),
        (["explain", "CO"], "CO stands for several checks", "`drift checks CO` lists them"),
        (["check", "--baseline", "gone.json"], "the baseline cannot be read", "`drift baseline` writes one"),
        (["check", "--snapshot", "gone.json"], "the snapshot cannot be read", "`drift snapshot --output FILE`"),
        (["check", "-o", "report.xyz"], "the ending of 'report.xyz' names no format", "name the format first"),
        (["check", "--settings", "gone.toml"], "the configuration file cannot be read", ""),
        (["diff", "models", "what"], "'what' is no side to compare", "a side is models"),
        (["baseline", "--expires", "soon"], "'soon' is not a date", "year-month-day"),
    ],
)
def test_bad_input(project, drift, arguments, title, way):
    if arguments[0] in ("check", "diff", "baseline"):
        arguments = [arguments[0], "--models", project.models, "--database-url", project.url, *arguments[1:]]
        if "--snapshot" in arguments:
            del arguments[3:5]
    result = drift(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith(f"error: {title}")
    assert way in result.err


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("", "--database-url is empty"),
        ("localhost", "--database-url is not a URL"),
        ("postgresql://user:<password>@host/db", "--database-url has a placeholder left in"),
        ("postgresql://user:pa@ss@host/db", "the password in --database-url has an unescaped `@`"),
        ("sqlite:///gone.sqlite", "the SQLite database does not exist"),
    ],
)
def test_broken_urls(project, drift, url, title):
    result = drift("check", "--models", project.models, "--database-url", url)
    assert result.code == 2
    assert result.err.startswith(f"error: {title}")
    assert "help:" in result.err
    assert "pa@ss" not in result.err


@pytest.mark.usefixtures("project")
def test_an_unexpected_exception_is_one_short_message_and_no_secret(drift, monkeypatch):
    def explode(*_arguments, **_options):
        raise RuntimeError("could not connect to postgresql://u:sehr-geheim@h/d with sehr-geheim")

    monkeypatch.setattr(check_module, "inputs_for", explode)
    result = drift("check")
    assert result.code == 2
    assert result.err.splitlines()[0] == "error: this should not have happened: RuntimeError"
    assert "Traceback" not in result.err
    assert "sehr-geheim@" not in result.err
    remember_secret("sehr-geheim")
    verbose = drift("check", "-v")
    assert "Traceback" in verbose.err
    assert "sehr-geheim" not in verbose.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:PLANTED-1@host/db",
        "postgresql+asyncpg://user:PLANTED-1@127.0.0.1:1/db?ssl=require",
        "postgresql://user@127.0.0.1:1/db?password=PLANTED-1",
        "postgresql://user:PLANTED-1/x@127.0.0.1:1/db",
        "postgresql://:PLANTED-1@127.0.0.1:1/",
        "nonsense://user:PLANTED-1@host/db",
        "mysql://user:PLANTED-1@127.0.0.1:1/db",
    ],
)
@pytest.mark.parametrize("command", [["check"], ["check", "-v"], ["doctor", "--timeout", "1"], ["snapshot"]])
def test_no_command_shows_a_password_of_a_url(project, drift, command, url):
    result = drift(*command, "--models", project.models, "--database-url", url)
    assert result.code == 2
    assert "PLANTED" not in result.out + result.err


def test_a_password_that_is_a_common_word_does_not_blank_the_report():
    remember_password("postgresql://postgres:postgres@localhost/postgres")
    assert "postgresql" in failure_text(DriftError("a postgresql error"))


def test_ctrl_c_is_exit_code_2(project):
    (project.directory / "slow_models.py").write_text("import time\nprint('started', flush=True)\ntime.sleep(30)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "drift", "check", "--models", "slow_models:Base", "--database-url", project.url],
        cwd=project.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # What a project prints goes to stderr.
    assert process.stderr is not None
    assert process.stderr.readline() == "started\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.strip() == "error: interrupted"
