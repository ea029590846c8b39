"""Columns that hold more than a response takes: each kind with a row that really fails, and rows that really pass."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from decimal import Decimal
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    AnyUrl,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    Json,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    create_model,
    field_serializer,
    field_validator,
    model_validator,
)
from sqlalchemy import ARRAY, JSON, CheckConstraint, Integer, Numeric, String, Text, create_engine
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool

from tests.responses.support import run


class Color(enum.Enum):
    red = "red"


class Level(enum.IntEnum):
    low = 1
    high = 2


class Size(BaseModel):
    width: int


def _lower(value: str) -> str:
    if value != value.lower():
        raise ValueError("not lower case")
    return value


def _looked_up(value: str) -> str:
    return {"a": "A"}[value]


KINDS: dict[str, tuple[Any, Any, Any, Any]] = {
    "color": (String(20), Color, "red", "blue"),
    "literal": (Text, Literal["a", "b"], "a", "c"),
    "maybe": (Text, Literal["a"] | None, "a", "c"),
    "number": (Text, int, "12", "twelve"),
    "decimal": (String(9), Decimal, "1.50", "1,50"),
    "real": (Text, float, "1.5", "much"),
    "flag": (Text, bool, "true", "perhaps"),
    "key": (String(36), uuid.UUID, "8f14e45f-ceea-4670-8f0f-9b1b1c2d3e4f", "8f14"),
    "moment": (Text, dt.datetime, "2024-01-02T03:04:05", "yesterday"),
    "day": (Text, dt.date, "2024-01-02", "2024-13-02"),
    "time": (Text, dt.time, "03:04", "noon"),
    "span": (Text, dt.timedelta, "P1D", "long"),
    "email": (String(80), EmailStr, "a@example.com", "a at example"),
    "url": (Text, AnyUrl, "https://example.com/", "example"),
    "address": (Text, IPv4Address, "10.0.0.1", "10.0.0"),
    "content": (Text, Json[list[int]], "[1]", "[1"),
    "pattern": (Text, Annotated[str, Field(pattern="^[a-z]+$")], "abc", "ABC"),
    "constrained": (Text, Annotated[str, StringConstraints(pattern="^A")], "AB", "BA"),
    "checked": (Text, Annotated[str, AfterValidator(_lower)], "abc", "ABC"),
    "mapped": (Text, Annotated[str, AfterValidator(_looked_up)], "a", "b"),
    "level": (Integer, Level, 1, 3),
    "choice": (Integer, Literal[1, 2], 2, 3),
    "share": (Numeric(5, 2), Annotated[Decimal, Field(ge=0, le=1)], Decimal("0.50"), Decimal("1.50")),
    "named": (DOMAIN("short_name", Text), Literal["a"], "a", "b"),
    "tags": (ARRAY(Text), list[Literal["a"]], ["a"], ["b"]),
    "size": (JSON, Size, {"width": 1}, {"width": "wide"}),
}
"""Column type, field type, a value that passes, and one that does not."""

OPEN = {
    "text": (Text, str, "any", None),
    "secret": (Text, SecretStr, "any", None),
    "words": (ARRAY(Text), list[str], ["any"], None),
    "object": (JSON, Any, {"a": 1}, None),
}
CHECKS = (
    "color = 'red'",
    "literal IN ('a', 'b')",
    "maybe IS NULL OR maybe = 'a'",
    "pattern ~ '^[a-z]+$'",
    "level BETWEEN 1 AND 2",
    "choice IN (1, 2)",
    "share >= 0 AND share <= 1",
)


def _mapped(kinds: dict[str, tuple[Any, Any, Any, Any]], *checks: str) -> tuple[type[DeclarativeBase], Any, Any]:
    class Base(DeclarativeBase):
        pass

    columns: dict[str, Any] = {name: mapped_column(type_, nullable=False) for name, (type_, *_) in kinds.items()}
    hints = {"id": Mapped[int], **dict.fromkeys(kinds, Mapped[Any])}
    table = {"__tablename__": "jobs", "__table_args__": tuple(CheckConstraint(check) for check in checks)}
    job = type("Job", (Base,), {**table, "__annotations__": hints, "id": mapped_column(primary_key=True), **columns})
    fields: dict[str, Any] = {name: (annotation, ...) for name, (_, annotation, *_) in kinds.items()}
    out = create_model("JobOut", __config__=ConfigDict(from_attributes=True), **fields)
    return Base, job, out


def _insert(url: str, base: Any, *rows: Any) -> None:
    engine = create_engine(url, poolclass=NullPool)
    base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(rows)
        session.commit()


def _failing(url: str, job: Any, out: type[BaseModel]) -> set[str]:
    """Fields that really fail for some row."""
    found: set[str] = set()
    with Session(create_engine(url, poolclass=NullPool)) as session:
        for row in session.query(job):
            for name in out.model_fields:
                read = create_model("One", __base__=None, __config__=ConfigDict(from_attributes=True), **{
                    name: (out.model_fields[name].rebuild_annotation(), ...)
                })  # fmt: skip
                try:
                    read.model_validate(row).model_dump_json()
                except (ValidationError, KeyError):
                    found.add(name)
    return found


def _said(url: str, base: Any, out: type[BaseModel], *, probe: bool) -> Callable[[str], set[str]]:
    checked = run(base, [out], url, script="SELECT 1", probe=probe)
    assert checked.not_checked == ()
    told = {(severity, name.partition(".")[2]) for _, severity, name in checked.told()}
    return lambda severity: {name for each, name in told if each == severity}


def test_every_kind_with_rows_that_pass_and_rows_that_fail(database: str) -> None:
    kinds = KINDS | OPEN
    base, job, out = _mapped(kinds)
    good = {name: value for name, (_, _, value, _) in kinds.items()}
    _insert(database, base, job(id=1, **good))

    numbers = {"level", "choice", "share"}
    said = _said(database, base, out, probe=False)
    assert (said("error"), said("warning"), said("info")) == (set(), KINDS.keys() - numbers, numbers)
    assert _failing(database, job, out) == set()
    said = _said(database, base, out, probe=True)
    assert (said("error"), said("warning"), said("info")) == (set(), set(), set(KINDS))

    _insert(database, base, *(job(id=n, **good | {name: KINDS[name][3]}) for n, name in enumerate(KINDS, 2)))
    assert _failing(database, job, out) == set(KINDS)
    said = _said(database, base, out, probe=True)
    assert (said("error"), said("warning"), said("info")) == (set(KINDS), set(), set())


def test_what_a_check_rules_out_is_not_said(database: str) -> None:
    backed = {name: kind for name, kind in KINDS.items() if any(name in check for check in CHECKS)}
    base, job, out = _mapped(backed, *CHECKS)
    _insert(database, base, job(id=1, **{name: value for name, (_, _, value, _) in backed.items()}))
    assert run(base, [out], database, script="SELECT 1").told() == []
    assert _failing(database, job, out) == set()


def test_an_example_is_quoted_unless_it_may_be_a_secret(database: str) -> None:
    kinds = {
        "state": KINDS["literal"],
        "dsn": (Text, Literal["a"], "a", None),
        "password": (Text, Literal["a"], "a", None),
    }
    base, job, out = _mapped(kinds)
    _insert(database, base, job(id=7, state="void", dsn="postgresql://me:hunter2@host/db", password="hunter2"))
    checked = run(base, [out], database, script="SELECT 1", probe=True)
    actual = {finding.subject.name: finding.actual for finding in checked.findings}
    assert "'void' in id=7" in actual["JobOut.state"]
    assert "in id=7" in actual["JobOut.dsn"]
    assert "in id=7" in actual["JobOut.password"]
    assert "hunter2" not in repr(checked.findings)


def test_what_every_request_asks_for_is_an_info(database: str) -> None:
    base, job, out = _mapped({"state": KINDS["literal"]})
    _insert(database, base, job(id=1, state="a"))
    same = create_model("JobCreate", state=(Literal["a", "b"], ...))
    other = create_model("JobUpdate", state=(str | None, None))

    def severities(*schemas: type[BaseModel]) -> list[str]:
        checked = run(base, [out, *schemas], database, script="SELECT 1")
        return [finding.severity.value for finding in checked.findings if finding.code == "RS307"]

    assert severities(same) == ["info"]
    assert severities(same, other) == ["warning"]
    assert severities() == ["warning"]


@pytest.mark.parametrize("many", [False, True])
def test_more_rows_than_are_looked_at_prove_nothing(database: str, monkeypatch: pytest.MonkeyPatch, many: bool) -> None:
    from drift.sources.responses import evidence

    monkeypatch.setattr(evidence, "COUNTED", 2)
    base, job, out = _mapped({"number": KINDS["number"]})
    _insert(database, base, *(job(id=n, number=str(n if many else n % 2)) for n in range(1, 6)))
    assert [severity for _, severity, _ in run(base, [out], database, script="SELECT 1", probe=True).told()] == [
        "warning" if many else "info"
    ]


class _Span(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    first: int | None
    last: int | None


class _Ordered(_Span):
    @field_validator("last")
    @classmethod
    def _both(cls, last: int | None, info: ValidationInfo) -> int | None:
        assert (last is None) == (info.data.get("first") is None)
        return last


class _Whole(_Span):
    @model_validator(mode="after")
    def _both(self) -> _Whole:
        assert (self.last is None) == (self.first is None)
        return self


class _Started(_Span):
    def model_post_init(self, _: Any) -> None:
        assert (self.last is None) == (self.first is None)


class _Dumped(_Span):
    @field_serializer("last")
    def _both(self, last: int | None) -> int:
        return 0 if self.first is None else last + 1


@pytest.mark.parametrize("out", [_Ordered, _Whole, _Started, _Dumped])
def test_fields_that_look_at_each_other_are_changed_one_at_a_time(database: str, out: type[BaseModel]) -> None:
    """Both columns NULL pass, and one alone does not: changing all of them at once would show nothing."""

    class Base(DeclarativeBase):
        pass

    class Span(Base):
        __tablename__ = "spans"
        id: Mapped[int] = mapped_column(primary_key=True)
        first: Mapped[int | None]
        last: Mapped[int | None]

    out.__drift_model__ = Span
    (pair,) = run(Base, [out], database).observations.pairs
    assert {each.attribute for each in pair.observations if each.value == "NULL"} >= {"last"}
    assert run(Base, [out], database, script="SELECT 1").told()
