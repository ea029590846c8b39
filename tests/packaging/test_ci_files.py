"""The GitHub Action, the GitLab template, and the pre-commit hooks do their work: their lines are run, not read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from drift import __version__
from tests.cli.conftest import CLEAN, DRIFTED, MODELS
from tests.installed import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
TEMPLATE = yaml.safe_load((ROOT / "templates" / "gitlab-ci.yml").read_text(encoding="utf-8"))["drift"]
STEP = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")


class Repository:
    """A project in a folder of its repository, checked against a SQLite file."""

    def __init__(self, root: Path, installed, name: str = "") -> None:
        self.root, self.folder, self.installed = root, root / name, installed
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "models.py").write_text(MODELS)
        (self.folder / "drift.toml").write_text('models = ["models:Base"]\ndatabase-url = "sqlite:///live.sqlite"\n')
        (self.folder / "requirements.txt").write_text("sqlalchemy\n")
        self.lay(DRIFTED)
        self.git("init", "-q", "-b", "main")
        self.commit("first")

    def lay(self, sql: str) -> None:
        (self.folder / "live.sqlite").unlink(missing_ok=True)
        script = f"import sqlite3; sqlite3.connect('live.sqlite').executescript({sql!r})"
        subprocess.run([sys.executable, "-c", script], cwd=self.folder, check=True)

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        path = os.pathsep.join([str(self.installed.bin), os.environ["PATH"]])
        return subprocess.run(
            ["git", *who, *arguments],
            cwd=self.root,
            env=self.installed.environment({"PATH": path, "PRE_COMMIT_HOME": str(self.root / ".cache")}),
            capture_output=True,
            text=True,
            check=False,
        )

    def commit(self, message: str) -> subprocess.CompletedProcess[str]:
        self.git("add", "-A")
        return self.git("commit", "-q", "-m", message)

    def action(self, **inputs: str) -> tuple[subprocess.CompletedProcess[str], str]:
        """Run the action's steps as a runner does; the last one's result, and the job's summary."""
        given = {name: inputs.get(name.replace("-", "_"), item["default"]) for name, item in ACTION["inputs"].items()}
        temporary, summary = self.root.parent / "runner", self.root.parent / "summary.md"
        temporary.mkdir(exist_ok=True)
        summary.write_text("")
        runner = {"RUNNER_TEMP": temporary, "GITHUB_STEP_SUMMARY": summary, "GITHUB_ACTION_PATH": ROOT}

        def filled(text: str) -> str:
            return STEP.sub(lambda match: given[match[1]], text)

        for step in ACTION["runs"]["steps"]:
            if "if" in step:
                name, unwanted = re.fullmatch(r"inputs\.(\w+) != '(\w+)'", step["if"]).groups()
                if given[name] == unwanted:
                    continue
            environment = {name: filled(value) for name, value in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.root / filled(step.get("working-directory", ".")),
                env=self.installed.environment({**environment, **{name: str(path) for name, path in runner.items()}}),
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
            if done.returncode != 0:
                break
        return done, summary.read_text()


@pytest.fixture
def repository(tmp_path, installed) -> Repository:
    return Repository(tmp_path / "repository", installed)


def test_the_action_installs_its_own_release(installed, tmp_path):
    """Into an environment that has everything but drift."""
    (step,) = [step for step in ACTION["runs"]["steps"] if step["name"] == "Install drift"]
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    source = tmp_path / "action"
    ignored = shutil.ignore_patterns(".*", "tests", "fixtures", "__pycache__", "docs")
    shutil.copytree(ROOT, source, ignore=ignored)
    more = {"GITHUB_ACTION_PATH": str(source), "DRIFT_EXTRAS": "postgresql", "PIP_FIND_LINKS": str(installed.wheels)}
    path = os.pathsep.join([str(venv / "bin"), "/usr/bin", "/bin"])
    done = installed.run(step["run"], tmp_path, {**more, "PATH": path})
    assert done.returncode == 0, done.stderr
    shown = subprocess.run([str(venv / "bin" / "drift"), "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip().endswith(__version__)


def test_the_action_annotates_and_fails(repository):
    done, summary = repository.action(extras="none")
    assert done.returncode == 1
    assert "::error file=models.py,line=" in done.stdout
    assert summary.startswith("## 🔴 Schema drift")
    assert "CO101 column-missing" in summary


def test_the_action_passes_where_nothing_differs(repository):
    repository.lay(CLEAN)
    done, summary = repository.action(extras="none")
    assert done.returncode == 0
    assert summary.startswith("## 🟢 No schema drift")


def test_the_action_takes_arguments_and_expands_nothing_in_them(repository):
    arguments = "--output drift.sarif --ignore CO301 --select CO* --fail-on never"
    done, summary = repository.action(extras="none", args=arguments, summary="false")
    assert done.returncode == 2
    assert "no check is called 'CO*'" in done.stderr
    done, summary = repository.action(extras="none", args=arguments.replace("CO*", "CO"), summary="false")
    assert (done.returncode, summary) == (0, "")
    assert json.loads((repository.folder / "drift.sarif").read_text())["version"] == "2.1.0"


def test_the_action_fails_where_it_could_not_check_and_shows_no_earlier_report(repository):
    repository.action(extras="none")
    (repository.folder / "models.py").write_text("import nothing_like_it\n")
    done, summary = repository.action(extras="none")
    assert (done.returncode, summary) == (2, "")


def test_the_action_in_a_folder_of_the_repository(tmp_path, installed):
    repository = Repository(tmp_path / "repository", installed, "backend")
    done, _ = repository.action(extras="none", working_directory="backend")
    assert done.returncode == 1
    assert "::error file=backend/models.py,line=" in done.stdout


def gitlab(repository: Repository, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the template's job as GitLab's runner does: its lines one after another, the first failure ends it."""
    lines = [*TEMPLATE["before_script"], *TEMPLATE["script"]]
    given = {**TEMPLATE["variables"], "PIP_FIND_LINKS": str(repository.installed.wheels), "PIP_NO_INDEX": "1"}
    return repository.installed.run("set -eo pipefail\n" + "\n".join(lines), repository.folder, {**given, **variables})


@pytest.mark.parametrize(("sql", "code"), [(DRIFTED, 1), (CLEAN, 0)])
def test_the_gitlab_job_leaves_every_artifact(repository, sql, code):
    repository.lay(sql)
    done = gitlab(repository)
    assert done.returncode == code, done.stderr
    artifacts = TEMPLATE["artifacts"]
    assert artifacts["when"] == "always"
    for name in (*artifacts["paths"], *artifacts["reports"].values()):
        assert (repository.folder / name).stat().st_size > 0
    issues = json.loads((repository.folder / artifacts["reports"]["codequality"]).read_text())
    assert [issue["location"]["path"] for issue in issues] == ["models.py"] * (2 * code)


def test_the_gitlab_job_takes_arguments(repository):
    assert gitlab(repository, DRIFT_ARGS="--fail-on never").returncode == 0


def hooks(folder: Path) -> str:
    """A repository with our hook definitions, at the tag that the page names."""
    folder.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", folder)
    for command in ("init -q", "add -A", "-c user.name=t -c user.email=t@example.org commit -q -m hooks"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    subprocess.run(["git", "tag", f"v{__version__}"], cwd=folder, check=True)
    return str(folder)


def test_the_hook_of_the_page_stops_a_commit(repository, tmp_path):
    """As in docs/integrations.md, with the real pre-commit."""
    page = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    (block,) = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "hooks:" in text]
    config = yaml.safe_load(block)
    config["repos"][0]["repo"] = hooks(tmp_path / "hooks")
    assert config["repos"][0]["rev"] == f"v{__version__}"
    (repository.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (repository.folder / ".gitignore").write_text(".cache\n*.sqlite\n")
    repository.lay(CLEAN)
    taken = repository.installed.run("drift snapshot --output schema.json", repository.folder)
    assert taken.returncode == 0, taken.stderr
    install = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"], cwd=repository.root, capture_output=True, text=True
    )
    assert install.returncode == 0, install.stdout
    passed = repository.commit("models and snapshot agree")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    models = repository.folder / "models.py"
    models.write_text(models.read_text() + "    phone: Mapped[str | None] = mapped_column(String(30))\n")
    stopped = repository.commit("a column that nobody migrated")
    assert stopped.returncode == 1
    assert "CO101  column-missing                    phone" in stopped.stdout + stopped.stderr
    assert repository.git("log", "--format=%s").stdout.splitlines()[0] == "models and snapshot agree"


@pytest.mark.parametrize("hook", ["drift-check", "drift-check-live"])
def test_each_hook_runs_alone(repository, hook, tmp_path):
    repository.installed.run("drift snapshot --output schema.json", repository.folder)
    repository.commit("snapshot")
    command = [sys.executable, "-m", "pre_commit", "try-repo", hooks(tmp_path / "hooks"), hook, "--all-files"]
    more = {"PRE_COMMIT_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        command, cwd=repository.root, env=repository.installed.environment(more), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Found 2 findings" in done.stdout


def test_the_pages_name_one_place_and_this_release():
    """Where drift is kept is everybody's own matter: one placeholder, explained where it is first used."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    places = {place for text in pages.values() for place in re.findall(r"[\w-]+/sqlalchemy-drift", text)}
    assert places == {"your-organisation/sqlalchemy-drift"}
    assert "stands for the place where you keep your copy" in pages["ci.md"]
    versions = {tag for text in pages.values() for tag in re.findall(r"(?:@|rev: |ref: )v([\d.]+\d)", text)}
    assert versions == {
        __version__,
    }, "action@v4 and the like have no dot"
    assert not [name for name, text in pages.items() if "OWNER" in text]
