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
            _take_for_old()
            gc.enable()


def _take_for_old() -> None:
    """Make everything that is alive part of the oldest generation, without looking at any of it.

    Otherwise the first collection afterwards would walk all the new objects. Left alone where the application has
    frozen objects itself: there is no thawing ours alone.
    """
    if gc.get_freeze_count() == 0:
        gc.freeze()
        gc.unfreeze()
