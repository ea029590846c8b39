"""A small project and a way to run the command line in it."""

from __future__ import annotations

import importlib
import itertools
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drift.cli import failures
from drift.cli.main import run
from tests.installed import installed

__all__ = ["installed"]

_numbers = itertools.count()
_VARIABLES = ("DATABASE_URL", "DRIFT_DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_DATABASE_URL", "SCRATCH_URL")

MODELS = """\
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255))
    nickname: Mapped[str | None] = mapped_column(String(40))
"""
DRIFTED = "CREATE TABLE users (id INTEGER PRIMARY KEY NOT NULL, email VARCHAR(80) NOT NULL)"
CLEAN = "CREATE TABLE users (id INTEGER PRIMARY KEY NOT NULL, email VARCHAR(255) NOT NULL, nickname VARCHAR(40))"


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str


Drift = Callable[..., Result]


@dataclass(frozen=True, slots=True)
class Project:
    """A project with one module of models and a SQLite database."""

    directory: Path
    module: str

    @property
    def models(self) -> str:
        return f"{self.module}:Base"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.directory / 'live.sqlite'}"

    def lay(self, sql: str) -> Project:
        (self.directory / "live.sqlite").unlink(missing_ok=True)
        connection = sqlite3.connect(self.directory / "live.sqlite")
        connection.executescript(sql)
        connection.close()
        return self


@pytest.fixture
def drift(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Drift:
    """Run the command line in this process."""
    monkeypatch.setattr(failures, "_secrets", set())

    def call(*arguments: object) -> Result:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A drifted project, which is also the working directory."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    module = f"shop_models_{os.getpid()}_{next(_numbers)}"
    (tmp_path / f"{module}.py").write_text(MODELS)
    importlib.invalidate_caches()
    yield Project(tmp_path, module).lay(DRIFTED)
    sys.modules.pop(module, None)
