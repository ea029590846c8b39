"""``drift check --receipt`` shows what was done to the server."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from drift.cli.check import command

MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


def check(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    (folder / "models_of_it.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.chdir(folder)
    arguments = ["--models", "models_of_it:metadata", "--database-url", url, *options]
    return CliRunner().invoke(command, arguments, standalone_mode=False).stderr


def test_statements_lock_and_grants_are_listed(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sa.create_engine(database).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id serial PRIMARY KEY)")

    told = check(database, tmp_path, monkeypatch, "--receipt")

    assert "the server refuses to write in" in told
    assert "strongest lock  AccessShareLock" in told
    assert "GRANT CONNECT ON DATABASE" in told
    assert "pg_catalog.pg_class" in told
    assert "receipt" not in check(database, tmp_path, monkeypatch)


def test_other_servers_say_that_they_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'database.sqlite'}"
    with sa.create_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")

    assert "only PostgreSQL can give one" in check(url, tmp_path, monkeypatch, "--receipt")
