"""What a process that was killed left behind: folders, servers, scratch databases.

Everything that is made for the length of a command carries the machine, the process and its start in its name. The
next command removes what belongs to a process of this machine that is gone; what belongs to a live one, or to another
machine, is never touched.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from drift.errors import DriftError

LONGEST_SOCKET = 103
"""Bytes of a Unix socket's path: 108 with the closing zero on Linux, 104 on macOS."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_ALL_PROCESSES = "pid:[4026531836]"
"""The namespace of process ids outside of containers; the kernel gives it this number on every machine."""

_OWNER = re.compile(r"(?P<machine>[0-9a-f]{8})_(?P<process>\d+)_(?P<started>[0-9a-f]{8})_[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that something was made by.

    Attributes:
        machine: Which machine, and which of its containers.
        process: The process id.
        started: When that process started, since ids are used again.
    """

    machine: str
    process: int
    started: str

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.machine == _machine()

    @property
    def is_gone(self) -> bool:
        """Whether it certainly no longer runs."""
        return self.is_here and _start_of(self.process) not in (self.started, _UNKNOWN)


def owned_name(prefix: str) -> str:
    """A new name that tells who made it: letters, digits and underscores behind the prefix, 34 at most."""
    return f"{prefix}{_machine()}_{os.getpid()}_{_start_of(os.getpid())}_{secrets.token_hex(3)}"


def owner_of(name: str, prefix: str) -> Owner | None:
    """Who made it; ``None`` where the name does not tell."""
    found = _OWNER.fullmatch(name.removeprefix(prefix)) if name.startswith(prefix) else None
    return Owner(found["machine"], int(found["process"]), found["started"]) if found is not None else None


@contextmanager
def owned_folder(kind: str, deepest: str = "") -> Iterator[Path]:
    """A temporary folder that only this account enters, removed at the end.

    Those that dead processes left are removed first, with the server that still runs there.

    Args:
        kind: A word for its name.
        deepest: A socket that will lie in it: its path must not become too long.

    Raises:
        DriftError: The folder for temporary files has too long a path for a socket, and so has ``/tmp``.
    """
    prefix = f"drift-{kind}-"
    name = owned_name(prefix)
    parent = _short_enough(Path(name) / deepest) if deepest else Path(tempfile.gettempdir())
    remove_dead_folders(parent, prefix)
    folder = parent / name
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _short_enough(path: Path) -> Path:
    parents = (Path(tempfile.gettempdir()), Path("/tmp"))
    for parent in parents:
        if len(os.fsencode(parent / path)) <= LONGEST_SOCKET and os.access(parent, os.W_OK | os.X_OK):
            return parent
    raise DriftError(
        "the embedded PostgreSQL has no place for its socket",
        place=str(parents[0]),
        details=(f"the path of a socket has at most {LONGEST_SOCKET} bytes, and /tmp cannot be written to",),
        help=("Set TMPDIR to a folder with a shorter path.",),
    )


def remove_dead_folders(parent: Path, prefix: str) -> None:
    """Remove the folders of dead processes, ending a server whose data they hold."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            owner = owner_of(entry.name, prefix)
            if owner is None or not owner.is_gone or not entry.is_dir(follow_symlinks=False):
                continue
            if entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                _end_server(Path(entry.path) / "data")
                shutil.rmtree(entry.path, ignore_errors=True)


def _end_server(data: Path) -> None:
    """End the server whose data folder this is; another process that has got its id by now is left alone."""
    try:
        process = int((data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return
    with suppress(ProcessLookupError, PermissionError):
        for _ in range(100):
            if not _works_in(process, data):
                return
            os.kill(process, signal.SIGQUIT)
            time.sleep(0.05)


def _works_in(process: int, data: Path) -> bool:
    try:
        return Path(f"/proc/{process}/cwd").samefile(data)
    except OSError:
        said = _ask_ps(process, "command")
        return said is not None and str(data) in said


_UNKNOWN = "00000000"
"""The start of a process about which nothing can be known; it is taken for alive."""


def _start_of(process: int) -> str | None:
    """When a process started, as eight digits that differ for the next one with its id; ``None`` when it is gone."""
    if os.name != "posix":
        return _UNKNOWN  # there, asking for a process in this way would end it
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return None
    except PermissionError:
        pass
    try:
        # The name of the program stands in brackets and may hold anything; the state is the first word behind it.
        words = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = _BOOT.read_text()
    except OSError:
        said = _ask_ps(process, "lstart")
        return _digest(said) if said else _UNKNOWN
    return None if words[0] in "ZX" else _digest(boot, words[19])


def _ask_ps(process: int, column: str) -> str | None:
    command = ["ps", "-o", f"{column}=", "-p", str(process)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return None
    return done.stdout.strip() or None


@cache
def _machine() -> str:
    """This machine, and on it the container: process ids mean nothing outside of either.

    Machines may look alike (an image has one host name and one machine id); no two containers do.
    """
    try:
        machine = Path("/etc/machine-id").read_text()
    except OSError:
        machine = str(uuid.getnode())
    return _digest(socket.gethostname(), machine, _container())


def _container() -> str:
    """The container on this machine; empty outside of any, where a start of the machine changes nothing."""
    try:
        processes = os.readlink("/proc/self/ns/pid")
        boot = _BOOT.read_text()
    except OSError:
        return ""
    return "" if processes == _ALL_PROCESSES else f"{processes} {boot}"


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:8]
