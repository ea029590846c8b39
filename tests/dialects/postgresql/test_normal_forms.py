"""What models say in so many words, and the catalog leaves out or spells otherwise, is the same."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.pool import NullPool

import drift
from tests.repair import run_script, told

EVERYTHING = drift.Config(fail_on="info")
SETUP = 'CREATE COLLATION german FROM "C";'

metadata = sa.MetaData()
sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, unique=True),
    sa.Column("name", sa.String(collation="german")),
    sa.Column("n", sa.Integer),
    sa.Column("body", JSONB),
    sa.Index("ix_recent", sa.desc("n")),
    sa.Index("ix_bare", sa.column("n")),
    sa.Index("ix_bracket", sa.text("(n)")),
    sa.Index("ix_cast", sa.cast(sa.column("n", sa.Integer), sa.Integer)),
    sa.Index("ix_body", "body", postgresql_using="gin", postgresql_ops={"body": "jsonb_ops"}),
    postgresql_with={"fillfactor": 70, "autovacuum_enabled": False},
)


def _check(url: str) -> list[str]:
    return told(drift.check(metadata, url, config=EVERYTHING))


def test_spellings_that_the_catalog_does_not_keep_are_silent(database: str) -> None:
    run_script(database, SETUP)
    metadata.create_all(sa.create_engine(database, poolclass=NullPool))
    assert _check(database) == []


def test_their_drifted_twins_are_found(database: str) -> None:
    run_script(database, SETUP)
    metadata.create_all(sa.create_engine(database, poolclass=NullPool))
    run_script(
        database,
        'ALTER TABLE events SET (fillfactor = 90); ALTER TABLE events ALTER name TYPE varchar COLLATE "C";'
        "DROP INDEX ix_body; CREATE INDEX ix_body ON events USING gin (body jsonb_path_ops);"
        "DROP INDEX ix_cast; CREATE INDEX ix_cast ON events ((n + 1));",
    )
    assert {line.split()[0] for line in _check(database)} == {"TB310", "CO306", "IX305", "IX301"}
