"""Two projects in the styles that people copy, with nothing configured but the application.

Where nothing can break nothing is said; where the live database allows a NULL, every response that shows it is named.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from drift.findings import Severity
from tests.responses.support import Checked, run

pytest.importorskip("sqlmodel")

APPS = Path(__file__).resolve().parents[2] / "fixtures" / "apps"


@dataclass(frozen=True)
class Project:
    """A project, what its responses read, and what a NULL in one column breaks."""

    folder: str
    package: str
    models: str
    base: str
    pairs: frozenset[tuple[str, str]]
    rows: str
    null: str
    broken: frozenset[str]
    holds: str
    breaks: str


FULL_STACK = Project(
    folder="full_stack",
    package="app",
    models="app.models",
    base="SQLModel",
    pairs=frozenset({("ItemPublic", "Item"), ("UserPublic", "User")}),
    rows="""
        INSERT INTO "user" (id, email, is_active, is_superuser, hashed_password)
        VALUES ('00000000-0000-0000-0000-000000000001', 'a@example.org', true, true, 'x');
        INSERT INTO item (id, title, owner_id)
        VALUES ('00000000-0000-0000-0000-000000000002', 'one', '00000000-0000-0000-0000-000000000001');
    """,
    null="ALTER TABLE item ALTER COLUMN title DROP NOT NULL; UPDATE item SET title = NULL;",
    broken=frozenset({"ItemPublic.title"}),
    holds="/api/v1/users/",
    breaks="/api/v1/items/",
)

RECIPES = Project(
    folder="recipes",
    package="recipes",
    models="recipes.db.models",
    base="SqlAlchemyBase",
    pairs=frozenset(
        {
            ("GroupInDB", "Group"),
            ("GroupSummary", "Group"),
            ("PrivateUser", "User"),
            ("Recipe", "RecipeModel"),
            ("RecipeCommentOut", "RecipeComment"),
            ("RecipeCommentUser", "User"),
            ("RecipeIngredient", "RecipeIngredientModel"),
            ("RecipeSummary", "RecipeModel"),
            ("UserOut", "User"),
        }
    ),
    rows="""
        INSERT INTO groups (id, name) VALUES ('00000000-0000-0000-0000-000000000001', 'kitchen');
        INSERT INTO users (id, username, email, password, group_id)
        VALUES ('00000000-0000-0000-0000-000000000002', 'cook', 'a@example.org', 'x',
                '00000000-0000-0000-0000-000000000001');
        INSERT INTO recipes (id, slug, name, group_id)
        VALUES ('00000000-0000-0000-0000-000000000003', 'soup', 'Soup', '00000000-0000-0000-0000-000000000001');
    """,
    null="ALTER TABLE recipes ALTER COLUMN name DROP NOT NULL; UPDATE recipes SET name = NULL;",
    broken=frozenset({"Recipe.name", "RecipeSummary.name"}),
    holds="/api/users",
    breaks="/api/recipes",
)


@pytest.fixture(params=[FULL_STACK, RECIPES], ids=lambda project: project.folder)
def project(request: pytest.FixtureRequest, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project that can be imported, over a database with rows."""
    chosen: Project = request.param
    forget(chosen)
    monkeypatch.syspath_prepend(APPS / chosen.folder)
    monkeypatch.setenv(f"{chosen.folder.upper()}_DATABASE_URL", database)
    importlib.import_module(f"{chosen.package}.main")
    base_of(chosen).metadata.create_all(engine := create_engine(database, poolclass=NullPool))
    with engine.begin() as connection:
        connection.exec_driver_sql(chosen.rows)
    yield chosen
    if chosen is FULL_STACK:
        base_of(chosen).metadata.clear()
        base_of(chosen)._sa_registry.dispose()
    forget(chosen)


def forget(project: Project) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == project.package]:
        del sys.modules[name]


def base_of(project: Project) -> Any:
    return getattr(sys.modules[project.models], project.base)


def check(project: Project, database: str, script: str) -> Checked:
    app = sys.modules[f"{project.package}.main"].app
    return run(base_of(project), [app], database, directory=APPS / project.folder, script=script)


def status(project: Project, path: str) -> int:
    async def ask() -> int:
        transport = httpx.ASGITransport(app=sys.modules[f"{project.package}.main"].app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://project") as client:
            return (await client.get(path)).status_code

    return asyncio.run(ask())


def test_nothing_is_said_where_nothing_can_break(project: Project, database: str):
    checked = check(project, database, "SELECT 1")
    assert [each.message for each in checked.findings if each.severity is not Severity.INFO] == []
    assert checked.not_checked == ()
    pairs = {(pair.name, pair.model.rpartition(".")[2]) for pair in checked.observations.pairs}
    assert pairs == project.pairs
    assert (status(project, project.holds), status(project, project.breaks)) == (200, 200)


def test_a_null_breaks_what_is_named(project: Project, database: str):
    checked = check(project, database, project.null)
    errors = [each for each in checked.findings if each.severity is Severity.ERROR]
    assert {each.subject.name for each in errors} == project.broken
    assert any(f"GET {project.breaks}" in map(str, each.detail("routes") or ()) for each in errors)
    assert (status(project, project.holds), status(project, project.breaks)) == (200, 500)
