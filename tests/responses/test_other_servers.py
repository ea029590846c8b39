"""Response schemas against SQLite, MariaDB and MySQL: the live column decides there, too."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import CheckConstraint, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool

import drift
from tests.repair import run_script


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    nickname: Mapped[str | None] = mapped_column(String(80))


class MemberOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    nickname: str


class CarefulMemberOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    nickname: str | None


@pytest.mark.parametrize("dialect", ["sqlite", "mariadb", "mysql"])
def test_a_null_that_the_response_does_not_accept(dialect: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{dialect}_database")
    Base.metadata.create_all(create_engine(url, poolclass=NullPool))

    assert _said(url, CarefulMemberOut) == []
    assert _said(url, MemberOut) == [("RS301", "error")]
    run_script(url, "INSERT INTO members (name, nickname) VALUES ('Ann', 'A')")
    assert _said(url, MemberOut, probe=True) == [("RS301", "warning")]
    run_script(url, "INSERT INTO members (name, nickname) VALUES ('Bob', NULL)")
    assert _said(url, MemberOut, probe=True) == [("RS301", "error")]


class Job(Base):
    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state IN ('x', 'y', 'z')"),
        CheckConstraint("`rank` BETWEEN 1 AND 5"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    rank: Mapped[int]
    code: Mapped[str] = mapped_column(String(20))


class JobOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    state: Literal["x", "y"]
    rank: int = Field(ge=1, le=5)
    code: int


class JobRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    state: Literal["x", "y", "z"]
    rank: int = Field(ge=1, le=5)
    code: str


@pytest.mark.parametrize("dialect", ["sqlite", "mariadb", "mysql"])
def test_values_that_a_check_allows_or_nothing_forbids(dialect: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{dialect}_database")
    engine = create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)

    assert _said(url, JobRead) == []
    assert _said(url, JobOut) == [("RS306", "error"), ("RS307", "warning")]
    run_script(url, "INSERT INTO jobs VALUES (1, 'x', 3, '12')")
    assert _said(url, JobOut, probe=True) == [("RS306", "warning"), ("RS307", "info")]
    with Session(engine) as session:
        assert JobOut.model_validate(session.get(Job, 1))
    run_script(url, "INSERT INTO jobs VALUES (2, 'z', 3, 'twelve')")
    assert _said(url, JobOut, probe=True) == [("RS306", "error"), ("RS307", "error")]
    with Session(engine) as session, pytest.raises(ValidationError) as failure:
        JobOut.model_validate(session.get(Job, 2))
    assert {error["loc"][0] for error in failure.value.errors()} == {"state", "code"}


@pytest.mark.parametrize("dialect", ["sqlite", "mariadb", "mysql"])
def test_a_live_type_that_hands_out_text(dialect: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{dialect}_database")
    engine = create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine, tables=[Base.metadata.tables["members"]])
    run_script(
        url,
        "CREATE TABLE jobs (id INTEGER NOT NULL PRIMARY KEY, state VARCHAR(20) NOT NULL, `rank` VARCHAR(9) NOT NULL,"
        " code VARCHAR(20) NOT NULL)",
    )
    run_script(url, "INSERT INTO jobs VALUES (1, 'x', 'high', 'a')")

    assert ("RS314", "warning") in _said(url, JobRead)
    assert ("RS314", "error") in _said(url, JobRead, probe=True)
    with Session(engine) as session, pytest.raises(ValidationError, match="int_parsing"):
        JobRead.model_validate(session.get(Job, 1))


def _said(url: str, schema: type[BaseModel], *, probe: bool = False) -> list[tuple[str, str]]:
    report = drift.check(Base, url, responses=[schema], probe=probe)
    assert report.not_checked == ()
    return [(finding.code, finding.severity.value) for finding in report.findings]
