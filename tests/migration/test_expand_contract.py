"""Another type for a column of a large table: filled in batches under traffic, swapped at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from drift.migration import fills
from tests.migration.gaps import Project, check, fresh, plan
from tests.migration.test_interrupted import _run_until
from tests.repair import as_read, connected, differences, run_script, told

metadata = sa.MetaData()
sa.Table(
    "readings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False, server_default="7", comment="what was read"),
    sa.Column("at", sa.Text),
)
DRIFTED = """
CREATE TABLE readings (id serial PRIMARY KEY, value text NOT NULL DEFAULT '7', at text);
COMMENT ON COLUMN readings.value IS 'what was read';
INSERT INTO readings (value) SELECT n::text FROM generate_series(1, 100) n;
"""


def _values(url: str) -> list[str]:
    with connected(url) as connection:
        return [row[0] for row in connection.execute(sa.text("SELECT value::text FROM readings ORDER BY id"))]


def test_there_and_back_without_a_rewrite(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fills, "PAGES", 1)
    run_script(database, DRIFTED)
    before, values = as_read(check(database, metadata)), _values(database)
    project = Project(plan(database, models=metadata), database, fresh(tmp_path))
    assert "SET value_drift = value::bigint" in project.source
    assert "ALTER COLUMN value TYPE" not in project.source
    project.run("upgrade")
    assert told(check(database, metadata)) == [], project.source
    assert _values(database) == values
    run_script(database, "INSERT INTO readings DEFAULT VALUES")
    project.run("downgrade")
    assert differences(before, as_read(check(database, metadata))) == [], project.source
    assert _values(database) == [*values, "7"]


def test_interrupted_at_every_place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fills, "PAGES", 1)
    run_script(database, DRIFTED)
    before, values = as_read(check(database, metadata)), _values(database)
    project = Project(plan(database, models=metadata), database, fresh(tmp_path))
    for direction in ("upgrade", "downgrade"):
        killed = 0
        while _run_until(project, direction, killed + 1):
            killed += 1
        assert _values(database) == values
        if direction == "upgrade":
            assert told(check(database, metadata)) == [], project.source
    assert differences(before, as_read(check(database, metadata))) == [], project.source


def test_values_that_do_not_fit_stop_it(database: str, tmp_path: Path) -> None:
    run_script(database, DRIFTED + "UPDATE readings SET value = 'many' WHERE id = 3;")
    project = Project(plan(database, models=metadata), database, fresh(tmp_path))
    with pytest.raises(RuntimeError, match="do not read as bigint"):
        project.run("upgrade")
    assert check(database, metadata).alignment.actual.tables[0].column("value_drift") is None


full = sa.MetaData()
sa.Table(
    "events",
    full,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("code", sa.BigInteger, nullable=False),
    sa.Column("place", sa.BigInteger),
    sa.Column("note", sa.Text),
    sa.UniqueConstraint("code", "note", name="uq_code"),
    sa.CheckConstraint("code > 0", name="ck_code"),
    sa.Index("ix_code", "code", postgresql_where=sa.text("code < 1000000")),
    sa.ForeignKeyConstraint(["place"], ["places.id"], name="fk_place"),
)
sa.Table("places", full, sa.Column("id", sa.BigInteger, primary_key=True))
sa.Table(
    "remarks",
    full,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("event", sa.Integer),
    sa.ForeignKeyConstraint(["event"], ["events.id"], name="fk_event"),
)
NARROW = """
CREATE TABLE places (id bigserial PRIMARY KEY);
CREATE TABLE events (id serial PRIMARY KEY, code integer NOT NULL, place integer, note text,
    CONSTRAINT uq_code UNIQUE (code, note), CONSTRAINT ck_code CHECK (code > 0),
    CONSTRAINT fk_place FOREIGN KEY (place) REFERENCES places (id));
