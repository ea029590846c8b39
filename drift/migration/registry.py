"""Which handler answers which finding.

A handler takes a finding and the plan's context, finds the pair that the finding speaks of, and yields steps::

    from drift.migration.registry import handles

    @handles("VT301")
    def rename_version_table(finding: Finding, context: PlanContext) -> Iterator[Step]:
        ...

Add the module's name to :data:`MODULES`. A handler that also answers other findings says so with
``context.claim(...)``; it may yield nothing where another step answers its finding, and
``context.refuse(finding, reason)`` where no migration can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from drift.findings import Finding
    from drift.migration.context import PlanContext
    from drift.migration.plan import Step

Handler = Callable[["Finding", "PlanContext"], "Iterator[Step]"]
HandlerT = TypeVar("HandlerT", bound=Handler)

MODULES = (
    "handlers.tables",
    "handlers.columns",
    "handlers.nullability",
    "handlers.column_values",
    "handlers.column_types",
    "handlers.keys",
    "handlers.constraints",
    "handlers.indexes",
    "handlers.enums",
    "handlers.sequences",
    "handlers.views",
    "version_tables",
)
"""Modules with handlers, in the order in which they are asked: whoever claims other findings comes first."""

_HANDLERS: dict[str, Handler] = {}


def handles(*codes: str) -> Callable[[HandlerT], HandlerT]:
    """Register a handler for findings with these codes."""

    def register(function: HandlerT) -> HandlerT:
        for code in codes:
            if code in _HANDLERS and _HANDLERS[code] is not function:
                raise ValueError(f"{code} has a handler already")
            _HANDLERS[code] = function
        return function

    return register


def handler_for(code: str) -> Handler | None:
    """The handler of that code."""
    for module in MODULES:
        name = f"drift.migration.{module}"
        if find_spec(name) is not None:
            import_module(name)
    return _HANDLERS.get(code)
