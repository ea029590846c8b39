"""What is found in applications and modules, of every shape."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Generic, TypeVar

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, RootModel
from starlette.applications import Starlette
from starlette.routing import Mount

from drift.alignment.observations import Route
from drift.errors import DriftError
from drift.sources.responses.discovery import discover
from drift.sources.responses.references import resolve
from drift.sources.responses.routing import endpoints

T = TypeVar("T")


class Readable(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserOut(Readable):
    id: int


class Page(BaseModel, Generic[T]):
    items: list[T]


class Users(RootModel[list[UserOut]]):
    pass


class UserCreate(BaseModel):
    name: str


RESPONSES = [
    UserOut,
    list[UserOut],
    dict[str, UserOut],
    UserOut | None,
    Annotated[UserOut, "documented"],
    Page[UserOut],
    Users,
    tuple[UserOut, ...],
]


def routes(app: object) -> set[str]:
    found = discover(resolve([app], directory=Path.cwd()))
    return {str(route) for route in found.schemas[UserOut].routes}


@pytest.mark.parametrize("response", RESPONSES, ids=str)
def test_response_models_are_unwrapped(response):
    app = FastAPI()
    app.add_api_route("/users", lambda: None, response_model=response)
    assert routes(app) == {"GET /users"}


def test_return_annotations_routers_and_mounts():
    router = APIRouter(prefix="/users")

    @router.get("/{id}")
    def one(id: int) -> UserOut: ...

    outer = APIRouter(prefix="/v1")
    outer.include_router(router)
    inner = FastAPI()
    inner.include_router(outer)
    app = FastAPI()
    app.include_router(router, prefix="/api")
    app.mount("/sub", inner)
    assert routes(app) == {"GET /api/users/{id}", "GET /sub/v1/users/{id}"}
    assert routes(Starlette(routes=[Mount("/all", app=app)])) == {
        "GET /all/api/users/{id}",
        "GET /all/sub/v1/users/{id}",
    }


def test_middleware_does_not_hide_what_is_mounted():
    inner = FastAPI()
    inner.add_api_route("/users", lambda: None, response_model=UserOut)

    class Wrapped:
        def __init__(self, app: object) -> None:
            self.app = app

    app = Starlette(routes=[Mount("/in", app=Wrapped(inner))])
    assert routes(app) == {"GET /in/users"}


def test_bodies_are_requests():
    app = FastAPI()

    @app.post("/users")
    def create(user: UserCreate) -> UserOut: ...

    found = discover(resolve([app], directory=Path.cwd())).schemas
    assert list(found[UserCreate].takes) == [Route("POST", "/users")]
    assert [endpoint.function for endpoint in endpoints(app) if endpoint.bodies] == [create]


def test_factories_modules_and_packages(tmp_path: Path):
    package = tmp_path / "webshop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "schemas.py").write_text(
        "from pydantic import BaseModel, ConfigDict\n"
        "class ItemOut(BaseModel):\n    model_config = ConfigDict(from_attributes=True)\n    id: int\n"
        "class Plain(BaseModel):\n    id: int\n"
    )
    (package / "broken.py").write_text("import a_module_that_is_not_there\n")
    (package / "main.py").write_text(
        "print('noise')\nfrom fastapi import FastAPI\nfrom webshop.schemas import ItemOut\n"
        "def create_app():\n    app = FastAPI()\n"
        "    app.add_api_route('/items', lambda: None, response_model=list[ItemOut])\n    return app\n"
    )
    made = resolve(["webshop.main:create_app"], directory=tmp_path)
    assert [str(route) for found in discover(made).schemas.values() for route in found.routes] == ["GET /items"]
    scanned = resolve(["webshop"], directory=tmp_path)
    assert [schema.__name__ for schema in discover(scanned).schemas] == ["ItemOut"]
    assert [name for name, _ in scanned.failures] == ["webshop.broken"]
    with pytest.raises(DriftError) as caught:
        resolve(["webshop.broken"], directory=tmp_path)
    assert caught.value.place == "webshop/broken.py:1"
    with pytest.raises(DriftError, match="has no attribute"):
        resolve(["webshop.main:nothing"], directory=tmp_path)
    with pytest.raises(DriftError, match="neither an application nor a module"):
        resolve([42], directory=tmp_path)
