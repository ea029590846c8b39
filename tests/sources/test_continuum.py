"""What Continuum is understood to expect. Every set of models is read in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SINCE_1_6 = tuple(int(part) for part in version("sqlalchemy-continuum").split(".")[:2]) >= (1, 6)
"""Composite indexes came with Continuum 1.6."""

HEAD = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, relationship
from sqlalchemy_continuum import VersioningManager, make_versioned
from sqlalchemy_continuum.plugins import ActivityPlugin, PropertyModTrackerPlugin


class Base(DeclarativeBase):
    pass

"""

READ = """
import json, sys
from pathlib import Path
from drift.dialects import ServerInfo, dialect_for
from drift.sources.continuum import expect_versioning
from drift.sources.models import expect, load

models = load((Base,), directory=Path.cwd())
info = ServerInfo("postgresql", "15.4", "public", (15, 4))
before = set(Base.metadata.tables)
schema = expect_versioning(models, expect(models, dialect_for("postgresql"), info), info)
assert set(Base.metadata.tables) == before, "the application's metadata is left alone"
print(json.dumps({
    "roles": {str(table.name): table.role.value for table in schema.tables if table.role.value != "none"},
    "columns": {str(table.name): [column.name for column in table.columns] for table in schema.tables},
    "indexes": {str(table.name): sorted(index.name for index in table.indexes) for table in schema.tables},
    "versions": {
        str(one.table): [str(one.parent), one.transaction_column, one.end_transaction_column, one.mod_suffix,
                         dict(one.mod_columns)]
        for one in schema.version_tables
    },
    "sequences": {str(one.name): one.role.value for one in schema.sequences},
    "triggers": [[str(one.table), one.trigger, str(one.function), one.events] for one in schema.audit_triggers],
    "flaws": [[one.kind.value, str(one.table), one.column] for one in schema.version_flaws],
}))
"""


