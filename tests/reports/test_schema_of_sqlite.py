"""SQLite's one schema has a name that nobody uses: no format for people shows it."""

from __future__ import annotations

from types import ModuleType

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import drift
from drift.reports import github, html, junit, markdown, text


@pytest.mark.parametrize("module", [text, markdown, html, junit, github])
def test_nobody_names_main(module: ModuleType, sqlite_database: str) -> None:
    with sa.create_engine(sqlite_database, poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (id integer NOT NULL PRIMARY KEY, extra integer NOT NULL)")
    metadata = sa.MetaData()
    sa.Table("notes", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.String(80)))
    report = drift.check(metadata, sqlite_database)
    shown = module.render(report.verdict)

    assert "notes" in shown
    assert "main." not in shown
