"""From what the user names (``app.models:Base``) to metadata."""

from __future__ import annotations

import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import registry

from drift.errors import DriftError
from drift.sources.models.blame import blame
from drift.sources.models.importing import advice, describe, import_user_module, is_a
from drift.sources.project_code import ENDED, project_code

_OF_ALEMBIC = re.compile(
    r"^(?:down_revision\b\s*[:=]|from alembic import [^\n]*\bcontext\b|import alembic\.context\b)", re.MULTILINE
)
_FORMS = "app.models:Base (a base class, a MetaData, a registry, a list of them, a function that returns one)"


def resolve(reference: object, *, directory: Path, skipped: list[str] | None = None) -> tuple[MetaData, ...]:
    """The metadata that a reference names.

    Args:
        reference: ``module:attr``, ``module``, ``package.*``, or the object itself.
        directory: The project's directory, for messages.
        skipped: Told the modules that were left out because they run only inside of Alembic.

    Raises:
        DriftError: Nothing of that name, an import failure, an ambiguity, or something that holds no metadata.
    """
    if not isinstance(reference, str):
        if isinstance(reference, ModuleType):
            return _from_module(reference, directory)
        return _from_object(reference, label(reference), directory)
    text = reference.strip()
    module_name, colon, attribute = text.partition(":")
    if not module_name or (colon and not attribute):
        raise DriftError(f"not a reference to models: {text!r}", help=(f"Write {_FORMS}.",))
    if module_name.endswith(".py") or "/" in module_name:
        dotted = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise DriftError(
            f"models are named by module, not by file: {text!r}",
            help=(f"Write {dotted}{colon}{attribute}",),
        )
    if module_name.endswith(".*"):
        package = import_user_module(module_name[:-2], directory=directory, purpose="the models")
        _import_submodules(package, directory, skipped)
        module_name = module_name[:-2]
    module = import_user_module(module_name, directory=directory, purpose="the models")
    if not attribute:
        return _from_module(module, directory)
    value: Any = module
    for part in attribute.removesuffix("()").split("."):
        if not hasattr(value, part):
            value = _submodule_or_fail(value, part, module_name, attribute, directory)
        else:
            value = getattr(value, part)
    return _from_object(value, text, directory)


def label(reference: object) -> str:
    """A reference's name for people."""
    if isinstance(reference, str):
        return reference.strip()
    if isinstance(reference, ModuleType):
        return reference.__name__
    if isinstance(reference, (list, tuple)):
        return ", ".join(label(item) for item in reference)
    if inspect.isclass(reference) or inspect.isfunction(reference):
        return f"{reference.__module__}:{reference.__qualname__}"
    return type(reference).__name__


def metadata_of(value: object) -> tuple[MetaData, ...]:
    """The metadata of a base class, registry, MetaData, Flask-SQLAlchemy object, or mapped class; empty for others."""
    if isinstance(value, MetaData):
        return (value,)
    if isinstance(value, registry):
        return (value.metadata,)
    # Declarative bases, mapped classes, SQLModel, and Flask-SQLAlchemy's `db` (its default bind) carry it alike.
    found = getattr(value, "metadata", None)
    return (found,) if isinstance(found, MetaData) else ()


def _from_object(value: object, name: str, directory: Path) -> tuple[MetaData, ...]:
    found = metadata_of(value)
    if found:
        return found
    if isinstance(value, ModuleType):
        return _from_module(value, directory)
    if isinstance(value, (list, tuple, set, frozenset)):
        if not value:
            raise DriftError(f"{name} is empty", help=(f"Name {_FORMS}.",))
        return tuple(metadata for item in value for metadata in _from_object(item, name, directory))
    extension = getattr(value, "extensions", {})
    if isinstance(extension, dict) and "sqlalchemy" in extension:
        return _from_object(extension["sqlalchemy"], name, directory)
    if callable(value) and not inspect.isclass(value):
        return _from_object(_call(value, name, directory), f"{name}()", directory)
    raise DriftError(
        f"{name} is not a base class, MetaData or registry but {_kind(value)}",
        help=(f"Name {_FORMS}.",),
    )


