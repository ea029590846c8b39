"""Severities that teams can live with, and spellings that say the same, on real servers; each with its drifted twin."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.postgresql import UUID

import drift
from tests.repair import run_script
from tests.servers import Server, fresh_database

EVERYTHING = drift.Config(fail_on="info")


def _told(metadata: sa.MetaData, url: str) -> set[tuple[str, str | None, str]]:
    """Code, column or other name, and severity."""
    report = drift.check(metadata, url, config=EVERYTHING)
    assert report.not_checked == ()
    return {(found.code, found.subject.name, found.severity.value) for found in report.findings}


def test_defaults_and_numbers_on_postgresql(database: str) -> None:
    metadata = sa.MetaData()
    moment = sa.DateTime(timezone=True)
    frozen = ("now()", "now", "today", "current_timestamp")
    sa.Table(
        "t",
        metadata,
        sa.Column("a", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("b", sa.Integer, sa.Identity(always=True)),
        sa.Column("c", UUID, server_default=sa.text("gen_random_uuid()")),
        sa.Column("d", UUID, server_default=sa.text("gen_random_uuid()")),
        sa.Column("meant", moment, server_default=sa.func.now()),
        *(sa.Column(f"f{place}", moment, server_default=text) for place, text in enumerate(frozen)),
        sa.Column("word", sa.Text, server_default="now"),
    )
    run_script(
        database,
        # As the extension uuid-ossp has it, which not every server can install.
        "CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE plpgsql AS 'BEGIN RETURN gen_random_uuid(); END';"
        "CREATE TABLE t (a serial PRIMARY KEY, b serial, c uuid DEFAULT uuid_generate_v4(), d uuid, "
        "meant timestamptz DEFAULT now(), f0 timestamptz DEFAULT now(), f1 timestamptz DEFAULT 'now', "
        "f2 timestamptz DEFAULT now(), f3 timestamptz DEFAULT now(), word text DEFAULT 'now')",
    )
    report = drift.check(metadata, database, config=EVERYTHING)
    told = {(found.code, found.subject.name, found.severity.value) for found in report.findings}
    clocks = {found for found in report.findings if found.subject.name.startswith("f")}
    assert {(found.code, found.subject.name) for found in clocks} == {("CO303", f"f{place}") for place in range(4)}
    assert told - {(found.code, found.subject.name, found.severity.value) for found in clocks} == {
        ("CO304", "a", "info"),
        ("CO304", "b", "warning"),
        ("CO303", "c", "info"),
        ("CO303", "d", "warning"),
    }
    # A step would never bring silence: only the models can.
    answered = {found.subject.name for found in drift.plan(report).answered}
    assert not answered & {found.subject.name for found in clocks}


def test_affinities_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'it.sqlite'}"
    metadata = sa.MetaData()
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("flag", sa.Boolean),
        sa.Column("day", sa.Date),
        sa.Column("body", sa.JSON),
        sa.Column("amount", sa.Integer),
    )
    run_script(url, "CREATE TABLE t (id INTEGER PRIMARY KEY, flag INTEGER, day TEXT, body TEXT, amount TEXT)")
    told = _told(metadata, url)
    assert {name for _, name, severity in told if severity == "info"} == {"flag", "day", "body"}
    assert {(code, name) for code, name, severity in told if severity != "info"} == {("CO301", "amount")}


@pytest.mark.parametrize("server", ["mariadb_server", "mysql_server"])
def test_spellings_of_mysql(server: str, request: pytest.FixtureRequest) -> None:
    found: Server = request.getfixturevalue(server)
    metadata = sa.MetaData()
    sa.Table("parents", metadata, sa.Column("id", sa.Integer, primary_key=True), mysql_charset="utf8mb4")
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", mysql.VARCHAR(20, charset="latin1")),
        sa.Column("code", sa.String(10)),
        sa.Column("parent", sa.ForeignKey("parents.id")),
        sa.UniqueConstraint("code", "name"),
        sa.Index("ix_code", "code", mysql_length=10),
        mysql_charset="latin1",
    )
    body = (
        "CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20){charset}, code varchar(10), parent int, "
        "UNIQUE KEY ({unique}), KEY ix_code (code{length}), FOREIGN KEY (parent) REFERENCES parents (id)) "
        "CHARSET latin1"
    )
    parents = "CREATE TABLE parents (id int PRIMARY KEY AUTO_INCREMENT) CHARSET utf8mb4;"
    with fresh_database(found) as url:
        run_script(url, parents + body.format(charset="", unique="code, name", length=""))
        assert _told(metadata, url) == set()
    with fresh_database(found) as url:
        run_script(url, parents + body.format(charset=" CHARACTER SET utf8mb4", unique="name, code", length="(4)"))
        told = _told(metadata, url)
    assert {code[:2] for code, _, _ in told} == {"CO", "UQ", "IX"}
    assert {severity for code, _, severity in told if code.startswith("UQ")} == {"info"}
