"""Nothing that the owner of a MariaDB or MySQL database wrote runs when somebody looks at that database."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

MODELS = """
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase): pass

class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(50))
    length: Mapped[int | None] = mapped_column(sa.Computed("length(name)"))
    __table_args__ = (sa.CheckConstraint("name > ''", name="ck_name"),)

class Seen(Base):
    __tablename__ = "seen_by_definer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(50))

class Asked(Base):
    __tablename__ = "seen_by_invoker"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(50))

class Plain(Base):
    __tablename__ = "plain_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(50))

class CustomerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str

class SeenOut(CustomerOut): pass
class AskedOut(CustomerOut): pass
class PlainOut(CustomerOut): pass
"""
PLANTS = (
    # Not transactional: what it holds survives a transaction that is rolled back.
    "CREATE TABLE record (who varchar(200)) ENGINE=MyISAM",
    "CREATE TABLE customers (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(50), "
    "length integer GENERATED ALWAYS AS (char_length(name)) STORED, CONSTRAINT ck_name CHECK (name <> ''))",
    "INSERT INTO customers (name) VALUES ('Ann'), (NULL)",
    "CREATE FUNCTION deed(what varchar(50)) RETURNS varchar(50) DETERMINISTIC MODIFIES SQL DATA SQL SECURITY DEFINER "
    "BEGIN INSERT INTO record VALUES (concat(what, ' ', current_user())); RETURN what; END",
    "CREATE SQL SECURITY DEFINER VIEW seen_by_definer AS SELECT id, deed(name) AS name FROM customers",
    "CREATE SQL SECURITY INVOKER VIEW seen_by_invoker AS SELECT id, deed(name) AS name FROM customers",
    "CREATE SQL SECURITY DEFINER VIEW plain_view AS SELECT id, name FROM customers",
    "CREATE TRIGGER before_insert BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = deed('insert')",
    "CREATE TRIGGER before_update BEFORE UPDATE ON customers FOR EACH ROW SET NEW.name = deed('update')",
    "CREATE TRIGGER after_delete AFTER DELETE ON customers FOR EACH ROW SET @gone = deed('delete')",
    "CREATE PROCEDURE act() SELECT deed('procedure')",
    "CREATE SQL SECURITY DEFINER VIEW alembic_version AS SELECT deed('version') AS version_num",
)
LOOKS = (
    "check",
    "check --probe --strict",
    "plan",
    "snapshot --output schema.json",
    "baseline",
    "doctor",
    "diff {url} app:Base",
)


@pytest.fixture(params=["mariadb", "mysql"])
def owned(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """A database in which everything that can be planted is, and nothing has run yet."""
    engine = sa.create_engine(
        request.getfixturevalue(f"{request.param}_database"), isolation_level="AUTOCOMMIT", poolclass=NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("SET GLOBAL log_bin_trust_function_creators = 1")
        for plant in PLANTS:
            connection.exec_driver_sql(plant)
        connection.exec_driver_sql("TRUNCATE TABLE record")
    yield engine
    engine.dispose()


def recorded(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT who FROM record").scalars())


@pytest.mark.parametrize("view", ["seen_by_definer", "seen_by_invoker", "alembic_version"])
def test_who_reads_a_view_is_recorded(owned: sa.Engine, view: str) -> None:
    """The control: what is said below would be heard, in a transaction that is rolled back, too."""
    with owned.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        connection.exec_driver_sql(f"SELECT * FROM {view}").all()
        connection.rollback()
    assert recorded(owned) != []


@pytest.mark.parametrize("where", ["CHECK (deed('x') = 'x')", "DEFAULT (deed('x'))", "AS (deed('x')) STORED"])
def test_functions_cannot_stand_in_tables(owned: sa.Engine, where: str) -> None:
    """Which is why no catalog text that is shown to the planner can name one."""
    with owned.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.exec_driver_sql(f"CREATE TABLE refused (v varchar(50) {where})")


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_runs(owned: sa.Engine, tmp_path: Path, look: str) -> None:
    (tmp_path / "app.py").write_text(MODELS)
    url = owned.url.render_as_string(hide_password=False)
    command = look.format(url=url)
    if not command.startswith("diff"):
        command += f" --models app:Base --database-url {url}"
    if command.startswith(("check", "plan")):
        command += " --responses app"
    done = subprocess.run(
        [sys.executable, "-m", "drift", *shlex.split(command)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert recorded(owned) == [], done.stdout
    if "--probe" in command:
        assert "plain_view is a view, and reading it runs what it says" in done.stdout, done.stdout + done.stderr
        # MariaDB cannot open a view in a transaction that only reads, where a function of it writes.
        assert "CO101" not in done.stdout, done.stdout
