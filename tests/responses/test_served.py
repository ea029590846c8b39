"""The shop of ``fixtures/apps``, served by uvicorn: every error is an answer 500, and after its repair a 200."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from sqlalchemy import create_engine, text

from drift.findings import Finding, Severity
from drift.sources.responses.edit import apply, propose
from tests.responses.support import Checked, run

SHOP = Path(__file__).resolve().parents[2] / "fixtures" / "apps" / "shop"

SCHEMA_REPAIRS = {
    "uid: str": "uid: UUID",
    "total: int": "total: float",
    "placed: dt.date": "placed: dt.datetime",
    "points: int": "points: int = 0",
    "max_length=32": "max_length=64",
    "settings: dict": "settings: dict | None",
    "tags: list[str]": "tags: list[str | None]",
    '    paid = "paid"\n': '    paid = "paid"\n    refunded = "refunded"\n',
    "self.first_name.upper()": "(self.first_name or '').upper()",
    "    initial: str\n": "    initial: str = ''\n",
    "import enum\n": "import enum\nfrom typing import Annotated\nfrom uuid import UUID\n",
    "avatar: bytes": "avatar: Annotated[bytes, PlainSerializer(lambda value: value.hex())]",
    "Field, computed_field": "Field, PlainSerializer, computed_field",
}
"""The way out of each finding that `--fix-schemas` leaves to a person."""

DATABASE_REPAIRS = """
UPDATE users SET email = 'unknown', first_name = 'Unknown' WHERE email IS NULL;
UPDATE orders SET customer_id = 1 WHERE customer_id IS NULL;
UPDATE customers SET settings = '{}' WHERE settings = 'null';
UPDATE customers SET tags = '{}', nickname = left(nickname, 32), avatar = 'abc';
UPDATE orders SET total = trunc(total), placed = date_trunc('day', placed), state = 'paid';
ALTER TABLE users ALTER COLUMN email SET NOT NULL;
ALTER TABLE users ALTER COLUMN first_name SET NOT NULL;
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
"""

NOT_BY_DATA = {"RS101", "RS304"}
"""No row helps: every call fails."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


@contextmanager
def served(folder: Path, database: str) -> Iterator[Callable[[str], int]]:
    """The shop on a free port; yields what asks for a path and tells the status."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "shop.main:app", "--port", str(port), "--log-level", "critical"],
        cwd=folder,
        env={**os.environ, "SHOP_DATABASE_URL": database, "PYTHONDONTWRITEBYTECODE": "1"},
        stderr=subprocess.DEVNULL,
    )

    def status(path: str) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    try:
        for _ in range(300):
            try:
                status("/openapi.json")
                break
            except (URLError, ConnectionError):
                assert process.poll() is None, "the shop does not start"
                time.sleep(0.1)
        yield status
    finally:
        process.terminate()
        process.wait(10)


def check(shop: Path, database: str, *, script: str = "SELECT 1") -> Checked:
    import importlib

    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]
    sys.path.insert(0, str(shop))
    try:
        importlib.invalidate_caches()
        models = importlib.import_module("shop.models")
        if script != "SELECT 1":
            engine = create_engine(database)
            models.Base.metadata.create_all(engine)
            engine.dispose()
        return run(models.Base, ["shop.main:app"], database, directory=shop, script=script, probe=True)
    finally:
        sys.path.remove(str(shop))


def paths(finding: Finding) -> list[str]:
    """The finding's GET routes with the offending row put in."""
    row = re.search(r"id=(\d+)", str(finding.detail("row") or "id=2"))
    assert row is not None
    routes = finding.detail("routes")
    assert isinstance(routes, tuple)
    return [route.removeprefix("GET ").replace("{id}", row[1]) for route in routes if route.startswith("GET ")]


def errors(checked: Checked) -> list[Finding]:
    return [finding for finding in checked.findings if finding.severity is Severity.ERROR]


def test_every_error_is_a_500_and_a_200_after_either_repair(shop: Path, database: str):
    found = errors(check(shop, database, script=(shop / "shop" / "rows.sql").read_text(encoding="utf-8")))
    assert {finding.code for finding in found} == {
        "RS101", "RS301", "RS302", "RS303", "RS304", "RS305", "RS306", "RS307", "RS308", "RS309", "RS310",
    }  # fmt: skip
    asked = sorted({path for finding in found for path in paths(finding)})
    assert "/admin/v1/users/2" in asked
    with served(shop, database) as status:
        assert {path: status(path) for path in asked} == dict.fromkeys(asked, 500)
        assert status("/users/1") == 200

    # The source edit: what --fix-schemas writes, and by hand what it leaves to a person.
    original = (shop / "shop" / "schemas.py").read_text(encoding="utf-8")
    edits = propose(found, directory=shop)
    assert "email: str | None = None  # shown on every page" in "".join(edit.diff() for edit in edits)
    apply(edits, directory=shop)
    fixed_by_edit = {path for finding in found if finding.code in ("RS301", "RS302") for path in paths(finding)}
    with served(shop, database) as status:
        assert {status(path) for path in fixed_by_edit} == {200}
    source = (shop / "shop" / "schemas.py").read_text(encoding="utf-8")
    for old, new in SCHEMA_REPAIRS.items():
        assert old in source, old
        source = source.replace(old, new)
    (shop / "shop" / "schemas.py").write_text(source, encoding="utf-8")
    models = shop / "shop" / "models.py"
    models.write_text(
        models.read_text(encoding="utf-8").replace("self.first_name[0]", "(self.first_name or '?')[0]"), "utf-8"
    )
    with served(shop, database) as status:
        assert {path: status(path) for path in asked} == dict.fromkeys(asked, 200)
    assert errors(check(shop, database)) == []

    # The database's way out, with the schemas as they were.
    (shop / "shop" / "schemas.py").write_text(original, encoding="utf-8")
    shutil.copy(SHOP / "models.py", models)
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text(DATABASE_REPAIRS))
    engine.dispose()
    answered = sorted({path for f in found if f.code not in NOT_BY_DATA for path in paths(f)})
    with served(shop, database) as status:
        assert {path: status(path) for path in answered} == dict.fromkeys(answered, 200)
    still = errors(check(shop, database))
    assert not {finding.code for finding in still} & {"RS301", "RS302", "RS303", "RS307", "RS308", "RS309"}
