"""Which class a schema reads, by strength of evidence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import drift
from drift.alignment.observations import Observations
from drift.sources.models import load
from drift.sources.responses import ObserveOptions, observe
from drift.sources.responses.names import RESPONSE_WORDS, core, is_create, is_request, shortenings
from drift.sources.responses.recorder import Recorder, read
from drift.sources.responses.telling import describe_pairs


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None]


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


class Readable(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    email: str


class UserResponse(Readable):
    pass


class Member(Readable):
    pass


class Plain(BaseModel):
    id: int
    email: str


def observed(*references: object, **options: object) -> Observations:
    return observe(references, load([Base], directory=Path.cwd()), options=ObserveOptions(**options))  # type: ignore[arg-type]


def pairs(observations: Observations) -> list[tuple[str, str, str]]:
    """(schema, class, evidence) of this module's own schemas: an application's whole package is looked at."""
    own = [pair for pair in observations.pairs if pair.schema.startswith(__name__)]
    return [(pair.name, pair.model.rpartition(".")[2], pair.evidence.value) for pair in own]


def test_names_need_the_whole_row():
    assert pairs(observed(UserResponse)) == [("UserResponse", "User", "fitting")]


def test_configuration_and_declaration_win():
    name = f"{__name__}.UserResponse"
    assert pairs(observed(UserResponse, pairs={name: "Account"})) == [("UserResponse", "Account", "explicit")]
    assert pairs(observed(UserResponse, pairs={"UserResponse": ""})) == []

    @drift.reads(User)
    class Somebody(Readable):
        pass

    assert pairs(observed(Somebody)) == [("Somebody", "User", "explicit")]


def test_what_an_endpoint_returns():
    app = FastAPI()

    @app.get("/members", response_model=list[Plain])
    def members() -> list[User]: ...

    assert ("Plain", "User", "annotated") in pairs(observed(app))


def test_what_is_built_by_hand_is_not_paired():
    app = FastAPI()

    class UserPublic(Plain):
        pass

    @app.get("/built", response_model=UserPublic)
    def built() -> object:
        return UserPublic(id=1, email="")

    assert "UserPublic" not in {name for name, *_ in pairs(observed(app))}

    @app.get("/read", response_model=UserPublic)
    def read_() -> object:
        return User()

    assert ("UserPublic", "User", "code") in pairs(observed(app))


def test_recorded_by_a_test_suite(tmp_path: Path):
    recorder = Recorder()
    recorder.start()
    try:
        Member.model_validate(User(id=1, email="a"))
        with pytest.raises(ValueError, match="email"):
            Member.model_validate(User(id=2, email=None))
        Member.model_validate({"id": 1, "email": "a"})
    finally:
        recorder.stop()
    recorder.write(tmp_path / "record.json")
    recorder.write(tmp_path / "record.json")
    recorded = read(tmp_path / "record.json")
    assert recorded == ((f"{__name__}.Member", f"{__name__}.User"),)
    assert pairs(observed(Member)) == []
    assert pairs(observed(Member, recorded=recorded)) == [("Member", "User", "recorded")]
    assert "model_validate" in vars(BaseModel)
    Member.model_validate(Account(id=1, email="a"))
    assert len(recorder.met) == 1


def test_recorded_below_fastapi():
    recorder = Recorder()
    recorder.start()
    try:
        app = FastAPI()

        @app.get("/members", response_model=list[Plain])
        def members() -> object:
            return [Account(id=1, email="a")]

        assert asyncio.run(_status(app, "/members")) == 200
    finally:
        recorder.stop()
    assert (f"{__name__}.Plain", f"{__name__}.Account") in recorder.met


async def _status(app: FastAPI, path: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
        return (await client.get(path)).status_code


def test_sqlmodel():
    sqlmodel = pytest.importorskip("sqlmodel")

    class HeroBase(sqlmodel.SQLModel):
        name: str
        alias: str | None = None

    class Hero(HeroBase, table=True):
        id: int | None = sqlmodel.Field(default=None, primary_key=True)

    class HeroPublic(HeroBase):
        id: int
        alias: str

    try:
        observations = observe(
            [HeroPublic, Hero], load([sqlmodel.SQLModel], directory=Path.cwd()), options=ObserveOptions()
        )
        assert pairs(observations) == [("HeroPublic", "Hero", "sqlmodel")]
        assert [(o.field, o.error) for o in observations.pairs[0].observations if o.trial == "NULL"] == [
            ("name", "string_type"),
            ("alias", "string_type"),
        ]
        assert "not validated again" in dict(observations.unpaired)[f"{__name__}.test_sqlmodel.<locals>.Hero"]
    finally:
        sqlmodel.SQLModel.metadata.clear()
        sqlmodel.main.default_registry.dispose()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UserResponse", ("user",)),
        ("UserOut", ("user",)),
        ("UserReadPublic", ("user",)),
        ("PublicUser", ("user",)),
        ("OrderLinesResponse", ("order", "line")),
        ("HTTPCategoriesOut", ("http", "category")),
        ("Response", ("response",)),
    ],
)
def test_cores_of_names(name: str, expected: tuple[str, ...]):
    assert core(name, RESPONSE_WORDS) == expected
    assert expected in shortenings(name, RESPONSE_WORDS)


def test_requests_by_name():
    assert all(map(is_request, ["UserCreate", "UpdateUser", "UserBody", "BulkUsers", "UserPartial", "UserFilter"]))
    assert is_create("UserCreate")
    assert not is_create("UserCreateOrUpdate")
    assert not is_request("UserResponse")


def test_told_to_people():
    lines = list(describe_pairs(observed(UserResponse, Plain), unpaired=True))
    assert lines[0] == (
        f"{__name__}.UserResponse <- {__name__}.User: their names: User, and every field fits (fitting)"
    )
    assert "no from_attributes" in lines[1]
