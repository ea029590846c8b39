"""References to models: everything a user may name, and what they read when it is wrong."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, registry

from drift.errors import DriftError
from drift.sources.models import load
from tests.sources.models.support import project

MODELS = """
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)


metadata = Base.metadata
registry = Base.registry
several = [Base, MetaData()]


def make():
    return Base


def needs(argument):
    return argument


def fails():
    raise RuntimeError("no settings")


number = 7
"""


@pytest.fixture(autouse=True)
def _forget_mappers() -> Iterator[None]:
    yield
    gc.collect()


@pytest.mark.parametrize(
    "attribute", [":Base", ":metadata", ":registry", ":several", ":make", ":make()", ":User", "", ":Base.metadata"]
)
def test_every_form_of_reference(tmp_path: Path, attribute: str) -> None:
    with project(tmp_path, {"models.py": MODELS}) as package:
        models = load([f"{package}.models{attribute}"], directory=tmp_path)
        assert "users" in models.metadata[0].tables
        assert [cls.__name__ for cls in models.classes] == ["User"]
        assert models.source == f"{package}.models{attribute}"


def test_objects_are_taken_as_they_are() -> None:
    class Base(DeclarativeBase):
        pass

    metadata = MetaData()
    Table("plain", metadata, Column("id", Integer, primary_key=True))
    Table("of_base", Base.metadata, Column("id", Integer, primary_key=True))
    models = load([Base, [metadata], registry(metadata=metadata)], directory=Path.cwd())
    assert models.metadata == (Base.metadata, metadata)


def test_src_layout_is_importable_meanwhile(tmp_path: Path) -> None:
    before = list(sys.path)
    with project(tmp_path / "src", {"models.py": MODELS}) as package:
        assert load([f"{package}.models:Base"], directory=tmp_path).classes
    assert sys.path == before


def test_a_package_whose_init_imports_nothing(tmp_path: Path) -> None:
    with project(tmp_path, {"models/__init__.py": "", "models/user.py": MODELS}) as package:
        assert load([f"{package}.models"], directory=tmp_path).metadata[0].tables


def test_star_imports_every_module(tmp_path: Path) -> None:
    files = {
        "db.py": "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n",
        "models/__init__.py": "from PACKAGE.db import Base\n",
        "models/a.py": "from PACKAGE.db import Base\nfrom sqlalchemy import *\n"
        "class A(Base):\n    __tablename__ = 'a'\n    id = Column(Integer, primary_key=True)\n",
        "models/deep/__init__.py": "",
        "models/deep/b.py": "from PACKAGE.db import Base\nfrom sqlalchemy import *\n"
        "class B(Base):\n    __tablename__ = 'b'\n    id = Column(Integer, primary_key=True)\n",
    }
    with project(tmp_path, files) as package:
        models = load([f"{package}.models.*"], directory=tmp_path)
        assert set(models.metadata[0].tables) == {"a", "b"}


def _error(reference: object, directory: Path) -> DriftError:
    with pytest.raises(DriftError) as caught:
        load([reference], directory=directory)
    return caught.value


def test_import_failure_names_the_users_line(tmp_path: Path) -> None:
    files = {"models.py": "import json\nimport PACKAGE.settings\n", "settings.py": "a = 1\nb = a['x']\n"}
    with project(tmp_path, files) as package:
        error = _error(f"{package}.models:Base", tmp_path)
        assert error.title == f"cannot import the models: {package}.models"
        assert error.place == f"{package}/settings.py:2"
        assert error.details == ("TypeError: 'int' object is not subscriptable",)
        assert isinstance(error.__cause__, TypeError)


def test_syntax_error(tmp_path: Path) -> None:
    with project(tmp_path, {"models.py": "x = 1\nclass :\n"}) as package:
        assert _error(f"{package}.models:Base", tmp_path).place == f"{package}/models.py:2"


def test_a_dependency_that_is_not_installed(tmp_path: Path) -> None:
    with project(tmp_path, {"models.py": "\nimport no_such_package_at_all\n"}) as package:
        error = _error(f"{package}.models:Base", tmp_path)
        assert error.place == f"{package}/models.py:2"
        assert "no_such_package_at_all" in error.help[0]
        assert "environment that runs drift" in error.help[0]


def test_secrets_in_import_errors_are_hidden(tmp_path: Path) -> None:
    text = "raise RuntimeError('cannot reach postgresql://shop:geheim@db/x')\n"
    with project(tmp_path, {"models.py": text}) as package:
        error = _error(f"{package}.models:Base", tmp_path)
        assert "geheim" not in str(error.details)


def test_module_that_ends_the_program(tmp_path: Path) -> None:
    with project(tmp_path, {"models.py": "import sys\nsys.exit(3)\n"}) as package:
        assert "SystemExit(3)" in _error(f"{package}.models", tmp_path).details[0]


@pytest.mark.parametrize(
    ("attribute", "title"),
    [
        (":Bsae", "has no Bsae"),
        (":number", "is not a base class, MetaData or registry but an object of int"),
        (":needs", "is a function that needs arguments"),
        (":fails", "fails() failed"),
        (":", "not a reference to models"),
    ],
)
def test_wrong_references(tmp_path: Path, attribute: str, title: str) -> None:
    with project(tmp_path, {"models.py": MODELS}) as package:
        error = _error(f"{package}.models{attribute}", tmp_path)
        assert title in error.title
        assert error.help


def test_a_misspelt_name_gets_candidates(tmp_path: Path) -> None:
    with project(tmp_path, {"models.py": MODELS}) as package:
        assert f"it has {package}.models:Base" in _error(f"{package}.models:Bsae", tmp_path).details


def test_a_factory_that_fails_names_its_line(tmp_path: Path) -> None:
    with project(tmp_path, {"models.py": MODELS}) as package:
        error = _error(f"{package}.models:fails", tmp_path)
        line = MODELS.splitlines().index('    raise RuntimeError("no settings")') + 1
        assert error.place == f"{package}/models.py:{line}"


def test_unknown_module(tmp_path: Path) -> None:
    error = _error("no_such_project.models:Base", tmp_path)
    assert "there is no module no_such_project" in error.title


def test_a_file_name_instead_of_a_module(tmp_path: Path) -> None:
    assert "Write app.models:Base" in _error("app/models.py:Base", tmp_path).help[0]


def test_two_collections_in_one_module_are_ambiguous(tmp_path: Path) -> None:
    text = MODELS + "\nother = MetaData()\nfrom sqlalchemy import Table, Column, Integer\n"
    text += "Table('x', other, Column('id', Integer, primary_key=True))\n"
    with project(tmp_path, {"models.py": text}) as package:
        error = _error(f"{package}.models", tmp_path)
        assert "2 collections" in error.title
        assert f"{package}.models:Base" in error.details
        assert f"{package}.models:other" in error.details


def test_no_tables(tmp_path: Path) -> None:
    text = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n"
    with project(tmp_path, {"models.py": text}) as package:
        assert _error(f"{package}.models:Base", tmp_path).title == "the models hold no table"


def test_no_models_at_all(tmp_path: Path) -> None:
    with project(tmp_path, {"models.py": "x = 1\n"}) as package:
        assert "no models in module" in _error(f"{package}.models", tmp_path).title
    with pytest.raises(DriftError, match="no models are named"):
        load([], directory=tmp_path)


BROKEN = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    posts = relationship("Psot")
"""


