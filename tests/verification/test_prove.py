"""Proofs that hold, and proofs that must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

import drift
from drift.errors import DriftError
from drift.migration.options import PlanOptions
from drift.pipeline import run_check
from drift.verification import Wishes, prove_file, scratch, verify, write_chain, write_proven
from drift.verification.scratch import PREFIX, scratch_database
from tests.migration.projects import DATABASE, Project
from tests.repair import run_script
from tests.servers import Server

PARTITIONED = """
from sqlalchemy import Column, Date, Index, Integer, MetaData, String, Table

class Base:
    metadata = MetaData()

Table("events", Base.metadata, Column("id", Integer, primary_key=True, autoincrement=False),
      Column("at", Date, primary_key=True), Column("kind", String(20), nullable=False),
      Index("ix_events_kind", "kind"), postgresql_partition_by="RANGE (at)")
"""


def _scratch_databases(server: Server) -> list[str]:
    with create_engine(server.url, poolclass=NullPool).connect() as connection:
        found = connection.execute(text("SELECT datname FROM pg_database WHERE datname LIKE :p"), {"p": f"{PREFIX}%"})
        return [row[0] for row in found]


def test_a_proven_revision(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    report = project.check()
    wishes = Wishes(scratch_url=postgresql_server.url, rows=3)
    written = write_proven(drift.plan(report), "motto", report, project.inputs(), wishes)
    assert written.proof is not None
    assert written.proof.holds, written.proof.lines()
    assert [f.code for f in written.proof.answered] == ["CO101"]
    assert written.proof.rows == 3
    assert written.proof.lost_rows == ()
    assert "Proven on a scratch database on the given server, postgresql" in written.path.read_text()
    assert "1 findings gone" not in written.path.read_text()
    assert written.path.parent == project.versions


def test_one_server_is_started_for_a_whole_chain(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_script(database, DATABASE + "CREATE TABLE old (id int PRIMARY KEY);")
    project = Project(tmp_path, database)
    report = project.check()
    started = []
    start = scratch.embedded_server
    monkeypatch.setattr(scratch, "embedded_server", lambda: started.append(1) or start())
    plan = drift.plan(report, PlanOptions(allow_drop=True))
    chain = write_chain(plan, "motto", report, project.inputs(), Wishes())
    assert len(chain) == 2
    assert all(written.proof is not None and written.proof.holds for _, written in chain)
    assert len(started) == 1


def test_a_revision_that_fails_is_not_written(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    preamble = """
from alembic.operations import ops
def spoil(context, revision, directives):
    directives[0].downgrade_ops.ops[:] = []
