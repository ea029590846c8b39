"""A snapshot is compared as its database is: in the models' letter case, and without what the dialect cannot see."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import drift
from drift.pipeline.inputs import Inputs
from drift.pipeline.snapshots import take_snapshot
from drift.sources.snapshot import dump_snapshot


def _models() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "Notes",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("Title", sa.String(80), comment="Shown above"),
        comment="All of them",
    )
    return metadata


def _snapshot(url: str, folder: Path) -> str:
    file = folder / "schema.json"
    file.write_text(dump_snapshot(take_snapshot(Inputs(models=(_models(),), database=url))), encoding="utf-8")
    return str(file)


def test_what_the_dialect_cannot_see_is_not_checked_in_a_snapshot_either(sqlite_database: str, tmp_path: Path) -> None:
    _models().create_all(sa.create_engine(sqlite_database, poolclass=NullPool))
    live = drift.check(_models(), sqlite_database)
    later = drift.check(_models(), _snapshot(sqlite_database, tmp_path))

    assert live.findings == later.findings == ()
    assert [n.code for n in live.not_checked] == [n.code for n in later.not_checked] == ["TB304", "CO307"]


def test_a_snapshot_folds_letter_case_as_its_database_does(sqlite_database: str, tmp_path: Path) -> None:
    with sa.create_engine(sqlite_database, poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (ID integer NOT NULL PRIMARY KEY, title varchar(80))")
    assert drift.check(_models(), _snapshot(sqlite_database, tmp_path)).findings == ()
