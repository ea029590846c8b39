"""The session decides which schema is meant: options of the URL, the role, the database, env.py, and MySQL's names."""

from __future__ import annotations

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
{models}
engine = sa.create_engine({url!r})
with engine.connect() as connection:
    {body}
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
CUSTOMERS = """sa.Table("customers", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
         sa.Column("name", sa.String(40)))"""
TENANT = "tenant_of_drift"


def project(folder: Path, url: str, body: str = "pass", models: str = CUSTOMERS) -> Sample:
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(ENV.format(url=url, body=body, models=models))
    return Sample(folder)


def two_schemas(url: str) -> None:
    """The one that is meant is right, the other one is not."""
    for schema, length in ((TENANT, 40), ("public", 9)):
        made = f"CREATE SCHEMA IF NOT EXISTS {schema};"
        run_script(url, f"{made} CREATE TABLE {schema}.customers (id integer PRIMARY KEY, name varchar({length}))")


def drifts_there_only(sample: Sample, url: str, command: str = "drift check") -> None:
    assert "In sync: 1 table" in sample.run(command, expect=0).out
    run_script(url, f"ALTER TABLE {TENANT}.customers ALTER COLUMN name TYPE varchar(8)")
    found = sample.run(command, expect=1).out
    assert "CO301" in found
    assert "varchar(8)" in found


def test_options_of_the_url(database: str, tmp_path: Path) -> None:
    two_schemas(database)
    mark = "&" if "?" in database else "?"
    drifts_there_only(project(tmp_path, f"{database}{mark}options=-csearch_path%3D{TENANT}"), database)


def test_the_database_has_its_own_path(database: str, tmp_path: Path) -> None:
    two_schemas(database)
    run_script(database, f'ALTER DATABASE "{sa.make_url(database).database}" SET search_path = {TENANT}')
    drifts_there_only(project(tmp_path, database), database)


def test_the_role_has_its_own_path(database: str, tmp_path: Path) -> None:
    two_schemas(database)
    role = f"path_{sa.make_url(database).database}"
    run_script(
        database, f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'x'; ALTER ROLE {role} SET search_path = {TENANT}"
    )
    try:
        url = sa.make_url(database).set(username=role, password="x").render_as_string(hide_password=False)
        drifts_there_only(project(tmp_path, url), database)
    finally:
        run_script(database, f"DROP ROLE {role}")


@pytest.mark.parametrize(
    "body",
    [
        f"connection = connection.execution_options(schema_translate_map={{None: '{TENANT}'}})",
        "connection.execute(sa.text('SET search_path TO ' + context.get_x_argument(as_dictionary=True)['tenant']))",
    ],
    ids=["schema_translate_map", "-x tenant"],
)
def test_what_env_py_makes_of_it(database: str, tmp_path: Path, body: str) -> None:
    two_schemas(database)
    drifts_there_only(project(tmp_path, database, body), database, f"drift check -x tenant={TENANT}")


VARIANTS = """sa.Table("customers", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
         sa.Column("name", sa.String(40).with_variant(sa.String(80), "mysql").with_variant(sa.String(90), "mariadb")),
         sa.Index("ix_name", "name").ddl_if(dialect="mysql"),
         sa.Index("ix_maria", "id", "name").ddl_if(dialect="mariadb"))"""


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_the_name_of_the_dialect_is_that_of_the_url(mariadb_database: str, tmp_path: Path, name: str) -> None:
    """One server, and two names for it: the variants and conditions of the models go by the URL's."""
    url = sa.make_url(mariadb_database).set(drivername=f"{name}+pymysql").render_as_string(hide_password=False)
    length, index = (80, "ix_name (name)") if name == "mysql" else (90, "ix_maria (id, name)")
    on_server(url, f"CREATE TABLE customers (id integer PRIMARY KEY, name varchar({length}), INDEX {index})")
    sample = project(tmp_path, url, models=VARIANTS)
    assert "In sync: 1 table" in sample.run("drift check", expect=0).out
    on_server(url, "ALTER TABLE customers MODIFY name varchar(40)")
    assert "CO301" in sample.run("drift check", expect=1).out


def test_a_database_that_env_py_chooses(mariadb_database: str, tmp_path: Path) -> None:
    """`USE tenant` on the connection: that database is compared, not the one of the URL."""
    tenant = f"{sa.make_url(mariadb_database).database}_tenant"
    on_server(mariadb_database, f"CREATE DATABASE {tenant}")
    try:
        for place, length in ((tenant, 40), (sa.make_url(mariadb_database).database, 9)):
            table = f"{place}.customers (id integer PRIMARY KEY, name varchar({length}))"
            on_server(mariadb_database, f"CREATE TABLE {table}")
        sample = project(tmp_path, mariadb_database, f"connection.execute(sa.text('USE {tenant}'))")
        assert "In sync: 1 table" in sample.run("drift check", expect=0).out
        on_server(mariadb_database, f"ALTER TABLE {tenant}.customers MODIFY name varchar(8)")
        found = sample.run("drift check", expect=1).out
        assert "varchar(8)" in found
    finally:
        on_server(mariadb_database, f"DROP DATABASE {tenant}")


def on_server(url: str, statement: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