CREATE INDEX ix_code ON events (code) WHERE code < 1000000;
COMMENT ON CONSTRAINT ck_code ON events IS 'never zero';
COMMENT ON INDEX ix_code IS 'small ones';
CREATE TABLE remarks (id serial PRIMARY KEY, event integer, CONSTRAINT fk_event FOREIGN KEY (event) REFERENCES events);
CREATE VIEW coded AS SELECT e.id, e.code FROM events e WHERE e.code > 3;
CREATE VIEW counted AS SELECT count(*) AS n, max(code) AS most FROM coded;
CREATE MATERIALIZED VIEW kept AS SELECT id, code FROM events;
CREATE UNIQUE INDEX ix_kept ON kept (id);
COMMENT ON VIEW coded IS 'those with a code';
COMMENT ON COLUMN kept.code IS 'as it was';
GRANT SELECT ON coded TO PUBLIC;
INSERT INTO places SELECT FROM generate_series(1, 3);
INSERT INTO events (code, place) SELECT n, 1 + n % 3 FROM generate_series(1, 100) n;
INSERT INTO remarks (event) SELECT n FROM generate_series(1, 50) n;
"""


def _rows(url: str, query: str = "SELECT id, code, place FROM events ORDER BY id") -> list[tuple[object, ...]]:
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def _without_sequences(url: str) -> list[str]:
    return [line for line in told(check(url, full)) if not line.startswith("SQ")]


PRIVILEGES = "SELECT relname, relacl::text FROM pg_class WHERE relname IN ('coded', 'counted', 'kept') ORDER BY 1"


def test_what_rests_on_the_column_comes_along(database: str, tmp_path: Path) -> None:
    run_script(database, NARROW)
    before, rows, privileges = as_read(check(database, full)), _rows(database), _rows(database, PRIVILEGES)
    made = plan(database, models=full)
    changes = [step for step in made.active if step.title.startswith("change the type")]
    assert {step.hold.value for step in changes} == {"brief"}, [step.hazard for step in changes]
    taken_down = "view public.coded", "view public.counted"
    assert any(all(view in (step.hazard or "") for view in taken_down) for step in changes)
    project = Project(made, database, fresh(tmp_path))
    assert "TYPE" not in project.source
    project.run("upgrade")
    assert _without_sequences(database) == [], project.source
    assert _rows(database) == rows
    assert _rows(database, PRIVILEGES) == privileges
    assert _rows(database, "SELECT n, most FROM counted") == [(97, 100)]
    run_script(database, "INSERT INTO events (code) VALUES (5000000000)")
    with pytest.raises(sa.exc.IntegrityError):
        run_script_as_statement(database, "INSERT INTO events (code) VALUES (0)")
    run_script(database, "DELETE FROM events WHERE code = 5000000000")
    project.run("downgrade")
    assert differences(before, as_read(check(database, full))) == [], project.source
    assert _rows(database) == rows
    assert _rows(database, PRIVILEGES) == privileges


def run_script_as_statement(url: str, statement: str) -> None:
    """One statement, with the errors of SQLAlchemy."""
    with connected(url) as connection:
        connection.execute(sa.text(statement))


def test_killed_with_everything_on_it(database: str, tmp_path: Path) -> None:
    run_script(database, NARROW)
    before, rows = as_read(check(database, full)), _rows(database)
    project = Project(plan(database, models=full), database, fresh(tmp_path))
    for direction in ("upgrade", "downgrade"):
        killed = 0
        while _run_until(project, direction, killed + 1):
            killed += 1
        assert _rows(database) == rows
        if direction == "upgrade":
            assert _without_sequences(database) == [], project.source
    assert differences(before, as_read(check(database, full))) == [], project.source


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("ALTER TABLE readings ALTER id TYPE text; ALTER TABLE readings ADD twice text GENERATED ALWAYS AS"
         " (value || value) STORED;", "column twice is generated from it"),
        ("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
         "CREATE TRIGGER t BEFORE UPDATE ON readings FOR EACH ROW EXECUTE FUNCTION f();", "triggers would run"),
        ("CREATE TABLE heir () INHERITS (readings);", "the table inherits"),
        ("ALTER TABLE readings ADD CONSTRAINT u UNIQUE (value);"
         "CREATE TABLE other (v text REFERENCES readings (value));", "a foreign key links it"),
    ],
)  # fmt: skip
def test_where_it_is_not_sound_the_plain_road_is_announced(database: str, more: str, reason: str) -> None:
    run_script(database, DRIFTED.replace("serial PRIMARY KEY", "serial") + more)
    made = plan(database, models=metadata)
    step = next(step for step in made.active if step.title.startswith("change the type of public.readings.value"))
    assert step.hold.value == "while the table is rewritten"
    assert step.lock.value == "ACCESS EXCLUSIVE"
    assert "the plain road, because" in (step.hazard or "")
    assert reason in (step.hazard or "")


def test_what_would_be_lost_with_the_column_is_kept(database: str, tmp_path: Path) -> None:
    extras = (
        "GRANT SELECT (value) ON readings TO PUBLIC; ALTER TABLE readings ALTER value SET STATISTICS 77;"
        "CREATE STATISTICS apart ON id, value FROM readings;"
    )
    kept = (
        "SELECT attacl::text, attstattarget, pg_get_statisticsobjdef(s.oid) FROM pg_attribute a, pg_statistic_ext s "
        "WHERE attrelid = 'readings'::regclass AND attname = 'value'"
    )
    run_script(database, DRIFTED + extras)
    before, seen = as_read(check(database, metadata)), _rows(database, kept)
    assert len(seen) == 1
    project = Project(plan(database, models=metadata), database, fresh(tmp_path))
    project.run("upgrade")
    assert _rows(database, kept) == seen
    project.run("downgrade")
    assert _rows(database, kept) == seen
    assert differences(before, as_read(check(database, metadata))) == []
