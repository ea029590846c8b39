"""Beside drift every program works that loads it by itself, with every series of what drift can be installed with."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.installed import ROOT, Installed

DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]


def oldest(name: str) -> str:
    (found,) = [text for text in DEPENDENCIES if re.match(rf"{name}\b(?!-)", text)]
    return re.search(r">=([\d.]+)", found)[1]


def series(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


FIRST, LAST = series(oldest("alembic")), series(metadata.version("alembic"))
"""These tests are installed with the newest Alembic, so that a new series is met on the day it comes."""
BORDERS = ("1.18.0", "1.20.0")
"""Between these two what an entry point loads was iterated over."""
ALEMBIC = [*(f"{FIRST[0]}.{minor}.*" for minor in range(FIRST[1], LAST[1] + 1)), *BORDERS]
SQLALCHEMY = [oldest("sqlalchemy"), "2.0.*", "2.1.*"]
VERSIONS = [f"alembic=={version}" for version in ALEMBIC] + [f"sqlalchemy=={version}" for version in SQLALCHEMY]

SUITE = """
import sqlalchemy as sa


def test_schema(assert_in_sync, tmp_path):
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    engine = sa.create_engine(f"sqlite:///{tmp_path}/a.db")
    metadata.create_all(engine)
    assert_in_sync(engine, metadata)
"""


def place(folder: Path, *packages: str | Path) -> str:
    """Packages as given, without what they need, in a folder for ``PYTHONPATH``."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, *packages]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return str(folder)


@pytest.fixture(scope="session")
def pytest_itself(tmp_path_factory: pytest.TempPathFactory) -> str:
    return place(tmp_path_factory.mktemp("pytest"), "pytest", "iniconfig", "pluggy")


def test_every_series_is_met() -> None:
    assert FIRST[0] == LAST[0], "the series of the next major version have to be named"
    assert len(ALEMBIC) > 8


@pytest.mark.parametrize("version", VERSIONS)
def test_programs_beside_drift(installed: Installed, tmp_path: Path, pytest_itself: str, version: str) -> None:
    (wheel,) = installed.wheels.glob("sqlalchemy_drift-*.whl")
    packages = place(tmp_path / "packages", wheel, version)
    where = {"PYTHONPATH": f"{packages}:{pytest_itself}", "NO_COLOR": "1"}

    def run(line: str, directory: Path = tmp_path) -> str:
        done = installed.run(line, directory, where)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "drift:" not in done.stderr
        return done.stdout

    name, _, wanted = version.partition("==")
    (tmp_path / "version.py").write_text(
        f"import alembic\nfrom importlib.metadata import version\nprint(version('{name}'))\n"
    )
    assert run("python -W error version.py").startswith(wanted.rstrip("*"))
    assert "autogenerate" in run("python -m alembic revision --help")
    assert "In sync" in run("python -m drift demo --directory shop")

    shop = tmp_path / "shop"
    if name == "sqlalchemy" or series(wanted) >= (1, 18):
        env = shop / "migrations" / "env.py"
        text = env.read_text()
        env.write_text(text.replace("render_as_batch=True", "render_as_batch=True, autogenerate_plugins=['drift']"))
    connection = sqlite3.connect(shop / "production.sqlite")
    connection.execute("ALTER TABLE assignments DROP COLUMN explain_json")
    connection.close()
    run("python -m alembic revision --autogenerate -m again", shop)
    (again,) = (shop / "migrations" / "versions").glob("*_again.py")
    assert "explain_json" in again.read_text()

    (tmp_path / "test_schema.py").write_text(SUITE)
    assert "1 passed" in run("python -m pytest -q -p no:cacheprovider --drift-record test_schema.py")
