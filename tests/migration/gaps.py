"""A table with everything that a slow road repairs, and helpers to run a plan over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.pool import NullPool

import drift
from drift.migration.options import PlanOptions, Roads
from drift.migration.plan import Plan
from tests.repair import run_script

metadata = sa.MetaData()

kind = pg.ENUM("small", "middle", "large", name="kind", metadata=metadata)
sa.Table("places", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)))
sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("code", sa.String(20), nullable=False),
    sa.Column("place_id", sa.Integer),
    sa.Column("amount", sa.Integer),
    sa.Column("kind", kind),
    sa.Column("added", sa.Text, nullable=False, server_default="new"),
    sa.UniqueConstraint("code", name="uq_things_code"),
    sa.ForeignKeyConstraint(["place_id"], ["places.id"], name="fk_things_place"),
    sa.CheckConstraint("amount > 0", name="ck_things_amount"),
    sa.Index("ix_things_amount", "amount"),
    sa.Index("ix_things_place", "place_id", unique=False, postgresql_where=sa.text("amount > 10")),
)

DRIFTED = """
CREATE TYPE kind AS ENUM ('small', 'large');
CREATE TABLE places (id serial PRIMARY KEY, name varchar(80));
CREATE TABLE things (
    id bigserial NOT NULL, code varchar(20), place_id int, amount int, kind kind
);
CREATE INDEX ix_things_place ON things (place_id);
"""
"""No primary key, no unique constraint, no foreign key, no check, a nullable code, a label and a column too few."""

ROWS = """
INSERT INTO places (name) SELECT 'p' || n FROM generate_series(1, 5) n;
INSERT INTO things (code, place_id, amount, kind)
    SELECT 'c' || n, 1 + n % 5, n, 'small' FROM generate_series(1, 50) n;
"""

SLOW = PlanOptions(roads=Roads.SLOW)


def drifted(url: str, *more: str) -> None:
    """Make the drifted database, with rows."""
    run_script(url, DRIFTED + ROWS + "".join(more))


def check(url: str, models: Any = metadata) -> drift.Report:
    """Everything that drifted."""
    return drift.check(models, url, config=drift.Config(fail_on="info"))


def plan(url: str, options: PlanOptions = SLOW, models: Any = metadata) -> Plan:
    """The plan for it."""
    return drift.plan(check(url, models), options)


def rows(url: str, table: str) -> int:
    """How many rows a table holds."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())


def fresh(tmp_path: Path) -> Path:
    """A new folder."""
    return tmp_path / f"project{len(list(tmp_path.iterdir()))}"


ENV = """
from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=None, version_table_schema="versions")
with context.begin_transaction():
    context.run_migrations()
"""


class Project:
    """A plan as the only revision of a project, or a chain; several runs may start, break off, and start again.

    Args:
        plan: What the revision does, or one for each revision.
        url: Its database; a schema for Alembic's own table is made there.
        folder: Where to lay the project.
    """

    def __init__(self, plan: Plan | Sequence[Plan], url: str, folder: Path) -> None:
        self.url = url
        sources = [one.to_python() for one in ([plan] if isinstance(plan, Plan) else plan)]
        self.source = "\n\n".join(sources)
        self.config = AlembicConfig()
        self.config.set_main_option("script_location", str(folder))
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENV)
        for number, source in enumerate(sources):
            down = f"repair{number - 1}" if number else None
            head = f"revision = 'repair{number}'\ndown_revision = {down!r}\n"
            (folder / "versions" / f"repair{number}.py").write_text(f"{source}\n\n{head}")
        run_script(url, "CREATE SCHEMA versions")

    def run(self, direction: str, watch: Callable[..., None] | None = None) -> None:
        """``upgrade`` to the end or ``downgrade`` to the start; ``watch`` sees every statement."""
        engine = create_engine(self.url, poolclass=NullPool)
        if watch is not None:
            sa.event.listen(engine, "before_cursor_execute", watch)
        with engine.connect() as connection:
            self.config.attributes["connection"] = connection
            getattr(command, direction)(self.config, "head" if direction == "upgrade" else "base")
            connection.commit()
