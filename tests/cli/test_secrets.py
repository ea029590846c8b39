"""No secret in any output: planted in every position of a URL, wherever a URL may stand, on every command."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cli.conftest import DRIFTED

PLANTED = "PLANTED-7f3a"
URLS = (
    "postgresql://user:{}@127.0.0.1:1/db",
    "postgresql+asyncpg://user:{}@127.0.0.1:1/db?ssl=require",
    "postgresql+psycopg://user:{}@127.0.0.1:1/db",
    "postgres://:{}@127.0.0.1:1/",
    "postgresql://user:a%40{}%2Fb@127.0.0.1:1/db",
    "postgresql://user:{}@[::1]:1/db",
    "postgresql://user:{}@/db?host=127.0.0.1:1&host=127.0.0.1:2",
    "postgresql://user@127.0.0.1:1/db?password={}",
    "postgresql://127.0.0.1:1/db?user=u&password={}&sslmode=disable",
    "postgresql://user@127.0.0.1:1/db?sslpassword={}&sslmode=disable",
    "postgresql://user:{}@127.0.0.1:1/db?nothing_like_it=1",
    "postgresql://user:{}@127.0.0.1:1/db?connect_timeout=soon",
    "mysql://user:{}@127.0.0.1:1/db",
    "mysql+aiomysql://user:{}@127.0.0.1:1/db?charset=utf8mb4",
    "mysql+pymysql://user@127.0.0.1:1/db?passwd={}",
    "mariadb+mariadbconnector://user:{}@127.0.0.1:1/db",
    "oracle://user:{}@127.0.0.1:1/db",
    "sqlite+pysqlcipher://:{}@/gone.db",
    # Not URLs, or broken ones.
    "postgresql://user:{}@x@127.0.0.1:1/db",
    "postgresql://user:{}/x@127.0.0.1:1/db",
    "postgresql://user:{}#x@127.0.0.1:1/db",
    "postgresql://user:{}?x@127.0.0.1:1/db",
    "postgresql://user:{}%zz@127.0.0.1:1/db",
    "postgresql://user:x:{}@127.0.0.1:1/db",
    "postgresql://user:{}@127.0.0.1:port/db",
    "postgresql://user:{}@[::1/db",
    "postgresql://user:{}",
    "postgresql:/user:{}@127.0.0.1/db",
    "postgresql//user:{}@127.0.0.1/db",
    "user:{}@127.0.0.1:5432/db",
    "jdbc:postgresql://127.0.0.1/db?user=u&password={}",
    "host=127.0.0.1 user=u password={} dbname=db",
    "host=127.0.0.1 user=u password='{} x' dbname=db",
    '"postgresql://user:{}@127.0.0.1:1/db"',
    " postgresql://user:{}@127.0.0.1:1/db",
    "DATABASE_URL=postgresql://user:{}@127.0.0.1:1/db",
    "postgresql://${{USER}}:{}@127.0.0.1:1/db",
    "postgresql://<user>:{}@127.0.0.1:1/db",
    "nonsense://user:{}@127.0.0.1:1/db",
)
COMMANDS = (
    ("check", "-v"),
    ("check", "--format", "json"),
    ("doctor", "--timeout", "0.3"),
    ("plan", "-v"),
    ("snapshot", "-v"),
    ("baseline", "-v"),
    ("revision", "-m", "x", "--unverified", "-v"),
)


@pytest.mark.parametrize("url", URLS)
def test_given_as_an_option(project, drift, url):
    planted = url.format(PLANTED)
    for command in COMMANDS:
        done = drift(*command, "--models", project.models, "--database-url", planted)
        assert done.code == 2, command
        assert PLANTED not in done.out + done.err, command
    for sides in (("models", planted), (planted, "models")):
        done = drift("diff", *sides, "--models", project.models, "-v")
        assert done.code == 2
        assert PLANTED not in done.out + done.err, "diff"


@pytest.mark.parametrize("url", URLS)
def test_given_by_a_variable_a_file_or_alembic(project, drift, url, monkeypatch, tmp_path):
    planted = url.format(PLANTED)
    monkeypatch.setenv("DATABASE_URL", planted)
    for command in (("check", "-v"), ("doctor", "--timeout", "0.3")):
        done = drift(*command, "--models", project.models)
        assert (done.code, PLANTED in done.out + done.err) == (2, False), command
    monkeypatch.delenv("DATABASE_URL")
    text = planted.replace("\\", "\\\\").replace('"', '\\"')
    (tmp_path / "drift.toml").write_text(f'models = ["{project.models}"]\ndatabase-url = "{text}"\n')
    done = drift("check", "-v")
    assert (done.code, PLANTED in done.out + done.err) == (2, False), "drift.toml"
    (tmp_path / "drift.toml").unlink()
    source = f"from sqlalchemy import create_engine\nurl = {planted!r}\nengine = create_engine(url)\n"
    (tmp_path / f"{project.module}_engine.py").write_text(f"{source}engine.connect()\n")
    done = drift("check", "-v", "--models", f"{project.module}_engine:Base", "--database-url", project.url)
    assert (done.code, PLANTED in done.out + done.err) == (2, False), "the models"
    ini = f"[alembic]\nscript_location = .\nsqlalchemy.url = {planted.replace('%', '%%')}\n"
    (tmp_path / "alembic.ini").write_text(ini)
    (tmp_path / "env.py").write_text(
        f"from alembic import context\nfrom sqlalchemy import engine_from_config\nfrom {project.module} import Base\n"
        "engine = engine_from_config(context.config.get_section('alembic'))\n"
        "with engine.connect() as connection:\n"
        "    context.configure(connection=connection, target_metadata=Base.metadata)\n"
    )
    for command in (("check", "-v"), ("doctor", "--timeout", "0.3")):
        done = drift(*command)
        assert (done.code, PLANTED in done.out + done.err) == (2, False), f"alembic.ini, {command}"


@pytest.mark.parametrize("url", URLS)
def test_given_as_the_scratch_server(project, drift, url):
    options = ("--models", project.models, "--database-url", project.url, "--scratch-url", url.format(PLANTED))
    done = drift("revision", "-m", "x", "--output-dir", "migrations", *options, "-v")
    assert PLANTED not in done.out + done.err
    assert not [file for file in project.directory.rglob("*.py") if PLANTED in file.read_text()]


def test_in_what_a_project_raises(project, drift, tmp_path):
    """Settings that quote their values when they are wrong, as Pydantic's do."""
    for number, text in enumerate((f"postgresql://u:{PLANTED}@h/d", f"password={PLANTED}", f"'password': '{PLANTED}'")):
        (tmp_path / f"settings_{number}.py").write_text(f"raise ValueError({f'not valid: {text}'!r})\n")
        for flag in ((), ("-v",)):
            arguments = ("check", "--models", f"settings_{number}:Base", "--database-url", project.url)
            done = drift(*arguments, *flag)
            assert (done.code, PLANTED in done.out + done.err) == (2, False), text


