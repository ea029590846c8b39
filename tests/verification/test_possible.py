"""One step that the server refuses costs only itself, and what rests on it."""

from __future__ import annotations

from pathlib import Path

import drift
from drift.verification import Wishes, write_chain
from tests.migration.projects import Project
from tests.repair import run_script
from tests.servers import Server

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base
from sqlalchemy.types import UserDefinedType

Base = declarative_base()


class Place(UserDefinedType):
    cache_ok = True

    def get_col_spec(self, **kw):
        return "place_of_an_extension"


class Customer(Base):
    __tablename__ = "customers"
    id = sa.Column(sa.Integer, primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id = sa.Column(sa.Integer, primary_key=True)
    code = sa.Column(sa.String(20))
    customer = sa.Column(sa.String(20), sa.ForeignKey("customers.id", name="fk_customer"))
    place = sa.Column(Place)
    note = sa.Column(sa.String(20), index=True)
    __table_args__ = (sa.UniqueConstraint("code", name="uq_code"), sa.Index("ix_place", "place"))
"""
DATABASE = """
CREATE TABLE customers (id serial PRIMARY KEY);
CREATE TABLE orders_old (id serial PRIMARY KEY, code varchar(20), CONSTRAINT uq_code UNIQUE (code));
CREATE TABLE orders (id serial PRIMARY KEY, code varchar(20), customer varchar(20));
"""
LEFT = {
    "fk_customer": "integer",
    "uq_code": "uq_code belongs to public.orders_old",
    "place": 'type "place_of_an_extension" does not exist',
}


def test_steps_that_the_server_refuses_are_left_as_comments(
    database: str, tmp_path: Path, postgresql_server: Server
) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database, models=MODELS)
    said = project.drift("revision", "-m", "repair", "--ignore", "TB201", f"--scratch-url={postgresql_server.url}").out
    (path,) = project.versions.glob("*.py")
    source = path.read_text()
    assert "Proven on" in source
    assert "2 steps, 4 left as comments." in said
    for name, reason in LEFT.items():
        assert any(name in line and reason in line for line in said.splitlines()), f"{name}: {reason}\n{said}"
    project.alembic("upgrade", "head")
    left = {finding.subject.name for finding in project.check().findings if finding.code != "TB201"}
    assert left == {"fk_customer", "uq_code", "place"}, left
    project.alembic("downgrade", "base")


def test_a_chain_goes_as_far_as_it_can(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database, models=MODELS)
    report = project.check()
    wishes = Wishes(scratch_url=postgresql_server.url)
    chain = write_chain(drift.plan(report), "repair", report, project.inputs(), wishes)
    assert all(written.proof is not None and written.proof.holds for _, written in chain)
    assert {f.subject.name for link, _ in chain for f in link.claims} >= {"note"}


def test_what_a_person_must_settle_alone_is_not_written(
    database: str, tmp_path: Path, postgresql_server: Server
) -> None:
    """Where nothing is left, there is no revision, and the server's reason is said."""
    more = "ALTER TABLE orders ADD place int, ADD note varchar(20); CREATE INDEX ON orders (note);"
    run_script(database, DATABASE + more)
    models = MODELS.replace("place = sa.Column(Place)", "place = sa.Column(sa.Integer)")
    project = Project(tmp_path, database, models=models)
    ignored = ("--ignore", "TB201", "--ignore", "IX", "--ignore", "UQ")
    said = project.drift("revision", "-m", "repair", *ignored, f"--scratch-url={postgresql_server.url}", expect=2).err
    assert "integer" in said
    assert list(project.versions.glob("*.py")) == []
