"""A database without a dialect of its own: what is compared is right, and the rest is said."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

import drift
from drift.dialects import registry
from drift.dialects.generic import generic_dialect
from drift.findings import NotChecked
from drift.pipeline.unseen import without_unseen
from drift.schema import Expression, Index, IndexKey, QualifiedName, Schema, Sequence, Table


@pytest.fixture(autouse=True)
def nobody_knows_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_HOMES", {})


def metadata_of() -> sa.MetaData:
    metadata = sa.MetaData()
    table = sa.Table(
        "notes",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(80), nullable=False, comment="Shown above"),
        sa.Column("score", sa.Integer, server_default=sa.text("0")),
        comment="All of them",
    )
    sa.Index("ix_notes_title", table.c.title)
    return metadata


def test_a_database_just_made_is_in_sync(sqlite_database: str) -> None:
    metadata = metadata_of()
    metadata.create_all(sa.create_engine(sqlite_database, poolclass=NullPool))
    report = drift.check(metadata, sqlite_database)
    assert report.findings == ()
    assert sorted(_codes(report.not_checked)) == ["CO307", "CO310", "TB304"]


def test_drift_is_found(sqlite_database: str) -> None:
    engine = sa.create_engine(sqlite_database, poolclass=NullPool)
    metadata_of().create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_notes_title")
        connection.exec_driver_sql("ALTER TABLE notes DROP COLUMN score")
    found = {finding.code for finding in drift.check(metadata_of(), sqlite_database).findings}
    assert found == {"IX101", "CO101"}


def test_what_the_models_use_and_nobody_can_see_is_not_checked() -> None:
    index = Index("ix", (IndexKey("a"),), method="gin", predicate=Expression("a > 0"))
    expected = Schema(
        "models",
        "oracle",
        tables=(Table(QualifiedName(None, "t"), indexes=(index,), comment="c"),),
        sequences=(Sequence(QualifiedName(None, "numbers")),),
    )
    actual = Schema("database", "oracle", unreadable=(("comments", "nobody knows"),))

    left, right, said = without_unseen(expected, actual, generic_dialect("oracle"))

    assert right.unreadable == ()
    assert left.sequences == ()
    assert left.tables[0].indexes == (Index("ix", (IndexKey("a"),)),)
    assert left.tables[0].comment is None
    assert sorted(_codes(said)) == ["IX303", "IX304", "SQ101", "TB304"]


def _codes(said: tuple[NotChecked, ...]) -> list[str]:
    return [outcome.code for outcome in said]
