"""The role of docs/security.md: its grants are enough for every command and every probe, and none can be left out."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.projects import ROOT

MODELS = """\
import sqlalchemy as sa
from sqlalchemy.orm import configure_mappers, declarative_base
from sqlalchemy_continuum import make_versioned

make_versioned(user_cls=None)
Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    __versioned__ = {}
    id = sa.Column(sa.Integer, primary_key=True)
    quantity = sa.Column(sa.Integer, sa.CheckConstraint("quantity IN (1, 2)", name="few"), server_default="1")


configure_mappers()
"""
BEHIND = "INSERT INTO orders (id, quantity) VALUES (7, 1)"
PROBES = {"SQ303", "VT115", "VT316", "VT321", "VT322", "VT324"}
_numbers = itertools.count()

Grant = Callable[..., str]


def documented() -> list[str]:
    """The statements that the page shows."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```sql\n(CREATE ROLE drift_reader.*?)```", page, re.DOTALL)
    return [line for line in block.splitlines() if line and not line.startswith("--")]


GRANTS = [statement for statement in documented() if statement.startswith("GRANT")]


@pytest.fixture
def shop(tmp_path: Path, database: str) -> sa.Engine:
    """A project whose database was made from its models, and is closed to the public."""
    (tmp_path / "shop.py").write_text(MODELS)
    make = "import sys, sqlalchemy, shop; shop.Base.metadata.create_all(sqlalchemy.create_engine(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", make, database], cwd=tmp_path, check=True, timeout=120)
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = sa.make_url(database).database
    with engine.connect() as owner:
        owner.exec_driver_sql(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        owner.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    return engine


@pytest.fixture
def granted(shop: sa.Engine) -> Iterator[Grant]:
    """Makes the role as the page shows, without some statements; gives its URL."""
    made: list[str] = []
    name = str(shop.url.database)

    def make(*without: str) -> str:
        role = f"drift_test_reader_{os.getpid()}_{next(_numbers)}"
        made.append(role)
        with shop.connect() as owner:
            for statement in documented():
                if statement not in without:
                    own = statement.replace("drift_reader", role).replace("DATABASE shop", f"DATABASE {name}")
                    owner.exec_driver_sql(own)
        return shop.url.set(username=role, password="…").render_as_string(hide_password=False)

    yield make
    with shop.connect() as owner:
        for role in made:
            owner.exec_driver_sql(f"DROP OWNED BY {role}")
            owner.exec_driver_sql(f"DROP ROLE {role}")


def run(directory: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "drift", *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    return done.returncode, done.stdout, done.stderr


def probe(directory: Path, url: str) -> tuple[int, set[str], set[str]]:
    """(exit code, codes of findings, codes of what was not checked) of a strict check with all probes."""
    given = ("--models", "shop:Base", "--database-url", url, "--format", "json")
    code, out, err = run(directory, "check", "--probe", "--strict", *given)
    if code == 2:
        return code, set(), set()
    report = json.loads(out)
    assert not err
    return code, {one["code"] for one in report["findings"]}, {one["code"] for one in report["not_checked"]}


def test_the_grants_are_enough(tmp_path, shop, granted):
    url = granted()
    assert probe(tmp_path, url) == (0, set(), set())
    with shop.connect() as owner:
        owner.exec_driver_sql(BEHIND)
    assert probe(tmp_path, url) == (1, {"SQ303", "VT115"}, set())
    assert probe(tmp_path, shop.url.render_as_string(hide_password=False)) == (1, {"SQ303", "VT115"}, set())


@pytest.mark.parametrize("command", ["plan", "diff models database", "snapshot", "baseline", "doctor"])
def test_every_command_is_content(tmp_path, granted, command):
    code, _out, err = run(tmp_path, *command.split(), "--models", "shop:Base", "--database-url", granted())
    assert code == 0, err
    assert "permission denied" not in err


@pytest.mark.parametrize("grant", GRANTS)
def test_none_can_be_left_out(tmp_path, shop, granted, grant):
    with shop.connect() as owner:
        owner.exec_driver_sql("ALTER TABLE orders DROP CONSTRAINT few, ADD CONSTRAINT few CHECK (quantity < 3)")
        owner.exec_driver_sql(BEHIND)
    code, _found, unknown = probe(tmp_path, granted(grant))
    assert code == 2 or (code == 1 and unknown)


def test_without_rights_on_sequences(tmp_path, granted):
    [on_sequences] = [grant for grant in GRANTS if "SEQUENCES" in grant]
    assert probe(tmp_path, granted(on_sequences)) == (1, set(), {"SQ303", "VT316"})


def test_without_rights_on_rows(tmp_path, granted):
    [on_tables] = [grant for grant in GRANTS if "ALL TABLES" in grant]
    assert probe(tmp_path, granted(on_tables)) == (1, set(), PROBES)


def test_without_rights_on_a_column(tmp_path, shop, granted):
    url = granted()
    role = sa.make_url(url).username
    with shop.connect() as owner:
        owner.exec_driver_sql(f"REVOKE SELECT ON orders FROM {role}")
        owner.exec_driver_sql(f"GRANT SELECT (quantity) ON orders TO {role}")
    assert probe(tmp_path, url) == (1, set(), {"SQ303", "VT115"})


def test_rows_that_a_policy_hides(tmp_path, shop, granted):
    """The rows that are seen would say that all is well."""
    with shop.connect() as owner:
        owner.exec_driver_sql(BEHIND)
        owner.exec_driver_sql("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
        owner.exec_driver_sql("CREATE POLICY small ON orders USING (id < 5)")
    assert probe(tmp_path, granted()) == (1, set(), {"SQ303", "VT115"})


def test_a_table_that_is_locked(tmp_path, shop, granted):
    url = granted()
    with sa.create_engine(shop.url).connect() as other:
        other.exec_driver_sql("LOCK TABLE transaction IN ACCESS EXCLUSIVE MODE")
        code, _found, unknown = probe(tmp_path, url)
    # Either the catalog could not be read, or the rows could not be counted.
    assert code == 2 or (code == 1 and "VT324" in unknown)
