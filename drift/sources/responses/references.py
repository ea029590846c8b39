"""From what the user names (``app.main:app``, a factory, a module, a package, classes) to objects."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from drift.errors import DriftError
from drift.sources.models.blame import blame
from drift.sources.models.importing import describe
from drift.sources.project_code import ENDED, project_code
from drift.sources.responses.routing import is_flask
from drift.sources.responses.unwrap import is_schema


@dataclass(slots=True)
class Named:
    """What the references name.

    Attributes:
        apps: Applications and routers, with their spelling.
        modules: Modules to scan.
        schemas: Pydantic classes that were named themselves.
        failures: Modules of a package that could not be imported: pairs of (name, reason).
    """

    apps: list[tuple[str, Any]] = field(default_factory=list)
    modules: list[ModuleType] = field(default_factory=list)
    schemas: list[type[BaseModel]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


def resolve(references: Sequence[object], *, directory: Path) -> Named:
    """Import and sort out references.

    Args:
        references: Strings ``module``, ``package``, ``module:attribute``, or objects: an application, a router, a
            factory without required arguments, a module, a Pydantic class, or a list of these.
        directory: Directory from which the project imports its own modules.

    Raises:
        DriftError: A reference cannot be imported, or is nothing that has schemas.
    """
    named = Named()
    with project_path(directory), contextlib.redirect_stdout(sys.stderr):
        for reference in references:
            if isinstance(reference, str):
                _sort_in(load(reference, directory=directory), reference, named, directory)
            else:
                _sort_in(reference, _spelling(reference), named, directory)
    return named


@contextlib.contextmanager
def project_path(directory: Path) -> Iterator[None]:
    """Modules of ``directory`` (and of its ``src``) can be imported inside."""
    before = list(sys.path)
    for path in (directory / "src", directory):
        if path.is_dir() and str(path) not in sys.path:
            sys.path.insert(0, str(path))
    try:
        yield
    finally:
        sys.path[:] = before


def load(reference: str, *, directory: Path) -> Any:
    """The object behind ``module`` or ``module:attribute``.

    Raises:
        DriftError: With the line of the project that failed.
    """
    module_name, _, attribute = reference.strip().partition(":")
    try:
        with project_code():
            target: Any = importlib.import_module(module_name)
    except ENDED as error:
        raise import_failure(reference, error, directory) from error
    for part in filter(None, attribute.split(".")):
        if not hasattr(target, part):
            raise DriftError(
                f"{module_name} has no attribute {attribute!r}",
                place=reference,
                help=("name an app, a factory, a module, or a schema: --responses app.main:app",),
            )
        target = getattr(target, part)
    return target


def import_failure(reference: str, error: BaseException, directory: Path) -> DriftError:
    """The user's own line that failed, not the importer's."""
    place = blame(error, directory)
    return DriftError(
        f"cannot import {reference}",
        place=str(place) if place is not None else None,
        details=(describe(error)[:200],),
        help=("run drift in the environment and directory in which the application itself starts",),
    )


def _spelling(value: object) -> str:
    return getattr(value, "__name__", None) or type(value).__name__


_APPLICATIONS = frozenset({"FastAPI", "Starlette", "Litestar", "Flask"})
"""Classes whose instances in a module are looked at with it."""


def _is_app(value: object) -> bool:
    return is_flask(value) or (
        not isinstance(value, type) and isinstance(getattr(value, "routes", None), (list, tuple))
    )


def _is_whole(value: object) -> bool:
    """Whether it is an application, not a router inside of one; told by its type, as a proxy must not be asked."""
    return any(base.__name__ in _APPLICATIONS for base in type(value).__mro__)


def _sort_in(value: Any, spelling: str, named: Named, directory: Path) -> None:
    if is_schema(value):
        named.schemas.append(value)
    elif _is_app(value):
        named.apps.append((spelling, value))
    elif isinstance(value, ModuleType):
        named.modules.append(value)
        _add_submodules(value, named)
        named.apps.extend((f"{value.__name__}:{name}", app) for name, app in vars(value).items() if _is_whole(app))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            _sort_in(item, _spelling(item), named, directory)
    elif callable(value) and not isinstance(value, type):
        _sort_in(_call(value, spelling, directory), spelling, named, directory)
    else:
        raise DriftError(
            f"{spelling} is neither an application nor a module of schemas",
            details=(f"it is a {type(value).__name__}",),
            help=("name an app, a factory without arguments, a module, a package, or a Pydantic class",),
        )


def _call(factory: Any, spelling: str, directory: Path) -> Any:
    try:
        with project_code():
            made = factory()
    except ENDED as error:
        raise import_failure(f"{spelling}()", error, directory) from error
    if callable(made) and not _is_app(made):
        raise DriftError(
            f"{spelling}() does not return an application", details=(f"it returns a {type(made).__name__}",)
        )
    return made


def _add_submodules(module: ModuleType, named: Named) -> None:
    if not hasattr(module, "__path__"):
        return
    for info in pkgutil.walk_packages(module.__path__, module.__name__ + ".", onerror=lambda _: None):
        if info.name.rpartition(".")[2] in ("__main__", "conftest") or ".tests." in f"{info.name}.":
            continue
        try:
            with project_code():
                named.modules.append(importlib.import_module(info.name))
        except ENDED as error:  # One broken module does not hide the others.
            named.failures.append((info.name, describe(error)[:200]))
