"""A copy of the live structure reads the same as the original."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from drift.dialects import Scope, dialect_for
from drift.dialects.postgresql.beside import Beside, read_beside
from drift.schema import Schema
from drift.verification.clone import clone
from drift.verification.comparing import structural_differences
from tests.properties import base_models
from tests.repair import run_script

MORE = """
CREATE VIEW open_tickets AS SELECT t.id, o.name FROM tickets t JOIN owners o ON o.id = t.owner_id;
CREATE VIEW named AS SELECT name FROM open_tickets;
CREATE MATERIALIZED VIEW totals AS SELECT owner_id, count(*) AS n FROM tickets GROUP BY owner_id;
CREATE UNIQUE INDEX ix_totals ON totals (owner_id);
CREATE TABLE "Odd ""Table" ("a b" int PRIMARY KEY, "select" text DEFAULT 'it''s 100% :x', CHECK ("select" <> ':y'));
COMMENT ON TABLE "Odd ""Table" IS 'it''s 100% :odd, \\d and 50%s';
ALTER TABLE "Odd ""Table" ADD CONSTRAINT digits CHECK ("select" ~ '^\\d+:\\w%s$') NOT VALID;
CREATE UNLOGGED TABLE hasty (id serial PRIMARY KEY, at timestamp(3) DEFAULT now());
ALTER TABLE hasty ADD CONSTRAINT later CHECK (id > 0) NOT VALID;
CREATE TABLE hasty_child (note text) INHERITS (hasty);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER on_owner BEFORE UPDATE ON owners FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE owners DISABLE TRIGGER on_owner;
ALTER TABLE app.plans ENABLE ROW LEVEL SECURITY;
"""


def _read(url: str) -> Schema:
    dialect = dialect_for("postgresql")
    with dialect.read_only(create_engine(url, poolclass=NullPool)) as connection:
        return dialect.read(connection, Scope(schemas=("public", "app")))


def test_a_clone_reads_as_the_original(database: str, second_database: str) -> None:
    run_script(database, base_models.SETUP)
    base_models.metadata.create_all(create_engine(database, poolclass=NullPool))
    run_script(database, MORE)
    original = _read(database)
    with create_engine(second_database, poolclass=NullPool).connect() as connection:
        assert clone(original, connection, _beside(database)) == ()
    assert (
        structural_differences(original, _read(second_database), create_engine(second_database, poolclass=NullPool))
        == ()
    )


FUNCTIONS = """
CREATE FUNCTION helper(x int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x < 10; END';
CREATE FUNCTION small(x int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN helper(x); END';
CREATE FUNCTION doubled(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE FUNCTION started() RETURNS int LANGUAGE sql AS 'SELECT 7';
CREATE FUNCTION bumped() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seen := 1 + NEW.seen; RETURN NEW; END';
CREATE FUNCTION unused() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE used (id int DEFAULT started(), twice int GENERATED ALWAYS AS (doubled(id)) STORED, seen int,
    CHECK (small(id)));
CREATE INDEX ix_used ON used (doubled(id));
CREATE TRIGGER bump BEFORE INSERT ON used FOR EACH ROW EXECUTE FUNCTION bumped();
CREATE TABLE logs (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE logs_2024 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE logs_2024_a PARTITION OF logs_2024 FOR VALUES IN (1, 2);
CREATE TABLE logs_rest PARTITION OF logs DEFAULT;
CREATE INDEX ix_logs ON logs (at);
"""


def _beside(url: str) -> Beside:
    with dialect_for("postgresql").read_only(create_engine(url, poolclass=NullPool)) as connection:
        return read_beside(connection, ("public", "app"))


def test_functions_that_are_used_and_partitions_come_along(database: str, second_database: str) -> None:
    run_script(database, FUNCTIONS)
    beside = _beside(database)
    assert {name.name for name, _ in beside.functions} == {"helper", "small", "doubled", "started", "bumped"}
    with create_engine(second_database, poolclass=NullPool).connect() as connection:
        assert clone(_read(database), connection, beside) == ()
        connection.execute(text("INSERT INTO used (seen) VALUES (4)"))
        assert connection.execute(text("SELECT id, twice, seen FROM used")).one() == (7, 14, 5)
        connection.execute(text("INSERT INTO logs VALUES (2, '2024-05-05'), (9, '2030-01-01')"))
        assert connection.execute(text("SELECT count(*) FROM logs_2024_a")).scalar() == 1
        assert connection.execute(text("SELECT count(*) FROM logs_rest")).scalar() == 1
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO used (id) VALUES (11)"))


def test_what_the_scratch_server_cannot_take_is_told(database: str, second_database: str) -> None:
    run_script(database, "CREATE TABLE plain (id int PRIMARY KEY)")
    original = _read(database)
    partition = "CREATE TABLE part PARTITION OF nowhere DEFAULT"
    with create_engine(second_database, poolclass=NullPool).connect() as connection:
        refused = clone(original, connection, Beside(partitions=(partition,)))
    assert [item.statement for item in refused] == [partition]
    assert _read(second_database).tables == original.tables
