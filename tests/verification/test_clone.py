"""A copy of the live structure is the original, by everything that anybody can ask of both."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from drift.dialects import Scope, dialect_for
from drift.dialects.postgresql.resting import standing
from drift.schema import Schema
from drift.sources.connections import engine_for
from drift.verification.archive import Archive, make_again, programs, write_archive
from drift.verification.comparing import structural_differences
from drift.verification.leftovers import owned_folder
from tests.properties import base_models
from tests.repair import run_script
from tests.servers import Server

MORE = """
CREATE VIEW open_tickets AS SELECT t.id, o.name FROM tickets t JOIN owners o ON o.id = t.owner_id;
CREATE VIEW named AS SELECT name FROM open_tickets;
CREATE MATERIALIZED VIEW totals AS SELECT owner_id, count(*) AS n FROM tickets GROUP BY owner_id;
CREATE UNIQUE INDEX ix_totals ON totals (owner_id);
CREATE TABLE "Odd ""Table" ("a b" int PRIMARY KEY, "select" text DEFAULT 'it''s 100% :x', CHECK ("select" <> ':y'));
COMMENT ON TABLE "Odd ""Table" IS E'it''s 100% :odd, \\\\d and 50%s
--
-- Name: "Odd; Type: TABLE; Schema: public; Owner: -
--
';
ALTER TABLE "Odd ""Table" ADD CONSTRAINT digits CHECK ("select" ~ '^\\d+:\\w%s$') NOT VALID;
CREATE UNLOGGED TABLE hasty (id serial PRIMARY KEY, at timestamp(3) DEFAULT now());
ALTER TABLE hasty ADD CONSTRAINT later CHECK (id > 0) NOT VALID;
CREATE TABLE hasty_child (note text) INHERITS (hasty);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.id := NEW.id; RETURN NEW; END';
CREATE TRIGGER on_owner BEFORE UPDATE ON owners FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE owners DISABLE TRIGGER on_owner;
ALTER TABLE app.plans ENABLE ROW LEVEL SECURITY;
CREATE SCHEMA elsewhere;
CREATE FUNCTION elsewhere.helper(x int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x < 10; END';
CREATE FUNCTION elsewhere.doubled(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * 2';
CREATE FUNCTION unused() RETURNS int LANGUAGE sql AS 'SELECT 1';
DO $$ BEGIN IF current_setting('server_version_num')::int >= 140000 THEN
EXECUTE 'CREATE FUNCTION closed() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT count(*) FROM owners; END';
END IF; END $$;
CREATE PROCEDURE proceed() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE product (int) (sfunc = int4mul, stype = int, initcond = '1');
CREATE FUNCTION near(a int, b int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) < 3';
CREATE OPERATOR elsewhere.=~ (leftarg = int, rightarg = int, function = near, commutator = OPERATOR(elsewhere.=~));
CREATE TYPE elsewhere.place AS (street text, at point);
CREATE TYPE elsewhere.span AS RANGE (subtype = float8);
CREATE DOMAIN elsewhere.small AS int DEFAULT 1 CONSTRAINT few CHECK (elsewhere.helper(value));
CREATE COLLATION elsewhere.plain (provider = libc, locale = 'C');
CREATE TEXT SEARCH DICTIONARY elsewhere.simplest (template = simple, stopwords = english);
CREATE TEXT SEARCH CONFIGURATION elsewhere.words (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION elsewhere.words ALTER MAPPING FOR asciiword WITH elsewhere.simplest;
CREATE FUNCTION as_small(elsewhere.place) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (elsewhere.place AS int) WITH FUNCTION as_small(elsewhere.place);
CREATE TABLE used (
    id int DEFAULT 7, twice int GENERATED ALWAYS AS (elsewhere.doubled(id)) STORED, at elsewhere.place,
    title text COLLATE elsewhere.plain, few elsewhere.small, span elsewhere.span,
    number int GENERATED ALWAYS AS IDENTITY,
    CHECK (elsewhere.helper(id)), EXCLUDE USING gist (span WITH &&)
) WITH (fillfactor = 70);
CREATE INDEX ix_used ON used (elsewhere.doubled(id)) WHERE id OPERATOR(elsewhere.=~) 5;
CREATE INDEX ix_words ON used USING gin (to_tsvector('elsewhere.words', title));
CREATE STATISTICS elsewhere.both_of (dependencies) ON id, twice FROM used;
ALTER TABLE used REPLICA IDENTITY FULL, ALTER title SET STATISTICS 500, ALTER title SET STORAGE external;
CREATE POLICY own ON used FOR SELECT TO public USING (id > 0);
CREATE RULE keep AS ON DELETE TO used WHERE OLD.id = 1 DO INSTEAD NOTHING;
CREATE PUBLICATION told FOR TABLE used;
COMMENT ON POLICY own ON used IS 'a policy';
GRANT SELECT (id), UPDATE (title) ON used TO PUBLIC;
GRANT USAGE ON SCHEMA elsewhere TO PUBLIC;
REVOKE EXECUTE ON FUNCTION unused() FROM PUBLIC;
CREATE TABLE logs (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE logs_2024 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (id);
CREATE TABLE logs_2024_a PARTITION OF logs_2024 FOR VALUES IN (1, 2);
CREATE TABLE logs_rest PARTITION OF logs DEFAULT;
CREATE INDEX ix_logs ON logs (at);
CREATE INDEX ix_old ON logs_old (id);
ALTER TABLE logs_old ALTER id SET DEFAULT 5;
"""


@contextmanager
def _looking(url: str) -> Iterator[Connection]:
    with dialect_for("postgresql").read_only(engine_for(make_url(url))) as connection:
        yield connection


def _read(url: str) -> Schema:
    with _looking(url) as connection:
        return dialect_for("postgresql").read(connection, Scope(schemas=("public", "app", "elsewhere")))


@contextmanager
def _archived(url: str) -> Iterator[tuple[Archive, Path]]:
    with owned_folder("copy", deepest=".s.PGSQL.5432") as folder:
        with _looking(url) as connection:
            archive = write_archive(connection, folder)
        yield archive, folder


def _contents(url: str) -> list[str]:
    """What the whole database consists of, with comments and privileges."""
    where = programs()
    assert where is not None
    with _archived(url) as (archive, _):
        command = [str(where / "pg_restore"), "--file=-", str(archive.file)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if line.startswith("-- Name: ")]


def test_a_copy_is_the_original(database: str, second_database: str) -> None:
    run_script(database, base_models.SETUP)
    base_models.metadata.create_all(create_engine(database, poolclass=NullPool))
    run_script(database, MORE)
    engine = create_engine(second_database, poolclass=NullPool)
    with _archived(database) as (archive, folder):
        assert make_again(archive, engine, folder) == ()
    one, other = _read(database), _read(second_database)
    # Materialised views are empty in the copy, and its server may spell an expression otherwise.
    assert [each.label for each in one.dependents] == [each.label for each in other.dependents]
    assert structural_differences(replace(one, dependents=()), replace(other, dependents=()), engine) == ()
    with _looking(database) as live, _looking(second_database) as copy:
        assert standing(live) == standing(copy)
    # The server spells an expression otherwise that it read in its own spelling; what there is, is the same.
    assert _contents(database) == _contents(second_database)
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO used (few) VALUES (4)"))
        assert connection.execute(text("SELECT id, twice FROM used")).one() == (7, 14)
        connection.execute(text("INSERT INTO logs VALUES (2, '2024-05-05'), (9, '2030-01-01')"))
        assert connection.execute(text("SELECT count(*) FROM logs_2024_a")).scalar() == 1
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO used (id) VALUES (11)"))


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "pg8000"])
def test_no_right_on_any_table_is_needed(database: str, postgresql_server: Server, driver: str) -> None:
    """The catalogs are open to every role, no table is locked or read, and every driver hands over the same."""
    pytest.importorskip(driver)
    run_script(database, base_models.SETUP)
    base_models.metadata.create_all(create_engine(database, poolclass=NullPool))
    run_script(database, MORE)
    run_script(postgresql_server.url, "CREATE ROLE drift_without_rights LOGIN")
    try:
        url = make_url(database).set(username="drift_without_rights", drivername=f"postgresql+{driver}")
        assert _contents(url.render_as_string(hide_password=False)) == _contents(database)
    finally:
        run_script(postgresql_server.url, "DROP ROLE drift_without_rights")
