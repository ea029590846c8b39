"""Request schemas: what depends on the driver, or has to be asked for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel, Field, NaiveDatetime, field_validator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from drift.findings import Severity
from tests.responses.support import run


class Base(DeclarativeBase):
    pass


class Event(Base):
    __tablename__ = "events"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    size: Mapped[int]
    title: Mapped[str]


class EventCreate(BaseModel):
    at: dt.datetime
    size: int
    title: str | None = None

    @field_validator("title", mode="before")
    @classmethod
    def _title(cls, value: str | None) -> str:
        return value or "untitled"


class EventNew(BaseModel):
    at: NaiveDatetime
    size: int = Field(le=2**31 - 1)
    title: str


def told(schema: type[BaseModel], database: str, **options: object) -> list[tuple[str, str]]:
    checked = run(Base, [schema], database, directory=Path.cwd(), **options)  # type: ignore[arg-type]
    return sorted((finding.code, finding.subject.name) for finding in checked.findings)


def test_aware_datetimes_only_trouble_asyncpg(database: str):
    assert told(EventCreate, database) == []
    assert told(EventCreate, database, driver="asyncpg") == [("RQ306", "EventCreate.at")]
    assert told(EventNew, database, driver="asyncpg") == []


def test_ranges_on_request(database: str):
    assert told(EventCreate, database, request_range=True) == [("RQ303", "EventCreate.size")]
    assert told(EventNew, database, request_range=True) == []


def test_explicit_pairs_are_warnings(database: str):
    class Incoming(BaseModel):
        at: dt.datetime
        size: int | None = None

    class IncomingCreate(Incoming):
        pass

    name = f"{__name__}.test_explicit_pairs_are_warnings.<locals>.IncomingCreate"
    checked = run(Base, [IncomingCreate], database, directory=Path.cwd(), pairs={name: "Event"})
    assert sorted((f.code, f.severity, f.subject.name) for f in checked.findings) == [
        ("RQ101", Severity.WARNING, "IncomingCreate.title"),
        ("RQ301", Severity.WARNING, "IncomingCreate.size"),
    ]


class EventIn(BaseModel):
    at: NaiveDatetime
    size: int | None = None
    title: str


def test_what_a_route_makes_a_row_of_is_asked_for_a_whole_one(database: str):
    app = FastAPI()

    @app.post("/events", status_code=204)
    def create(data: EventIn) -> None:
        Event(**data.model_dump())

    checked = run(Base, [app], database, directory=Path.cwd())
    assert [(f.code, f.subject.name) for f in checked.findings] == [("RQ301", "EventIn.size")]
    other = FastAPI()

    @other.post("/events", status_code=204)
    def look_for(data: EventIn) -> None:
        print(data)

    assert run(Base, [other], database, directory=Path.cwd()).findings == ()
