"""What pending revisions would do is read without running them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import op

from drift.sources.pending_operations import Change, record


def script(revision: str, upgrade: Any) -> Any:
    return SimpleNamespace(revision=revision, module=SimpleNamespace(upgrade=upgrade))


def test_every_kind_of_change_is_named() -> None:
    def upgrade() -> None:
        op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))
        op.add_column("b", sa.Column("c", sa.String(5)), schema="s")
        op.alter_column("b", "c", new_column_name="d")
        op.alter_column("b", "e", nullable=False)
        op.create_index("ix_b_c", "b", ["c"])
        op.create_foreign_key("fk_b_a", "b", "a", ["c"], ["id"])
        op.create_unique_constraint("uq_b", "b", ["c"])
        op.drop_constraint("ck_b", "b")
        op.rename_table("old", "new")
        op.drop_table("gone")

    changes = record([script("r1", upgrade)], "postgresql")

    assert changes.partial == ()
    assert changes.changes == (
        Change("r1", "create", "table", None, "a", "a"),
        Change("r1", "create", "column", "s", "b", "c"),
        Change("r1", "rename", "column", None, "b", "d"),
        Change("r1", "alter", "column", None, "b", "e"),
        Change("r1", "create", "index", None, "b", "ix_b_c"),
        Change("r1", "create", "constraint", None, "b", "fk_b_a"),
        Change("r1", "create", "constraint", None, "b", "uq_b"),
        Change("r1", "drop", "constraint", None, "b", "ck_b"),
        Change("r1", "rename", "table", None, "new", "new"),
        Change("r1", "drop", "table", None, "gone", "gone"),
    )


def test_batch_mode_is_read_like_plain_operations() -> None:
    def upgrade() -> None:
        with op.batch_alter_table("t") as batch:
            batch.add_column(sa.Column("c", sa.Integer))
            batch.alter_column("d", nullable=True)
            batch.create_index("ix_t_c", ["c"])
            batch.create_unique_constraint("uq_t", ["c"])
            batch.create_foreign_key("fk_t", "other", ["c"], ["id"])
            batch.drop_column("e")

    changes = record([script("r1", upgrade)], "sqlite")

    assert changes.partial == ()
    assert [(c.action, c.kind, c.table, c.name) for c in changes.changes] == [
        ("create", "column", "t", "c"),
        ("alter", "column", "t", "d"),
        ("create", "index", "t", "ix_t_c"),
        ("create", "constraint", "t", "uq_t"),
        ("create", "constraint", "t", "fk_t"),
        ("drop", "column", "t", "e"),
    ]


@pytest.mark.parametrize("question", [lambda: op.get_bind().execute("SELECT 1"), lambda: op.execute("DROP TABLE x")])
def test_what_cannot_be_read_to_its_end_is_partial(question: Any) -> None:
    def upgrade() -> None:
        op.add_column("t", sa.Column("c", sa.Integer))
        question()

    changes = record([script("r1", upgrade), script("r2", lambda: op.drop_table("u"))], "postgresql")

    assert changes.partial == ("r1",)
    assert [(c.revision, c.name) for c in changes.changes] == [("r1", "c"), ("r2", "u")]


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    def upgrade() -> None:
        with op.get_context().autocommit_block():
            op.create_index("ix_b_c", "b", ["c"])
        op.get_context().impl.static_output("-- a remark")

    changes = record([script("r1", upgrade)], "postgresql")

    assert [(c.kind, c.name) for c in changes.changes] == [("index", "ix_b_c")]
    assert capsys.readouterr().out == ""


def test_clauses_of_alter_table_are_read_and_other_sql_is_not() -> None:
    def upgrade() -> None:
        op.execute(
            "ALTER TABLE `a``b`.t ADD COLUMN c decimal(5,2) DEFAULT 1, MODIFY COLUMN `d` varchar(5) COMMENT 'x, y', "
            "DROP FOREIGN KEY f, ADD CONSTRAINT g FOREIGN KEY (c, d) REFERENCES o (x, y), ADD UNIQUE INDEX u (c), "
            "RENAME INDEX i TO j, DROP PRIMARY KEY, ALGORITHM=INPLACE, LOCK=NONE"
        )

    schema = "a`b"
    changes = record([script("r1", upgrade)], "mysql")
    assert changes.partial == ()
    assert changes.changes == (
        Change("r1", "create", "column", schema, "t", "c"),
        Change("r1", "alter", "column", schema, "t", "d"),
        Change("r1", "drop", "constraint", schema, "t", "f"),
        Change("r1", "create", "constraint", schema, "t", "g"),
        Change("r1", "create", "index", schema, "t", "u"),
        Change("r1", "rename", "index", schema, "t", "j"),
        Change("r1", "drop", "primary key", schema, "t", "t"),
    )

    for sql in ("ALTER TABLE t ADD COLUMN c int, ORDER BY c", "UPDATE t SET c = 1", "ALTER TABLE t COMMENT 'torn"):
        assert record([script("r1", lambda text=sql: op.execute(text))], "mysql").partial == ("r1",), sql
