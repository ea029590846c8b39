"""User code that runs during a probe has no effect on the world, and an end."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from drift.sources.models import load
from drift.sources.responses import ObserveOptions, observe
from drift.sources.responses.guard import Blocked, Guard, Overtime, TimeLimit


class Base(DeclarativeBase):
    pass


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]


class Readable(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str


FILE: list[Path] = []


class Writing(Readable):
    @field_validator("name")
    @classmethod
    def _write(cls, value: str) -> str:
        try:
            FILE[0].write_text(value)
        except Exception:
            return value
        return value


class Endless(Readable):
    @field_validator("name")
    @classmethod
    def _spin(cls, value: str) -> str:
        while True:
            try:
                value += ""
            except Exception:
                return value


def unprobed(schema: type[BaseModel], **options: object) -> list[str]:
    models = load([Base], directory=Path.cwd())
    name = f"{schema.__module__}.{schema.__name__}"
    made = ObserveOptions(pairs={name: "Thing"}, **options)  # type: ignore[arg-type]
    observations = observe([schema], models, options=made)
    assert not observations.pairs
    return [item.reason for item in observations.unprobed]


def test_effects_are_blocked(tmp_path: Path):
    engine = create_engine("sqlite://", connect_args={"check_same_thread": False})
    with engine.connect() as open_connection, Guard() as guard:
        with guard.on() as seen:
            for effect in (
                lambda: socket.create_connection(("127.0.0.1", 9)),
                lambda: subprocess.run(["true"], check=False),
                lambda: (tmp_path / "file").write_text(""),
                lambda: (tmp_path / "folder").mkdir(),
                lambda: sqlite3.connect(":memory:"),
                lambda: engine.connect(),
                lambda: open_connection.execute(text("SELECT 1")),
            ):
                with pytest.raises(Blocked):
                    effect()
            assert (Path(__file__)).read_text()
        assert len(seen) >= 7
        (tmp_path / "file").write_text("allowed again")
        open_connection.execute(text("SELECT 1"))
    assert not list(tmp_path.glob("folder"))


def test_other_threads_go_on(tmp_path: Path):
    with Guard() as guard, guard.on():
        thread = threading.Thread(target=lambda: (tmp_path / "other").write_text("x"))
        thread.start()
        thread.join()
    assert (tmp_path / "other").exists()


def test_a_swallowed_block_is_not_checked(tmp_path: Path):
    FILE[:] = [tmp_path / "side-effect"]
    (reason,) = unprobed(Writing)
    assert "an effect outside the process: open" in reason
    assert not FILE[0].exists()


def test_an_endless_validator_is_not_checked():
    (reason,) = unprobed(Endless, seconds=0.3)
    assert reason == "its code ran longer than 0.3 s"


def _spin() -> None:
    while True:
        pass


def test_time_limit_leaves_nothing_behind():
    with TimeLimit(0.1) as limit:
        for _ in range(3):
            with pytest.raises(Overtime), limit.region():
                _spin()
        with limit.region():
            sum(range(1000))
    assert sum(range(100_000))
