"""The sample projects of fixtures/apps, copied to a folder and run there as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ROOT / "fixtures" / "apps"
_OURS = ("DATABASE_URL", "DRIFT_DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_DATABASE_URL", "BLOG_DATABASE")


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has run."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A copy of a sample project with its environment."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, command: str, *, expect: int | None = None) -> Done:
        """Run a line in a shell, as typed. With ``expect``, insist on the exit code."""
        kept = {name: value for name, value in os.environ.items() if name not in _OURS and not name.startswith("COV")}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env={**kept, **self.environment, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        if expect is not None:
            assert done.returncode == expect, f"{command}\n{done.stdout}\n{done.stderr}"
        return Done(done.returncode, done.stdout, done.stderr)


def clone(name: str, directory: Path, **environment: str) -> Sample:
    """What ``git clone`` of a sample project gives."""
    target = directory / name
    directory.mkdir(exist_ok=True)
    shutil.copytree(APPS / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    for command in ("init -q", "add -A", "-c user.name=t -c user.email=t@example.org commit -q -m first"):
        subprocess.run(f"git {command}", shell=True, cwd=target, check=True, capture_output=True)
    return Sample(target, environment)


def with_driver(url: str, driver: str) -> str:
    """The same URL for another driver."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}+{driver}://{rest}"
