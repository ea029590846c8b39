"""The quick constructor differs from the usual one in its speed only."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

import drift.alignment.pairs
import drift.alignment.verdicts
import drift.schema
from drift.schema.making import made_quickly


@dataclass(frozen=True, slots=True, order=True)
class Usual:
    first: str
    second: int = 2
    third: tuple[str, ...] = field(default=())


@made_quickly
@dataclass(frozen=True, slots=True, order=True)
class Quick:
    first: str
    second: int = 2
    third: tuple[str, ...] = field(default=())


CALLS: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    (("a",), {}),
    (("a", 1), {"third": ("x",)}),
    ((), {"third": (), "first": "a", "second": 2}),
)


@pytest.mark.parametrize(("positional", "named"), CALLS)
def test_the_same_values(positional: tuple[Any, ...], named: dict[str, Any]) -> None:
    usual, quick = Usual(*positional, **named), Quick(*positional, **named)
    assert type(quick) is Quick
    assert [getattr(quick, item.name) for item in fields(quick)] == [
        getattr(usual, item.name) for item in fields(usual)
    ]
    assert repr(quick).removeprefix("Quick") == repr(usual).removeprefix("Usual")
    assert hash(quick) == hash(usual)
    assert quick == Quick(*positional, **named)


def test_the_same_signature_and_mistakes() -> None:
    assert inspect.signature(Quick) == inspect.signature(Usual)
    for wrong in ({}, {"first": "a", "fourth": 4}):
        with pytest.raises(TypeError):
            Quick(**wrong)


def test_frozen_for_good() -> None:
    thing = Quick("a")
    for name in ("first", "fourth"):
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(thing, name, "b")
    with pytest.raises(FrozenInstanceError):
        del thing.first  # type: ignore[misc]
    assert thing == Quick("a")


def test_copies() -> None:
    thing = Quick("a", 3, ("x",))
    for again in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing)), replace(thing)):
        assert type(again) is Quick
        assert again == thing
    assert replace(thing, second=4) == Quick("a", 4, ("x",)) > thing


def test_a_dataclass_below_has_its_own_constructor() -> None:
    @dataclass(frozen=True)
    class Below(Quick):
        fourth: int = 4

    below = Below("a", fourth=5)
    assert (type(below), below.first, below.fourth) == (Below, "a", 5)


def test_only_for_what_stores_values() -> None:
    with pytest.raises(TypeError):

        @made_quickly
        @dataclass(frozen=True, slots=True)
        class _Lists:
            items: list[str] = field(default_factory=list)


@pytest.mark.parametrize(
    "noun",
    [
        item
        for room in (drift.schema, drift.alignment.pairs, drift.alignment.verdicts)
        for item in vars(room).values()
        if isinstance(item, type) and hasattr(item, "__dataclass_fields__")
    ],
    ids=lambda noun: noun.__name__,
)
def test_every_noun_takes_its_fields_in_their_order(noun: Any) -> None:
    assert list(inspect.signature(noun).parameters) == [item.name for item in fields(noun)]
    thing = noun(*(object() for _ in fields(noun)))
    assert type(thing) is noun
    with pytest.raises(FrozenInstanceError):
        setattr(thing, fields(noun)[0].name, "x")
