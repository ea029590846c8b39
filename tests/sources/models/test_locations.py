"""Where tables and columns are written."""

from __future__ import annotations

from pathlib import Path

from drift.dialects import dialect_for
from drift.sources.models import expect, load
from drift.sources.models.blame import is_of_project
from tests.sources.models.support import POSTGRESQL, project

MIXINS = """from datetime import datetime

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import Mapped, declared_attr, mapped_column


class Stamped:
    created: Mapped[datetime] = mapped_column(DateTime)

    @declared_attr
    def owner_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("users.id"))
"""
MODELS = """from sqlalchemy import Column, ForeignKey, Integer, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from PACKAGE.mixins import Stamped


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    mail = mapped_column("email", String(80))
    kind: Mapped[str]
    if True:
        inside = Column(Integer)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}


class Admin(User):
    level: Mapped[int | None]
    __mapper_args__ = {"polymorphic_identity": "admin"}


class Post(Stamped, Base):
    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(primary_key=True)


class Hybrid(Base):
    __table__ = Table(
        "hybrids",
        Base.metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(3)),
    )


tags = Table(
    "tags",
    Base.metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column(
        "label", String(3)),
)


class Plain:
    pass


plain_table = Table("plains", Base.metadata, Column("id", Integer, primary_key=True))
Base.registry.map_imperatively(Plain, plain_table)


def factory(base):
    class Inner(base):
        __tablename__ = "inners"
        id: Mapped[int] = mapped_column(primary_key=True)

    return Inner


Inner = factory(Base)

Table("nowhere_kept", Base.metadata, Column("id", Integer, primary_key=True))
"""


def _line(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


def test_places(tmp_path: Path) -> None:
    with project(tmp_path, {"models.py": MODELS, "mixins.py": MIXINS}) as package:
        models = load([f"{package}.models:Base"], directory=tmp_path)
        schema = expect(models, dialect_for("postgresql"), POSTGRESQL)
        places = {table.name.name: table.location for table in schema.tables}
        here = f"{package}/models.py"
        columns = {
            f"{table.name.name}.{column.name}": str(column.location).removeprefix(f"{package}/")
            for table in schema.tables
            for column in table.columns
        }
        kinds = {table.name.name: table.model for table in schema.tables}
        assert {name: str(place) for name, place in places.items()} == {
            "users": f"{here}:{_line(MODELS, 'class User')}",
            "posts": f"{here}:{_line(MODELS, 'class Post')}",
            "hybrids": f"{here}:{_line(MODELS, 'class Hybrid')}",
            "tags": f"{here}:{_line(MODELS, 'tags = Table')}",
            "plains": f"{here}:{_line(MODELS, 'class Plain')}",
            "inners": f"{here}:{_line(MODELS, 'class Inner')}",
            "nowhere_kept": f"{here}:{len(MODELS.splitlines())}",
        }
        assert columns["users.email"] == f"models.py:{_line(MODELS, 'mail =')}"
        assert columns["users.kind"] == f"models.py:{_line(MODELS, 'kind:')}"
        assert columns["users.inside"] == f"models.py:{_line(MODELS, 'inside =')}"
        assert columns["users.level"] == f"models.py:{_line(MODELS, 'level:')}"
        assert columns["posts.created"] == f"mixins.py:{_line(MIXINS, 'created')}"
        assert columns["posts.owner_id"] == f"mixins.py:{_line(MIXINS, 'def owner_id')}"
        assert columns["hybrids.name"] == "models.py:" + str(_line(MODELS, 'Column("name"'))
        assert columns["tags.label"] == "models.py:" + str(_line(MODELS, '"label"') - 1)
        assert kinds["users"] == f"{package}.models.User"
        assert kinds["tags"] is None
        supplied = {c.name for c in schema.tables[-1].columns if c.client_default}
        assert supplied == {"kind"}


def test_lookup_can_be_left_out(tmp_path: Path) -> None:
    from drift.sources.models import ExpectOptions

    with project(tmp_path, {"models.py": MODELS, "mixins.py": MIXINS}) as package:
        models = load([f"{package}.models:Base"], directory=tmp_path)
        schema = expect(models, dialect_for("postgresql"), POSTGRESQL, ExpectOptions(locations=False))
        assert all(table.location is None for table in schema.tables)


def test_what_is_installed_inside_the_project_is_not_its_own(tmp_path: Path) -> None:
    """A virtual environment in the project's folder: SQLAlchemy's own listeners are no events of the models."""
    assert is_of_project(str(tmp_path / "app" / "models.py"), tmp_path)
    assert not is_of_project(str(tmp_path / ".venv" / "lib" / "site-packages" / "sqlalchemy" / "types.py"), tmp_path)
    assert not is_of_project(str(tmp_path.parent / "elsewhere.py"), tmp_path)
