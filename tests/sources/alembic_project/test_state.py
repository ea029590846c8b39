"""What the scripts and a version table say together."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from drift.dialects import dialect_for
from drift.errors import DriftError
from drift.schema import MigrationState, QualifiedName
from drift.sources.alembic_project import CapturedEnvironment, find, migration_state, pending_scripts
from tests.sources.alembic_project.support import Project

ENVIRONMENT = CapturedEnvironment()
TABLE = QualifiedName("public", "alembic_version")


@pytest.fixture
def project(tmp_path: Path, database: str) -> Project:
    made = Project(tmp_path, database)
    made.revision("a1", None, "first\n\nMore about it.")
    made.revision("b2", "a1", "second")
    made.revision("c3", "b2", "third")
    return made


def _state(
    project: Project, database: str, *statements: str, environment: CapturedEnvironment = ENVIRONMENT
) -> MigrationState:
    found = find(project.folder)
    assert found is not None
    engine = create_engine(database, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    with dialect_for("postgresql").read_only(engine) as connection:
        state = migration_state(found, environment, connection)
        # The transaction is still usable.
        assert connection.execute(text("SELECT 1")).scalar() == 1
    return state


def _stamped(*revisions: str, table: str = "alembic_version") -> tuple[str, ...]:
    return (
        f"CREATE TABLE {table} (version_num varchar(32) PRIMARY KEY)",
        *(f"INSERT INTO {table} VALUES ('{revision}')" for revision in revisions),
    )


def test_never_stamped(project: Project, database: str) -> None:
    assert _state(project, database) == MigrationState(TABLE, ("c3",), (), ("a1", "b2", "c3"), (), False)


def test_an_empty_version_table(project: Project, database: str) -> None:
    assert _state(project, database, *_stamped()) == MigrationState(TABLE, ("c3",), (), ("a1", "b2", "c3"))


def test_at_head(project: Project, database: str) -> None:
    assert _state(project, database, *_stamped("c3")) == MigrationState(TABLE, ("c3",), ("c3",))


def test_behind(project: Project, database: str) -> None:
    state = _state(project, database, *_stamped("a1"))
    assert state == MigrationState(TABLE, ("c3",), ("a1",), ("b2", "c3"))
    found = find(project.folder)
    assert found is not None
    scripts = pending_scripts(found, state)
    assert [(s.revision, s.message, s.path) for s in scripts] == [
        ("b2", "second", "migrations/versions/b2.py"),
        ("c3", "third", "migrations/versions/c3.py"),
    ]


def test_an_unknown_revision(project: Project, database: str) -> None:
    state = _state(project, database, *_stamped("ffff"))
    assert state == MigrationState(TABLE, ("c3",), ("ffff",), (), ("ffff",))


def test_several_heads_and_a_dependency(project: Project, database: str) -> None:
    project.revision("d4", "b2", "fourth")
    project.revision("e5", None, "another base", depends="c3")
    state = _state(project, database, *_stamped("d4"))
    # As `alembic heads` counts: what others merely depend on is a head of its own.
    assert state.heads == ("c3", "d4", "e5")
    assert state.pending == ("c3", "e5")
    engine = create_engine(database, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('e5'), ('d4')"))
    assert _state(project, database).pending == ()


def test_a_merge(project: Project, database: str) -> None:
    project.revision("d4", "b2", "fourth")
    project.revision("m5", ("c3", "d4"), "merge")
    state = _state(project, database, *_stamped("c3"))
    assert (state.heads, state.pending) == (("m5",), ("d4", "m5"))


def test_a_version_table_of_another_name_and_schema(project: Project, database: str) -> None:
    environment = CapturedEnvironment(version_table="shop version", version_table_schema="app")
    state = _state(
        project,
        database,
        "CREATE SCHEMA app",
        *_stamped("b2", table='app."shop version"'),
        environment=environment,
    )
    assert state == MigrationState(QualifiedName("app", "shop version"), ("c3",), ("b2",), ("c3",))


def test_a_version_table_that_may_not_be_read(project: Project, database: str) -> None:
    role = f"reader_{project.folder.name}"[:60].replace("-", "_")
    try:
        state = _state(
            project,
            database,
            *_stamped("a1"),
            f"CREATE ROLE {role}",
            f'ALTER DATABASE "{_name(database)}" SET role = {role}',
        )
    finally:
        engine = create_engine(database, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("SET ROLE NONE"))
            connection.execute(text(f'ALTER DATABASE "{_name(database)}" RESET role'))
            connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
    assert state.unreadable is not None
    assert "permission denied" in state.unreadable
    assert state.heads == ("c3",)
    assert state.pending == ()


def _name(database: str) -> str:
    from sqlalchemy.engine import make_url

    return str(make_url(database).database)


def test_no_revisions_at_all(tmp_path: Path, database: str) -> None:
    state = _state(Project(tmp_path, database), database)
    assert state == MigrationState(TABLE, table_exists=False)


def test_broken_scripts(project: Project, database: str) -> None:
    path = project.folder / "migrations" / "versions" / "d4.py"
    path.write_text('"""x"""\nrevision = "d4"\ndown_revision = "c3"\nimport no_such_thing\n', encoding="utf-8")
    with pytest.raises(DriftError) as caught:
        _state(project, database)
    assert caught.value.title == "the migration scripts cannot be read"
    assert caught.value.place == "migrations/versions/d4.py:4"
    path.write_text('"""x"""\nrevision = "d4"\ndown_revision = "nowhere"\n', encoding="utf-8")
    with pytest.raises(DriftError) as caught:
        _state(project, database)
    assert "nowhere" in caught.value.details[0]


def test_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/app.db"
    project = Project(tmp_path, url)
    project.revision("a1")
    found = find(tmp_path)
    assert found is not None
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in _stamped("a1"):
            connection.execute(text(statement))
    with engine.connect() as connection:
        state = migration_state(found, ENVIRONMENT, connection)
    assert state == MigrationState(QualifiedName("main", "alembic_version"), ("a1",), ("a1",))
