import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import CLEAN


@pytest.fixture
def configured(project, monkeypatch):
    (project.directory / "drift.toml").write_text(f'models = ["{project.models}"]\n')
    monkeypatch.setenv("DATABASE_URL", project.url)
    return project


@pytest.mark.usefixtures("configured")
def test_drift_is_exit_code_1_and_stands_on_stdout(drift):
    result = drift("check")
    assert result.code == 1
    assert "CO101  column-missing                    nickname" in result.out
    assert "CO301  column-type-mismatch              email" in result.out
    assert result.err == ""


def test_in_sync_is_exit_code_0(configured, drift):
    configured.lay(CLEAN)
    result = drift("check")
    assert (result.code, result.out.startswith("In sync: 1 table, 3 columns")) == (0, True)


def test_options_win_over_the_file_and_the_environment(configured, drift, tmp_path):
    other = tmp_path / "other.sqlite"
    configured.lay(CLEAN)
    other.write_bytes((tmp_path / "live.sqlite").read_bytes())
    configured.lay("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    assert drift("check").code == 1
    assert drift("check", "--database-url", f"sqlite:///{other}").code == 0


@pytest.mark.usefixtures("configured")
def test_select_ignore_and_fail_on(drift):
    assert "CO101" not in drift("check", "--ignore", "CO101").out
    assert "CO301" not in drift("check", "--select", "column-missing,TB").out
    assert drift("check", "--ignore", "CO").code == 0
    assert drift("check", "--fail-on", "never").code == 0


@pytest.mark.usefixtures("configured")
def test_several_formats_from_one_run(drift, tmp_path):
    result = drift(
        "check", "--format", "json", "-o", "r.sarif", "-o", "r.md", "-o", "r.html", "-o", "r.xml", "-o", "r.txt"
    )
    assert result.code == 1
    assert json.loads(result.out)["summary"]["fails"] is True
    assert json.loads((tmp_path / "r.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "r.md").read_text().startswith("## ")
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")
    assert ElementTree.parse(tmp_path / "r.xml").getroot().tag == "testsuites"
    assert "Found 2 findings" in (tmp_path / "r.txt").read_text()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".r")) == []


@pytest.mark.usefixtures("configured")
def test_an_output_that_cannot_be_written_is_refused_before_the_work(drift):
    result = drift("check", "-o", "missing/r.html")
    assert result.code == 2
    assert "the folder of an output file does not exist" in result.err
    assert result.out == ""


@pytest.mark.usefixtures("configured")
def test_statistics(drift):
    assert "1  CO301  column-type-mismatch" in drift("check", "--statistics").out


def test_a_setting_of_the_file_can_be_one_of_many(configured, drift):
    with (configured.directory / "drift.toml").open("a") as file:
        file.write('[tables.users]\nignore = ["CO"]\n')
    result = drift("check")
    assert (result.code, "2 ignored." in result.out) == (0, True)


@pytest.mark.usefixtures("project")
def test_without_anything_it_could_not_check(drift):
    result = drift("check")
    assert result.code == 2
    assert result.out == ""
    assert "help:" in result.err


def test_the_database_is_read_only_during_a_check(configured, drift):
    before = (configured.directory / "live.sqlite").read_bytes()
    drift("check", "--probe")
    assert (configured.directory / "live.sqlite").read_bytes() == before


@pytest.mark.usefixtures("configured")
def test_colours_only_on_terminals_and_never_with_no_color(drift, monkeypatch):
    assert "\x1b[" not in drift("check").out
    assert "\x1b[" in drift("check", "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in drift("check").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in drift("check").out


def test_the_console_script_has_the_exit_codes(configured):
    command = [sys.executable, "-m", "drift", "check"]
    done = subprocess.run(command, cwd=configured.directory, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    environment = {**os.environ, "DATABASE_URL": ""}
    done = subprocess.run(
        command, cwd=configured.directory, capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: DATABASE_URL is empty\n  --> DATABASE_URL\nhelp: ")


def test_a_reader_that_goes_away_is_no_traceback(configured):
    command = f"{sys.executable} -m drift check --format json | head -c 1"
    done = subprocess.run(command, shell=True, cwd=configured.directory, capture_output=True, text=True, check=False)
    assert done.stderr == ""
