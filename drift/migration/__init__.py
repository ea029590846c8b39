"""How drift is repaired: plan, operations, hazards, rendering, the revision file.

The only room that knows Alembic's operations.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drift.migration.builder import build_plan
    from drift.migration.options import PlanOptions, RenderOptions, Roads
    from drift.migration.plan import Change, Guard, Hold, Lock, Phase, Plan, Step

_EXPORTS = {
    "Change": "plan",
    "Guard": "plan",
    "Hold": "plan",
    "Lock": "plan",
    "Phase": "plan",
    "Plan": "plan",
    "PlanOptions": "options",
    "RenderOptions": "options",
    "Roads": "options",
    "Step": "plan",
    "build_plan": "builder",
}

__all__ = [
    "Change",
    "Guard",
    "Hold",
    "Lock",
    "Phase",
    "Plan",
    "PlanOptions",
    "RenderOptions",
    "Roads",
    "Step",
    "build_plan",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"drift.migration.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 'drift.migration' has no attribute {name!r}")
