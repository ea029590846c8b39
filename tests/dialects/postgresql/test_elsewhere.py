"""Where nothing can be written, and where a connection lasts for one transaction: a hot standby, and a pooler."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

import drift
from tests.cli.guarded_server import binaries
from tests.properties import base_models
from tests.repair import run_script
from tests.servers import Server
from tests.servers.choice import free_port
from tests.servers.postgresql import UNPRIVILEGED, local, standby

EVERYTHING = drift.Config(fail_on="info")
DRIFTED = "ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL"
SESSION = ("search_path", "statement_timeout", "lock_timeout", "transaction_read_only", "jit", "datestyle")


@pytest.fixture(scope="module")
def primary() -> Iterator[Server]:
    server = local(binaries())
    try:
        run_script(server.url, base_models.SETUP)
        base_models.metadata.create_all(create_engine(server.url, poolclass=NullPool))
        run_script(server.url, base_models.ROWS)
        table = base_models.metadata.sorted_tables[0]
        column = next(c for c in table.columns if not c.nullable and not c.primary_key)
        run_script(server.url, DRIFTED.format(table.fullname, column.name))
        yield server
    finally:
        server.stop()


def _check(url: str, *, probe: bool = False) -> drift.Report:
    return drift.check(base_models.metadata, url, config=EVERYTHING, probe=probe)


def test_a_hot_standby_says_what_its_primary_says(primary: Server) -> None:
    wanted = _check(primary.url, probe=True)
    assert [finding.code for finding in wanted.findings] == ["CO302"]
    copy = standby(primary)
    try:
        with create_engine(copy.url, poolclass=NullPool).connect() as connection:
            assert connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar() is True
        report = _check(copy.url, probe=True)
    finally:
        copy.stop()
    assert report.findings == wanted.findings
    assert report.not_checked == wanted.not_checked == ()


@pytest.fixture
def pooled(primary: Server) -> Iterator[str]:
    """The primary behind PgBouncer, which gives each transaction the only server connection that it has."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        assert not os.environ.get("CI"), "in CI PgBouncer must be there"
        pytest.skip("PgBouncer is not installed")
    folder = Path(tempfile.mkdtemp(prefix="drift-pgbouncer-"))
    port = free_port()
    url = make_url(primary.url)
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "settings.ini").write_text(
        f"""\
[databases]
* = host={url.host} port={url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 1
"""
    )
    account = UNPRIVILEGED if os.geteuid() == 0 else None
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    process = subprocess.Popen(
        [program, str(folder / "settings.ini")], user=account, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        pooled = url.set(port=port).render_as_string(hide_password=False)
        for _ in range(200):
            try:
                create_engine(pooled, poolclass=NullPool).connect().close()
                break
            except OperationalError:
                time.sleep(0.05)
        yield pooled
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(folder)


def _session(url: str) -> list[str]:
    """The settings of the pooler's one server connection."""
    with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        return [str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in SESSION]


def test_a_transaction_pooler_gets_its_connection_back_as_it_was(primary: Server, pooled: str) -> None:
    before = _session(pooled)
    report = _check(pooled, probe=True)
    assert report.findings == _check(primary.url, probe=True).findings
    assert report.not_checked == ()
    assert _session(pooled) == before
