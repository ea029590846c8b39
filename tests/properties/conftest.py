"""How many examples: a hundred on every change, thousands at night (``HYPOTHESIS_PROFILE=nightly``)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)
_COMMON = {"deadline": None, "suppress_health_check": _SLOW, "print_blob": True}

settings.register_profile("ci", max_examples=100, derandomize=True, **_COMMON)
settings.register_profile("quick", max_examples=10, **_COMMON)
settings.register_profile("nightly", max_examples=3000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
