"""`--three-way` where scripts have branches, and where a project has several databases."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from drift.cli.three_way import BY_HAND, MISSING, NOT_UPGRADED, UNKNOWN

ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool
from {module} import databases

for name, (url, metadata) in databases.items():
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, {options})
        with context.begin_transaction():
            context.run_migrations({arguments})
"""
REVISION = """\
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels = {revision!r}, {down!r}, {label!r}


def upgrade({parameter}):
    {body}
"""
MODELS = """\
from sqlalchemy import Column, Integer, MetaData, Table, Text

shop, stock = MetaData(), MetaData()
Table("orders", shop, Column("id", Integer, primary_key=True), *[Column(n, Text) for n in {orders!r}])
Table("items", {second}, Column("id", Integer, primary_key=True), *[Column(n, Text) for n in {items!r}])
databases = {databases}
"""


class Project:
    """Alembic on SQLite: two tables, in one database or in two."""

    def __init__(self, folder: Path, drift, *, two: bool, orders: tuple[str, ...], items: tuple[str, ...]) -> None:
        self.folder, self._drift = folder, drift
        module = f"three_{os.getpid()}_{folder.name}"
        (folder / "versions").mkdir()
        (folder / "alembic.ini").write_text(
            "[alembic]\nscript_location = %(here)s\nprepend_sys_path = .\npath_separator = os\n"
        )
        databases = '{"shop": ("sqlite:///shop.db", shop)' + (
            ', "stock": ("sqlite:///stock.db", stock)}' if two else "}"
        )
        second = "stock" if two else "shop"
        (folder / f"{module}.py").write_text(
            MODELS.format(orders=orders, items=items, databases=databases, second=second)
        )
        arguments = "engine_name=name" if two else ""
        (folder / "env.py").write_text(ENV.format(module=module, options="", arguments=arguments))
        self._parameter = "engine_name" if two else ""

    def revision(self, revision: str, down: object, *lines: str, label: str | None = None) -> None:
        text = REVISION.format(
            revision=revision, down=down, label=label, parameter=self._parameter, body="\n    ".join(lines or ("pass",))
        )
        (self.folder / "versions" / f"{revision}.py").write_text(text)

    def database(self, name: str, sql: str, *current: str) -> None:
        connection = sqlite3.connect(self.folder / f"{name}.db")
        connection.executescript(f"{sql}; CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", [(revision,) for revision in current])
        connection.commit()
        connection.close()

    def sides(self, *arguments: str) -> dict[tuple[str | None, str], str]:
        done = self._drift("check", "--three-way", "--format", "json", "--select", "CO,TB", *arguments)
        assert done.code == 1, done.err
        self.notes = json.loads(done.out)["notes"]
        return {
            (finding["subject"]["table"], finding["subject"]["name"]): finding["details"]["scripts"]
            for finding in json.loads(done.out)["findings"]
        }


@pytest.fixture
def make(project, drift, tmp_path):
    """Make a project; ``project`` cleans the environment and changes into its folder."""
    assert project.directory == tmp_path
    folder = tmp_path / f"p{abs(hash(tmp_path)) % 10**8}"
    folder.mkdir()

    def made(**wishes) -> Project:
        os.chdir(folder)
        return Project(folder, drift, **wishes)

    yield made
    os.chdir(tmp_path)


CREATE_ORDERS = "op.create_table('orders', sa.Column('id', sa.Integer, primary_key=True))"
CREATE_ITEMS = "op.create_table('items', sa.Column('id', sa.Integer, primary_key=True))"
ORDERS = "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY{})"
ITEMS = "CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY{})"


def add(table: str, *columns: str) -> list[str]:
    return [f"op.add_column({table!r}, sa.Column({column!r}, sa.Text))" for column in columns]


def branches(project: Project) -> None:
    """Two branches with a head each; the second revision of each adds a column."""
    project.revision("o1", None, CREATE_ORDERS, label="orders")
    project.revision("o2", "o1", *add("orders", "note"))
    project.revision("i1", None, CREATE_ITEMS, label="items")
    project.revision("i2", "i1", *add("items", "color"))


def test_several_heads_and_a_database_at_several_revisions(make):
    """One branch is at its head and was changed by hand, the other is behind."""
    project = make(two=False, orders=("note", "nobody_wrote_it"), items=("color",))
    branches(project)
    project.database("shop", f"{ORDERS.format('')}; {ITEMS.format('')}", "o2", "i1")
    assert project.sides() == {
        ("orders", "note"): BY_HAND,
        ("orders", "nobody_wrote_it"): MISSING,
        ("items", "color"): NOT_UPGRADED,
    }


def test_a_database_that_was_never_migrated(make):
    project = make(two=False, orders=("note",), items=("color",))
    branches(project)
    project.database("shop", f"{ORDERS.format(', note TEXT')}; {ITEMS.format('')}")
    assert project.sides() == {("items", "color"): BY_HAND}


def test_a_revision_that_the_scripts_do_not_have(make):
    """What that revision did, nobody knows: "by hand" would be a guess."""
    project = make(two=False, orders=("note", "nobody_wrote_it"), items=("color",))
    branches(project)
    project.database("shop", f"{ORDERS.format('')}; {ITEMS.format(', color TEXT')}", "elsewhere", "i2")
    assert project.sides() == {("orders", "note"): UNKNOWN, ("orders", "nobody_wrote_it"): MISSING}


def test_several_databases_each_with_its_own_part_of_the_scripts(make):
    project = make(two=True, orders=("note", "nobody_wrote_it"), items=("color", "size"))
    project.revision("m1", None, f"if engine_name == 'shop': {CREATE_ORDERS}", f"else: {CREATE_ITEMS}")
    project.revision("m2", "m1", f"if engine_name == 'shop': {add('orders', 'note')[0]}",
                     f"else: {add('items', 'color')[0]}")  # fmt: skip
    project.database("shop", ORDERS.format(""), "m1")
    project.database("stock", ITEMS.format(", size TEXT"), "m2")
    assert project.sides() == {
        ("orders", "note"): NOT_UPGRADED,
        ("orders", "nobody_wrote_it"): MISSING,
        ("items", "color"): BY_HAND,
    }
    assert any("applied by hand" in note and "items.size" in note for note in project.notes)


def test_without_scripts_it_says_so(project, drift):
    done = drift("check", "--three-way", "--models", project.models, "--database-url", project.url)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: there are no migration scripts here")
