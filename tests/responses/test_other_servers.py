"""Response schemas against SQLite, MariaDB and MySQL: the live column decides there, too."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
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


def _said(url: str, schema: type[BaseModel], *, probe: bool = False) -> list[tuple[str, str]]:
    report = drift.check(Base, url, responses=[schema], probe=probe)
    assert report.not_checked == ()
    return [(finding.code, finding.severity.value) for finding in report.findings]
