"""The source of the project's functions, found by file and line; nothing is run."""

from __future__ import annotations

import ast
import inspect
import sys
import typing
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any, TypeAlias, TypeVar, get_args, get_origin

from drift.sources.models.blame import is_foreign

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def source_of(function: FunctionType) -> FunctionNode | None:
    """The function's statement; ``None`` where there is no source, or the function is not the project's."""
    code = function.__code__
    if is_foreign(code.co_filename):
        return None
    return _functions(code.co_filename).get((code.co_firstlineno, code.co_name))


@lru_cache(maxsize=1024)
def _functions(path: str) -> dict[tuple[int, str], FunctionNode | None]:
    try:
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return {}
    found: dict[tuple[int, str], FunctionNode | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[first, node.name] = node
        elif isinstance(node, ast.Lambda):
            key = (node.lineno, "<lambda>")
            # Two on one line cannot be told apart.
            found[key] = None if key in found else node
    return found


def is_own(value: object) -> bool:
    """Whether a class or a function is the project's own, by its file."""
    if isinstance(value, FunctionType):
        return not is_foreign(value.__code__.co_filename)
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    path = getattr(module, "__file__", None)
    return bool(path) and not is_foreign(str(path))


def package_of(value: object) -> str:
    """The top package that an object's class (or the class itself, the function itself) comes from."""
    named = value if isinstance(value, (type, FunctionType)) or hasattr(value, "__qualname__") else type(value)
    return str(getattr(named, "__module__", None) or "").partition(".")[0]


def hints(function: Any) -> dict[str, Any]:
    """The evaluated annotations; without those of one that only type checkers can evaluate."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001, RUF100 - a name may be imported for type checkers only
        scope = getattr(function, "__globals__", {})
        found: dict[str, Any] = {}
        for name, written in getattr(function, "__annotations__", {}).items():
            value = _named(written, scope) if isinstance(written, str) else written
            if value is not None:
                found[name] = value
        return found


def _named(written: str, scope: dict[str, Any]) -> Any:
    """The class behind a plain name in quotes."""
    return scope.get(written) if written.isidentifier() else None


def lookup(cls: type, name: str) -> Any:
    """An attribute of a class as it is written there, no descriptor run; ``...`` for none."""
    return inspect.getattr_static(cls, name, ...)


def bindings(cls: type) -> dict[TypeVar, Any]:
    """What the type variables of a class's generic bases stand for: ``class Users(Repository[User])``."""
    found: dict[TypeVar, Any] = {}
    for base in cls.__mro__:
        for written in vars(base).get("__orig_bases__", ()):
            origin = get_origin(written)
            parameters = getattr(origin, "__parameters__", ())
            for parameter, argument in zip(parameters, get_args(written), strict=False):
                found.setdefault(parameter, found.get(argument, argument))
    return {parameter: argument for parameter, argument in found.items() if not isinstance(argument, TypeVar)}


def closure(function: FunctionType) -> dict[str, Any]:
    """What a function has kept of the functions around it."""
    found: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # it is not filled yet
            continue
    return found


def is_dependency(value: Any) -> bool:
    """Whether a default or an annotation asks the framework for a dependency."""
    return type(value).__name__ in ("Depends", "Security") and hasattr(value, "dependency")


def own_attributes(value: object) -> dict[str, Any]:
    """What an object holds itself; a proxy is not asked for what it stands for."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}
