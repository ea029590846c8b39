"""drift as a user has it: the Dockerfile's lines, run in empty environments, without this checkout in reach."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECTS_NEED = ("asyncpg", "greenlet", "flask-migrate", "flask-sqlalchemy", "sqlmodel")
"""What the sample projects themselves import; a user has installed it with the project."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment into which the Dockerfile has installed drift.

    Attributes:
        bin: Its programs.
        home: A home folder that belongs to nobody else.
        wheels: What was built, drift's own wheel and those of everything that it needs.
        entrypoint: What the image runs.
        command: Its arguments where none are given.
    """

    bin: Path
    home: Path
    wheels: Path
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Nothing of the environment of the tests but the way to the system's programs."""
        path = os.pathsep.join([str(self.bin), "/usr/local/bin", "/usr/bin", "/bin"])
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "LANG", "TMP"))}
        return {**kept, "PATH": path, "HOME": str(self.home), **(more or {})}

    def run(
        self, command: str, directory: Path, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a line in a shell, as typed."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=directory,
            env=self.environment(more),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a Dockerfile: its instructions in order, each a word and what follows."""

    lines: tuple[tuple[str, str], ...]

    def all(self, word: str) -> list[str]:
        """What follows an instruction, each time that it is there."""
        return [rest for name, rest in self.lines if name == word]


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile."""
    joined = re.sub(r"\\\n\s*", " ", "".join(line for line in text.splitlines(True) if not line.startswith("#")))
    lines = [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]
    starts = [number for number, (word, _) in enumerate(lines) if word == "FROM"]
    return [Stage(tuple(lines[a:b])) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Run the Dockerfile's lines once, whichever worker comes first."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "installed"
    shared.mkdir(exist_ok=True)
    build, final = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "done").exists():
            _build(build, shared)
            _install(final, shared)
            (shared / "done").touch()
    entrypoint, command = (tuple(json.loads(final.all(word)[0])) for word in ("ENTRYPOINT", "CMD"))
    return Installed(shared / "venv" / "bin", shared / "home", shared / "wheels", entrypoint, command)


def _build(stage: Stage, folder: Path) -> None:
    source = folder / "source"
    source.mkdir()
    for line in stage.all("COPY"):
        *names, target = line.split()
        for name in names:
            to = source / target / name if target == "./" else source / target
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, to)
    _venv(folder / "build")
    for line in stage.all("RUN"):
        _shell(line, folder, folder / "build", source)


def _install(stage: Stage, folder: Path) -> None:
    (folder / "home").mkdir()
    _venv(folder / "venv")
    for line in stage.all("RUN"):
        # There is no user to be made, and what would be mounted is there already.
        _shell("useradd() { :; }; " + re.sub(r"--mount=\S+\s+", "", line), folder, folder / "venv", folder)
    pip = [str(folder / "venv" / "bin" / "pip"), "install", "--quiet", *PROJECTS_NEED]
    subprocess.run(pip, check=True, capture_output=True, timeout=600)


def _venv(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)


def _shell(line: str, folder: Path, venv: Path, directory: Path) -> None:
    path = os.pathsep.join([str(venv / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line.replace("/wheels", str(folder / "wheels"))],
        cwd=directory,
        env={**os.environ, "PATH": path, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