def _call(factory: Any, name: str, directory: Path) -> object:
    try:
        inspect.signature(factory).bind()
    except ValueError:
        pass
    except TypeError as error:
        raise DriftError(
            f"{name} is a function that needs arguments",
            details=(f"{name}{inspect.signature(factory)}",),
            help=("Name a function without arguments, or the metadata itself.",),
        ) from error
    try:
        with project_code():
            return factory()
    except ENDED as error:
        place = blame(error, directory)
        raise DriftError(
            f"{name}() failed",
            place=str(place) if place is not None else None,
            details=(describe(error),),
            help=advice(error),
        ) from error


def _from_module(module: ModuleType, directory: Path) -> tuple[MetaData, ...]:
    """The one metadata of a module, whatever objects carry it."""
    found = _candidates(module)
    if not any(metadata.tables for metadata in found.values()) and hasattr(module, "__path__"):
        # A package whose __init__ imports nothing: the models are in its modules.
        for submodule in _import_submodules(module, directory):
            for name, metadata in _candidates(submodule).items():
                found.setdefault(f"{submodule.__name__}:{name}", metadata)
    distinct = {id(metadata): metadata for metadata in found.values()}
    filled = {key: metadata for key, metadata in distinct.items() if metadata.tables}
    chosen = filled or distinct
    if not chosen:
        raise DriftError(
            f"no models in module {module.__name__}: it has neither a base class nor a MetaData",
            place=getattr(module, "__file__", None),
            help=(f"Name {_FORMS}.",),
        )
    if len(chosen) > 1:
        names = [
            name if ":" in name else f"{module.__name__}:{name}" for name, held in found.items() if id(held) in chosen
        ]
        raise DriftError(
            f"module {module.__name__} holds {len(chosen)} collections of models",
            details=tuple(names),
            help=("Name one of them, or all that live in this database: --models can be repeated.",),
        )
    return tuple(chosen.values())


def _candidates(module: ModuleType) -> dict[str, MetaData]:
    """Objects of a module that carry metadata, by name; bases before what is derived from them."""
    found: dict[str, MetaData] = {}
    for name, value in vars(module).items():
        if name.startswith("__") or not _carries_metadata(value):
            continue
        found.update((name, metadata) for metadata in metadata_of(value))
    return found


def _carries_metadata(value: object) -> bool:
    if is_a(value, MetaData, registry):
        return True
    if is_a(value, type):
        # SQLModel is a base by itself, but every module that uses it imports it.
        return isinstance(getattr(value, "metadata", None), MetaData)
    return type(value).__module__.startswith("flask_sqlalchemy")


def _import_submodules(package: ModuleType, directory: Path, skipped: list[str] | None = None) -> Iterator[ModuleType]:
    found: list[ModuleType] = []
    for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}."):
        if module.name.endswith(".__main__"):
            continue
        if _belongs_to_alembic(module):
            if skipped is not None:
                skipped.append(module.name)
            continue
        found.append(import_user_module(module.name, directory=directory, purpose="the models"))
    return iter(found)


def _belongs_to_alembic(module: pkgutil.ModuleInfo) -> bool:
    """Whether it is an ``env.py`` or a revision: they run inside of Alembic only, and hold no models."""
    path = Path(getattr(module.module_finder, "path", ""), f"{module.name.rpartition('.')[2]}.py")
    if module.ispkg or not path.is_file():
        return False
    return _OF_ALEMBIC.search(path.read_text(encoding="utf-8", errors="replace")) is not None


def _submodule_or_fail(value: object, part: str, module_name: str, attribute: str, directory: Path) -> ModuleType:
    if isinstance(value, ModuleType) and hasattr(value, "__path__"):
        name = f"{value.__name__}.{part}"
        if importlib.util.find_spec(name) is not None:
            return import_user_module(name, directory=directory, purpose="the models")
    candidates = _candidates(value) if isinstance(value, ModuleType) else {}
    raise DriftError(
        f"module {module_name} has no {attribute}",
        place=getattr(value, "__file__", None),
        details=tuple(f"it has {module_name}:{name}" for name in list(candidates)[:10]),
        help=("Check the name behind the colon.",),
    )


def _kind(value: object) -> str:
    if value is None:
        return "None"
    return f"the class {value.__name__}" if inspect.isclass(value) else f"an object of {type(value).__name__}"
