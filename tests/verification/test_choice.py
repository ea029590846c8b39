"""Where a scratch database comes from. No container engine runs here: a stand-in shows what would be asked of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from drift.cli.scratch import can_prove
from drift.errors import DriftError
from drift.verification import scratch
from drift.verification.scratch import scratch_database
from tests.servers import Server


class Engine:
    """A container engine that answers, and starts what was running already."""

    def __init__(self, url: str, *, answers: bool = True) -> None:
        self.url = url
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.running = 0

    def from_env(self, **_: Any) -> Engine:
        return self

    def ping(self) -> bool:
        if not self.answers:
            raise ConnectionError("no engine")
        return True

    def close(self) -> None:
        pass

    def container(self, image: str, **options: Any) -> Any:
        self.asked.append((image, options))
        return self._started()

    @contextmanager
    def _started(self) -> Iterator[Any]:
        self.running += 1
        try:
            yield self
        finally:
            self.running -= 1

    def get_connection_url(self) -> str:
        return self.url


def _install(monkeypatch: pytest.MonkeyPatch, engine: Engine, *, embedded: bool) -> None:
    modules = {"docker": {"from_env": engine.from_env}, "testcontainers": {},
               "testcontainers.postgres": {"PostgresContainer": engine.container},
               "testcontainers.mysql": {"MySqlContainer": engine.container}}  # fmt: skip
    for name, attributes in modules.items():
        module = ModuleType(name)
        vars(module).update(attributes)
        monkeypatch.setitem(sys.modules, name, module)
    if not embedded:
        monkeypatch.setattr(scratch, "embedded_binaries", lambda: None)
        monkeypatch.setattr("drift.verification.embedded.embedded_binaries", lambda: None)


def test_a_container_where_nothing_else_is(monkeypatch: pytest.MonkeyPatch, postgresql_server: Server) -> None:
    engine = Engine(postgresql_server.url)
    _install(monkeypatch, engine, embedded=False)
    assert can_prove("postgresql")
    with scratch_database("postgresql") as made:
        assert made.label.startswith("a container, postgresql")
        assert (made.url.database or "").startswith(scratch.PREFIX)
        assert engine.running == 1
    assert engine.running == 0
    ((image, options),) = engine.asked
    assert image == "postgres:18"
    assert len(options["password"]) == 32, "its port is published"


@pytest.mark.parametrize(("dialect", "image"), [("mysql", "mysql:8.4"), ("mariadb", "mariadb:11")])
def test_each_database_has_its_image(monkeypatch: pytest.MonkeyPatch, dialect: str, image: str) -> None:
    engine = Engine("mysql://root@127.0.0.1:1/nothing")
    _install(monkeypatch, engine, embedded=True)
    assert can_prove(dialect)
    with pytest.raises(DriftError), scratch_database(dialect):
        pass
    assert [asked for asked, _ in engine.asked] == [image]
    assert engine.running == 0


def test_an_embedded_server_comes_before_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine("postgresql://nobody@127.0.0.1:1/nothing")
    _install(monkeypatch, engine, embedded=True)
    with scratch_database("postgresql") as made:
        assert made.label.startswith("an embedded PostgreSQL")
    assert engine.asked == []


def test_a_named_server_comes_before_everything(monkeypatch: pytest.MonkeyPatch, postgresql_server: Server) -> None:
    engine = Engine("postgresql://nobody@127.0.0.1:1/nothing")
    _install(monkeypatch, engine, embedded=True)
    with scratch_database("postgresql", scratch_url=postgresql_server.url) as made:
        assert made.label.startswith("a scratch database on the given server")
    with scratch_database("sqlite") as made:
        assert made.label == "a temporary SQLite file"
    assert engine.asked == []


def test_nothing_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, Engine("", answers=False), embedded=False)
    assert not can_prove("postgresql")
    with (
        pytest.raises(DriftError, match="there is no scratch database for postgresql") as caught,
        scratch_database("postgresql"),
    ):
        pass
    assert any("--scratch-url" in line for line in caught.value.help)
