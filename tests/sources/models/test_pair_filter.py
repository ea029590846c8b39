"""The project's hooks are asked as Alembic asks them: about what is missing, extra, or on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint

from drift.alignment import align
from drift.dialects import dialect_for
from drift.schema import Schema
from drift.sources.models import Models, expect, natives, without_filtered
from tests.sources.models.support import POSTGRESQL

Asked = list[tuple[str | None, str, bool, str | None]]


def _schema(metadata: MetaData) -> Schema:
    return expect(Models((metadata,), "models", Path.cwd()), dialect_for("postgresql"), POSTGRESQL)


def _model() -> MetaData:
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True), Column("name", String), Index("ix_name", "name"))
    return metadata


def _database() -> MetaData:
    metadata = MetaData()
    Table(
        "users",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String),
        Column("extra", Integer),
        Column("boss", ForeignKey("users.id", name="fk_extra")),
        UniqueConstraint("extra", name="uq_extra"),
        CheckConstraint("extra > 0", name="ck_extra"),
        Index("ix_name", "name"),
        Index("gin_extra", "extra"),
    )
    return metadata


def _kept(include_object: Any = None, include_name: Any = None) -> tuple[set[str], Asked]:
    asked: Asked = []

    def hook(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        assert item.table.name == "users"
        asked.append((name, kind, reflected, getattr(other, "name", None)))
        return include_object is None or bool(include_object(item, name, kind, reflected, other))

    model = _model()
    found = without_filtered(
        align(_schema(model), _schema(_database())),
        natives(Models((model,), "models", Path.cwd()), POSTGRESQL),
        POSTGRESQL,
        include_object=hook,
        include_name=include_name,
    )
    (table,) = found.tables
    pairs = (*table.columns, *table.indexes, *table.uniques, *table.foreign_keys, *table.checks)
    return {str((pair.expected or pair.actual).name) for pair in pairs}, asked  # type: ignore[union-attr]


EVERYTHING = {"id", "name", "extra", "boss", "ix_name", "gin_extra", "uq_extra", "fk_extra", "ck_extra"}


def test_how_the_hook_is_asked() -> None:
    kept, asked = _kept()
    assert kept == EVERYTHING
    assert set(asked) == {
        ("id", "column", False, "id"),
        ("name", "column", False, "name"),
        ("ix_name", "index", False, "ix_name"),
        ("extra", "column", True, None),
        ("boss", "column", True, None),
        ("gin_extra", "index", True, None),
        ("uq_extra", "unique_constraint", True, None),
        ("fk_extra", "foreign_key_constraint", True, None),
        ("ck_extra", "check_constraint", True, None),
    }


def test_reflected_objects_are_left_out() -> None:
    kept, _ = _kept(lambda _item, name, _kind, reflected, _other: not (reflected and name.startswith("gin")))
    assert kept == EVERYTHING - {"gin_extra"}


def test_pairs_are_left_out() -> None:
    kept, _ = _kept(lambda item, name, kind, _reflected, other: kind != "index" or other is None or item.name != name)
    assert kept == EVERYTHING - {"ix_name"}


def test_names_are_left_out() -> None:
    kept, _ = _kept(include_name=lambda name, kind, _parents: kind == "column" and name != "extra")
    assert kept == {"id", "name", "boss"}


def test_without_hooks_nothing_changes() -> None:
    alignment = align(_schema(_model()), _schema(_database()))
    nothing = natives(Models((_model(),), "models", Path.cwd()), POSTGRESQL)
    assert without_filtered(alignment, nothing, POSTGRESQL, include_object=None, include_name=None) is alignment
