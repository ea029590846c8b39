"""Pydantic schemas that read mapped classes: found, paired, and probed with Pydantic itself.

:func:`observe` is the way in. It yields plain facts (:mod:`drift.alignment.observations`); the checks judge them.
"""

from drift.sources.responses.observing import ObserveOptions, observe

__all__ = ["ObserveOptions", "observe"]
