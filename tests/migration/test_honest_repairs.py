"""Repairs that used to fail or to say nothing: with rows, on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

import drift
from drift.migration.options import PlanOptions, Roads
from tests.repair import Revision, as_read, differences, run_script, told

EVERYTHING = drift.Config(fail_on="info")


def _check(metadata: sa.MetaData, url: str) -> drift.Report:
    return drift.check(metadata, url, config=EVERYTHING)


def _orders(*items: sa.schema.SchemaItem) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Text),
        sa.Column("place", sa.Text),
        *items,
    )
    return metadata


@pytest.mark.parametrize("roads", [Roads.SHORT, Roads.SLOW])
@pytest.mark.parametrize(
    ("index", "left"),
    [
        ("CREATE INDEX uq_orders ON orders (code)", []),
        ("CREATE UNIQUE INDEX uq_orders ON orders (code) WHERE place IS NOT NULL", []),
        ("CREATE INDEX uq_orders ON orders (place)", ["IX201"]),
    ],
)
def test_a_unique_constraint_takes_the_name_of_an_index(
    index: str, left: list[str], roads: Roads, database: str, tmp_path: Path
) -> None:
    run_script(database, f"CREATE TABLE orders (id serial PRIMARY KEY, code text, place text); {index};")
    run_script(database, "INSERT INTO orders (code, place) VALUES ('a', 'x'), ('b', 'x'), (NULL, NULL)")
    metadata = _orders(sa.UniqueConstraint("code", name="uq_orders"))
    report = _check(metadata, database)
    revision = Revision(drift.plan(report, PlanOptions(roads=roads)), database, tmp_path / "project")
    revision.upgrade()
    assert [f.code for f in _check(metadata, database).findings] == left, revision.source
    revision.downgrade()
    assert differences(as_read(report), as_read(_check(metadata, database))) == [], revision.source


def test_what_cannot_be_cast_stops_before_anything_is_changed(database: str, tmp_path: Path) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("place", sa.Integer),
        sa.Column("added", sa.Text),
    )
    run_script(database, "CREATE TABLE orders (id serial PRIMARY KEY, place uuid)")
    run_script(database, "INSERT INTO orders (place) VALUES (gen_random_uuid())")
    report = _check(metadata, database)
    revision = Revision(drift.plan(report, PlanOptions(allow_drop=True)), database, tmp_path / "project")
    with pytest.raises(RuntimeError, match="no cast from uuid to integer"):
        revision.upgrade()
    assert differences(as_read(report), as_read(_check(metadata, database))) == []


def test_another_partition_key_is_refused_with_a_way_out_that_works(database: str) -> None:
    metadata = sa.MetaData()
    sa.Table(
        "events",
        metadata,
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, primary_key=True),
        postgresql_partition_by="RANGE (at)",
    )
    run_script(database, "CREATE TABLE events (id bigint, at timestamp, PRIMARY KEY (id, at)) PARTITION BY RANGE (id)")
    plan = drift.plan(_check(metadata, database))
    assert plan.steps == ()
    ((finding, reason),) = plan.unanswered
    assert finding.code == "TB306"
    assert "CREATE TABLE events_new (LIKE events INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (at)" in reason
    way_out = """
        CREATE TABLE events_new (LIKE events INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (at);
        ALTER TABLE events_new ADD PRIMARY KEY (id, at);
        CREATE TABLE events_all PARTITION OF events_new DEFAULT;
        INSERT INTO events_new SELECT * FROM events;
        ALTER TABLE events RENAME TO events_old;
        ALTER TABLE events_new RENAME TO events;
        DROP TABLE events_old;
    """
    run_script(database, way_out)
    assert told(_check(metadata, database)) == []


def test_a_drop_that_others_rest_on_names_them(database: str) -> None:
    metadata = sa.MetaData()
    sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("who", sa.Integer))
    script = """
        CREATE TABLE people (id serial PRIMARY KEY, name text);
        CREATE TABLE heirs () INHERITS (people);
        CREATE VIEW names AS SELECT name FROM people;
        CREATE TABLE orders (id serial PRIMARY KEY, who int CONSTRAINT fk_who REFERENCES people, old int,
            twice int GENERATED ALWAYS AS (old * 2) STORED);
    """
    run_script(database, script)
    config = drift.Config(fail_on="info", ignore=("FK201",))
    report = drift.check(metadata, database, config=config)
    reasons = {f.subject.name: why for f, why in drift.plan(report, PlanOptions(allow_drop=True)).unanswered}
    rest = "foreign key fk_who of public.orders; table public.heirs; view public.names"
    assert reasons == {"people": f"the table cannot be dropped before what rests on it: {rest}"}


def _renamed() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("people", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    sa.Table(
        "purchases",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("buyer_id", sa.Integer, sa.ForeignKey("people.id", name="fk_buyer")),
        sa.Column("it's code", sa.String(20)),
        sa.Column("placed_at", sa.DateTime),
        sa.CheckConstraint(sa.text("total > 0 AND \"it's code\" <> 'FROM purchases WHERE'"), name="ck_total"),
        sa.UniqueConstraint("it's code", name="uq_code"),
    )
    return metadata


DRIFTED = """
    CREATE TABLE people (id serial PRIMARY KEY, name text);
    CREATE TABLE purchase (id serial PRIMARY KEY, total text, buyer_id int, "it's old code" varchar(20),
        placed_at timestamp);
    INSERT INTO people (name) VALUES ('Ann');
    INSERT INTO purchase (total, buyer_id, "it's old code") VALUES ('5', 1, 'a'), ('6', NULL, 'b');
"""


@pytest.mark.parametrize("roads", [Roads.SHORT, Roads.SLOW])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("NULL, 1, 'c'", "holds NULL"),
        ("'7', 2, 'c'", "that public.people does not know"),
        ("'-7', 1, 'c'", "rows that violate the check"),
        ("'7', 1, 'a'", "holds duplicates"),
        ("'x', 1, 'd'", "do not read as integer"),
    ],
)
def test_guards_stop_before_anything_is_renamed(
    row: str, message: str, roads: Roads, database: str, tmp_path: Path
) -> None:
    run_script(database, DRIFTED)
    report = _check(_renamed(), database)
    assert {"TB303", "CO308"} <= {f.code for f in report.findings}, told(report)
    revision = Revision(drift.plan(report, PlanOptions(roads=roads)), database, tmp_path / "project")
    assert revision.source.index("    stop_if(") < revision.source.index("op.rename_table")
    run_script(database, f"""INSERT INTO purchase (total, buyer_id, "it's old code") VALUES ({row})""")
    with pytest.raises(RuntimeError, match=message):
        revision.upgrade()
    assert differences(as_read(report), as_read(_check(_renamed(), database))) == []


def test_guards_let_pass_what_fits_and_do_not_mind_a_second_start(database: str, tmp_path: Path) -> None:
    run_script(database, DRIFTED)
    report = _check(_renamed(), database)
    revision = Revision(drift.plan(report, PlanOptions(roads=Roads.SLOW)), database, tmp_path / "project")
    # As an interrupted run leaves it behind.
    run_script(
        database,
        """ALTER TABLE purchase RENAME TO purchases; ALTER TABLE purchases RENAME "it's old code" TO "it's code";
        ALTER TABLE purchases RENAME CONSTRAINT purchase_pkey TO purchases_pkey;
        ALTER SEQUENCE purchase_id_seq RENAME TO purchases_id_seq""",
    )
    revision.upgrade()
    assert told(_check(_renamed(), database)) == [], revision.source
    revision.downgrade()
    assert differences(as_read(report), as_read(_check(_renamed(), database))) == [], revision.source
