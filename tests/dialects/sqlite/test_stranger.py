"""A SQLite file from a stranger: an answer or an error that says why, and the file is as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

import drift
from drift.errors import DriftError

TABLES = sa.MetaData()
sa.Table("users", TABLES, sa.Column("id", sa.Integer, primary_key=True))
CLEAN = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)"
Stamp = dict[str, tuple[bytes, int]]


def laid(file: Path, *rows: tuple[object, ...], sql: str = "") -> Path:
    """A database with rows put into its schema by hand."""
    with sqlite3.connect(file) as connection:
        connection.executescript(f"{CLEAN}; {sql}")
        connection.execute("PRAGMA writable_schema = ON")
        connection.executemany("INSERT INTO sqlite_master VALUES (?, ?, ?, 0, ?)", rows)
    connection.close()
    return file


def stamps(folder: Path) -> Stamp:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}


def seen(file: Path) -> str:
    """The codes of what was found, or the error's title; the folder must be as before."""
    before = stamps(file.parent)
    try:
        verdict = drift.check(TABLES, f"sqlite:///{file}", probe=True).verdict
        answer = " ".join(sorted(one.code for one in verdict.findings))
    except DriftError as error:
        answer = error.title
    assert stamps(file.parent) == before
    return answer


def test_a_clean_twin(tmp_path: Path) -> None:
    assert seen(laid(tmp_path / "file")) == ""


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        pytest.param("table", "CREATE VIRTUAL TABLE bad USING nowhere(x)", id="a module that is not there"),
        pytest.param("view", "CREATE VIEW bad AS SELECT * FROM bad", id="a view of itself"),
        pytest.param("view", "CREATE VIEW bad AS SELECT load_extension('x') AS x", id="a function that acts"),
        pytest.param("table", "CREATE TABLE bad (((", id="no SQL"),
        pytest.param("trigger", "CREATE TRIGGER bad nonsense", id="no trigger"),
        pytest.param("table", f"CREATE TABLE bad (x, CHECK ({'(' * 20000}x{')' * 20000}))", id="too deep"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_a_schema_that_cannot_be_used(tmp_path: Path, kind: str | None, statement: str | None) -> None:
    name = "bad" if kind else None
    said = seen(laid(tmp_path / "file", (kind, name, name, statement)))
    assert said in ("the database cannot be used", "the schema or a page of the SQLite file is damaged")


def test_nothing_of_it_runs(tmp_path: Path) -> None:
    """A view without an end, a trigger, and a check that would call what SQLite deems unsafe."""
    sql = """
    CREATE VIEW endless AS WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t;
    CREATE TRIGGER acts AFTER INSERT ON users BEGIN DELETE FROM users; END;
    """
    assert seen(laid(tmp_path / "file", sql=sql)) == ""


def test_names_that_act(tmp_path: Path) -> None:
    sql = 'CREATE TABLE "a\n\x1b[31m\'`" (id INTEGER NOT NULL PRIMARY KEY)'
    assert seen(laid(tmp_path / "file", sql=sql)) == "TB201"


@pytest.mark.parametrize("device", ["fifo", "/dev/zero", "."])
def test_what_is_no_file(tmp_path: Path, device: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(DriftError, match=r"SQLite database (does not exist|is a directory)"):
        drift.check(TABLES, f"sqlite:///{tmp_path / device}")


def test_a_write_that_was_broken_off(tmp_path: Path) -> None:
    """Only a program that may write can put such a file right."""
    (tmp_path / "other").mkdir()
    source = laid(tmp_path / "other" / "file")
    connection = sqlite3.connect(source, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE big (x)")
    connection.executemany("INSERT INTO big VALUES (zeroblob(2000))", [()] * 2000)
    for name in ("file", "file-journal"):
        shutil.copy(tmp_path / "other" / name, tmp_path / name)
    connection.close()
    assert seen(tmp_path / "file") == "the SQLite file is open for reading only"


def test_a_file_that_was_cut(tmp_path: Path) -> None:
    file = laid(tmp_path / "file", sql="CREATE TABLE big (x); INSERT INTO big VALUES (zeroblob(50000))")
    os.truncate(file, 5000)
    assert seen(file) == "the schema or a page of the SQLite file is damaged"
