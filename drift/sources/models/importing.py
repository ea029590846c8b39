"""Importing the user's modules, and saying what went wrong in words that lead to the cause."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module, invalidate_caches
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from types import ModuleType

from drift.errors import DriftError
from drift.secrets import scrub
from drift.sources.connections.broken import broken_url
from drift.sources.models.blame import blame
from drift.sources.project_code import ENDED, project_code

_DISTRIBUTION = "sqlalchemy-drift"
_NAME = re.compile(r"[\w.-]+")


@contextmanager
def project_on_path(directory: Path, *more: Path) -> Iterator[None]:
    """Let modules of ``directory`` and ``directory/src`` be imported, as ``python -m`` does for the former.

    The path is restored afterwards, whatever was added to it meanwhile; modules that were imported stay.
    """
    keep_installed(directory)
    before = list(sys.path)
    wanted = [str(path) for path in (directory, directory / "src", *more) if path.is_dir()]
    sys.path[:0] = [path for path in wanted if path not in before]
    invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def is_a(value: object, *kinds: type) -> bool:
    """Whether a global of somebody's module is of one of these kinds, without waking it.

    ``isinstance`` asks a lazy object for its ``__class__``, and that looks for an application that is not there.
    """
    return issubclass(type(value), kinds)


def keep_installed(directory: Path) -> None:
    """Import those of our own requirements that a module or package of the project would hide.

    A folder of migrations is often called ``alembic``, and an application may well have a package ``click``. Programs
    that are started from the command line of an installed package never see these in its place; nor do we.
    """
    project = {os.path.realpath(path) for path in (directory, directory / "src")}
    hidden = set().union(*map(_names_in, project)) - sys.modules.keys()
    before = list(sys.path)
    sys.path[:] = [path for path in before if os.path.realpath(path or os.curdir) not in project]
    try:
        for name in sorted(hidden & _required() if any(map(_is_installed, hidden)) else ()):
            with suppress(ImportError):
                import_module(name)
    finally:
        sys.path[:] = before


def _is_installed(name: str) -> bool:
    spec = PathFinder.find_spec(name)
    return spec is not None and spec.origin is not None


@cache
def _required() -> frozenset[str]:
    """Top-level modules of what this distribution requires, and of what that requires in its turn."""
    waiting, distributions = [_DISTRIBUTION], set[str]()
    while waiting:
        name = _plain(waiting.pop())
        if name in distributions:
            continue
        distributions.add(name)
        with suppress(PackageNotFoundError):
            waiting += [_NAME.match(text)[0] for text in requires(name) or ()]  # type: ignore[index]
    return frozenset(
        module for module, owners in packages_distributions().items() if any(_plain(o) in distributions for o in owners)
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _names_in(folder: str) -> set[str]:
    """The modules and packages that stand in a folder."""
    try:
        return {entry.name.partition(".")[0] for entry in os.scandir(folder)}
    except OSError:
        return set()


def import_user_module(name: str, *, directory: Path, purpose: str) -> ModuleType:
    """Import a module of the project.

    Args:
        name: Dotted name.
        directory: The project's directory.
        purpose: What it is imported for, for the message: ``the models``.

    Raises:
        DriftError: It does not exist, or raises.
    """
    try:
        with project_code():
            return import_module(name)
    except ENDED as error:
        raise import_failure(error, name, directory=directory, purpose=purpose) from error


def import_failure(error: BaseException, name: str, *, directory: Path, purpose: str) -> DriftError:
    """The error to show for an exception that importing ``name`` raised."""
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        return _no_such_module(error.name, name, directory, purpose)
    place = blame(error, directory)
    shown = str(place) if place is not None else None
    broken = broken_url(error, shown)
    if broken is not None:
        return broken
    return DriftError(
        f"cannot import {purpose}: {name}",
        place=shown,
        details=(describe(error),),
        help=advice(error),
    )


def describe(error: BaseException) -> str:
    """An exception in one line: its class and the first line of its message."""
    if isinstance(error, SystemExit):
        return f"the module ended the program: {error!r}"
    lines = [line.strip() for line in scrub(str(error)).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def advice(error: BaseException) -> tuple[str, ...]:
    """Ways out of an exception that user code raised while it was imported."""
    if isinstance(error, ModuleNotFoundError):
        return (
            f"`{error.name}` is not installed in the environment that runs drift ({sys.prefix}).",
            "Install drift into the application's own environment, or name the module's directory: PYTHONPATH=...",
        )
    if isinstance(error, ImportError):
        return ("Is the right version of that package installed in the environment that runs drift?",)
    if isinstance(error, KeyError) and error.args and str(error.args[0]).isupper():
        return (f"The code wants an environment variable: {error.args[0]}. Set it for this command.",)
    if type(error).__name__ == "ValidationError":
        return ("The settings are incomplete. Set the environment variables that they demand for this command.",)
    return ("Run the same import in Python to see it alone; pass -v to see the traceback here.",)


def _no_such_module(missing: str, wanted: str, directory: Path, purpose: str) -> DriftError:
    shown = os.fspath(directory)
    where = "" if missing == wanted else f" (of {wanted})"
    return DriftError(
        f"cannot import {purpose}: there is no module {missing}{where}",
        details=(f"looked in {shown}, {os.path.join(shown, 'src')}, and the installed packages",),
        help=(
            "Run drift in the project's root, or set PYTHONPATH.",
            "Write a dotted module name, as for an import: app.models:Base",
        ),
    )
