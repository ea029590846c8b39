"""No change of a database passes a diff unseen: it is a finding, or the standing line names its kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from drift.dialects import Scope, dialect_for
from drift.pipeline import Inputs
from drift.pipeline.difference import Side, compare_sides, database_side, schema_side
from drift.pipeline.snapshots import take_snapshot
from drift.policy import Verdict
from drift.sources.snapshot import dump_snapshot, load_snapshot
from tests.repair import run_script
from tests.servers import Server, fresh_database

BASE = """
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE SEQUENCE numbers;
CREATE TYPE pair AS (a integer, b integer);
CREATE FUNCTION twice(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (id integer PRIMARY KEY, a integer NOT NULL, b text DEFAULT 'x', m mood, p positive, n integer);
CREATE TABLE child (id integer PRIMARY KEY, t_id integer, CONSTRAINT child_t FOREIGN KEY (t_id) REFERENCES t (id));
CREATE INDEX t_a ON t (a);
CREATE UNIQUE INDEX t_b ON t (b, a);
ALTER TABLE t ADD CONSTRAINT a_positive CHECK (a > 0);
CREATE TABLE parts (id integer, day date) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE VIEW v AS SELECT id, a FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT id, a FROM t;
CREATE TRIGGER t_touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY mine ON t USING (id > 0);
CREATE RULE quiet AS ON DELETE TO child DO INSTEAD NOTHING;
CREATE STATISTICS t_ab ON a, n FROM t;
"""
CHANGES = {
    "table": "CREATE TABLE more (id integer)",
    "column": "ALTER TABLE t ADD COLUMN c integer",
    "column type": "ALTER TABLE child ALTER COLUMN t_id TYPE bigint",
    "NOT NULL": "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
    "default": "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'y'",
    "identity": "ALTER TABLE child ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY",
    "column comment": "COMMENT ON COLUMN t.a IS 'x'",
    "column storage": "ALTER TABLE t ALTER COLUMN b SET STORAGE EXTERNAL",
    "column statistics": "ALTER TABLE t ALTER COLUMN b SET STATISTICS 500",
    "table comment": "COMMENT ON TABLE t IS 'x'",
    "table parameter": "ALTER TABLE t SET (fillfactor = 70)",
    "unlogged": "ALTER TABLE child SET UNLOGGED",
    "inheritance": "CREATE TABLE heir () INHERITS (t)",
    "index": "CREATE INDEX t_n ON t (n)",
    "index lost": "DROP INDEX t_a",
    "index parameter": "ALTER INDEX t_a SET (fillfactor = 70)",
    "index of a materialised view": "CREATE INDEX mv_a ON mv (a)",
    "index comment": "COMMENT ON INDEX t_a IS 'x'",
    "clustered": "ALTER TABLE t CLUSTER ON t_a",
    "check": "ALTER TABLE t ADD CONSTRAINT n_positive CHECK (n > 0)",
    "NOT VALID": "ALTER TABLE child DROP CONSTRAINT child_t; "
    "ALTER TABLE child ADD CONSTRAINT child_t FOREIGN KEY (t_id) REFERENCES t (id) NOT VALID",
    "ON DELETE": "ALTER TABLE child DROP CONSTRAINT child_t; "
    "ALTER TABLE child ADD CONSTRAINT child_t FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE",
    "constraint comment": "COMMENT ON CONSTRAINT a_positive ON t IS 'x'",
    "replica identity": "ALTER TABLE t REPLICA IDENTITY FULL",
    "enum label": "ALTER TYPE mood ADD VALUE 'fair'",
    "type comment": "COMMENT ON TYPE mood IS 'x'",
    "domain check": "ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 10)",
    "domain": "CREATE DOMAIN another AS text",
    "composite type": "ALTER TYPE pair ADD ATTRIBUTE c integer",
    "range type": "CREATE TYPE span AS RANGE (subtype = float8)",
    "sequence": "ALTER SEQUENCE numbers INCREMENT BY 5",
    "view": "CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > 5",
    "view option": "ALTER VIEW v SET (security_barrier = true)",
    "view comment": "COMMENT ON VIEW v IS 'x'",
    "new view": "CREATE VIEW w AS SELECT 1 AS one",
    "trigger lost": "DROP TRIGGER t_touch ON t",
    "trigger": "DROP TRIGGER t_touch ON t; "
    "CREATE TRIGGER t_touch BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch()",
    "trigger disabled": "ALTER TABLE t DISABLE TRIGGER t_touch",
    "trigger always": "ALTER TABLE t ENABLE ALWAYS TRIGGER t_touch",
    "policy": "ALTER POLICY mine ON t USING (id > 1)",
    "new policy": "CREATE POLICY theirs ON child FOR SELECT USING (true)",
    "row-level security": "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "forced": "ALTER TABLE t FORCE ROW LEVEL SECURITY",
    "rule": "DROP RULE quiet ON child",
    "function": "CREATE OR REPLACE FUNCTION twice(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT x * 3'",
    "volatility": "ALTER FUNCTION twice VOLATILE",
    "overload": "CREATE FUNCTION twice(x text) RETURNS text LANGUAGE sql AS 'SELECT x'",
    "procedure": "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
    "aggregate": "CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer)",
    "function comment": "COMMENT ON FUNCTION twice IS 'x'",
    "partition": "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
    "partition detached": "ALTER TABLE parts DETACH PARTITION parts_1",
    "statistics": "DROP STATISTICS t_ab",
    "extension": "CREATE EXTENSION hstore",
    "schema": "CREATE SCHEMA third",
    "collation": 'CREATE COLLATION german FROM "C"',
    "cast": "CREATE CAST (pair AS text) WITH INOUT",
    "operator": "CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)",
    "text search": "CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple)",
    "event trigger": "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
    "CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION e()",
    "publication": "CREATE PUBLICATION everything FOR TABLE t",
    "foreign server": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w",
}
NAMED = {
    "privileges": "GRANT SELECT ON t TO PUBLIC",
    "other schemas": "CREATE TABLE other.more (id integer)",
    "owners": "CREATE ROLE drift_other_owner; ALTER TABLE t OWNER TO drift_other_owner",
}


def seen_from_both_sides(url: str, other: str, change: str) -> list[Verdict]:
    """What the diff says, either way, with the change in a transaction that never ends well."""
    engine = sa.create_engine(other, poolclass=NullPool)
    dialect = dialect_for("postgresql")
    with engine.connect() as connection:
        connection.exec_driver_sql(change.replace("%", "%%"))
        with dialect.borrowed(connection):
            schema = dialect.read(connection, Scope())
            schema = replace(schema, others=dialect.others(connection, schema.schemas))
        connection.rollback()
    engine.dispose()
    here: Side = database_side(url, "test")
    there = schema_side(schema)
    return [compare_sides(*sides, Inputs()) for sides in ((here, there), (there, here))]


@pytest.fixture(scope="module")
def both(postgresql_server: Server) -> Iterator[tuple[str, str]]:
    with fresh_database(postgresql_server) as first, fresh_database(postgresql_server) as second:
        for url in (first, second):
            run_script(url, BASE)
        yield first, second


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_a_difference_from_both_sides(both: tuple[str, str], change: str) -> None:
    assert [bool(verdict.findings) for verdict in seen_from_both_sides(*both, change)] == [True, True]


@pytest.mark.parametrize("product", ["mariadb", "mysql", "sqlite"])
def test_a_trigger_of_another_product(product: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    first, second = f"sqlite:///{tmp_path / 'first.db'}", f"sqlite:///{tmp_path / 'second.db'}"
    if product != "sqlite":
        server = request.getfixturevalue(f"{product}_server")
        first, second = (_entered(server, request) for _ in range(2))
    when, body = (
        ("AFTER", "BEGIN UPDATE t SET b = 1; END") if product == "sqlite" else ("BEFORE", "FOR EACH ROW SET NEW.b = 1")
    )
    for url in (first, second):
        _run(url, "CREATE TABLE t (id integer PRIMARY KEY, b integer)")
        _run(url, f"CREATE TRIGGER touch {when} UPDATE ON t {body}")
    sides = database_side(first, "test"), database_side(second, "test")
    assert compare_sides(*sides, Inputs()).findings == ()
    _run(second, "DROP TRIGGER touch")
    for pair, code in ((sides, "OT101"), (sides[::-1], "OT201")):
        assert [finding.code for finding in compare_sides(*pair, Inputs()).findings] == [code]


def _entered(server: Server, request: pytest.FixtureRequest) -> str:
    context = fresh_database(server)
    url = context.__enter__()
    request.addfinalizer(lambda: context.__exit__(None, None, None))
    return url


def _run(url: str, statement: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize("kind", NAMED)
def test_what_is_not_compared_is_named(both: tuple[str, str], kind: str) -> None:
    for verdict in seen_from_both_sides(*both, NAMED[kind]):
        assert verdict.findings == ()
        assert any(note.startswith("not compared, here or there") and kind in note for note in verdict.notes)


def test_the_same_is_the_same(both: tuple[str, str], tmp_path: Path) -> None:
    first, second = both
    verdict = compare_sides(database_side(first, "test"), database_side(second, "test"), Inputs())
    assert (verdict.findings, verdict.not_checked) == ((), ())
    file = tmp_path / "schema.json"
    file.write_text(dump_snapshot(take_snapshot(Inputs(database=first))))
    snapshot = load_snapshot(file)
    assert snapshot.schema.others
    verdict = compare_sides(schema_side(snapshot.schema), database_side(second, "test"), Inputs())
    assert (verdict.findings, verdict.not_checked) == ((), ())
    # A snapshot of a release that did not read them accuses nobody.
    old = schema_side(replace(snapshot.schema, others=None))
    assert compare_sides(old, database_side(second, "test"), Inputs()).findings == ()
