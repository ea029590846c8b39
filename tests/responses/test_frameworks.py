"""Applications that are not FastAPI's: their routes are found where they declare models, else that is said once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apiflask
import flask_pydantic
import litestar
import spectree
from flask import Flask
from flask.views import MethodView
from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route as StarletteRoute

from drift.alignment.observations import Observations
from drift.sources.models import load
from drift.sources.responses import ObserveOptions, observe


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None]


class Card(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    email: str


class Wanted(BaseModel):
    email: str


engine = create_engine("sqlite://")


def load_user() -> User | None:
    with Session(engine) as session:
        return session.get(User, 1)


def observed(app: Any) -> Observations:
    return observe([app], load([Base], directory=Path.cwd()), options=ObserveOptions())


def cards(app: Any) -> list[tuple[str, str, list[str]]]:
    """(class, evidence, routes) of the pairs of ``Card``, and that a NULL in the email was seen to break it."""
    found = [pair for pair in observed(app).pairs if pair.name == "Card"]
    assert all(any(each.field == "email" and each.value == "NULL" for each in pair.observations) for pair in found)
    return [(pair.model.rpartition(".")[2], pair.evidence.value, list(map(str, pair.routes))) for pair in found]


def test_plain_flask():
    app = Flask(__name__)

    @app.get("/user")
    def user() -> Any:
        return Card.model_validate(load_user()).model_dump()

    @app.get("/users")
    def users() -> Any:
        with Session(engine) as session:
            return TypeAdapter(list[Card]).validate_python(session.scalars(select(User)).all())

    class One(MethodView):
        def get(self) -> Any:
            return Card.model_validate(load_user()).model_dump_json()

    app.add_url_rule("/one", view_func=One.as_view("one"))
    assert cards(app) == [("User", "code", ["GET /one", "GET /user", "GET /users"])]


def test_flask_pydantic():
    app = Flask(__name__)

    @app.post("/user")
    @flask_pydantic.validate(body=Wanted)
    def user() -> Card:
        return Card.model_validate(load_user())

    observations = observed(app)
    assert cards(app) == [("User", "code", ["POST /user"])]
    assert "routes take it" in dict(observations.unpaired)[f"{__name__}.Wanted"]


def test_spectree():
    app = Flask(__name__)
    spec = spectree.SpecTree("flask")

    @app.post("/user")
    @spec.validate(resp=spectree.Response(HTTP_200=Card), json=Wanted)
    def user() -> Any:
        return load_user()

    assert cards(app) == [("User", "code", ["POST /user"])]


def test_apiflask():
    app = apiflask.APIFlask(__name__)

    @app.get("/user")
    @app.output(Card)
    def user() -> Any:
        return load_user()

    @app.get("/users")
    @app.output(list[Card])
    def users() -> Any:
        with Session(engine) as session:
            return session.scalars(select(User)).all()

    assert cards(app) == [("User", "code", ["GET /user", "GET /users"])]


def test_litestar():

    @litestar.get("/user", sync_to_thread=False)
    def user() -> Card:
        return Card.model_validate(load_user())

    class Users(litestar.Controller):
        path = "/users"

        @litestar.post(sync_to_thread=False)
        def create(self, data: Wanted) -> Card:
            return Card.model_validate(User(email=data.email))

    app = litestar.Litestar([user, Users])
    assert cards(app) == [("User", "code", ["GET /user", "POST /users"])]


def test_starlette():
    async def user(_: Any) -> JSONResponse:
        return JSONResponse(Card.model_validate(load_user()).model_dump())

    assert cards(Starlette(routes=[StarletteRoute("/user", user)])) == [("User", "code", ["GET /user"])]


def test_an_application_without_models_is_said_once():
    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        return "nothing"

    @app.get("/more")
    def more() -> str:
        return "nothing either"

    unprobed = [each for each in observed(app).unprobed if "declares" in each.reason]
    assert [(each.schema, each.help) for each in unprobed] == [("Flask", "name the modules of its schemas as well")]
