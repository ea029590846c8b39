"""I9 to I12: TLS, gates that could not check, environments that differ, and errors that anybody can read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.cli.guarded_server import Guarded, guarded_server
from tests.incidents.project import Project
from tests.needs import lacking
from tests.repair import run_script
from tests.servers.choice import free_port

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "markdown", "html")


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    """It takes ``tls_only`` over TLS only."""
    with guarded_server() as guarded:
        yield guarded


def _project(folder: Path, url: str, script: str = "database.sql") -> Project:
    project = Project(folder / "project", "I1", url)
    run_script(url, (project.folder / script).read_text(encoding="utf-8"))
    return project


def test_i9_the_applications_own_url_is_understood(server: Guarded, tmp_path: Path) -> None:
    if not server.tls:
        lacking("a PostgreSQL with TLS (Debian's package postgresql)")
    server.execute("CREATE DATABASE i9")
    project = _project(tmp_path, server.url("postgres", "i9"))
    (project.folder / "migrations" / "env.py").unlink()
    for scheme, query in (
        ("postgresql+asyncpg", "?ssl=require"),
        ("postgresql+psycopg", "?sslmode=require"),
        ("postgres", ""),
    ):
        url = server.url("tls_only", "i9", query=query).replace("postgresql+psycopg2", scheme)
        shown = project.run("check", "--models", "app.models:Base", "--database-url", url)
        assert shown.returncode == 1, shown.stderr
        assert "Found 7 findings: 7 errors" in shown.stdout
        examined = project.run("doctor", "--models", "app.models:Base", "--database-url", url)
        assert "ok       tls            TLSv1" in examined.stdout


@pytest.mark.parametrize("spelling", ["postgresql+asyncpg://{}?ssl=disable", "postgresql://{}?sslmode=disable"])
def test_i9_the_servers_refusal_is_recognised(server: Guarded, tmp_path: Path, spelling: str) -> None:
    url = spelling.format(f"tls_only@127.0.0.1:{server.port}/postgres")
    done = Project(tmp_path / "project", "I1", url).run("check")
    assert (done.returncode, done.stdout) == (2, "")
    first, place, *rest = done.stderr.splitlines()
    assert first == "error: the server takes encrypted connections only, and this one is not encrypted"
    assert place.startswith("  --> postgresql")
    assert "(from DATABASE_URL" in place
    assert "no pg_hba.conf entry for host" in done.stderr, "what the server said stays to be seen"
    assert "?sslmode=require" in "".join(rest)
    assert "?ssl=require" in "".join(rest)


def _broken(project: Project, how: str) -> dict[str, str]:
    """Break one thing; the environment that is different now."""
    app = project.folder / "app"
    match how:
        case "the server is gone":
            assert project.url is not None
            return {"DATABASE_URL": make_url(project.url).set(port=free_port()).render_as_string(False)}
        case "the models cannot be imported":
            (app / "models.py").write_text("import nothing_like_it\n", encoding="utf-8")
        case "the models are empty":
            text = "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase):\n    pass\n"
            (app / "models.py").write_text(text, encoding="utf-8")
        case "env.py fails":
            (project.folder / "migrations" / "env.py").write_text("1 / 0\n", encoding="utf-8")
        case "the baseline is no baseline":
            (project.folder / "drift-baseline.json").write_text("{}", encoding="utf-8")
        case "the configuration has a typo":
            (project.folder / "drift.toml").write_text('fail_onn = "never"\n', encoding="utf-8")
        case "the application of the response schemas fails":
            (app / "main.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
            (project.folder / "drift.toml").write_text('responses = ["app.main:app"]\n', encoding="utf-8")
    return {}


BREAKS = (
    "the server is gone",
    "the models cannot be imported",
    "the models are empty",
    "env.py fails",
    "the baseline is no baseline",
    "the configuration has a typo",
    "the application of the response schemas fails",
)


@pytest.mark.parametrize("how", BREAKS)
def test_i10_a_gate_that_could_not_check_never_passes(how: str, database: str, tmp_path: Path) -> None:
    """Whatever else is asked for; and I12: the error says what, where, and the way out."""
    project = _project(tmp_path, database)
    environment = _broken(project, how)
    reports = [f"--output={name}:report.{name}" for name in FORMATS]
    for options in (("--fail-on", "never", "--select", "TB", "-q"), ("--format", "json", *reports)):
        done = project.run("check", *options, environment=environment)
        assert (done.returncode, done.stdout) == (2, ""), f"{how} {options}"
        lines = done.stderr.splitlines()
        assert lines[0].startswith("error: ")
        assert lines[1].startswith("  "), "where, or what exactly"
        assert any(line.startswith("help: ") for line in lines), done.stderr
        assert "Traceback" not in done.stderr
        assert "should not have happened" not in done.stderr
    assert not list(project.folder.glob("report.*")), "no report that somebody could take for a green one"


def test_i10_what_was_skipped_is_listed(database: str, tmp_path: Path) -> None:
    """A role that may not enter the schema sees its tables, but not everything in them."""
    project = _project(tmp_path, database)
    project.alembic("upgrade", "head")
    models = project.folder / "app" / "models.py"
    source = models.read_text(encoding="utf-8")
    source += '\n\nBase.metadata.tables["assignments"].append_constraint(__import__("sqlalchemy").CheckConstraint('
    source += '"score between 0 and 1", name="score_range"))\n'
    models.write_text(source, encoding="utf-8")
    run_script(database, "ALTER TABLE assignments ADD score float, ADD CONSTRAINT score_range "
                         "CHECK (score >= 0 AND score <= 1)")  # fmt: skip
    assert project.run("baseline", "--select", "CO").returncode == 0
    # Taken without the models, the snapshot cannot know how the server reads their spelling.
    taken = project.run("snapshot", "--database-url", database, "-o", "schema.json", "--models", "app.models:Other",
                        environment={"DATABASE_URL": database})  # fmt: skip
    assert taken.returncode == 2, "models that are not there are an error, not an empty snapshot"
    other = "from sqlalchemy import Column, Integer, MetaData, Table\nm = MetaData()\n"
    (project.folder / "none.py").write_text(f"{other}Table('assignments', m, Column('id', Integer))\n")
    assert project.run("snapshot", "-o", "schema.json", "--models", "none:m").returncode == 0
    arguments = ("check", "--snapshot", "schema.json", "--ignore", "CO")
    done = project.run(*arguments)
    assert done.returncode == 0
    assert "not checked  CK301 check-expression-mismatch" in done.stdout
    assert "In sync, but 1 not checked" in done.stdout
    strict = project.run(*arguments, "--strict", *(f"--output={name}:report.{name}" for name in FORMATS))
    assert strict.returncode == 1
    (skipped,) = json.loads((project.folder / "report.json").read_text())["not_checked"]
    assert (skipped["code"], skipped["subject"]["name"]) == ("CK301", "score_range")
    assert skipped["reason"]
    for name in FORMATS:
        if name != "gitlab":  # It has a place for defects only.
            assert skipped["reason"] in (project.folder / f"report.{name}").read_text(), name


def test_i11_any_two_environments_can_be_compared(database: str, second_database: str, tmp_path: Path) -> None:
    """Staging works, production fails: the difference is named, whichever two things are compared."""
    staging = _project(tmp_path, database)
    before = staging.revisions()
    assert staging.run("revision", "-m", "close the gap", "--scratch-url", database).returncode == 0
    assert staging.revisions() - before
    staging.alembic("upgrade", "head")
    run_script(second_database, (staging.folder / "database.sql").read_text(encoding="utf-8"))
    scratch = ("--scratch-url", database)
    assert staging.run("snapshot", "-o", "staging.json").returncode == 0
    assert staging.run("snapshot", "-o", "production.json", "--database-url", second_database).returncode == 0
    up_to_date = ("models", database, "staging.json", "migrations:")
    for first, second in (*combinations(up_to_date, 2), up_to_date[::-1][:2], up_to_date[1::-1]):
        same = staging.run("diff", first, second, *scratch)
        assert same.returncode == 0, f"{first} {second}\n{same.stdout}{same.stderr}"
    for side, production in zip(up_to_date, (second_database, "production.json") * 2, strict=True):
        differs = staging.run("diff", side, production, *scratch)
        assert differs.returncode == 1, f"{side} {production}\n{differs.stdout}{differs.stderr}"
        for column in ("explain_json", "freeze_horizon_days"):
            assert f"CO101  column-missing                    {column}" in differs.stdout