def read(models: str, folder: Path) -> dict[str, Any]:
    script = folder / "models.py"
    script.write_text(HEAD + textwrap.dedent(models) + READ, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


ARTICLE = """
class Article(Base):
    __tablename__ = "article"
    __versioned__ = {}
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(40))
"""


def test_nothing_without_continuum() -> None:
    code = """
import sys
from pathlib import Path
import sqlalchemy as sa
from drift.dialects import ServerInfo, dialect_for
from drift.sources.continuum import expect_versioning
from drift.sources.models import expect, load
metadata = sa.MetaData()
sa.Table("article_version", metadata, sa.Column("id", sa.Integer, primary_key=True))
models = load((metadata,), directory=Path.cwd())
info = ServerInfo("postgresql", "15.4", "public", (15, 4))
schema = expect(models, dialect_for("postgresql"), info)
assert expect_versioning(models, schema, info) is schema
assert "sqlalchemy_continuum" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_roles_columns_and_sequences(tmp_path: Path) -> None:
    found = read(
        "make_versioned(user_cls=None, plugins=[ActivityPlugin()])\n"
        + ARTICLE
        + """
    tags = relationship("Tag", secondary="tagging")


tagging = sa.Table("tagging", Base.metadata, sa.Column("article_id", sa.ForeignKey("article.id"), primary_key=True),
                   sa.Column("tag_id", sa.ForeignKey("tag.id"), primary_key=True))


class Tag(Base):
    __tablename__ = "tag"
    id = sa.Column(sa.Integer, primary_key=True)
""",
        tmp_path,
    )
    assert found["roles"] == {
        "public.activity": "plugin",
        "public.article_version": "version",
        "public.tagging_version": "association version",
        "public.transaction": "transaction",
    }
    assert found["sequences"] == {"public.activity_id_seq": "plugin", "public.transaction_id_seq": "transaction"}
    assert found["versions"]["public.article_version"] == [
        "public.article", "transaction_id", "end_transaction_id", None, {},
    ]  # fmt: skip


def test_options_of_the_model_win(tmp_path: Path) -> None:
    found = read(
        """
        class Tracker(PropertyModTrackerPlugin):
            column_suffix = "_changed"


        manager = VersioningManager(options={"strategy": "validity"}, plugins=[Tracker()])
        make_versioned(manager=manager, user_cls=None)


        class Article(Base):
            __tablename__ = "article"
            __versioned__ = {"strategy": "subquery", "table_name": "%s_past", "exclude": ["secret"]}
            id = sa.Column("_id", sa.Integer, primary_key=True)
            name = sa.Column(sa.String(40))
            secret = sa.Column("hidden", sa.Text)
        """,
        tmp_path,
    )
    assert found["columns"]["public.article_past"] == [
        "_id", "name", "transaction_id", "operation_type", "name_changed",
    ]  # fmt: skip
    parent, transaction, end, suffix, flags = found["versions"]["public.article_past"]
    assert (parent, transaction, end, suffix, flags) == (
        "public.article", "transaction_id", None, "_changed", {"name": "name_changed"},
    )  # fmt: skip


def test_native_triggers_and_tables_that_are_not_built(tmp_path: Path) -> None:
    found = read(
        'make_versioned(user_cls=None, options={"native_versioning": True, "create_tables": False})\n' + ARTICLE,
        tmp_path,
    )
    assert found["triggers"] == [
        ["public.article", "article_trigger", "public.article_audit", "INSERT OR UPDATE OR DELETE"],
        ["public.transaction", "transaction_trigger", "public.transaction_temp_table_generator", "INSERT"],
    ]
    assert found["columns"]["public.article_version"] == [
        "id", "name", "transaction_id", "end_transaction_id", "operation_type",
    ]  # fmt: skip
    assert ("ix_article_version_pk_validity" in found["indexes"]["public.article_version"]) is SINCE_1_6
    assert found["roles"]["public.article_version"] == "version"
    assert found["flaws"] == []


TRACKED = "make_versioned(user_cls=None, plugins=[PropertyModTrackerPlugin()])\n"
PLAIN = "make_versioned(user_cls=None)\n"
MODEL = """
class Article(Base):
    __tablename__ = {table!r}
    __versioned__ = {{}}
    id = sa.Column({key}, primary_key=True)
    name = {name}
"""


def model(table: str = "article", key: str = "sa.Integer", name: str = "sa.Column(sa.String(40))") -> str:
    return MODEL.format(table=table, key=key, name=name)


LINK = """
class Tag(Base):
    __tablename__ = "tag"
    __versioned__ = {{}}
    id = sa.Column(sa.Integer, primary_key=True)
    articles = relationship("Article", secondary="tagging")


tagging = sa.Table("tagging", Base.metadata, {columns}sa.Column("article_id", sa.ForeignKey("article.id"){key}),
                   sa.Column("tag_id", sa.ForeignKey("tag.id"){key}))
"""
NUMBER = 'sa.Column("id", sa.Integer, primary_key=True), '


@pytest.mark.parametrize(
    ("models", "flaws"),
    [
        (PLAIN + model(), []),
        (model() + PLAIN, [["declared but not versioned", "public.article", None]]),
        (
            PLAIN + model("a" * 35),
            [["composite index name too long", f"public.{'a' * 35}", None]] if SINCE_1_6 else [],
        ),
        (PLAIN + model("a" * 34), []),
        (
            PLAIN + model(key="sa.Integer, sa.Identity(always=True)"),
            [["identity column copied", "public.article", "id"]],
        ),
        (PLAIN + model(key="sa.Integer, sa.Identity()"), []),
        (
            PLAIN + model(name='sa.Column(sa.Integer, sa.Computed("1 + 1"))'),
            [["computed column copied", "public.article", "name"]],
        ),
        (
            PLAIN + model() + LINK.format(columns="", key=""),
            [["association table without a usable key", "public.tagging", None]],
        ),
        (
            PLAIN + model() + LINK.format(columns=NUMBER, key=""),
            [["association table without a usable key", "public.tagging", None]],
        ),
        (PLAIN + model() + LINK.format(columns="", key=", primary_key=True"), []),
        (
            'make_versioned(user_cls=None, options={"table_name": "%s_past"})\n'
            + model()
            + LINK.format(columns="", key=", primary_key=True"),
            [["version table name is hard-coded elsewhere", "public.tagging", None]],
        ),
        ('make_versioned(user_cls=None, options={"table_name": "%s_past"})\n' + model(), []),
        (
            'make_versioned(user_cls=None, options={"operation_type_column_name": "op"})\n' + model(),
            [["operation type column renamed", "public.article", None]],
        ),
        (
            TRACKED + model(name='sa.Column("title", sa.String(40))'),
            [["modification flag of an aliased column", "public.article", "title"]],
        ),
        (
            'make_versioned(user_cls=None, options={"native_versioning": True})\n' + model("Article"),
            [["name that the trigger functions cannot handle", "public.Article", None]],
        ),
        (
            PLAIN
            + model()
            + model("payment").replace("class Article", "class Transaction").replace("__versioned__ = {}", ""),
            [["another class called Transaction", "public.payment", None]],
        ),
        ('make_versioned(user_cls=None, options={"versioning": False})\n' + model(), []),
        (PLAIN + model().replace("__versioned__ = {}", '__versioned__ = {"versioning": False}'), []),
    ],
)
def test_flaws(models: str, flaws: list[list[object]], tmp_path: Path) -> None:
    assert read(models, tmp_path)["flaws"] == flaws
