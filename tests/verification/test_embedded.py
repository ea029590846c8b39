"""The embedded server is closed to every other account, and ends with the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from drift.errors import DriftError
from drift.sources.connections import engine_for
from drift.verification import leftovers
from drift.verification.embedded import embedded_server
from drift.verification.leftovers import owned_folder, owned_name, owner_of
from drift.verification.scratch import PREFIX, scratch_database
from tests.servers import Server

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another account")


def _folder(url: URL) -> Path:
    return Path(str(url.query["host"]))


def _postmaster(url: URL) -> int:
    return int((_folder(url) / "postmaster.pid").read_text().splitlines()[0])


@on_linux
def test_it_listens_on_one_socket_in_a_closed_folder() -> None:
    with embedded_server() as url:
        folder = _folder(url)
        assert folder.stat().st_mode & 0o077 == 0
        assert folder.parent.stat().st_mode & 0o007 == 0
        process = Path("/proc") / str(_postmaster(url))
        open_files = {os.readlink(entry) for entry in (process / "fd").iterdir()}
        sockets = {name.removeprefix("socket:[").rstrip("]") for name in open_files if name.startswith("socket:")}
        for protocol in ("tcp", "tcp6", "udp", "udp6"):
            table = process / "net" / protocol
            lines = table.read_text().splitlines()[1:] if table.exists() else []
            assert sockets.isdisjoint(line.split()[9] for line in lines), protocol
        local = [line.split() for line in (process / "net" / "unix").read_text().splitlines()[1:]]
        assert [words[7] for words in local if words[6] in sockets and len(words) > 7] == [f"{folder}/.s.PGSQL.5432"]
        with engine_for(url).connect() as connection:
            assert connection.execute(text("SHOW listen_addresses")).scalar() == ""
            rules = connection.execute(text("SELECT DISTINCT auth_method FROM pg_hba_file_rules")).scalars().all()
            assert rules == ["scram-sha-256"]
        with pytest.raises(OperationalError, match="password"):
            engine_for(url.set(password="guessed")).connect()


TRY = """
import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])
"""


@on_linux
@as_root
def test_another_account_does_not_get_in() -> None:
    """Not even the one that the server runs as, which other services may use, too."""
    with embedded_server() as url:
        command = ["/usr/bin/env", "python3", "-c", TRY, f"{_folder(url)}/.s.PGSQL.5432"]
        assert subprocess.run(command, cwd="/").returncode == 0
        for account in ("nobody", "daemon"):
            done = subprocess.run(
                command, user=account, group=account if account == "daemon" else None, extra_groups=(), cwd="/",
                capture_output=True, text=True,
            )  # fmt: skip
            assert "PermissionError" in done.stderr, done.stderr
        status = (Path("/proc") / str(_postmaster(url)) / "status").read_text().splitlines()
        fields = {name: words.split() for name, _, words in (line.partition(":") for line in status)}
        assert set(fields["Uid"]) == {str(_folder(url).stat().st_uid)} != {"0"}
        assert set(fields["Gid"]) == {str(_folder(url).stat().st_gid)} != {"0"}
        assert fields["Groups"] == []


@on_linux
def test_it_gets_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@db/app")
    monkeypatch.setenv("PGPORT", "5439")
    with embedded_server() as url:
        seen = (Path("/proc") / str(_postmaster(url)) / "environ").read_bytes()
        assert b"hunter2" not in seen
        assert b"PGPORT" not in seen


def test_a_long_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with scratch_database("postgresql") as made:
        made.engine().connect().close()
        assert not Path(str(made.url.query["host"])).is_relative_to(long)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DriftError, match="no place for its socket"), scratch_database("postgresql"):
        pass


HANGING = """
import sys, time
from drift.verification.scratch import scratch_server
with scratch_server("postgresql", scratch_url=sys.argv[1] if len(sys.argv) > 1 else None) as server:
    with server.database() as made:
        print(made.url.query.get("host", ""), made.url.database, flush=True)
        time.sleep(300)
