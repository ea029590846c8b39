"""The endpoints of ``fixtures/apps/routes``, each requested with the row in question: what happens, and what was said.

``pytest -s tests/responses/test_routes.py`` prints the table.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from drift.findings import Finding, NotChecked, Severity
from drift.sources.responses.discovery import discover
from drift.sources.responses.references import resolve
from tests.responses.support import Checked, run

pytest.importorskip("sqlmodel")

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "apps" / "routes"

NULL = "RS301 error"
EXPECTED = {
    "/reads/plain": (500, NULL),
    "/reads/annotated": (500, NULL),
    "/reads/list": (500, NULL),
    "/reads/another-name": (500, NULL),
    "/reads/crud": (500, NULL),
    "/reads/crud-super": (500, NULL),
    "/reads/repository": (500, NULL),
    "/reads/service": (500, NULL),
    "/reads/dependency": (500, NULL),
    "/reads/dependency-untyped": (500, NULL),
    "/reads/validated": (500, NULL),
    "/reads/adapter": (500, NULL),
    "/reads/page": (500, NULL),
    "/reads/page-built": (500, NULL),
    "/reads/relationship": (500, NULL),
    "/reads/root-model": (500, NULL),
    "/reads/thread": (500, NULL),
    "/reads/post": (500, NULL),
    "/reads/leave-request": (500, NULL),
    "/reads/in-db": (500, NULL),
    "/reads/check-in": (500, NULL),
    "/reads/form": (500, NULL),
    "/reads/with": (500, f"{NULL}, RS302 error"),
    "/reads/union": (500, NULL),
    "/reads/union-problem": (500, NULL),
    "/reads/plain-enum": (500, "RS304 error"),
    "/reads/never-fits": (500, f"{NULL}, RS304 error"),
    "/reads/sqlmodel": (500, NULL),
    "/reads/searched": (500, NULL),
    "/reads/raised-again": (500, NULL),
    "/reads/constructor": (500, "RS301 warning"),
    "/reads/dictionary": (500, "RS301 warning"),
    "/reads/mappings": (500, "not checked"),
    "/reads/spread": (500, "not checked"),
    "/holds/constructor": (200, ""),
    "/holds/helper": (200, ""),
    "/holds/class-method": (200, ""),
    "/holds/dictionary": (200, ""),
    "/holds/dictionaries": (200, ""),
    "/holds/method": (200, ""),
    "/holds/mappings": (200, "not checked"),
    "/holds/answer": (200, ""),
    "/holds/set-before": (200, "RS301 warning"),
    "/holds/asked-for": (200, "RS301 warning"),
    "/holds/joined": (200, "RS302 warning"),
    "/holds/caught": (200, "RS301 warning"),
    "/holds/guarded": (200, "RS301 warning"),
    "/holds/sifted": (200, "RS301 warning"),
    "/holds/optional": (200, ""),
    "/holds/uuid": (200, ""),
    "/holds/stats": (200, ""),
    "/holds/table-model": (200, ""),
    "/holds/hero": (200, ""),
}


@pytest.fixture
def application(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The application over a database with its rows."""
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setenv("ROUTES_DATABASE_URL", database)
    main = importlib.import_module("routes.main")
    yield main
    heroes = sys.modules["routes.heroes"]
    heroes.SQLModel.metadata.clear()
    heroes.SQLModel._sa_registry.dispose()
    sys.modules["routes.database"].engine.dispose()
    for name in [name for name in sys.modules if name.partition(".")[0] == "routes"]:
        del sys.modules[name]


def check(main: Any, database: str) -> Checked:
    bases = [sys.modules["routes.models"].Base, sys.modules["routes.heroes"].SQLModel]
    engine = create_engine(database, poolclass=NullPool)
    for base in bases:
        base.metadata.create_all(engine)
    script = (FOLDER / "routes" / "rows.sql").read_text(encoding="utf-8")
    return run(bases, [main.app], database, directory=FOLDER, script=script)


def said(checked: Checked, main: Any) -> dict[str, list[str]]:
    """For each route what was said of the schemas that it fills, infos left out."""
    found: dict[str, list[str]] = {}
    for finding in checked.findings:
        if finding.severity is not Severity.INFO:
            for route in finding.detail("routes") or ():
                found.setdefault(str(route), []).append(f"{finding.code} {finding.severity.value}")
    routes = {
        schema.__name__: each.routes for schema, each in discover(resolve([main.app], directory=FOLDER)).schemas.items()
    }
    for item in checked.not_checked:
        for route in routes[item.subject.name.rpartition(".")[0]]:
            found.setdefault(str(route), []).append("not checked")
    return found


async def statuses(app: Any) -> dict[str, int]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://routes") as client:
        return {path: (await client.get(path)).status_code for path in EXPECTED}


def test_no_error_without_a_500_and_no_500_unsaid(application: Any, database: str):
    checked = check(application, database)
    told = said(checked, application)
    shown = {
        path: (status, ", ".join(sorted(set(told.get(f"GET {path}", [])))))
        for path, status in asyncio.run(statuses(application.app)).items()
    }
    print()
    for path, (status, what) in shown.items():
        print(f"{path:28} {status}  {what or '-'}")
    assert {path for path, (status, what) in shown.items() if status == 500 and not what} == set()
    assert {path for path, (status, what) in shown.items() if status != 500 and "error" in what} == set()
    assert shown == EXPECTED
    assert not [route for route in told if not route.startswith("GET ")]


def test_it_is_said_which_endpoint_builds_what(application: Any, database: str):
    outcomes = check(application, database).outcomes
    notes = [str(each.note) for each in outcomes if isinstance(each, Finding) and "OrderCard" in each.subject.name]
    assert len(notes) == 1
    assert "GET /reads/constructor builds it itself (routes/main.py:" in notes[0]
    reasons = {each.subject.name: each for each in outcomes if isinstance(each, NotChecked)}
    assert "fills it from a mapping (routes/main.py:" in reasons["OrderMapped.*"].reason
    assert '"routes.schemas.OrderMapped" = ' in str(reasons["OrderMapped.*"].help)
