"""Renames as people see them, on every database: several at once, abbreviated, and those that are only possible."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import drift
from tests.repair import run_script, told
from tests.servers import fresh_database

EVERYTHING = drift.Config(fail_on="info")


@pytest.fixture(params=["postgresql", "mariadb", "mysql", "sqlite"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    with fresh_database(request.getfixturevalue(f"{request.param}_server")) as made:
        yield made


def _people(*names: str) -> sa.MetaData:
    metadata = sa.MetaData()
    columns = (sa.Column(name, sa.String(60)) for name in names)
    sa.Table("people", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns, sa.Column("age", sa.Integer))
    return metadata


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("fname", "lname"), ("first_name", "last_name")),
        (("fullname",), ("name",)),
        (("user_email", "phone_no"), ("email", "phone_number")),
    ],
)
def test_certain_ones(old: tuple[str, ...], new: tuple[str, ...], url: str) -> None:
    _people(*old).create_all(sa.create_engine(url, poolclass=NullPool))
    assert told(drift.check(_people(*old), url, config=EVERYTHING)) == []
    report = drift.check(_people(*new), url, config=EVERYTHING)
    assert [(found.code, found.subject.name, found.actual) for found in report.findings] == [
        ("CO308", ours, theirs) for ours, theirs in sorted(zip(new, old, strict=True))
    ]
    assert {found.severity.value for found in report.findings} == {"error"}


def test_a_possible_one_is_told_at_the_missing_column(url: str) -> None:
    _people().create_all(sa.create_engine(url, poolclass=NullPool))
    run_script(url, "ALTER TABLE people ADD COLUMN legacy_score varchar(60)")
    report = drift.check(_people("confidence"), url, config=EVERYTHING)
    notes = {found.code: found.note for found in report.findings}
    assert set(notes) == {"CO101", "CO201"}
    assert "possible rename" in (notes["CO101"] or "")
    assert "legacy_score" in (notes["CO101"] or "")
