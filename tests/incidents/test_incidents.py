"""The incidents this tool exists to prevent, each through the command line: caught, said plainly, repaired."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.incidents.project import Project, line_of
from tests.repair import connected, run_script


def _project(folder: Path, incident: str, url: str, script: str = "database.sql") -> Project:
    project = Project(folder / "project", incident, url)
    run_script(url, (project.folder / script).read_text(encoding="utf-8"))
    return project


def _codes(findings: list[dict[str, object]]) -> list[tuple[object, object]]:
    return sorted((finding["code"], finding["subject"]["name"]) for finding in findings)  # type: ignore[index]


def _repair(project: Project) -> str:
    """Write the revision, apply it; its text."""
    before = project.revisions()
    done = project.run("revision", "-m", "close the gap")
    assert done.returncode == 0, done.stdout + done.stderr
    (written,) = project.revisions() - before
    project.alembic("upgrade", "head")
    return written.read_text(encoding="utf-8")


def test_i1_columns_never_migrated(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I1", database)
    models = project.folder / "app" / "models.py"
    missing = {
        "explain_json": "assignments",
        "confidence": "assignments",
        "score": "assignments",
        "alternatives_json": "assignments",
        "audit_hash": "assignments",
        "freeze_horizon_days": "application_settings",
        "freeze_scope": "application_settings",
    }

    findings = project.findings()
    assert {f["subject"]["name"]: f["subject"]["table"] for f in findings} == missing
    for finding in findings:
        assert (finding["code"], finding["name"], finding["severity"]) == ("CO101", "column-missing", "error")
        place = finding["locations"][0]
        assert (place["path"], place["line"]) == ("app/models.py", line_of(models, f"{finding['subject']['name']}:"))

    shown = project.run("check")
    assert shown.returncode == 1
    for name in missing:
        assert name in shown.stdout
    assert "Found 7 findings: 7 errors" in shown.stdout

    revision = _repair(project)
    assert revision.count("add_column(") == 7
    assert "import drift" not in revision
    silent = project.run("check")
    assert (silent.returncode, silent.stdout.startswith("In sync: 2 tables")) == (0, True), silent.stdout
    with connected(database) as connection:
        assert connection.scalar(text("SELECT count(*) FROM assignments")) == 3
        assert set(connection.scalars(text("SELECT freeze_horizon_days FROM application_settings"))) == {7}


def test_i5_tables_missing(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I5", database)
    missing = ["analytics_events", "api_keys", "customers", "fun_with_flags_toggles"]
    findings = [f for f in project.findings() if f["subject"]["kind"] != "migration"]
    assert _codes(findings) == [("TB101", name) for name in missing]
    assert {f["severity"] for f in findings} == {"error"}

    revision = _repair(project)
    upgrade = revision[revision.index("def upgrade") : revision.index("def downgrade")]
    order = [
        upgrade.index(f'"{name}"') if f'"{name}"' in upgrade else upgrade.index(f"'{name}'") for name in missing[:3]
    ]
    assert order == sorted(order, reverse=True), "a table comes after the tables that it refers to"
    silent = project.run("check")
    assert silent.returncode == 0, silent.stdout


def test_i5_a_table_that_lacks_columns(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I5", database, "database-with-customers.sql")
    findings = [f for f in project.findings() if f["subject"]["kind"] != "migration"]
    assert _codes(findings) == [
        ("CO101", "admin_level"),
        ("CO101", "is_staff"),
        ("CO101", "metadata"),
        ("CO101", "monthly_limit"),
        ("TB101", "analytics_events"),
        ("TB101", "api_keys"),
        ("TB101", "fun_with_flags_toggles"),
    ]
    _repair(project)
    silent = project.run("check")
    assert silent.returncode == 0, silent.stdout
    with connected(database) as connection:
        assert connection.scalar(text("SELECT count(*) FROM customers WHERE NOT is_staff")) == 2


def test_i6_behind_head(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I6", database)
    shown = project.run("check")
    assert shown.returncode == 1
    lines = shown.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if "MG101" in line)
    assert first < min(number for number, line in enumerate(lines) if "CO101" in line or "TB101" in line)
    for pending in ("b2", "c3"):
        assert pending in shown.stdout
    assert "alembic upgrade head" in shown.stdout
    # Two of the three come with the pending revisions; nothing covers the third.
    resolved = {
        f["subject"]["name"]: f["details"].get("resolved_by") for f in project.findings() if f["code"] != "MG101"
    }
    assert resolved == {"summary": "b2", "comments": "c3", "rating": None}
    assert "revision b2 resolves it" in shown.stdout

    project.alembic("upgrade", "head")
    assert _codes(project.findings()) == [("CO101", "rating")]


def test_i6_a_revision_that_the_scripts_do_not_know(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I6", database)
    run_script(database, "UPDATE alembic_version SET version_num = 'deadbeef'")
    (unknown,) = [f for f in project.findings() if f["code"].startswith("MG")]
    assert (unknown["code"], unknown["severity"]) == ("MG201", "error")
    assert "deadbeef" in unknown["message"] + str(unknown["actual"])


def test_i6_several_heads(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I6", database)
    other = (project.folder / "migrations/versions/b2_summary.py").read_text(encoding="utf-8")
    other = other.replace('"b2"', '"d4"').replace("summary", "abstract")
    (project.folder / "migrations/versions/d4_abstract.py").write_text(other, encoding="utf-8")
    codes = {f["code"] for f in project.findings()}
    assert {"MG101", "MG301"} <= codes


def test_i6_never_stamped(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I6", database)
    run_script(database, "DROP TABLE alembic_version")
    assert "MG102" in {f["code"] for f in project.findings()}


def test_i7_the_wrong_database(database: str, second_database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, "I1", second_database)
    run_script(database, "CREATE TABLE visitors (id int PRIMARY KEY); CREATE TABLE pages (id int PRIMARY KEY)")
    done = project.run("check", environment={"DATABASE_URL": database})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: this does not look like the database of these models\n  --> postgresql")
    assert "(from DATABASE_URL)" in done.stderr
    assert "help:" in done.stderr
    assert "CO101" not in done.stderr


def test_i7_an_empty_database_on_purpose(database: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", "I5", database)
    assert project.run("check").returncode == 2
    allowed = project.run("check", "--allow-empty")
    assert (allowed.returncode, "TB101" in allowed.stdout) == (1, True)


SECRET = "hunter2secret"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "empty"),
        ("db.internal.example", "scheme"),
        ("db.internal.example:5432/shop", "scheme"),
        ("postgresql://shop:${DB_PASSWORD}@localhost/shop", "placeholder"),
        ("postgresql://<user>:<password>@localhost/shop", "placeholder"),
        (f"postgresql://shop:{SECRET}@x@localhost/shop", "@"),
        (f"postgresql://shop:{SECRET}/x@localhost/shop", "/"),
    ],
)
def test_i8_a_broken_url(value: str, said: str, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", "I1", None)
    done = project.run("check", environment={"DATABASE_URL": value})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "DATABASE_URL" in done.stderr
    assert said in done.stderr
    assert "postgresql://user:***@host:5432/database" in done.stderr, "the form that is expected"
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("incident", ["I1", "I5", "I6"])
def test_i12_every_finding_says_what_where_why_and_the_way_out(incident: str, database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, incident, database)
    findings = project.findings()
    assert findings
    for finding in findings:
        assert finding["message"].endswith(".")
        assert finding["expected"] is not None or finding["actual"] is not None
        assert finding["repair"] is not None
        if finding["subject"]["kind"] != "migration":
            place = finding["locations"][0]
            assert (project.folder / place["path"]).is_file()
            assert place["line"] > 0
        page = project.run("explain", finding["code"])
        assert page.returncode == 0
        assert len(page.stdout.split()) > 40, "what it means, why it breaks, an example, the repair"
    shown = project.run("check")
    assert "help: `drift explain" in shown.stdout
    assert "`drift plan`" in shown.stdout
