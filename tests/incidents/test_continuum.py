"""I2 and I3: version tables named by hand, and modification flags that were never migrated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from tests.incidents.project import Project, line_of
from tests.repair import connected, run_script

HISTORY = [(1, "first draft", 1, 2, 0), (1, "spring", 2, None, 1), (2, "summer", 3, None, 0)]


def _project(folder: Path, incident: str, url: str) -> Project:
    project = Project(folder / "project", incident, url)
    run_script(url, (project.folder / "database.sql").read_text(encoding="utf-8"))
    return project


def _repair(project: Project) -> str:
    before = project.revisions()
    done = project.run("revision", "-m", "repair the history")
    assert done.returncode == 0, done.stdout + done.stderr
    (written,) = project.revisions() - before
    project.alembic("upgrade", "head")
    return written.read_text(encoding="utf-8")


def _history(url: str, table: str) -> list[tuple[object, ...]]:
    query = f"SELECT id, name, transaction_id, end_transaction_id, operation_type FROM {table} ORDER BY transaction_id"
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def _work(project: Project, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.work"],
        cwd=project.folder,
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_i2_version_tables_named_by_hand(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I2", database)
    broken = _work(project, database)
    assert 'relation "schedule_runs_version" does not exist' in broken.stderr

    findings = project.findings()
    misnamed = {f["subject"]["name"]: f for f in findings if f["code"] == "VT301"}
    assert {name: f["actual"] for name, f in misnamed.items()} == {
        "schedule_runs_version": "public.schedule_run_version",
        "assignments_version": "public.assignment_version",
    }
    assert {f["severity"] for f in misnamed.values()} == {"error"}
    place = misnamed["schedule_runs_version"]["locations"][0]
    models = project.folder / "app" / "models.py"
    assert (place["path"], place["line"]) == ("app/models.py", line_of(models, "class ScheduleRun(Base)"))
    others = {(f["code"], f["subject"]["name"]) for f in findings if f["code"] not in ("VT301", "VT107", "VT313")}
    flags = ["name_mod", "start_date_mod", "end_date_mod", "run_id_mod", "resource_mod"]
    assert others == {
        ("VT317", "user_id"),
        ("IX309", "ix_transaction_user_id"),
        ("VT206", "id"),
        *(("VT309", flag) for flag in flags),
    }
    shown = project.run("check").stdout
    assert "version-table-misnamed" in shown
    assert "schedule_run_version" in shown

    revision = _repair(project)
    assert "op.rename_table('schedule_run_version', 'schedule_runs_version')" in revision.replace('"', "'")
    assert "drop_table" not in revision[: revision.index("def downgrade")]
    silent = project.run("check", "--strict")
    assert silent.returncode == 0, silent.stdout
    assert _history(database, "schedule_runs_version") == HISTORY
    worked = _work(project, database)
    assert worked.returncode == 0, worked.stderr
    assert "first draft" in worked.stdout

    names = text("SELECT relname FROM pg_class WHERE relname ~ '(schedule_run|assignment)_version'")
    with connected(database) as connection:
        assert connection.scalars(names).all() == [], "indexes, constraints and sequences are renamed with their table"


def test_i3_modification_flags_missing(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I3", database)
    broken = _work(project, database)
    assert 'column "start_date_mod" of relation "schedule_runs_version" does not exist' in broken.stderr.replace(
        "name_mod", "start_date_mod"
    )

    findings = project.findings()
    flags = {
        "name_mod": "schedule_runs_version",
        "start_date_mod": "schedule_runs_version",
        "end_date_mod": "schedule_runs_version",
        "run_id_mod": "assignments_version",
        "resource_mod": "assignments_version",
    }
    assert {f["subject"]["name"]: f["subject"]["table"] for f in findings} == flags
    assert {(f["code"], f["name"], f["severity"]) for f in findings} == {
        ("VT104", "modification-column-missing", "error")
    }
    explained = project.run("explain", "VT104").stdout
    assert "BOOLEAN NOT NULL DEFAULT false" in explained
    assert "Turn the plugin off" in explained

    revision = _repair(project)
    assert revision.count("modification flag") >= 2
    silent = project.run("check", "--strict")
    assert silent.returncode == 0, silent.stdout
    assert _history(database, "schedule_runs_version") == HISTORY
    worked = _work(project, database)
    assert worked.returncode == 0, worked.stderr


def test_i3_the_other_way_round(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I3", database)
    _repair(project)
    models = project.folder / "app" / "models.py"
    source = models.read_text(encoding="utf-8")
    models.write_text(source.replace("plugins=[PropertyModTrackerPlugin()]", ""), encoding="utf-8")

    findings = project.findings()
    assert {(f["code"], f["severity"]) for f in findings} == {("VT202", "info")}
    assert len(findings) == 5
    worked = _work(project, database)
    assert worked.returncode == 0, worked.stderr
