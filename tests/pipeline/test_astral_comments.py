"""MySQL and MariaDB show characters outside of Unicode's basic plane as question marks: no alarm, and no silence."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import drift


def _models(comment: str) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True, comment=comment), comment=comment)
    return metadata


def _codes(models: sa.MetaData, url: str) -> tuple[list[str], list[str]]:
    report = drift.check(models, url, config=drift.Config(fail_on="info"))
    return sorted(f.code for f in report.findings), sorted(n.code for n in report.not_checked)


@pytest.mark.parametrize("dialect", ["mariadb", "mysql"])
def test_comments_that_the_server_cannot_show(dialect: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{dialect}_database")
    _models("Fish 🐟").create_all(sa.create_engine(url, poolclass=NullPool))

    assert _codes(_models("Fish 🐟"), url) == ([], ["CO307", "TB304"])
    assert _codes(_models("Bird 🐦"), url) == (["CO307", "TB304"], [])
    assert _codes(_models("Fish"), url) == (["CO307", "TB304"], [])
