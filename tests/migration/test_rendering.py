"""What the renderer must not lose, and names that try to break out."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy import types

import drift
from drift.migration import operations as own
from drift.migration.options import PlanOptions, RenderOptions, Roads
from drift.migration.python_text import comment_lines, docstring, escape_binds, literal, python_string
from drift.migration.rendering import render_script
from tests.migration.gaps import fresh
from tests.repair import Revision, as_read, differences, run_script, told


def _rendered(*operations: ops.MigrateOperation, options: RenderOptions | None = None) -> str:
    script = ops.MigrationScript(None, ops.UpgradeOps(list(operations)), ops.DowngradeOps([]))
    return render_script(script, "postgresql", options or RenderOptions()).upgrade


def test_what_alembic_cannot_render() -> None:
    key = own.CreatePrimaryKey("pk", "users", ["id"], schema="app")
    assert _rendered(key) == "op.create_primary_key('pk', 'users', ['id'], schema='app')"
    assert _rendered(own.RenameTable("old", "new", schema="app")) == "op.rename_table('old', 'new', schema='app')"
    back = own.RenameTable("old", "new").reverse()
    assert isinstance(back, own.RenameTable)
    assert (back.table_name, back.new_table_name) == ("new", "old")
    change = own.AlterColumnUsing("users", "age", modify_type=sa.Integer(), using="age::integer")
    assert "postgresql_using='age::integer'" in _rendered(change)
    statement = own.Execute("A", "B").reverse()
    assert isinstance(statement, own.Execute)
    assert (statement.sqltext, statement.back) == ("B", "A")
    assert "raise NotImplementedError" in _rendered(own.Execute("A").reverse())
    assert "raise NotImplementedError" in _rendered(own.Stub("decide"))


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "it's",
        'a "quote"',
        "both ' and \"",
        "back\\slash",
        "line\nbreak",
        "tab\t",
        "\x1b[31m",
        "ü\u202e",
        "x" * 300,
    ],
)
def test_python_strings_say_what_they_hold(text: str) -> None:
    assert eval(literal(text)) == text
    assert eval("(" + "\n".join(python_string(text)) + ")") == text
    for line in comment_lines(text):
        assert line.startswith("#")
        assert line.isprintable()
    assert eval('"""' + docstring(text) + '\n"""').isprintable() or "\n" in text or docstring(text)


def test_colons_are_no_parameters() -> None:
    for sql in (
        "SELECT ':a'",
        "x::text",
        "'12:30'",
        "'{\"a\":b}'",
        "a :b ::c",
        r"'a\:b'",
        r"'\\:a'",
        "':a:'",
        "':é $:b'",
    ):
        assert str(sa.text(escape_binds(sql)).compile()) == sql


HOSTILE = ['a"b', "a'b", "a%b", "a:b", "select", "Ümläut", "two words", 'x"); DROP TABLE y; --', "a\\b", "{braces}"]


def test_hostile_names(database: str, tmp_path: Path) -> None:
    metadata = sa.MetaData()
    run_script(database, 'CREATE TABLE "keep" (id int PRIMARY KEY); CREATE TABLE y (id int PRIMARY KEY);')
    sa.Table("keep", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
    sa.Table("y", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
    for number, name in enumerate(HOSTILE):
        sa.Table(
            name,
            metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column(name + "c", sa.String(10), server_default=name[:9], comment=name),
            sa.Index(f"ix {name}", name + "c"),
            comment=name,
        )
        metadata.tables["keep"].append_column(sa.Column(name + "k", sa.String(20), server_default=name[:9]))
        del number
    report = drift.check(metadata, database, config=drift.Config(fail_on="info"))
    before = as_read(report)
    revision = Revision(drift.plan(report, PlanOptions(roads=Roads.SLOW)), database, fresh(tmp_path))
    revision.upgrade()
    assert told(drift.check(metadata, database, config=drift.Config(fail_on="info"))) == [], revision.source
    revision.downgrade()
    after = as_read(drift.check(metadata, database, config=drift.Config(fail_on="info")))
    assert differences(before, after) == [], revision.source


class Local(types.TypeDecorator[str]):
    """A type that can be imported."""

    impl = sa.String
    cache_ok = True


def test_user_types_come_with_their_import() -> None:
    column = sa.Column("c", Local(30))
    add = ops.AddColumnOp("t", column)
    script = ops.MigrationScript(None, ops.UpgradeOps([add]), ops.DowngradeOps([]))
    rendered = render_script(script, "postgresql", RenderOptions())
    assert rendered.imports == (f"import {__name__}",)
    assert f"{__name__}.Local(" in rendered.upgrade
    prefixed = render_script(script, "postgresql", RenderOptions(user_module_prefix="my."))
    assert "my.Local(" in prefixed.upgrade
    assert prefixed.imports == ()


def test_a_type_that_cannot_be_imported_is_rendered_as_what_is_stored() -> None:
    class Hidden(types.TypeDecorator[str]):
        impl = sa.String(7)
        cache_ok = True

    text = _rendered(ops.AddColumnOp("t", sa.Column("c", Hidden())))
    assert "sa.VARCHAR(length=7)" in text or "sa.String(length=7)" in text


def test_nothing_of_drift_is_imported(database: str) -> None:
    metadata = sa.MetaData()
    sa.Table("new", metadata, sa.Column("id", sa.Integer, primary_key=True))
    run_script(database, "CREATE TABLE other (id int)")
    report = drift.check(metadata, database, allow_empty=True)
    assert "drift" not in drift.plan(report).to_python()
