"""The schema that env.py chooses is the one compared, and nothing that env.py runs changes the database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tests.cli.projects import Sample
from tests.repair import run_script

ENV = """
from alembic import context
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("customers", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
         sa.Column("name", sa.String(40)))
engine = sa.create_engine({url!r})
with engine.connect() as connection:
    {body}
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
TABLE = "CREATE TABLE {schema}.customers (id integer PRIMARY KEY, name varchar({length}));"
CHOOSES = {
    "SET": "connection.execute(sa.text('SET search_path TO tenant'))",
    "SET SESSION =": "connection.execute(sa.text(\"SET SESSION search_path = 'tenant', public;\"))",
    "SET SCHEMA": "connection.execute(sa.text(\"SET SCHEMA 'tenant'\"))",
    "comments": "connection.execute(sa.text('/* a; b */ -- c\\nSET search_path TO \"tenant\"'))",
    "set_config": "connection.execute(sa.text(\"SELECT set_config('search_path', 'tenant, public', false)\"))",
    "bound": "connection.execute(sa.text(\"SELECT set_config('search_path', :s, false)\"), {'s': 'tenant'})",
    "a construct": "connection.execute(sa.select(sa.func.set_config('search_path', 'tenant', False)))",
    "driver's tuple": "connection.exec_driver_sql(\"SELECT set_config('search_path', %s, false)\", ('tenant',))",
    "driver's names": "connection.exec_driver_sql('SET search_path TO %(s)s', {'s': 'tenant'})",
    "scalar": "connection.scalar(sa.text(\"SELECT pg_catalog.set_config('search_path', 'tenant', false)\"))",
    "dialect": "connection.dialect.default_schema_name = 'tenant'",
}
WRITES = {
    "behind the schema": "connection.execute(sa.text('SET search_path TO public; COMMIT; "
    "INSERT INTO canary VALUES (1)'))",
    "in its value": "connection.execute(sa.text(\"SELECT set_config('search_path', 'public', false); COMMIT; "
    'INSERT INTO canary VALUES (1)"))',
    "bound": "connection.execute(sa.text(\"SELECT set_config('search_path', :s, false)\"), "
    "{'s': \"public'; COMMIT; INSERT INTO canary VALUES (1); --\"})",
    "behind a question": "connection.execute(sa.text('SELECT 1')).one(); "
    "connection.execute(sa.text('SELECT 1; COMMIT; INSERT INTO canary VALUES (1)'))",
    "behind a comment": "connection.execute(sa.text('SELECT 1')).scalar_one() + 0; "
    "connection.execute(sa.text('/* ; */ SELECT 1 /* x */; /**/ COMMIT; INSERT INTO canary VALUES (1)'))",
}


def project(folder: Path, url: str, body: str) -> Sample:
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV.format(url=url, body=body))
    return Sample(folder)


@pytest.mark.parametrize("body", CHOOSES.values(), ids=CHOOSES)
def test_the_schema_that_it_chooses(database: str, tmp_path: Path, body: str) -> None:
    """In sync there, whatever lies in the schema that nobody chose; and drift there is found."""
    run_script(database, f"CREATE SCHEMA tenant; {TABLE.format(schema='tenant', length=40)}")
    run_script(database, TABLE.format(schema="public", length=9))
    sample = project(tmp_path, database, body)
    assert "In sync: 1 table" in sample.run("drift check", expect=0).out
    run_script(database, "ALTER TABLE tenant.customers ALTER COLUMN name TYPE varchar(8)")
    found = sample.run("drift check", expect=1).out
    assert "CO301" in found
    assert "varchar(8)" in found


@pytest.mark.parametrize("body", WRITES.values(), ids=WRITES)
def test_nothing_that_it_runs_is_written(database: str, tmp_path: Path, body: str) -> None:
    run_script(database, f"CREATE TABLE canary (x integer); {TABLE.format(schema='public', length=40)}")
    project(tmp_path, database, body).run("drift check")
    engine = sa.create_engine(database, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM canary").scalar() == 0
    engine.dispose()


@pytest.mark.parametrize("sides", [("ca", "cb"), ("cb", "ca"), ("ca", "ca cb"), ("ca cb", "")])
def test_what_is_not_valid_on_either_side(
    database: str, second_database: str, tmp_path: Path, sides: tuple[str, str]
) -> None:
    for url, loose in zip((database, second_database), sides, strict=True):
        run_script(url, "CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer)")
        for name in ("ca", "cb"):
            valid = "NOT VALID" if name in loose.split() else ""
            run_script(url, f"ALTER TABLE t ADD CONSTRAINT {name} CHECK ({name[1]} > 0) {valid}")
    differing = set(sides[0].split()) ^ set(sides[1].split())
    said = Sample(tmp_path).run(f"drift diff {database} {second_database}", expect=1).out
    assert set(re.findall(r"CK302 .* (\w+)$", said, re.MULTILINE)) == differing
