"""A type change that loses values stops with their number and one of them, or is accepted by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import drift
from drift.migration.options import PlanOptions
from tests.repair import Revision, connected, run_script, told

NUMBERS = "CREATE TABLE sums (id int PRIMARY KEY, total decimal(10,3)); " \
    "INSERT INTO sums VALUES (1, 12.345), (2, 7.500), (3, 70000.009)"  # fmt: skip
SITUATIONS: dict[str, tuple[str, Any, str, list[Any]]] = {
    "postgresql": (NUMBERS, sa.Numeric(10, 1), "12.345", [12.3, 7.5, 70000]),
    "mariadb": (NUMBERS, sa.Numeric(10, 1), "12.345", [12.3, 7.5, 70000]),
    "mysql": (NUMBERS, sa.Numeric(10, 1), "12.345", [12.3, 7.5, 70000]),
    "sqlite": (
        "CREATE TABLE sums (id int NOT NULL PRIMARY KEY, total text); "
        "INSERT INTO sums VALUES (1, '007'), (2, '7'), (3, '1.50')",
        sa.Integer,
        "'007'",
        [7, 7, 1.5],
    ),
}


@pytest.fixture
def url(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> str:
    """An empty database."""
    if server == "sqlite":
        return f"sqlite:///{tmp_path / 'live.db'}"
    found: str = request.getfixturevalue("database" if server == "postgresql" else f"{server}_database")
    return found


def _values(url: str, column: str, table: str) -> list[Any]:
    with connected(url) as connection:
        return list(connection.exec_driver_sql(f"SELECT {column} FROM {table} ORDER BY id").scalars())


@pytest.mark.parametrize("server", SITUATIONS)
def test_the_stop_says_how_many_and_shows_one(server: str, url: str, tmp_path: Path) -> None:
    ddl, type_, shown, changed = SITUATIONS[server]
    run_script(url, ddl)
    metadata = sa.MetaData()
    key = sa.Column("id", sa.INT, primary_key=True, autoincrement=False)
    sa.Table("sums", metadata, key, sa.Column("total", type_))
    report = drift.check([metadata], url)
    assert [f.code for f in report.findings] == ["CO301"], told(report)
    before = _values(url, "total", "sums")

    guarded = Revision(drift.plan(report, PlanOptions()), url, tmp_path / "guarded")
    with pytest.raises(
        RuntimeError, match=r"sums\.total holds values .*--accept-loss sums\.total\. Such rows: 2, "
    ) as stop:
        guarded.upgrade()
    assert str(stop.value).endswith(f"one with {shown!r}.")
    assert _values(url, "total", "sums") == before

    if server == "postgresql":
        run_script(url, "DROP SCHEMA IF EXISTS alembic_of_the_test CASCADE")
    other = drift.plan(report, PlanOptions(accept_loss=("sums.id",)))
    assert other.to_python() == drift.plan(report, PlanOptions()).to_python()
    accepted = Revision(drift.plan(report, PlanOptions(accept_loss=("sums.total",))), url, tmp_path / "accepted")
    assert "# Hazard:" in accepted.source
    assert "--accept-loss sums.total: values that" in " ".join(accepted.source.replace("\n    #", "").split())
    accepted.upgrade()
    assert [float(value) for value in _values(url, "total", "sums")] == changed


CASES = "CREATE TABLE words (id int NOT NULL PRIMARY KEY, word {}); " \
    "CREATE UNIQUE INDEX uq_word ON words (word); INSERT INTO words VALUES (1, 'a'), (2, 'A')"  # fmt: skip
COLLATIONS = {
    "postgresql": ("varchar(9)", "folded"),
    "mariadb": ("varchar(9) COLLATE utf8mb4_bin", "utf8mb4_general_ci"),
    "mysql": ("varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", "utf8mb4_0900_ai_ci"),
    "sqlite": ("varchar(9)", "NOCASE"),
}


@pytest.mark.parametrize("server", COLLATIONS)
def test_a_coarser_collation_asks_below_a_unique_key(server: str, url: str, tmp_path: Path) -> None:
    column, collation = COLLATIONS[server]
    if server == "postgresql":
        with connected(url) as connection:
            if not connection.exec_driver_sql(
                "SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'"
            ).scalar():
                pytest.skip("this PostgreSQL was built without ICU")
        run_script(url, "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    run_script(url, CASES.format(column))
    metadata = sa.MetaData()
    sa.Table(
        "words",
        metadata,
        sa.Column("id", sa.INT, primary_key=True, autoincrement=False),
        sa.Column("word", sa.String(9, collation=collation)),
        sa.UniqueConstraint("word", name="uq_word") if server != "sqlite" else sa.Index("uq_word", "word", unique=True),
    )
    report = drift.check([metadata], url)
    plan = drift.plan(report, PlanOptions())
    with pytest.raises(RuntimeError, match=r"words holds duplicates in \(word\), as the new collation compares"):
        Revision(plan, url, tmp_path / "stopped").upgrade()
    left = (
        "SCHEMA IF EXISTS alembic_of_the_test CASCADE" if server == "postgresql" else "TABLE IF EXISTS alembic_version"
    )
    run_script(url, f"DELETE FROM words WHERE id = 2; DROP {left}")
    revision = Revision(plan, url, tmp_path / "repaired")
    revision.upgrade()
    assert not drift.check([metadata], url).findings
