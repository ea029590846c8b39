"""A sequence behind its column is found when rows may be looked at, and only then."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import drift

METADATA = sa.MetaData()
sa.Table("serial_one", METADATA, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("identity_one", METADATA, sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True))
sa.Table("empty", METADATA, sa.Column("id", sa.Integer, primary_key=True))


@pytest.fixture
def engine(database: str) -> sa.Engine:
    engine = sa.create_engine(database, poolclass=NullPool)
    METADATA.create_all(engine)
    return engine


def codes(engine: sa.Engine, *, probe: bool) -> list[tuple[str, str | None]]:
    return [(f.code, f.subject.table) for f in drift.check(METADATA, engine, probe=probe).findings]


def test_behind_is_found_only_with_a_probe(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO serial_one VALUES (1), (7)")
        connection.exec_driver_sql("INSERT INTO identity_one (id) VALUES (3)")

    assert codes(engine, probe=False) == []
    assert [code for code, _ in codes(engine, probe=True)] == ["SQ303", "SQ303"]


def test_in_step_is_silent(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO serial_one DEFAULT VALUES")
        connection.exec_driver_sql("INSERT INTO identity_one DEFAULT VALUES")

    assert codes(engine, probe=True) == []


def test_what_the_role_may_not_read_is_left_out(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO serial_one VALUES (7)")
        connection.exec_driver_sql("DROP ROLE IF EXISTS drift_numbers_reader")
        connection.exec_driver_sql("CREATE ROLE drift_numbers_reader")
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA public TO drift_numbers_reader")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SET ROLE drift_numbers_reader")
            assert list(drift.check(METADATA, connection, probe=True).findings) == []
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP OWNED BY drift_numbers_reader")
            connection.exec_driver_sql("DROP ROLE drift_numbers_reader")
