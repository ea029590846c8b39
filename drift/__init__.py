"""drift: schema drift between ORM models and the live database, found before the deploy.

The public interface is :func:`check`, :func:`plan`, :func:`health`, :func:`assert_in_sync`, and the classes they
return. Everything is imported lazily, so that ``import drift`` costs nothing and breaks nothing; the first use says
what the environment lacks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from drift.errors import DriftError

if TYPE_CHECKING:
    from drift.alignment.observations import reads
    from drift.findings import Finding, NotChecked, Severity
    from drift.integrations.assertion import assert_in_sync
    from drift.integrations.health import health
    from drift.pipeline import Report, check, plan
    from drift.policy import Config

__version__ = "0.1.0"

_EXPORTS = {
    "Config": "drift.policy",
    "Finding": "drift.findings",
    "NotChecked": "drift.findings",
    "Report": "drift.pipeline",
    "Severity": "drift.findings",
    "assert_in_sync": "drift.integrations.assertion",
    "check": "drift.pipeline",
    "health": "drift.integrations.health",
    "plan": "drift.pipeline",
    "reads": "drift.alignment.observations",
}

__all__ = [
    "Config",
    "DriftError",
    "Finding",
    "NotChecked",
    "Report",
    "Severity",
    "__version__",
    "assert_in_sync",
    "check",
    "health",
    "plan",
    "reads",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        from drift.requirements import require

        require()
        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'drift' has no attribute {name!r}")
