"""The report says which database was read, what named it, and when the project's own is another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.projects import Sample

ENV = """
import os
from alembic import context
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table("customers", metadata, sa.Column("id", sa.Integer, primary_key=True))
{body}
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
OF_THE_FILE = 'engine = sa.engine_from_config(context.config.get_section("alembic"))'
OF_ITS_OWN = 'engine = sa.create_engine("sqlite:///own.db")'
OF_THE_VARIABLE = 'engine = sa.create_engine(os.environ["DATABASE_URL"])'
SETS_THE_OPTION = 'context.config.set_main_option("sqlalchemy.url", os.environ.get("DATABASE_URL", ""))\n' + OF_THE_FILE
PLACEHOLDER = "driver://user:pass@localhost/dbname"
OWN = "sqlite:///own.db"


def project(folder: Path, body: str, url: str) -> Sample:
    import sqlalchemy as sa

    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url}\n")
    (folder / "migrations" / "env.py").write_text(ENV.format(body=body))
    for name in ("own.db", "other.db"):
        engine = sa.create_engine(f"sqlite:///{folder / name}")
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE customers (id integer PRIMARY KEY NOT NULL)")
        engine.dispose()
    return Sample(folder)


@pytest.mark.parametrize(
    ("body", "url", "told"),
    [
        (OF_THE_FILE, OWN, True),
        (OF_ITS_OWN, PLACEHOLDER, True),
        (OF_THE_VARIABLE, PLACEHOLDER, False),
        (SETS_THE_OPTION, OWN, False),
        (OF_THE_FILE, "sqlite:///other.db", False),
    ],
    ids=["file", "env.py", "the variable", "env.py sets the file's", "the same"],
)
def test_a_variable_before_the_project(tmp_path: Path, body: str, url: str, told: bool) -> None:
    """Told exactly where `alembic upgrade` would go to another database than the one that was read."""
    sample = project(tmp_path, body, url)
    said = sample.run("DATABASE_URL=sqlite:///other.db drift check", expect=0).out
    assert "sqlite:///other.db (from DATABASE_URL)" in said.splitlines()[-1]
    assert ("DATABASE_URL was taken, not the database of env.py" in said) is told
    assert ("own.db" in said) is told


def test_an_option_is_meant(tmp_path: Path) -> None:
    said = project(tmp_path, OF_THE_FILE, OWN).run("drift check --database-url sqlite:///other.db", expect=0).out
    assert "sqlite:///other.db (from --database-url)" in said.splitlines()[-1]
    assert "env.py, where" not in said


def test_what_named_it_in_every_way(tmp_path: Path) -> None:
    sample = project(tmp_path, OF_THE_FILE, OWN)
    assert "sqlite:///own.db (from env.py)" in sample.run("drift check", expect=0).out
    assert json.loads(sample.run("drift check --format json", expect=0).out)["actual"]["origin"] == "env.py"
    (tmp_path / "pyproject.toml").write_text('[tool.drift]\ndatabase-url = "sqlite:///other.db"\n')
    said = sample.run("drift check", expect=0).out
    assert "sqlite:///other.db (from pyproject.toml" in said
    assert "was taken" not in said