def test_mappers_are_configured_and_their_error_points_at_the_relationship(tmp_path: Path) -> None:
    from sqlalchemy.orm import clear_mappers

    with project(tmp_path, {"models.py": BROKEN}) as package:
        try:
            error = _error(f"{package}.models:Base", tmp_path)
        finally:
            clear_mappers()
        line = BROKEN.splitlines().index('    posts = relationship("Psot")') + 1
        assert "mappers cannot be configured" in error.title
        assert error.place == f"{package}/models.py:{line}"
        assert "Psot" in error.details[0]
        assert error.__cause__ is not None


HALF_MADE = """
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column
from sqlalchemy.orm.instrumentation import register_class


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)


class UserVersion:
    pass


@event.listens_for(Mapper, "before_configured", once=True)
def build():
    Base.registry._add_manager(register_class(UserVersion))
    raise KeyError("users_version")
"""


def test_an_extension_that_fails_half_way_is_told_by_its_own_error(tmp_path: Path) -> None:
    from sqlalchemy.orm import clear_mappers
    from sqlalchemy.orm.instrumentation import unregister_class

    with project(tmp_path, {"models.py": HALF_MADE}) as package:
        try:
            error = _error(f"{package}.models:Base", tmp_path)
        finally:
            half_made = sys.modules[f"{package}.models"]
            half_made.Base.registry._managers.pop(half_made.UserVersion.__dict__["_sa_class_manager"])
            unregister_class(half_made.UserVersion)
            clear_mappers()
        line = HALF_MADE.splitlines().index('    raise KeyError("users_version")') + 1
        assert "mappers cannot be configured" in error.title
        assert error.place == f"{package}/models.py:{line}"
        assert "users_version" in error.details[0]


def test_flask_sqlalchemy(tmp_path: Path) -> None:
    pytest.importorskip("flask_sqlalchemy")
    text = (
        "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n"
        "class A(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n"
        "def create_app():\n    app = Flask('x')\n    app.config['SQLALCHEMY_DATABASE_URI'] = 'sqlite://'\n"
        "    db.init_app(app)\n    return app\n"
    )
    with project(tmp_path, {"flask_models.py": text}) as package:
        for attribute in (":db", ":db.Model", ":create_app", ""):
            models = load([f"{package}.flask_models{attribute}"], directory=tmp_path)
            assert "a" in models.metadata[0].tables


def test_sqlmodel(tmp_path: Path) -> None:
    pytest.importorskip("sqlmodel")
    text = (
        "from sqlmodel import SQLModel, Field\n"
        "class Hero(SQLModel, table=True):\n    id: int | None = Field(default=None, primary_key=True)\n"
    )
    with project(tmp_path, {"sql_models.py": text}) as package:
        for reference in (":SQLModel", ":Hero", ""):
            models = load([f"{package}.sql_models{reference}"], directory=tmp_path)
            assert "hero" in models.metadata[0].tables
