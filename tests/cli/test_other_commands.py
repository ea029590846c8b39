import json
import subprocess
import sys

import pytest

from drift.checks.registry import all_checks
from drift.cli.main import COMMANDS
from tests.cli.conftest import CLEAN


def test_help_and_explain_import_nothing_heavy():
    code = (
        "import sys; from drift.cli.main import run; run([*sys.argv[1:]]); "
        "print([n for n in ('sqlalchemy', 'alembic', 'pydantic') if n in sys.modules], file=sys.stderr)"
    )
    for arguments in (["--help"], ["explain", "CO301"], ["checks"], ["check", "--help"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        assert done.stderr == "[]\n", arguments
        assert done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(drift, command):
    result = drift(command, "--help")
    assert result.code == 0
    assert "Usage" in result.out


def test_explain_takes_codes_and_names_in_any_case(drift):
    by_code = drift("explain", "co301")
    assert by_code == drift("explain", "column-type-mismatch")
    assert by_code.code == 0
    assert by_code.out.startswith("# CO301 column-type-mismatch\n")


def test_every_page_says_why_it_breaks_and_how_to_repair():
    for check in all_checks():
        text = check.documentation.lower()
        assert "repair" in text or "way out" in text or "ways out" in text, check.code
        assert len(text) > 200, check.code


def test_checks_lists_all_or_some(drift):
    everything = drift("checks")
    assert all(check.code in everything.out for check in all_checks())
    some = drift("checks", "CO1", "--format", "json")
    assert {item["code"][:3] for item in json.loads(some.out)} == {"CO1"}


def test_a_baseline_turns_the_gate_green_and_names_what_is_stale(project, drift):
    options = ("--models", project.models, "--database-url", project.url)
    assert drift("check", *options).code == 1
    written = drift("baseline", *options, "--reason", "old project", "--owner", "ann", "--expires", "2999-01-01")
    assert (written.code, written.out) == (0, "drift-baseline.json: 2 entries, 2 new.\n")
    accepted = drift("check", *options)
    assert accepted.code == 0
    assert "2 accepted by drift-baseline.json." in accepted.out
    assert drift("check", *options, "--no-baseline").code == 1
    project.lay(CLEAN)
    stale = drift("check", *options)
    assert stale.code == 0
    assert "matches nothing any more" in stale.out
    assert drift("baseline", *options, "--prune").out.startswith("drift-baseline.json: 0 entries, 0 new.")


def test_prune_accepts_nothing_new(project, drift):
    options = ("--models", project.models, "--database-url", project.url)
    assert drift("baseline", *options, "--prune").code == 0
    assert drift("check", *options).code == 1


def test_an_expired_entry_fails_the_gate(project, drift):
    options = ("--models", project.models, "--database-url", project.url)
    drift("baseline", *options, "--expires", "2020-01-01")
    result = drift("check", *options, "--fail-on", "never")
    assert result.code == 1
    assert "expired: CO101 " in result.out


def test_a_snapshot_is_compared_like_its_database(project, drift):
    options = ("--models", project.models)
    live = drift("check", *options, "--database-url", project.url, "--format", "json")
    assert drift("snapshot", *options, "--database-url", project.url, "-o", "schema.json").code == 0
    stored = drift("check", *options, "--snapshot", "schema.json", "--format", "json")
    assert json.loads(stored.out)["findings"] == json.loads(live.out)["findings"]
    assert stored.code == 1


def test_a_snapshot_is_written_the_same_every_time(project, drift):
    options = ("--models", project.models, "--database-url", project.url)
    first = drift("snapshot", *options)
    assert first == drift("snapshot", *options)
    assert json.loads(first.out)["version"] == 1


def test_a_snapshot_needs_no_models(project, drift):
    result = drift("snapshot", "--database-url", project.url)
    assert result.code == 0
    assert [table["name"]["name"] for table in json.loads(result.out)["schema"]["tables"]] == ["users"]


def test_diff_compares_any_two_sides(project, drift, tmp_path):
    options = ("--models", project.models, "--database-url", project.url)
    drift("snapshot", *options, "-o", "before.json")
    assert drift("diff", "before.json", project.url).code == 0
    assert drift("diff", "models", "before.json", *options).code == 1
    assert drift("diff", "before.json", project.models).code == 1
    assert drift("diff", "models", "models", *options).code == 0
    assert drift("diff", tmp_path / "live.sqlite", "before.json").code == 0
    project.lay(CLEAN)
    changed = drift("diff", "before.json", project.url)
    assert changed.code == 1, "between two databases every difference counts"
    assert drift("diff", "before.json", project.url, "--fail-on", "error").code == 0
    assert "snapshot  varchar(80)" in changed.out.lower()
    assert "database  varchar(255)" in changed.out.lower()


def test_plan_shows_what_it_would_do(project, drift):
    options = ("--models", project.models, "--database-url", project.url)
    result = drift("plan", *options)
    assert result.code == 0
    assert "nickname" in result.out
    assert "\nPlan: " in result.out
    assert json.loads(drift("plan", *options, "--format", "json").out)["version"] == 1
    assert "nickname" in drift("plan", *options, "--format", "markdown").out


def test_doctor_goes_step_by_step(project, drift):
    result = drift("doctor", "--models", project.models, "--database-url", project.url)
    assert result.code == 0
    assert [line.split()[1] for line in result.out.splitlines()] == [
        "configuration", "models", "url", "dns", "tcp", "tls", "login", "privileges", "version", "heads",
    ]  # fmt: skip


def test_doctor_names_the_step_that_fails(project, drift):
    url = "postgresql://u@127.0.0.1:1/d"
    result = drift("doctor", "--models", project.models, "--database-url", url, "--format", "json")
    steps = {step["step"]: step for step in json.loads(result.out)["steps"]}
    assert result.code == 2
    assert steps["tcp"]["result"] == "failed"
    assert steps["tcp"]["help"]
    assert steps["login"]["result"] == "skipped"


def test_init_finds_models_and_application(project, drift, tmp_path):
    (tmp_path / "api.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    result = drift("init")
    assert result.code == 0
    text = (tmp_path / "drift.toml").read_text()
    assert f'models = ["{project.models}"]' in text
    assert 'responses = ["api:app"]' in text
    again = drift("init")
    assert (again.code, "configured already" in again.err) == (2, True)


@pytest.mark.usefixtures("project")
def test_init_adds_to_pyproject_and_leaves_the_rest_alone(drift, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    (tmp_path / "alembic.ini").write_text("[alembic]\n")
    assert drift("init").code == 0
    text = (tmp_path / "pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "x"\n\n[tool.drift]\n')
    assert "models" not in text.split("[tool.drift]")[1].split("#")[0]


def test_init_in_an_empty_directory_says_what_to_do(drift, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = drift("init")
    assert (result.code, "--models" in result.err) == (2, True)
