"""The one way in which drift writes a file, whatever it is for."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drift.errors import DriftError

try:
    import fcntl
except ImportError:  # pragma: no cover -- Windows
    fcntl = None  # type: ignore[assignment]

_REPLACING_REFUSED = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS)
"""The folder does not let a file be replaced, or something is mounted on it: it may still be written to."""

_moved: dict[int, int] = {}


def move_descriptor(number: int, to: int) -> None:
    """From now on, who names the open descriptor ``number`` (``/dev/stdout``) means ``to``."""
    _moved[number] = to


def write_file(path: Path, text: str) -> None:
    """Write text to what ``path`` names.

    A file, or nothing yet, is replaced in one step and keeps its mode: a reader sees the old text or the new one, and
    a failure leaves the old one. Behind a symbolic link that is the link's target. Anything else (a device, a pipe,
    ``/dev/stdout``, ``/dev/fd/63`` of a process substitution) is written to.

    Raises:
        DriftError: When the system refuses.
    """
    data = text.encode("utf-8", errors="backslashreplace")
    try:
        descriptor = _descriptor(path)
        if descriptor is not None:
            _write_to(os.dup(_moved.get(descriptor, descriptor)), data)
        elif _is_replaceable(path):
            _replace(Path(os.path.realpath(path)), data)
        else:
            _write_to(os.open(path, os.O_WRONLY), data)
    except OSError as error:
        raise DriftError(
            "the file cannot be written", place=str(path), details=(error.strerror or str(error),)
        ) from error


def _descriptor(path: Path) -> int | None:
    """The number of the open descriptor that a path names, as ``/dev/stdout`` does; ``None`` for all others."""
    folders = (f"/proc/{os.getpid()}/fd", "/dev/fd")
    for _ in range(40):
        folder = os.path.realpath(path.parent)
        if folder in folders and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder, os.readlink(path))
    return None


def _is_replaceable(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return True


def _replace(path: Path, data: bytes) -> None:
    before = os.stat(path) if path.exists() else None
    try:
        # The name is short: that of the file may be as long as names can be.
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".drift-")
    except OSError as error:
        if before is None or error.errno not in _REPLACING_REFUSED:
            raise
        _write_to(os.open(path, os.O_WRONLY | os.O_TRUNC), data)
        return
    try:
        _write_to(handle, data)
        _look_like(before, temporary)
        try:
            os.replace(temporary, path)
        except OSError as error:
            if before is None or error.errno not in _REPLACING_REFUSED:
                raise
            _write_to(os.open(path, os.O_WRONLY | os.O_TRUNC), data)
            os.unlink(temporary)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _look_like(before: os.stat_result | None, temporary: str) -> None:
    """Give the new file the owner and the mode of the old one; without one, what any new file gets."""
    if before is None:
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        return
    if hasattr(os, "chown"):
        # Only root may give files away; the mode, which says who reads it, is kept in any case.
        with contextlib.suppress(PermissionError):
            os.chown(temporary, before.st_uid, before.st_gid)
    os.chmod(temporary, stat.S_IMODE(before.st_mode))


def _write_to(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb") as stream:
        stream.write(data)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Wait until no other drift writes into a folder, and keep others from it meanwhile.

    The folder itself is locked, so that nothing is left in it, whatever becomes of the process. Where the system has
    no such lock, it is not waited.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
