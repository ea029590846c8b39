"""The garbage collector, out of the way while many small objects are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collections meanwhile. Nests; leaves a collector alone that is off already.

    A comparison makes a hundred thousand objects without a cycle among them, and every collection would walk them all,
    together with the application's models: a third of the time, measured on 1,000 tables.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