def test_in_the_database_itself(project, drift, tmp_path):
    """Defaults and constraints with a secret in them, over every format and every command that shows them."""
    sql = DRIFTED.replace("email VARCHAR(80) NOT NULL", f"email VARCHAR(80) DEFAULT 'postgresql://u:{PLANTED}@h/d'")
    project.lay(f"{sql}; CREATE VIEW v AS SELECT 'password={PLANTED}' AS x")
    assert PLANTED in sqlite3.connect(tmp_path / "live.sqlite").execute("SELECT sql FROM sqlite_master").fetchone()[0]
    options = ("--models", project.models, "--database-url", project.url)
    formats = ("text", "json", "sarif", "github", "gitlab", "junit", "markdown", "html")
    outputs = [part for name in formats for part in ("-o", f"{name}:report.{name}")]
    done = drift("check", *options, *outputs, "-v")
    assert done.code == 1
    texts = [done.out, done.err, *((tmp_path / f"report.{name}").read_text() for name in formats)]
    for command in (
        ("snapshot",),
        ("plan",),
        ("plan", "--format", "json"),
        ("diff", "models", project.url),
        ("baseline",),
        ("check", "--receipt", "-v"),
    ):
        done = drift(*command, *options)
        assert done.code in (0, 1), done.err
        texts += [done.out, done.err]
    texts.append((tmp_path / "drift-baseline.json").read_text())
    assert not [text for text in texts if PLANTED in text]
