"""I4: a response stricter than the row, from the report to silence, both ways out."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from tests.incidents.project import Project, line_of
from tests.repair import connected, run_script

RESPONSES = ("--responses", "app.main:app")


def _project(folder: Path, url: str) -> Project:
    project = Project(folder / "project", "I4", url)
    run_script(url, (project.folder / "database.sql").read_text(encoding="utf-8"))
    return project


def test_i4_the_field_the_column_both_places_and_the_routes(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, database)
    schemas, models = project.folder / "app" / "schemas.py", project.folder / "app" / "models.py"
    (finding,) = project.findings(*RESPONSES)
    assert (finding["code"], finding["name"], finding["severity"]) == (
        "RS301",
        "response-field-not-optional",
        "error",
    )
    assert finding["subject"] == {
        "kind": "response-field",
        "schema": "public",
        "table": "users",
        "name": "UserResponse.email",
    }
    assert finding["locations"] == [
        {"path": "app/schemas.py", "line": line_of(schemas, "email:")},
        {"path": "app/models.py", "line": line_of(models, "email:")},
    ]
    assert finding["details"]["column"] == "users.email"
    assert finding["details"]["routes"] == ["GET /users", "GET /users/{id}"]

    shown = project.run("check", *RESPONSES)
    assert shown.returncode == 1
    for words in ("app.schemas.UserResponse", "schemas.py:9", "models.py:14", "users.email", "GET /users/{id}"):
        assert words in shown.stdout
    assert project.run("check").returncode == 0, "without --responses models and database agree"


def test_i4_how_many_rows_right_now(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, database)
    (finding,) = project.findings(*RESPONSES, "--probe")
    assert (finding["severity"], finding["details"]["rows"], finding["details"]["row"]) == ("error", 2, "id=2")
    assert "2 rows with NULL now, for example id=2" in project.run("check", *RESPONSES, "--probe").stdout
    run_script(database, "UPDATE users SET email = name || '@example.com'")
    (finding,) = project.findings(*RESPONSES, "--probe")
    assert (finding["severity"], finding["details"]["rows"]) == ("warning", 0)


def test_i4_the_pair_is_explained(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, database)
    shown = project.run("responses", *RESPONSES)
    assert shown.returncode == 0, shown.stderr
    assert "app.schemas.UserResponse <- app.models.User: GET /users/{id} gives it User" in shown.stdout
    (project.folder / "drift.toml").write_text(
        '[responses]\nsources = ["app.main:app"]\n[responses.pairs]\n"app.schemas.UserResponse" = ""\n',
        encoding="utf-8",
    )
    assert project.findings() == []


def test_i4_repaired_in_the_schema(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, database)
    schemas = project.folder / "app" / "schemas.py"
    before = schemas.read_text(encoding="utf-8")
    plan = project.run("plan", *RESPONSES).stdout
    assert "-    email: str\n+    email: str | None = None" in plan, "the plan shows the other way out"
    assert schemas.read_text(encoding="utf-8") == before, "and writes nothing"
    done = project.run("check", *RESPONSES, "--fix-schemas")
    assert "-    email: str\n+    email: str | None = None" in done.stderr
    assert schemas.read_text(encoding="utf-8") == before.replace("email: str", "email: str | None = None")
    silent = project.run("check", *RESPONSES)
    assert (silent.returncode, silent.stdout.startswith("In sync")) == (0, True), silent.stdout


def test_i4_a_plan_that_lets_null_in_brings_the_edit_of_the_schema(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, database)
    run_script(database, "UPDATE users SET email = 'a@example.com'; ALTER TABLE users ALTER COLUMN email SET NOT NULL")
    (finding,) = [each for each in project.findings(*RESPONSES) if each["code"] == "RS301"]
    assert (finding["severity"], finding["details"]["pending"]) == ("info", True)
    plan = project.run("plan", *RESPONSES).stdout
    assert "With this migration NULL can come back from the database, and these responses reject it:" in plan
    assert "UserResponse.email is str and rejects a NULL in users.email" in plan
    assert "Deploy it with the edit of the schemas" in plan
    assert "-    email: str\n+    email: str | None = None" in plan
    without = project.run("plan", *RESPONSES, "--ignore", "CO302").stdout
    assert "With this migration NULL can come back" not in without
    project.run("check", *RESPONSES, "--fix-schemas")
    assert "email: str | None = None" in (project.folder / "app" / "schemas.py").read_text(encoding="utf-8")


def test_i4_repaired_in_the_database(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, database)
    models = project.folder / "app" / "models.py"
    source = models.read_text(encoding="utf-8")
    models.write_text(source.replace("email: Mapped[str | None]", "email: Mapped[str]"), encoding="utf-8")
    codes = {finding["code"]: finding["severity"] for finding in project.findings(*RESPONSES)}
    assert codes["RS301"] == "error", "only the live database shows it now"
    assert "CO302" in codes
    run_script(database, "UPDATE users SET email = name || '@example.com' WHERE email IS NULL")
    before = project.revisions()
    written = project.run("revision", "-m", "email is required")
    assert written.returncode == 0, written.stdout + written.stderr
    assert len(project.revisions() - before) == 1
    project.alembic("upgrade", "head")
    silent = project.run("check", *RESPONSES)
    assert silent.returncode == 0, silent.stdout + silent.stderr
    with connected(database) as connection:
        assert connection.scalar(text("SELECT count(*) FROM users WHERE email IS NOT NULL")) == 3


def test_i4_a_response_over_a_column_of_another_type_waits_for_the_column(database: str, tmp_path: Path) -> None:
    project = _project(tmp_path, database)
    run_script(database, "ALTER TABLE users ALTER COLUMN email TYPE integer USING 1, ALTER COLUMN email SET NOT NULL")
    told = {each["code"] for each in project.findings(*RESPONSES)}
    assert {"CO301", "RS314"} <= told
    plan = project.run("plan", *RESPONSES).stdout
    assert (
        "RS314  UserResponse.email: the column itself has drifted (CO301, CO302): repair it, then check again" in plan
    )
