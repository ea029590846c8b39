"""Made-up rows follow what the live statistics suggest, and a proof goes on where a revision rightly stops on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from drift.dialects import Scope, dialect_for
from drift.dialects.postgresql.statistics import ColumnStatistics, TableStatistics, read_statistics
from drift.schema import QualifiedName
from drift.verification.rows import fill, supplies
from tests.migration.projects import DATABASE, Project
from tests.repair import run_script
from tests.servers import Server

PEOPLE = """
CREATE TABLE people (id serial PRIMARY KEY, name varchar(200), city text, zip text, age int NOT NULL);
INSERT INTO people (name, city, zip, age)
    SELECT CASE WHEN n % 4 > 0 THEN repeat('x', 50 + n % 100) END, 'c' || n % 3, 10000 + n, n
    FROM generate_series(1, 2000) n;
ANALYZE people;
"""


def test_nulls_duplicates_and_long_values(database: str) -> None:
    run_script(database, PEOPLE)
    dialect = dialect_for("postgresql")
    engine = create_engine(database, poolclass=NullPool)
    name = QualifiedName("public", "people")
    with dialect.read_only(engine) as connection:
        schema = dialect.read(connection, Scope(schemas=("public",)))
        statistics = read_statistics(connection, [name])
    assert statistics[name].columns["zip"].numbers
    assert not statistics[name].columns["city"].numbers
    assert statistics[name].columns["name"].longest == 149
    like, fitting, none = supplies(12, statistics)
    assert none.rows == 0
    run_script(database, "TRUNCATE people RESTART IDENTITY")
    with engine.connect() as connection:
        assert fill(connection, schema, like) == 12
        made = connection.execute(text("SELECT name, city, zip FROM people")).all()
        assert sum(row.name is None for row in made) == 3
        assert max(len(row.name or "") for row in made) == 149
        assert len({row.city for row in made}) < 12
        assert all(row.zip.isdigit() for row in made)
        connection.execute(text("TRUNCATE people RESTART IDENTITY"))
        assert fill(connection, schema, fitting) == 12
        made = connection.execute(text("SELECT name, city FROM people")).all()
        assert all(row.name is not None for row in made)
        assert len({row.city for row in made}) == 12


def test_a_rare_null_is_there_at_least_once(database: str) -> None:
    run_script(database, "CREATE TABLE people (name text, city text)")
    dialect = dialect_for("postgresql")
    engine = create_engine(database, poolclass=NullPool)
    with dialect.read_only(engine) as connection:
        schema = dialect.read(connection, Scope(schemas=("public",)))
    columns = {"name": ColumnStatistics(0.0001, -0.999, 4), "city": ColumnStatistics(0, -1, 4)}
    statistics = {QualifiedName("public", "people"): TableStatistics(100_000, 1, columns)}
    with engine.connect() as connection:
        fill(connection, schema, next(iter(supplies(5, statistics))))
        made = connection.execute(text("SELECT name, city FROM people")).all()
    assert sum(row.name is None for row in made) == 1
    assert len({row.city for row in made}) == 5
    assert None not in {row.city for row in made}


STRICT = DATABASE.replace(" NOT NULL);", ");")


def test_a_proof_on_rows_like_the_live_ones(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, STRICT + "INSERT INTO users (name) VALUES ('a'), (NULL); ANALYZE users;")
    project = Project(tmp_path, database)
    out = project.drift("revision", "-m", "gap", f"--scratch-url={postgresql_server.url}", "--rows=4").out
    assert "Proven on" in out
    assert "4 made-up rows kept" in out
    assert "Stops on rows like the live ones: public.users.name holds NULL" in out
    assert "Stops on rows like the live ones" in next(project.versions.glob("*.py")).read_text()


EDGES = "CREATE TABLE users (id serial PRIMARY KEY, name varchar(50) NOT NULL, motto varchar(80), at timestamp);"


def test_rows_at_the_edges_of_a_type_that_changes(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    """One that narrows stops on them and is proven without; one that loses digits in silence is not proven."""
    run_script(database, EDGES + "INSERT INTO users (name, motto, at) VALUES ('a', 'b', now()); ANALYZE users;")
    project = Project(tmp_path, database)
    scratch = f"--scratch-url={postgresql_server.url}"
    out = project.drift("revision", "-m", "narrow", scratch, "--rows=2", "--ignore", "CO201").out
    assert "Stops on rows at the edges of the types that change: public.users.motto" in out
    assert "2 made-up rows kept" in out
    for path in project.versions.glob("*.py"):
        path.unlink()
    path = project.add("lossy", None)
    there, back = (f"op.alter_column('users', 'at', type_=sa.{name}())" for name in ("Date", "DateTime"))
    source = path.read_text().replace("pass", there, 1).replace("pass", back, 1)
    path.write_text("import sqlalchemy as sa\nfrom alembic import op\n" + source)
    out = project.drift("verify", scratch, "--rows=2", expect=1).out
    assert "Not proven on" in out
    assert "public.users.at: 2024-01-01 12:00:00 is not what it was, as timestamp -> date and back" in out


@pytest.mark.parametrize("rows", ["('a'), ('b')", "('a')"])
def test_rows_that_do_not_stop_it_are_the_only_ones(
    database: str, tmp_path: Path, postgresql_server: Server, rows: str
) -> None:
    run_script(database, f"{STRICT} INSERT INTO users (name) VALUES {rows}; ANALYZE users;")
    project = Project(tmp_path, database)
    out = project.drift("revision", "-m", "gap", f"--scratch-url={postgresql_server.url}", "--rows=4").out
    assert "Proven on" in out
    assert "Stops on" not in out


def test_a_failed_proof_and_another_state_through_the_command_line(
    database: str, tmp_path: Path, postgresql_server: Server
) -> None:
    run_script(database, DATABASE)
    preamble = "def spoil(context, revision, directives):\n    directives[0].downgrade_ops.ops[:] = []\n"
    project = Project(tmp_path, database, preamble=preamble, configure="process_revision_directives=spoil")
    scratch = f"--scratch-url={postgresql_server.url}"
    assert "did not pass its proof" in project.drift("revision", "-m", "gap", scratch, expect=2).err
    assert list(project.versions.glob("*.py")) == []
    out = project.drift("revision", "-m", "gap", scratch, "--unverified").out
    assert "Not proven on" in out
    assert "Not proven on" in next(project.versions.glob("*.py")).read_text()
    assert "Not proven on" in project.drift("verify", scratch, expect=1).out
    run_script(database, "ALTER TABLE users ADD COLUMN more int")
    assert "made for another state of the database" in project.drift("verify", scratch, expect=2).err
