"""Rows without a value get what the models' default says, before NULL is forbidden."""

from __future__ import annotations

import datetime
import enum
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import drift
from drift.migration.options import PlanOptions, Roads
from tests.repair import Revision, connected, run_script, told


class Mood(enum.Enum):
    calm = "quiet"
    cross = "loud"


class Shouted(sa.types.TypeDecorator[str]):
    impl = sa.String(20)
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Any) -> str | None:
        return value and value.upper()


def _models() -> sa.MetaData:
    metadata = sa.MetaData()
    day = datetime.date(2024, 2, 29)
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(20), nullable=False, default="50%: it's 'new'"),
        sa.Column("paid", sa.Boolean, nullable=False, default=False),
        sa.Column("qty", sa.Integer, nullable=False, server_default="7"),
        sa.Column("price", sa.Numeric(8, 2), nullable=False, default=Decimal("1.50")),
        sa.Column("mood", sa.Enum(Mood, native_enum=False, length=20, create_constraint=False), nullable=False,
                  default=Mood.cross),
        sa.Column("since", sa.Date, nullable=False, default=day),
    )  # fmt: skip
    return metadata


OLD = (
    "CREATE TABLE orders (id {key}, state varchar(20), qty integer DEFAULT 7, mood varchar(20)); "
    "INSERT INTO orders (id, state, mood) VALUES (1, NULL, NULL), (2, 'kept', 'calm'); UPDATE orders SET qty = NULL"
)
KEYS = {
    "postgresql": "serial PRIMARY KEY",
    "mariadb": "int PRIMARY KEY AUTO_INCREMENT",
    "mysql": "int PRIMARY KEY AUTO_INCREMENT",
    "sqlite": "integer NOT NULL PRIMARY KEY",
}


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the server that is asked for, whose columns may be NULL, or are missing."""
    server: str = request.param
    found = f"sqlite:///{tmp_path / 'live.db'}"
    if server != "sqlite":
        found = request.getfixturevalue("database" if server == "postgresql" else f"{server}_database")
    run_script(found, OLD.format(key=KEYS[server]))
    return found


@pytest.mark.parametrize(
    ("url", "roads"), [*((server, Roads.AUTO) for server in KEYS), ("postgresql", Roads.SLOW)], indirect=["url"]
)
def test_the_models_default_fills_rows(url: str, roads: Roads, tmp_path: Path) -> None:
    metadata = _models()
    report = drift.check([metadata], url)
    revision = Revision(drift.plan(report, PlanOptions(roads=roads)), url, tmp_path / "project")
    assert len(re.findall(r"SET qty = '?7'?", revision.source)) == 1, revision.source
    revision.upgrade()
    after = drift.check([metadata], url)
    assert not after.findings, f"{told(after)}\n{revision.source}"
    with connected(url) as connection:
        rows = connection.execute(sa.select(metadata.tables["orders"]).order_by(sa.text("id"))).all()
    day = datetime.date(2024, 2, 29)
    assert [tuple(row) for row in rows] == [
        (1, "50%: it's 'new'", False, 7, Decimal("1.50"), Mood.cross, day),
        (2, "kept", False, 7, Decimal("1.50"), Mood.calm, day),
    ]
    revision.downgrade()


@pytest.mark.parametrize("url", ["postgresql", "sqlite"], indirect=True)
def test_what_nobody_knows_stays_a_question(url: str, tmp_path: Path) -> None:
    """A function, and a type that makes of a value what it likes."""
    metadata = sa.MetaData()
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", Shouted, nullable=False, default="new"),
        sa.Column("qty", sa.Integer, server_default="7"),
        sa.Column("mood", sa.String(20), nullable=False, default=lambda: "calm"),
    )
    report = drift.check([metadata], url)
    revision = Revision(drift.plan(report, PlanOptions()), url, tmp_path / "project")
    assert "UPDATE" not in revision.source
    with pytest.raises(RuntimeError, match="say what these rows are to hold"):
        revision.upgrade()