"""
    project = Project(tmp_path, database, preamble=preamble, configure="process_revision_directives=spoil")
    report = project.check()
    wishes = Wishes(scratch_url=postgresql_server.url)
    with pytest.raises(DriftError, match="did not pass its proof") as caught:
        write_proven(drift.plan(report), "motto", report, project.inputs(), wishes)
    assert any("motto" in line for line in caught.value.details)
    assert list(project.versions.iterdir()) == []
    kept = write_proven(drift.plan(report), "motto", report, project.inputs(), replace(wishes, unverified=True))
    assert "Not proven on" in kept.path.read_text()


def _hand_written(folder: Path, upgrade: str, downgrade: str) -> Path:
    path = folder / "hand.py"
    path.write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = 'hand'\ndown_revision = None\n"
        f"def upgrade():\n    {upgrade}\ndef downgrade():\n    {downgrade}\n"
    )
    return path


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "said"),
    [
        ("op.add_column('users', sa.Column('motto', sa.String(30)))", "op.drop_column('users', 'motto')", None),
        ("op.add_column('users', sa.Column('motto', sa.String(30)))", "pass", "After the downgrade: tables"),
        ("op.execute('ALTER TABLE nowhere ADD x int')", "pass", "the upgrade broke off"),
        ("op.drop_column('users', 'name')", "op.add_column('users', sa.Column('name', sa.String(50)))", "New after"),
        ("op.execute('DELETE FROM users')", "pass", "Rows lost: public.users held 2, then 0"),
    ],
)
def test_hand_written_revisions(
    database: str, tmp_path: Path, postgresql_server: Server, upgrade: str, downgrade: str, said: str | None
) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path / "project", database)
    path = _hand_written(project.versions, upgrade, downgrade)
    found, proof = verify("head", project.inputs(), scratch_url=postgresql_server.url, rows=2)
    assert found == path
    if said is None:
        assert proof.holds, proof.lines()
    else:
        assert not proof.holds
        assert any(said in line for line in proof.lines()), proof.lines()
    assert _scratch_databases(postgresql_server) == []


def test_pending_revisions_run_first(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path / "project", database)
    first = _hand_written(project.versions, "op.rename_table('users', 'people')", "op.rename_table('people', 'users')")
    second = project.versions / "second.py"
    second.write_text(
        first.read_text()
        .replace("revision = 'hand'", "revision = 'second'")
        .replace("down_revision = None", "down_revision = 'hand'")
        .replace("op.rename_table('users', 'people')", "op.rename_table('people', 'users'); X", 1)
        .replace("op.rename_table('people', 'users')\n", "op.rename_table('users', 'people')\n")
        .replace("; X", "")
    )
    _, proof = verify("second", project.inputs(), scratch_url=postgresql_server.url)
    assert proof.error is None, proof.lines()
    assert proof.holds, proof.lines()


def test_a_revision_for_another_state_is_refused(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path / "project", database)
    report = project.check()
    write_proven(drift.plan(report), "motto", report, project.inputs(), Wishes(scratch_url=postgresql_server.url))
    run_script(database, "ALTER TABLE users ADD COLUMN more int")
    with pytest.raises(DriftError, match="made for another state"):
        verify(None, project.inputs(), scratch_url=postgresql_server.url)


def test_no_such_revision(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path / "project", database)
    with pytest.raises(DriftError):
        verify("nonesuch", project.inputs())


def test_a_file_that_is_no_revision(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path / "project", database)
    path = tmp_path / "broken.py"
    path.write_text("x = 1\nraise ValueError('no')\n")
    with pytest.raises(DriftError, match="cannot be imported") as caught:
        prove_file(path, project.check(), project.inputs(), scratch_url=postgresql_server.url)
    assert caught.value.place == f"{path}:2"


def test_a_scratch_server_of_another_kind(sqlite_database: str) -> None:
    with (
        pytest.raises(DriftError, match="the scratch server is sqlite"),
        scratch_database("postgresql", scratch_url=sqlite_database),
    ):
        pass


def test_sqlite_needs_no_server(sqlite_database: str, tmp_path: Path) -> None:
    run_script(sqlite_database, "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL);")
    project = Project(tmp_path / "project", sqlite_database)
    report = project.check()
    written = write_proven(drift.plan(report, PlanOptions()), "motto", report, project.inputs(), Wishes(rows=2))
    assert written.proof is not None
    assert written.proof.holds, written.proof.lines()
    assert "a temporary SQLite file" in written.path.read_text()
    assert run_check(project.inputs()).findings != ()


def test_a_trigger_of_mariadb_does_not_reach_the_live_database(
    mariadb_database: str, mariadb_server: Server, tmp_path: Path
) -> None:
    """Databases of one server see each other: a body that names the live one would write there."""
    live = make_url(mariadb_database).database
    run_script(
        mariadb_database,
        "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, name varchar(50) NOT NULL);"
        "CREATE TABLE audit (id int);"
        f"CREATE TRIGGER told AFTER INSERT ON users FOR EACH ROW INSERT INTO {live}.audit VALUES (1);"
        "CREATE VIEW names AS SELECT name FROM users;",
    )
    project = Project(tmp_path, mariadb_database)
    report = project.check()
    wishes = Wishes(scratch_url=mariadb_server.url, rows=2)
    proof = write_proven(drift.plan(report), "motto", report, project.inputs(), wishes).proof
    assert proof is not None
    assert proof.holds, proof.lines()
    assert proof.rows == 4
    assert [text.partition(":")[0] for text in proof.not_cloned] == ["VIEW names", "TRIGGER told"]
    with create_engine(mariadb_database, poolclass=NullPool).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == 0


def test_the_second_judge_advises(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    """Alembic takes an index that a partition got from its parent for one that the models lack."""
    run_script(
        database,
        "CREATE TABLE events (id int, at date, kind varchar(20) NOT NULL, PRIMARY KEY (id, at))"
        " PARTITION BY RANGE (at);"
        "CREATE TABLE events_2023 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');",
    )
    project = Project(tmp_path, database, models=PARTITIONED)
    report = project.check()
    wishes = Wishes(scratch_url=postgresql_server.url)
    proof = write_proven(drift.plan(report), "index", report, project.inputs(), wishes).proof
    assert proof is not None
    assert proof.holds, proof.lines()
    assert any("events_2023" in text for text in proof.alembic)
