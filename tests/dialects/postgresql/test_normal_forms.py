"""What models say in so many words, and the catalog leaves out or spells otherwise, is the same."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DOMAIN, JSONB
from sqlalchemy.pool import NullPool

import drift
from tests.repair import run_script, told

EVERYTHING = drift.Config(fail_on="info")
SETUP = """
CREATE COLLATION german FROM "C";
CREATE DOMAIN positive AS integer DEFAULT 7 NOT NULL;
CREATE DOMAIN plain AS text;
"""
POSITIVE = DOMAIN("positive", sa.Integer(), not_null=True, default=sa.text("7"), create_type=False)

metadata = sa.MetaData()
sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, unique=True),
    sa.Column("name", sa.String(collation="german")),
    sa.Column("n", sa.Integer),
    sa.Column("body", JSONB),
    # As reflection has it: what a domain says stands at the column once more, and the default collation has a name.
    sa.Column("said", POSITIVE, nullable=False, server_default=sa.text("7")),
    sa.Column("unsaid", POSITIVE),
    sa.Column("plain", DOMAIN("plain", sa.Text(collation="default"), create_type=False)),
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
    run_script(database, "ALTER TABLE events ALTER said DROP DEFAULT, ALTER said DROP NOT NULL")
    assert _check(database) == []


def test_their_drifted_twins_are_found(database: str) -> None:
    run_script(database, SETUP)
    metadata.create_all(sa.create_engine(database, poolclass=NullPool))
    run_script(
        database,
        'ALTER TABLE events SET (fillfactor = 90); ALTER TABLE events ALTER name TYPE varchar COLLATE "C";'
        "DROP INDEX ix_body; CREATE INDEX ix_body ON events USING gin (body jsonb_path_ops);"
        "DROP INDEX ix_cast; CREATE INDEX ix_cast ON events ((n + 1));"
        "ALTER TABLE events ALTER said DROP DEFAULT, ALTER said DROP NOT NULL;"
        "ALTER DOMAIN positive SET DEFAULT 8; ALTER DOMAIN positive DROP NOT NULL;",
    )
    codes = {line.split()[0] for line in _check(database)}
    assert codes == {"TB310", "CO302", "CO303", "CO306", "CO309", "IX305", "IX301"}
