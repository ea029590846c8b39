"""Steps come after what they need, both ways, whatever the order in which they were made."""

from __future__ import annotations

import itertools

from drift.migration.order import Fact, in_order, name_is_free, table_exists
from drift.migration.plan import Phase, Step
from drift.schema import QualifiedName

A, B = table_exists(QualifiedName("public", "a")), table_exists(QualifiedName("public", "b"))
FREE = name_is_free("public", "ix")


def _step(title: str, phase: Phase, needs: tuple[Fact, ...] = (), makes: tuple[Fact, ...] = ()) -> Step:
    return Step(title, phase, (), needs=frozenset(needs), makes=frozenset(makes))


def _titles(*steps: Step) -> list[str]:
    return [step.title for step in in_order(steps)]


def test_needs_come_first_and_phases_decide_the_rest() -> None:
    steps = [
        _step("child", Phase.TABLE, needs=(A,), makes=(B,)),
        _step("index", Phase.INDEX, needs=(FREE, B)),
        _step("drop", Phase.DROP, makes=(FREE,)),
        _step("parent", Phase.COMMENT, makes=(A,)),
        _step("alter", Phase.ALTER),
    ]
    for order in itertools.permutations(steps):
        assert _titles(*order) == ["alter", "parent", "child", "drop", "index"]


def test_what_is_left_out_brings_about_nothing() -> None:
    left_out = Step("drop", Phase.DROP, (), makes=frozenset({FREE}), commented_out="not allowed")
    assert _titles(left_out, _step("index", Phase.INDEX, needs=(FREE,))) == ["index", "drop"]


def test_steps_that_need_each_other_are_all_there() -> None:
    one = _step("one", Phase.KEY, needs=(A,), makes=(B,))
    two = _step("two", Phase.INDEX, needs=(B,), makes=(A,))
    assert _titles(two, one) == ["one", "two"]
