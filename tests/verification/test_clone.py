"""A copy of the live structure reads the same as the original."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from drift.dialects import Scope, dialect_for
from drift.schema import Extension, Schema
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
COMMENT ON TABLE "Odd ""Table" IS 'it''s 100% :odd';
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
        assert clone(original, connection) == ()
    differences = structural_differences(original, _read(second_database))
    # Functions are empty in a copy: only their names are structure.
    assert [line for line in differences if not line.startswith("functions")] == []


def test_what_the_scratch_server_cannot_take_is_told(database: str, second_database: str) -> None:
    run_script(database, "CREATE TABLE plain (id int PRIMARY KEY)")
    original = replace(_read(database), extensions=(Extension("no_such_extension"),))
    with create_engine(second_database, poolclass=NullPool).connect() as connection:
        refused = clone(original, connection)
    assert [item.statement for item in refused] == ["CREATE EXTENSION IF NOT EXISTS no_such_extension"]
    assert _read(second_database).tables == original.tables
