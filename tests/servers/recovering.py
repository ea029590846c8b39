"""A PostgreSQL that recovers: one that is starting up for as long as it lives, or a read-only replica."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.choice import free_port, server_folder
from tests.servers.postgresql import FAST, UNPRIVILEGED, _run, _within_reach


@contextmanager
def recovering(binaries: Path, *, replica: bool, sql: str = "") -> Iterator[str]:
    """Start one and give its URL.

    Args:
        binaries: The folder of ``initdb`` and ``postgres``.
        replica: Take connections, read-only; otherwise the server waits for its archive and refuses everybody.
        sql: Run before, in the database ``postgres``; one statement a line.
    """
    folder = server_folder("drift-recovering-")
    account = UNPRIVILEGED if os.geteuid() == 0 else None
    if account is not None:
        binaries = _within_reach(binaries, folder, account)
        shutil.chown(folder, account)
    data = folder / "data"
    _run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
        account,
        folder,
    )
    if sql:
        command = [str(binaries / "postgres"), "--single", "-D", str(data), "postgres"]
        subprocess.run(
            command, input=sql.encode(), user=account, cwd=folder, check=True, capture_output=True, timeout=60
        )
    mark = data / ("standby.signal" if replica else "recovery.signal")
    mark.touch()
    if account is not None:
        shutil.chown(mark, account)
    settings = {**FAST, "listen_addresses": "127.0.0.1", "port": str(free_port()), "unix_socket_directories": folder}
    # An archive that does not answer keeps a server starting up.
    settings["restore_command"] = "false" if replica else "sleep 600"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())],
            stdout=log,
            stderr=log,
            user=account,
            cwd=folder,
            start_new_session=True,
        )
    url = f"postgresql+psycopg2://postgres@127.0.0.1:{settings['port']}/postgres"
    try:
        _await(url, "" if replica else "starting up")
        yield url
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _await(url: str, refusal: str) -> None:
    """Until it lets in, or refuses in these words."""
    import sqlalchemy as sa

    engine = sa.create_engine(url, poolclass=sa.NullPool)
    said = ""
    for _ in range(600):
        try:
            engine.connect().close()
        except sa.exc.OperationalError as error:
            said = str(error)
            if refusal and refusal in said:
                return
        else:
            if not refusal:
                return
        time.sleep(0.1)
    raise AssertionError(f"the server did not get there: {said}")
