"""Nothing that the owner of a MariaDB or MySQL database wrote runs when somebody looks at that database."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from drift.dialects import dialect_for

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
    "CREATE PROCEDURE heard() DO 1",
    "CREATE TABLE customers (id integer AUTO_INCREMENT PRIMARY KEY, name varchar(50), "
    "length integer GENERATED ALWAYS AS (char_length(name)) STORED, CONSTRAINT ck_name CHECK (name <> ''))",
    "INSERT INTO customers (name) VALUES ('Ann'), (NULL)",
    "CREATE FUNCTION deed(what varchar(50)) RETURNS varchar(50) DETERMINISTIC READS SQL DATA SQL SECURITY DEFINER "
    "BEGIN CALL heard(); RETURN what; END",
    "CREATE SQL SECURITY DEFINER VIEW seen_by_definer AS SELECT id, deed(name) AS name FROM customers",
    "CREATE SQL SECURITY INVOKER VIEW seen_by_invoker AS SELECT id, deed(name) AS name FROM customers",
    "CREATE SQL SECURITY DEFINER VIEW plain_view AS SELECT id, name FROM customers",
    "CREATE TRIGGER before_insert BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = deed('insert')",
    "CREATE TRIGGER before_update BEFORE UPDATE ON customers FOR EACH ROW SET NEW.name = deed('update')",
    "CREATE TRIGGER after_delete AFTER DELETE ON customers FOR EACH ROW SET @gone = deed('delete')",
    "CREATE PROCEDURE act() SELECT deed('procedure')",
    "CREATE EVENT later ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'x''; CALL heard(); -- ' DO CALL heard()",
    "CREATE TABLE `x``; CALL heard(); -- x` (`a``, deed('name'), ``b` integer COMMENT '*/ deed(''comment'') /*') "
    "COMMENT 'x''; CALL heard(); -- '",
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
            connection.exec_driver_sql(plant.replace("%", "%%"))
    yield engine
    engine.dispose()


@pytest.fixture(params=["root", "reader"])
def looker(request: pytest.FixtureRequest, owned: sa.Engine) -> Iterator[sa.URL]:
    """The URL of the server's administrator, and of the account that docs/security.md tells of."""
    if request.param == "root":
        yield owned.url
        return
    name = f"drift_looks_{os.getpid()}"
    with owned.connect() as connection:
        connection.exec_driver_sql(f"CREATE USER {name}@'%%'")
        connection.exec_driver_sql(f"GRANT SELECT, SHOW VIEW ON {owned.url.database}.* TO {name}@'%%'")
        yield owned.url.set(username=name, password=None)
        connection.exec_driver_sql(f"DROP USER {name}@'%%'")


def heard(engine: sa.Engine) -> int:
    """How often a procedure was called on this server: it counts in transactions that only read, too."""
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Com_call_procedure'").one()[1])


@pytest.mark.parametrize("view", ["seen_by_definer", "seen_by_invoker", "alembic_version"])
def test_who_reads_a_view_is_heard(owned: sa.Engine, view: str) -> None:
    """The control: what is said below would be heard, in the very transaction that a look opens."""
    before = heard(owned)
    with dialect_for("mysql").read_only(owned) as connection:
        connection.exec_driver_sql(f"SELECT * FROM {view}").all()
    assert heard(owned) > before


@pytest.mark.parametrize("where", ["CHECK (deed('x') = 'x')", "DEFAULT (deed('x'))", "AS (deed('x')) STORED"])
def test_functions_cannot_stand_in_tables(owned: sa.Engine, where: str) -> None:
    """Which is why no catalog text that is shown to the planner can name one."""
    with owned.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.exec_driver_sql(f"CREATE TABLE refused (v varchar(50) {where})")


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_runs(owned: sa.Engine, looker: sa.URL, tmp_path: Path, look: str) -> None:
    (tmp_path / "app.py").write_text(MODELS)
    url = looker.render_as_string(hide_password=False)
    command = look.format(url=url)
    if not command.startswith("diff"):
        command += f" --models app:Base --database-url {url}"
    if command.startswith(("check", "plan")):
        command += " --responses app"
    before = heard(owned)
    done = subprocess.run(
        [sys.executable, "-m", "drift", *shlex.split(command)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert heard(owned) == before, done.stdout
    if "--probe" in command:
        assert "plain_view is a view, and reading it runs what it says" in done.stdout, done.stdout + done.stderr
        # MariaDB shows no columns of a view to whom it refuses the functions in it.
        assert "CO101" not in done.stdout, done.stdout
