"""The garbage collector is left as it was found."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from drift import collector


@pytest.fixture(autouse=True)
def _as_found() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if enabled else gc.disable)()


def test_off_meanwhile_and_on_again_also_when_nested_or_interrupted() -> None:
    gc.enable()
    with collector.paused():
        with collector.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"), collector.paused():
        raise ValueError("x")
    assert gc.isenabled()


def test_what_was_made_is_not_walked_again() -> None:
    gc.enable()
    with collector.paused():
        made = [[] for _ in range(10_000)]
    assert gc.get_count()[0] < len(made)
    assert gc.get_freeze_count() == 0


def test_off_stays_off() -> None:
    gc.disable()
    with collector.paused():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_what_the_application_froze_stays_frozen() -> None:
    gc.enable()
    gc.freeze()
    frozen = gc.get_freeze_count()
    assert frozen > 0
    with collector.paused():
        pass
    assert gc.get_freeze_count() >= frozen - 10
