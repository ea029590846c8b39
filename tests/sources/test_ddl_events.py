"""What the models make by events: silent where it is there, *not checked* where it is not, and nothing else excused."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import DDL, event
from sqlalchemy.pool import NullPool

import drift
from drift.pipeline import Report

FUNCTION = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
TRIGGER = "CREATE TRIGGER t_touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch()"


def models() -> tuple[sa.MetaData, sa.Table]:
    metadata = sa.MetaData()
    columns = sa.Column("id", sa.Integer, primary_key=True), sa.Column("number", sa.Integer, nullable=False)
    return metadata, sa.Table("t", metadata, *columns)


def index(table: sa.Table) -> None:
    event.listen(table, "after_create", DDL("CREATE UNIQUE INDEX ux_number ON t (number) WHERE number > 0"))


def index_by_pattern(table: sa.Table) -> None:
    event.listen(table, "after_create", DDL("CREATE UNIQUE INDEX ux_%(table)s ON %(fullname)s (number)"))


def index_by_function(table: sa.Table) -> None:
    @event.listens_for(table, "after_create")
    def make(_: sa.Table, connection: sa.Connection, **__: object) -> None:
        connection.execute(sa.text("CREATE INDEX ix_made ON t (number)"))


def table_of_its_own(table: sa.Table) -> None:
    event.listen(table.metadata, "after_create", DDL("CREATE TABLE audit_log (id integer)"))


def constraint(table: sa.Table) -> None:
    event.listen(table, "after_create", DDL("ALTER TABLE t ADD CONSTRAINT positive CHECK (number > 0)"))


def trigger(table: sa.Table) -> None:
    event.listen(table, "after_create", DDL(FUNCTION))
    event.listen(table, "after_create", DDL(TRIGGER))


def extension(table: sa.Table) -> None:
    event.listen(table.metadata, "before_create", DDL("CREATE EXTENSION IF NOT EXISTS citext"))


MADE = {
    index: "DROP INDEX ux_number",
    index_by_pattern: "DROP INDEX ux_t",
    index_by_function: "DROP INDEX ix_made",
    table_of_its_own: "DROP TABLE audit_log",
    constraint: "ALTER TABLE t DROP CONSTRAINT positive",
    trigger: "DROP FUNCTION touch CASCADE",
    extension: "DROP EXTENSION citext",
}


def run(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def made(url: str, metadata: sa.MetaData) -> None:
    engine = sa.create_engine(url, poolclass=NullPool)
    metadata.create_all(engine)
    engine.dispose()


def check(url: str, metadata: sa.MetaData) -> Report:
    return drift.check(metadata, url)


@pytest.mark.parametrize("listen", MADE, ids=lambda listen: listen.__name__)
def test_what_an_event_makes(database: str, listen: object) -> None:
    metadata, table = models()
    assert callable(listen)
    listen(table)
    made(database, metadata)
    report = check(database, metadata)
    assert (report.findings, report.not_checked) == ((), ())
    assert any("made by events of the models" in what for what, _ in report.verdict.not_compared)
    run(database, MADE[listen])  # type: ignore[index]
    report = check(database, metadata)
    assert report.findings == ()
    assert all("event" in item.reason for item in report.not_checked)
    assert report.not_checked
    # Nothing that no event names is excused.
    run(database, "CREATE INDEX by_hand ON t (number)")
    assert [item.subject.name for item in check(database, metadata).findings] == ["by_hand"]


def test_an_event_for_another_database_is_none(database: str) -> None:
    metadata, table = models()
    event.listen(table, "after_create", DDL("CREATE INDEX elsewhere ON t (number)").execute_if(dialect="mysql"))
    made(database, metadata)
    assert check(database, metadata).in_sync
    run(database, "CREATE INDEX elsewhere ON t (number)")
    assert [item.code for item in check(database, metadata).findings] == ["IX201"]


def test_what_is_never_compared_is_told_once(database: str) -> None:
    metadata, _ = models()
    made(database, metadata)
    run(database, FUNCTION, TRIGGER)
    report = check(database, metadata)
    assert report.in_sync
    told = "\n".join(f"{what} {why}" for what, why in report.verdict.not_compared)
    for word in ("public.t.t_touch", "public.touch", "plpgsql", "policies", "privileges", "partition"):
        assert word in told
