"""SQLite: a table that is built anew keeps everything that its text says, and comes back to the letter."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

import drift
from drift.migration.options import PlanOptions
from tests.repair import Revision, told

_OPTIONS = dict(SQLiteDialect.construct_arguments or ())[sa.Table]
strict_can_be_said = pytest.mark.skipif("strict" not in _OPTIONS, reason="this SQLAlchemy knows no strict tables")

TABLES = {
    "clauses": """CREATE TABLE "clauses" (
    id INTEGER PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT,
    code VARCHAR(20) COLLATE NOCASE NOT NULL ON CONFLICT IGNORE,  -- upper case
    size INTEGER DEFAULT (1 + 2) CHECK (size>0),
    half REAL GENERATED ALWAYS AS (size / 2.0) STORED,
    parent_id INTEGER REFERENCES clauses ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    qty INTEGER,
    CONSTRAINT uq_clauses UNIQUE (code, size) ON CONFLICT REPLACE
)""",
    "strict": "CREATE TABLE strict (a TEXT NOT NULL, b INT NOT NULL, qty INTEGER, "
    "PRIMARY KEY (a, b) ON CONFLICT IGNORE) STRICT, WITHOUT ROWID",
}
FURTHER = """
CREATE INDEX ix_part ON clauses(code) WHERE size > 1;
CREATE UNIQUE INDEX ix_words ON clauses(lower(code), qty DESC);
CREATE TABLE refers (id INTEGER PRIMARY KEY, clause_id INTEGER REFERENCES clauses (id) ON DELETE CASCADE);
CREATE TABLE log (text TEXT);
CREATE TRIGGER note AFTER UPDATE ON clauses BEGIN INSERT INTO log VALUES (new.code); END;
CREATE TRIGGER elsewhere AFTER INSERT ON refers BEGIN UPDATE clauses SET size = size WHERE id = new.clause_id; END;
CREATE VIEW seen AS SELECT id, code FROM clauses;
INSERT INTO clauses (code, size, qty) VALUES ('a', 1, 1), ('b', 2, 2), ('c', 3, 3);
INSERT INTO refers VALUES (1, 2);
DELETE FROM clauses WHERE code = 'c';
INSERT INTO strict VALUES ('x', 1, 5);
"""


def _models() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "clauses",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(20, collation="NOCASE"), nullable=False),
        sa.Column("size", sa.Integer, sa.CheckConstraint("size>0"), server_default=sa.text("(1 + 2)")),
        sa.Column("half", sa.REAL, sa.Computed("size / 2.0", persisted=True)),
        sa.Column(
            "parent_id",
            sa.ForeignKey("clauses.id", ondelete="SET NULL", deferrable=True, initially="DEFERRED"),
        ),
        sa.Column("qty", sa.Integer, nullable=False),
        sa.UniqueConstraint("code", "size", name="uq_clauses"),
        sa.Index("ix_part", "code", sqlite_where=sa.text("size > 1")),
        sa.Index("ix_words", sa.text("lower(code)"), sa.text("qty DESC"), unique=True),
        sqlite_autoincrement=True,
    )
    sa.Table(
        "strict",
        metadata,
        sa.Column("a", sa.Text, primary_key=True),
        sa.Column("b", sa.INT, primary_key=True),
        sa.Column("qty", sa.Integer, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    sa.Table(
        "refers",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("clause_id", sa.ForeignKey("clauses.id", ondelete="CASCADE")),
    )
    return metadata


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "live.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(";".join(TABLES.values()) + ";" + FURTHER)
    connection.close()
    return path


def _everything(path: Path) -> tuple[list[Any], ...]:
    connection = sqlite3.connect(path)
    queries = (
        "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'alembic_version' "
        "AND tbl_name <> 'alembic_version' ORDER BY 1, 2",
        "SELECT * FROM sqlite_sequence",
        "SELECT * FROM clauses",
        "SELECT * FROM refers",
        "SELECT * FROM strict",
        "SELECT * FROM log",
    )
    found = tuple(connection.execute(query).fetchall() for query in queries)
    connection.close()
    return found


@strict_can_be_said
def test_everything_that_the_text_says_survives(file: Path, tmp_path: Path) -> None:
    url, before = f"sqlite:///{file}", _everything(file)
    metadata = _models()
    report = drift.check([metadata], url)
    assert {f.code for f in report.findings if not f.code.startswith("TB2")} == {"CO302"}, told(report)
    revision = Revision(drift.plan(report, PlanOptions()), url, tmp_path / "project")
    revision.upgrade()

    after = _everything(file)
    assert after[1:] == before[1:]
    texts = {name: sql for _, name, _, sql in after[0]}
    untouched = {name: sql for _, name, _, sql in before[0] if name not in TABLES}
    assert {name: texts[name] for name in untouched} == untouched
    for word in ("ON CONFLICT REPLACE AUTOINCREMENT", "NOT NULL ON CONFLICT IGNORE", "COLLATE", "DEFAULT (1 + 2)",
                 "CHECK (size>0)", "AS (size / 2.0) STORED", "INITIALLY DEFERRED", "ON CONFLICT REPLACE"):  # fmt: skip
        assert word in texts["clauses"], texts["clauses"]
    for word in ("ON CONFLICT IGNORE", "STRICT", "WITHOUT ROWID"):
        assert word in texts["strict"], texts["strict"]

    revision.downgrade()
    assert _everything(file) == before


@strict_can_be_said
def test_a_rebuild_that_fails_leaves_the_table_as_it_was(file: Path, tmp_path: Path) -> None:
    """A guard asks first; what comes in after it meets a table that changes as a whole, or not at all."""
    url = f"sqlite:///{file}"
    report = drift.check([_models()], url)
    revision = Revision(drift.plan(report, PlanOptions()), url, tmp_path / "project")
    script = tmp_path / "project" / "versions" / "repair.py"
    script.write_text(script.read_text(encoding="utf-8").replace("raise RuntimeError(message)", "pass"))
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE clauses SET qty = NULL WHERE id = 2")
    connection.close()
    before = _everything(file)
    with pytest.raises(AssertionError, match="NOT NULL constraint failed"):
        revision.upgrade()
    assert _everything(file) == before
