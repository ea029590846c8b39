"""What MariaDB shows only to some accounts is not checked for the others, neither missing nor in sync."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import drift

TABLES = sa.MetaData()
sa.Table("parents", TABLES, sa.Column("id", sa.Integer, primary_key=True))
sa.Table(
    "children",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("parent_id", sa.ForeignKey("parents.id", name="children_parent")),
)


@pytest.fixture
def reader(mariadb_database: str) -> Iterator[tuple[sa.Engine, str]]:
    """The owner, and the URL of an account with SELECT alone."""
    owner = sa.create_engine(mariadb_database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    TABLES.create_all(owner)
    name = f"drift_reader_{os.getpid()}"
    with owner.connect() as connection:
        connection.exec_driver_sql(f"CREATE USER {name}@'%%'")
        connection.exec_driver_sql(f"GRANT SELECT ON {owner.url.database}.* TO {name}@'%%'")
        url = owner.url.set(username=name, password=None)
        yield owner, url.render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP USER {name}@'%%'")


def said(url: str) -> tuple[set[str], set[str]]:
    """Codes of findings, and of what was not checked."""
    verdict = drift.check(TABLES, url).verdict
    return {one.code for one in verdict.findings}, {one.code for one in verdict.not_checked}


def test_foreign_keys(reader: tuple[sa.Engine, str]) -> None:
    owner, url = reader
    findings, unknown = said(url)
    assert "FK101" not in findings
    assert unknown == {"FK101"}
    with owner.connect() as connection:
        account = sa.make_url(url).username
        connection.exec_driver_sql(f"GRANT SHOW VIEW ON {owner.url.database}.* TO {account}@'%%'")
    assert said(url) == (set(), set())
    with owner.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE children DROP FOREIGN KEY children_parent")
    assert "FK101" in said(url)[0]
