"""An incident's project in a folder of its own, driven through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INCIDENTS = ROOT / "fixtures" / "incidents"


class Project:
    """A copy of ``fixtures/incidents/project`` with the incident's own files laid over it."""

    def __init__(self, folder: Path, incident: str, url: str | None) -> None:
        self.folder = folder
        self.url = url
        for source in (INCIDENTS / "project", INCIDENTS / incident):
            shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``drift`` in the project's folder."""
        return self._python("-m", "drift", *arguments, environment=environment)

    def alembic(self, *arguments: str) -> None:
        """Run ``alembic``, which must succeed."""
        done = self._python("-m", "alembic", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    def findings(self, *arguments: str) -> list[dict[str, Any]]:
        """The findings of ``drift check``."""
        done = self.run("check", "--format", "json", *arguments)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
        return found

    def revisions(self) -> set[Path]:
        """The revision files."""
        return set((self.folder / "migrations" / "versions").glob("*.py"))

    def _python(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith(("DRIFT_", "PG"))}
        if self.url is not None:
            kept["DATABASE_URL"] = self.url
        kept |= {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", **(environment or {})}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=kept,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def line_of(path: Path, text: str) -> int:
    """The line on which ``text`` begins, from 1."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(text))
