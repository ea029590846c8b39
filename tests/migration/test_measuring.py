"""What a plan says about today: from statistics without reading a row, and from probes."""

from __future__ import annotations

from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool

from drift.dialects import dialect_for
from drift.migration.measuring import in_words, measured
from drift.migration.plan import Plan
from tests.migration.gaps import drifted, plan
from tests.repair import run_script


def _measured(url: str, *, probe: bool = False) -> tuple[Plan, list[str]]:
    made = plan(url)
    engine = create_engine(url, poolclass=NullPool)
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    with dialect_for("postgresql").read_only(engine) as connection:
        return measured(made, connection, default_schema="public", probe=probe), seen


def _costs(made: Plan) -> dict[str, str | None]:
    return {step.title: step.cost for step in made.steps}


def test_nulls_are_told_without_reading_a_row(database: str) -> None:
    drifted(database, "UPDATE things SET code = NULL WHERE amount <= 10; ANALYZE things;")
    made, seen = _measured(database)
    assert not any("FROM things" in statement for statement in seen)
    costs = _costs(made)
    assert (costs["forbid NULL in public.things.code"] or "").startswith("fails: about 20 % of 50 rows are NULL")
    assert (costs["create index ix_things_amount on public.things (amount)"] or "").startswith("about 50 rows, ")


def test_probes_count_what_stands_in_the_way(database: str) -> None:
    drifted(
        database,
        "UPDATE things SET code = NULL WHERE amount IN (1, 2);"
        "UPDATE things SET code = 'c3' WHERE amount = 4; UPDATE things SET place_id = 77 WHERE amount = 5;",
    )
    made, _ = _measured(database, probe=True)
    costs = _costs(made)
    assert (costs["forbid NULL in public.things.code"] or "").startswith("fails: 2 rows")
    assert (costs["add unique constraint uq_things_code on public.things (code)"] or "").startswith("fails: 1 row;")
    assert (costs["add foreign key fk_things_place on public.things (place_id)"] or "").startswith("fails: 1 row;")
    assert (costs["add check constraint ck_things_amount on public.things (amount > 0)"] or "").startswith(
        "no row stands in the way"
    )


def test_a_probe_gives_up_in_time(database: str) -> None:
    drifted(database)
    run_script(database, "ALTER TABLE things RENAME TO real; CREATE TABLE things AS SELECT * FROM real;")
    made = plan(database)
    engine = create_engine(database, poolclass=NullPool)
    run_script(database, "INSERT INTO things SELECT r.* FROM real r, generate_series(1, 5000);")
    with dialect_for("postgresql").read_only(engine) as connection:
        found = measured(made, connection, default_schema="public", probe=True, timeout=0.001)
    assert any("it took too long" in (step.cost or "") for step in found.steps)


def test_a_view_is_not_asked(database: str) -> None:
    drifted(database)
    run_script(database, "ALTER TABLE things RENAME TO real; CREATE TABLE things AS SELECT * FROM real;")
    made = plan(database)
    engine = create_engine(database, poolclass=NullPool)
    run_script(database, "DROP TABLE things; CREATE VIEW things AS SELECT * FROM real;")
    with dialect_for("postgresql").read_only(engine) as connection:
        found = measured(made, connection, default_schema="public", probe=True)
    why = "not known whether rows stand in the way: public.things is a view, and reading it runs what it says"
    assert why in {part for step in found.steps for part in (step.cost or "").split("; ")}


def test_numbers_in_words() -> None:
    assert [in_words(n) for n in (7, 12_345, 40_000_000, 3_000_000_000)] == ["7", "12.3 k", "40 M", "3 G"]
