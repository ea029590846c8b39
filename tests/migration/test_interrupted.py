"""A run that is killed between any two statements can be started again, to the end and to the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.migration.gaps import Project, check, drifted, fresh, plan
from tests.repair import as_read, connected, differences, told


def _run_until(project: Project, direction: str, limit: int) -> bool:
    """Run, and terminate the backend before statement number ``limit``; whether it got that far."""
    count = 0

    def kill(connection: Any, *_: Any) -> None:
        nonlocal count
        count += 1
        if count == limit:
            with connected(project.url) as other:
                pid = connection.connection.dbapi_connection.info.backend_pid
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
                other.commit()

    try:
        project.run(direction, kill)
    except SQLAlchemyError:
        assert count >= limit, project.source
    return count >= limit


def _statements(project: Project, direction: str) -> int:
    """How many statements a whole run takes."""
    seen: list[str] = []
    project.run(direction, lambda *arguments: seen.append(arguments[2]))
    return len(seen)


def test_killed_at_every_place_one_after_the_other(database: str, tmp_path: Path) -> None:
    drifted(database)
    before = as_read(check(database))
    project = Project(plan(database), database, fresh(tmp_path))
    # Each kill leaves the database as it is for the next run, which gets one statement further.
    for direction, least in (("upgrade", 20), ("downgrade", 10)):
        killed = 0
        while _run_until(project, direction, killed + 1):
            killed += 1
        assert killed > least
        if direction == "upgrade":
            assert told(check(database)) == [], project.source
    assert differences(before, as_read(check(database))) == [], project.source


def test_one_kill_and_one_rerun(database: str, tmp_path: Path) -> None:
    drifted(database)
    project = Project(plan(database), database, fresh(tmp_path))
    total = _statements(project, "upgrade")
    assert told(check(database)) == []
    for limit in range(2, total + 1, 4):
        project.run("downgrade")
        _run_until(project, "upgrade", limit)
        project.run("upgrade")
        assert told(check(database)) == [], f"killed before statement {limit}"


def test_an_invalid_index_is_built_again(database: str, tmp_path: Path) -> None:
    drifted(database)
    project = Project(plan(database), database, fresh(tmp_path))
    invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_things_amount'::regclass"
    with connected(database) as connection:
        connection.execute(text("CREATE INDEX ix_things_amount ON things (amount)"))
        connection.execute(text(invalid))
        connection.commit()
    project.run("upgrade")
    assert told(check(database)) == []
