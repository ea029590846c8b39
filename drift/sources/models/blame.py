"""Whose line is it: the place in the user's project where an exception comes from."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path

from drift.schema import Location

_STANDARD_LIBRARY = tuple(
    os.path.realpath(path) + os.sep
    for path in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    if path is not None
)
_OURS = str(Path(__file__).resolve().parents[2]) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def blame(error: BaseException, directory: Path) -> Location | None:
    """The innermost line of the user's project that ``error`` passed through.

    Without such a line, the innermost line of any file that is neither Python's, nor an installed package, nor part
    of this tool; ``None`` when there is none at all. The causes of ``error`` are searched too, the deepest first,
    because SQLAlchemy wraps what user code raises.
    """
    chain = _chain(error)
    for link in reversed(chain):
        if isinstance(link, SyntaxError) and link.filename and os.path.isfile(link.filename):
            return Location(relative(link.filename, directory), link.lineno)
    inside: Location | None = None
    outside: Location | None = None
    for link in chain:
        for frame in traceback.extract_tb(link.__traceback__):
            if frame.filename.startswith("<"):
                continue
            found = Location(relative(frame.filename, directory), frame.lineno)
            if is_of_project(frame.filename, directory):
                inside = found
            elif not _is_below(frame.filename, directory) and not is_foreign(frame.filename):
                outside = found
    return inside or outside


def relative(path: str, directory: Path) -> str:
    """``path`` relative to ``directory`` where it lies inside, else unchanged; always with forward slashes."""
    if _is_below(path, directory):
        return os.path.relpath(os.path.realpath(path), os.path.realpath(directory)).replace(os.sep, "/")
    return path


def is_of_project(path: str, directory: Path) -> bool:
    """Whether a source file is the project's own.

    The project may itself be an installed package; what is installed inside of it, as in its ``.venv``, is not its own.
    """
    inner = f"{os.sep}{relative(path, directory)}"
    return _is_below(path, directory) and not any(part in inner for part in _INSTALLED)


def is_foreign(path: str) -> bool:
    """Whether a source file is certainly not the user's: generated, installed, Python's own, or this tool's."""
    if path.startswith("<"):
        return True
    real = os.path.realpath(path)
    return real.startswith((_OURS, *_STANDARD_LIBRARY)) or any(part in real for part in _INSTALLED)


def _is_below(path: str, directory: Path) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(directory) + os.sep)


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it was raised from, outermost first; each only once."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ if link.__cause__ is not None or link.__suppress_context__ else link.__context__
    return chain
