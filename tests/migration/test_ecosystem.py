"""Revisions in the many kinds of projects that use Alembic, all through the command lines of drift and Alembic."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from drift.migration.revision import identifiers
from tests.migration.projects import DATABASE, Project
from tests.repair import run_script, told
from tests.servers import Server

ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from {models} import Base

def run(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()

async def online():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(online())
"""
SQLITE = """
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80));
CREATE INDEX ix_name ON users (name);
INSERT INTO users (name) VALUES ('a'), ('b');
"""
STRICTER = DATABASE.replace(" NOT NULL);", ");") + "INSERT INTO users (name) VALUES ('a'), ('b');"


def _gap(project: Project, *arguments: str) -> Path:
    """Write the revision as a user would; its file."""
    out = project.drift("revision", "-m", "close the gap", *arguments).out
    return project.folder / next(line for line in out.splitlines() if line.endswith(".py"))


def _there_and_back(project: Project, back: str = "-1") -> None:
    """Upgrade with Alembic's own command line: silent for drift's; and back."""
    project.alembic("upgrade", "head")
    assert "In sync" in project.drift("check", "--ignore=MG").out
    project.alembic("downgrade", back)
    assert "CO101" in project.drift("check", "--ignore=MG", "--fail-on=info", expect=1).out


def test_an_async_env(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    url = make_url(database).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    project = Project(tmp_path, url)
    (tmp_path / "migrations" / "env.py").write_text(ASYNC_ENV.format(models=project.models))
    project.add("first", None)
    project.alembic("stamp", "head")
    path = _gap(project, "--roads=slow", f"--scratch-url={postgresql_server.url}")
    assert "Proven on" in path.read_text()
    _there_and_back(project)


def test_an_async_env_takes_the_slow_roads(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    """Batches that commit, and views that are put back, through a driver that prepares every statement."""
    slow = DATABASE.replace("name varchar(50) NOT NULL", "name integer NOT NULL")
    rows = "INSERT INTO users (name) SELECT n FROM generate_series(1, 500) n;"
    run_script(database, f"{slow}{rows} CREATE INDEX ix ON users (name); CREATE VIEW names AS SELECT name FROM users;")
    url = make_url(database).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    project = Project(tmp_path, url)
    (tmp_path / "migrations" / "env.py").write_text(ASYNC_ENV.format(models=project.models))
    path = _gap(project, "--roads=slow", f"--scratch-url={postgresql_server.url}", "--ignore=IX201")
    assert "DROP VIEW public.names" in path.read_text()
    project.alembic("upgrade", "head")
    assert "In sync" in project.drift("check", "--ignore=MG,IX201").out
    project.alembic("downgrade", "base")
    assert "CO301" in project.drift("check", "--ignore=MG,IX201", expect=1).out


def test_render_as_batch_on_postgresql(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, STRICTER)
    project = Project(tmp_path, database, configure="render_as_batch=True")
    path = _gap(project, f"--scratch-url={postgresql_server.url}")
    assert "Proven on" in path.read_text()
    _there_and_back(project, "base")


def test_render_as_batch_on_sqlite(sqlite_database: str, tmp_path: Path) -> None:
    run_script(sqlite_database, SQLITE)
    project = Project(tmp_path / "project", sqlite_database, configure="render_as_batch=True")
    path = _gap(project, "--ignore=IX201", "--rows=2")
    assert "Proven on a temporary SQLite file" in path.read_text()
    project.alembic("upgrade", "head")
    assert "In sync" in project.drift("check", "--ignore=MG,IX201").out
    connection = sqlite3.connect(make_url(sqlite_database).database or "")
    assert connection.execute("SELECT name FROM users ORDER BY 1").fetchall() == [("a",), ("b",)]
    connection.close()
    project.alembic("downgrade", "base")


def test_hooks_that_number_and_render(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    preamble = """
from alembic.autogenerate import rewriter
from alembic.operations import ops

writer = rewriter.Rewriter()

@writer.rewrites(ops.AddColumnOp)
def add(context, revision, op):
    return [ops.ExecuteSQLOp("SELECT 'rewritten'"), op]

def number(context, revision, directives):
    directives[0].rev_id = "0042"
    return writer(context, revision, directives)

def render_item(kind, item, context):
    if kind == "type" and type(item).__name__ == "Shouting":
        context.imports.add("from sqlalchemy import Unicode")
        return "Unicode(30)"
    return False
"""
    configure = "render_item=render_item, process_revision_directives=number"
    project = Project(tmp_path, database, preamble=preamble, configure=configure)
    path = _gap(project, f"--scratch-url={postgresql_server.url}")
    text = path.read_text()
    assert path.name == "0042_close_the_gap.py"
    assert "Unicode(30)" in text
    assert "SELECT 'rewritten'" in text
    project.alembic("upgrade", "head")


def test_flask_migrate(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    """Flask-Migrate's alembic.ini lies beside env.py, names no folder, and is found through -c."""
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    text = (tmp_path / "alembic.ini").read_text().replace("script_location = %(here)s/migrations\n", "")
    text = text.replace("prepend_sys_path = %(here)s", "prepend_sys_path = %(here)s/..")
    (tmp_path / "migrations" / "alembic.ini").write_text(text)
    (tmp_path / "alembic.ini").unlink()
    path = _gap(project, f"--scratch-url={postgresql_server.url}")
    assert path.parent == project.versions
    (tmp_path / "upgrade.py").write_text(
        "import sys\nfrom alembic import command\nfrom alembic.config import Config\n"
        "config = Config('migrations/alembic.ini')\nconfig.set_main_option('script_location', 'migrations')\n"
        "getattr(command, sys.argv[1])(config, sys.argv[2])\n"
    )
    for direction, target in (("upgrade", "head"), ("downgrade", "base"), ("upgrade", "head")):
        subprocess.run([sys.executable, "upgrade.py", direction, target], cwd=tmp_path, check=True, capture_output=True)
    assert "In sync" in project.drift("check", "--ignore=MG").out


def test_several_heads_and_bases(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    project.add("root", None)
    project.add("left", "root", labels="('billing',)")
    project.add("right", "root")
    project.add("island", None, labels="('apart',)")
    scratch = f"--scratch-url={postgresql_server.url}"
    refused = project.drift("revision", "-m", "gap", scratch, expect=2).err
    assert "several heads" in refused
    assert "--head" in refused
    path = _gap(project, "--head=billing@head", scratch)
    assert identifiers(path)["down_revision"] == "left"
    revision = str(identifiers(path)["revision"])
    assert "Proven on" in project.drift("verify", revision, scratch).out
    project.alembic("upgrade", "heads")
    assert "In sync" in project.drift("check").out
    run_script(database, "ALTER TABLE users ALTER name DROP NOT NULL;")
    other = _gap(project, "--head=apart@head", scratch)
    assert identifiers(other)["down_revision"] == "island"


def test_a_new_branch_in_its_own_place(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    ini = "version_locations = %(here)s/migrations/versions %(here)s/billing\npath_separator = space\n"
    project = Project(tmp_path, database, ini=f"{ini}version_path_separator = space\n")
    project.add("first", None, labels="('core',)")
    project.add("bill", None, labels="('invoices',)", folder=tmp_path / "billing")
    path = _gap(project, "--head=invoices@head", "--branch-label=more", f"--scratch-url={postgresql_server.url}")
    assert path.parent == tmp_path / "billing"
    assert identifiers(path)["branch_labels"] in ("more", ["more"], ("more",))
    project.alembic("upgrade", "heads")
    assert "In sync" in project.drift("check").out


def _offline(project: Project, url: str) -> subprocess.CompletedProcess[str]:
    """What a database administrator does: the script of --sql through psql's rules, statement by statement."""
    script = project.alembic("upgrade", "head", "--sql")
    connection = psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    connection.autocommit = True
    failure = ""
    try:
        with connection.cursor() as cursor:
            for statement in _statements(script):
                cursor.execute(statement)
    except psycopg2.Error as error:
        failure = str(error)
    finally:
        connection.close()
    return subprocess.CompletedProcess([], 1 if failure else 0, script, failure)


def _statements(script: str) -> list[str]:
    """Alembic ends every statement with a semicolon and an empty line; a body in dollar quotes may hold some, too."""
    found: list[str] = []
    waiting = ""
    for piece in script.split(";\n\n"):
        waiting = f"{waiting};\n\n{piece}" if waiting else piece
        quotes = [line for line in waiting.split("$") if line in ("stop", "views", "drift", "fill")]
        if len(quotes) % 2 == 0:
            if waiting.strip():
                found.append(waiting)
            waiting = ""
    return found


@pytest.mark.parametrize("roads", ["slow", "short"])
def test_the_script_of_sql_asks_its_guards(database: str, tmp_path: Path, roads: str) -> None:
    run_script(database, STRICTER + "INSERT INTO users (name) VALUES (NULL);")
    project = Project(tmp_path, database)
    _gap(project, f"--roads={roads}", "--unverified")
    refused = _offline(project, database)
    assert "DO $stop$" in refused.stdout
    assert "users.name holds NULL: say what these rows are to hold" in refused.stderr
    run_script(database, "UPDATE users SET name = 'c' WHERE name IS NULL")
    assert "CO101" in project.drift("check", expect=1).out
    done = _offline(project, database)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    assert told(project.check()) == []


def test_the_script_of_sql_fills_the_new_column(database: str, tmp_path: Path) -> None:
    slow = DATABASE.replace("name varchar(50) NOT NULL", "name integer")
    run_script(database, f"{slow} INSERT INTO users (name) SELECT n FROM generate_series(1, 500) n;"
                         "CREATE VIEW percent AS SELECT name FROM users WHERE name::text LIKE '5%';")  # fmt: skip
    project = Project(tmp_path, database)
    project.add("first", None)
    _gap(project, "--roads=slow", "--unverified", "--ignore=CO302")
    done = _offline(project, database)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    assert "CO301" not in project.drift("check", "--ignore=CO302").out
    run_script(database, "ALTER TABLE users ADD CHECK (name IS NOT NULL)")


def test_where_no_script_can_ask_it_says_what_to_ask(sqlite_database: str, tmp_path: Path) -> None:
    run_script(sqlite_database, SQLITE)
    project = Project(tmp_path / "project", sqlite_database)
    _gap(project, "--ignore=IX201", "--unverified")
    script = project.alembic("upgrade", "head", "--sql")
    assert "-- Go on only where this answers no, which no script can ask here." in script
    assert "-- SELECT EXISTS (SELECT 1 FROM users WHERE name IS NULL)" in script
