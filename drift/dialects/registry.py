"""Which dialect answers for which SQLAlchemy dialect name."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from drift.dialects.base import Dialect

_HOMES = {
    "postgresql": "drift.dialects.postgresql",
    "sqlite": "drift.dialects.sqlite",
    "mysql": "drift.dialects.mysql",
    "mariadb": "drift.dialects.mariadb",
}


def dialect_for(name: str) -> Dialect:
    """The dialect for a SQLAlchemy dialect name; unknown ones get the generic reader.

    A dialect's package exposes an instance called ``DIALECT``.
    """
    if name in _HOMES:
        return cast(Dialect, import_module(_HOMES[name]).DIALECT)
    return cast(Dialect, import_module("drift.dialects.generic").generic_dialect(name))