"""


def _hanging(*arguments: str) -> tuple[subprocess.Popen[str], str, str]:
    """A process with a scratch database, the folder of its server, and the database's name."""
    process = subprocess.Popen([sys.executable, "-c", HANGING, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    folder, _, database = process.stdout.readline().strip().rpartition(" ")
    return process, folder, database


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_next_run_ends_the_server_of_a_dead_process() -> None:
    live, its_folder, _ = _hanging()
    dead, folder, _ = _hanging()
    server = int((Path(folder) / "postmaster.pid").read_text().splitlines()[0])
    dead.kill()
    try:
        # Not waited for: what was killed and not yet collected by its parent is dead, too.
        _until(lambda: leftovers._start_of(dead.pid) is None)
        assert _runs(server)
        with scratch_database("postgresql") as made:
            made.engine().connect().close()
        assert not Path(folder).parent.exists()
        _until(lambda: not _runs(server))
        assert Path(its_folder).exists(), "another process uses it"
    finally:
        live.terminate()
        for process in (live, dead):
            process.communicate()
    with scratch_database("postgresql"):
        assert not Path(its_folder).exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_the_next_run_drops_the_database_of_a_dead_process(postgresql_server: Server, number: signal.Signals) -> None:
    live, _, its_database = _hanging(postgresql_server.url)
    dead, _, database = _hanging(postgresql_server.url)
    dead.send_signal(number)
    dead.communicate()
    stranger = f"{PREFIX}00000000_{dead.pid}_00000000_000000"
    nameless = f"{PREFIX}{dead.pid}abcdef"
    administrator = create_engine(postgresql_server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    query = text("SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles")
    with administrator.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {stranger}")
        connection.exec_driver_sql(f"CREATE DATABASE {nameless}")
        try:
            assert {database, its_database} <= set(connection.execute(query).scalars())
            with scratch_database("postgresql", scratch_url=postgresql_server.url) as made:
                names = set(connection.execute(query).scalars())
                assert database not in names
                assert {its_database, stranger, nameless} <= names
                assert {stranger, nameless} <= set(made.strangers)
                assert its_database not in made.strangers
        finally:
            live.terminate()
            live.communicate()
            connection.exec_driver_sql(f"DROP DATABASE {stranger}")
            connection.exec_driver_sql(f"DROP DATABASE {nameless}")
    with scratch_database("postgresql", scratch_url=postgresql_server.url), administrator.connect() as connection:
        assert its_database not in set(connection.execute(query).scalars())


def test_an_id_that_is_used_again_is_another_process() -> None:
    owner = owner_of(owned_name(PREFIX), PREFIX)
    assert owner is not None
    assert owner.is_here
    assert not owner.is_gone
    assert leftovers.Owner(owner.machine, owner.process, "11111111").is_gone
    assert not leftovers.Owner("11111111", owner.process, "11111111").is_gone
    assert owner_of("drift_scratch_0123456789ab", PREFIX) is None


def test_a_process_of_which_nothing_can_be_known_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = leftovers.Owner(leftovers._machine(), os.getppid(), "11111111")
    assert owner.is_gone
    monkeypatch.setattr(leftovers.os, "name", "nt")
    assert not owner.is_gone


def test_only_folders_of_our_own_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    machine = leftovers._machine()
    dead, link = (tmp_path / f"drift-pg-{machine}_1_11111111_{end}" for end in ("aaaaaa", "bbbbbb"))
    dead.mkdir()
    link.symlink_to(precious)
    # The id of a process that is not the server of this folder.
    (dead / "data").mkdir()
    (dead / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with owned_folder("pg") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert not dead.exists()
        assert (precious / "file").exists()
    assert not folder.exists()


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    from drift.verification import embedded

    monkeypatch.setitem(embedded.SETTINGS, "shared_buffers", "nonsense")
    with pytest.raises(DriftError, match="does not start") as caught, embedded_server():
        pass
    assert any("shared_buffers" in line for line in caught.value.details)
