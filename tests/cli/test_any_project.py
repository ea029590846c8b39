"""Whatever a project looks like, it loads, or the message is about the project and not about drift."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.projects import Done, Sample

MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
ENV = """
from alembic import context
import sqlalchemy as sa
from models import Base

target_metadata = Base.metadata
engine = sa.create_engine("sqlite:///own.db")
{before}
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=target_metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = "revision = 'aa'\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n"
OURS = "this should not have happened"


def project(folder: Path, *, models: str = MODELS, env: str | None = None, before: str = "") -> Sample:
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(env if env is not None else ENV.format(before=before))
    (folder / "migrations" / "versions" / "aa.py").write_text(REVISION)
    (folder / "models.py").write_text(models)
    engine = sa.create_engine(f"sqlite:///{folder / 'own.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id integer PRIMARY KEY NOT NULL)")
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('aa')")
    engine.dispose()
    return Sample(folder)


def said(done: Done) -> str:
    text = done.out + done.err
    assert OURS not in text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("name", ["alembic", "click", "rich"])
def test_a_package_of_the_project_with_the_name_of_one_of_ours(tmp_path: Path, name: str) -> None:
    sample = project(tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(
        "raise RuntimeError('the project own package was taken for another')\n"
    )
    assert "In sync: 1 table" in sample.run("drift check", expect=0).out


LAZY = (
    MODELS
    + """
class Lazy:
    def __getattribute__(self, name):
        raise RuntimeError("working outside of application context")
    def __eq__(self, other):
        raise RuntimeError("working outside of application context")
    def __bool__(self):
        raise RuntimeError("working outside of application context")
    __hash__ = None

current_thing = Lazy()
"""
)


@pytest.mark.parametrize("reference", ["models", "models.*"])
def test_a_global_that_must_not_be_touched(tmp_path: Path, reference: str) -> None:
    sample = project(tmp_path, models=LAZY)
    assert "In sync: 1 table" in sample.run(f"drift check --models {reference!r}", expect=0).out


def test_a_wildcard_leaves_env_py_out_and_says_so(tmp_path: Path) -> None:
    sample = project(tmp_path)
    package = tmp_path / "app"
    (package / "migrations").mkdir(parents=True)
    for place in (package, package / "migrations"):
        (place / "__init__.py").write_text("")
    (package / "models.py").write_text(MODELS)
    (package / "migrations" / "env.py").write_text("from alembic import context\ncontext.config.get_main_option('x')\n")
    text = said(sample.run("drift check --models 'app.*'", expect=0))
    assert "In sync: 1 table" in text
    assert "left out of app.*" in text
    assert "app.migrations.env" in text


HALF_BUILT = (
    MODELS
    + """
class Order(Base):
    __tablename__ = "orders"
    number: Mapped[int]
"""
)
NO_SUCH_NAME = (
    MODELS
    + """
from sqlalchemy.orm import relationship
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer: Mapped["Custommer"] = relationship()
"""
)
WRONG_ARGUMENT = (
    MODELS
    + """
from sqlalchemy.orm import relationship
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True, nosuch=True)
"""
)
RAISES = MODELS + "raise ValueError('the settings are wrong')\n"
EXITS = MODELS + "raise SystemExit('set the variable X')\n"
DEEP = MODELS + "class Error(BaseException): pass\nraise Error('of its own kind')\n"


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (HALF_BUILT, ("could not assemble any primary key",)),
        (NO_SUCH_NAME, ("Custommer",)),
        (WRONG_ARGUMENT, ("nosuch",)),
        (RAISES, ("the settings are wrong", "models.py")),
        (EXITS, ("set the variable X",)),
        (DEEP, ("of its own kind",)),
    ],
    ids=["half-built class", "name of no class", "wrong argument", "its own error", "exit", "its own base error"],
)
def test_the_mistake_of_the_project_is_shown_as_it_is(tmp_path: Path, models: str, words: tuple[str, ...]) -> None:
    sample = project(tmp_path, models=models)
    done = sample.run("drift check")
    text = said(done)
    if done.code == 0:
        # A relationship that nobody has asked for yet breaks no table.
        assert models is NO_SUCH_NAME
        return
    assert done.code == 2
    assert all(word in text for word in words), text
    assert "URL" not in text


def test_what_it_had_set_before_it_wanted_to_connect(tmp_path: Path) -> None:
    """Its models and its version table count although it fails; a revision that is unknown is still found."""
    env = ENV.format(before="raise ConnectionError('no route to the server')")
    sample = project(tmp_path, env=env)
    text = said(sample.run("drift check --database-url sqlite:///own.db", expect=0))
    assert "In sync: 1 table" in text
    assert "no route to the server" in text
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'own.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'zz'")
    engine.dispose()
    assert "MG201" in sample.run("drift check --database-url sqlite:///own.db", expect=1).out
    assert said(sample.run("drift check", expect=2))


def test_no_template_of_revisions(tmp_path: Path) -> None:
    sample = project(tmp_path, models=MODELS + "    name: Mapped[str | None] = mapped_column()\n")
    text = said(sample.run("drift revision -m 'add name' --no-verify || drift revision -m 'add name'"))
    assert "script.py.mako" in text


@pytest.mark.parametrize("hook", ["include_object", "include_name"])
def test_a_filter_that_fails(tmp_path: Path, hook: str) -> None:
    env = ENV.format(before=f"def {hook}(*arguments): raise KeyError('of the filter')").replace(
        "target_metadata=target_metadata", f"target_metadata=target_metadata, {hook}={hook}"
    )
    done = project(tmp_path, env=env).run("drift check")
    assert done.code == 2
    assert "of the filter" in said(done)
