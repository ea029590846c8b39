"""What the Dockerfile installs: complete, importable from anywhere, and what the README promises of it."""

from __future__ import annotations

import re
import zipfile

from tests.installed import ROOT, stages


def test_the_wheel_holds_everything_and_nothing_else(installed):
    (wheel,) = installed.wheels.glob("sqlalchemy_drift-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "drift").rglob("*.*") if path.suffix != ".pyc"}
    assert ours <= set(names)
    assert "drift/templates/report.html" in names
    assert "drift/py.typed" in names
    assert not [name for name in names if not name.startswith(("drift/", "sqlalchemy_drift-"))]


def test_the_image_names_its_program_and_runs_as_nobody_special():
    final = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1]
    assert final.all("USER") == ["drift"]
    assert final.all("WORKDIR") == ["/project"]


def test_the_image_without_arguments_checks(installed, tmp_path):
    done = installed.run(" ".join((*installed.entrypoint, *installed.command)), tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there are no models to compare")


def test_the_first_minute(installed, tmp_path):
    """What the README begins with: an incident from start to end, without a server."""
    done = installed.run("drift demo", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "CO101  column-missing" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1]
    assert "In sync" in done.stdout


def test_every_command_starts(installed, tmp_path):
    help_text = installed.run("drift --help", tmp_path).stdout
    commands = re.findall(r"^. (\w[\w-]*)\s{2,}", help_text, re.MULTILINE)
    assert {"check", "plan", "revision", "verify", "diff", "snapshot", "baseline", "doctor"} <= set(commands)
    for command in commands:
        assert installed.run(f"drift {command} --help", tmp_path).returncode == 0, command


def test_completion_is_offered_by_the_installed_program(installed, tmp_path):
    script = installed.run("_DRIFT_COMPLETE=bash_source drift", tmp_path)
    assert "complete -o nosort -F _drift_completion drift" in script.stdout
    words = {"COMP_WORDS": "drift ch", "COMP_CWORD": "1", "_DRIFT_COMPLETE": "bash_complete"}
    assert installed.run("drift", tmp_path, words).stdout.split() == ["plain,check", "plain,checks"]
    words = {"COMP_WORDS": "drift check --fail-on ", "COMP_CWORD": "3", "_DRIFT_COMPLETE": "bash_complete"}
    assert "plain,never" in installed.run("drift", tmp_path, words).stdout
