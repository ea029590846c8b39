"""What is plainly the same is passed over: no check would have spoken about it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from drift.alignment import Pair, align, settle
from drift.checks.context import SchemaView
from drift.checks.registry import Subjects, all_checks
from drift.checks.run import NOT_COMPARED, plainly_same, run_checks
from drift.checks.versioned import speaks_for
from drift.findings import NotChecked, Outcome
from drift.schema import Column, Expression, Identity, Location, QualifiedName, VersioningRole
from tests.alignment.build import actual, expected, name, table

OTHERS: dict[str, Any] = {
    "name": "b",
    "type": "text",
    "nullable": False,
    "default": Expression("1"),
    "auto_increment": True,
    "sequence": QualifiedName("public", "numbers"),
    "identity": Identity(),
    "generated": Expression("1 + 1"),
    "generated_stored": False,
    "collation": "C",
    "comment": "said",
    "position": 7,
    "on_update": "now()",
    "charset": "latin1",
    "enum": QualifiedName("public", "mood"),
    "domain": QualifiedName("public", "email"),
    "enum_labels": ("a",),
    "attributes": ("invisible",),
    "client_default": True,
    "location": Location("models.py", 3),
    "ignored": ("CO301",),
}
PLAIN = Column("a", "integer", position=1)
"""A column that says nothing special; the cases below differ from it."""
SIDES = (
    PLAIN,
    replace(PLAIN, default=Expression("0")),
    replace(PLAIN, default=Expression("0"), nullable=False),
    replace(PLAIN, auto_increment=True, nullable=False),
    replace(PLAIN, auto_increment=True, identity=Identity(always=True), nullable=False),
    replace(PLAIN, generated=Expression("1")),
    replace(PLAIN, type="varchar(80)", collation="C", comment="said"),
)


def test_every_facet_has_another_value_here() -> None:
    assert {item.name for item in fields(Column)} == set(OTHERS)


@pytest.mark.parametrize("facet", sorted(set(OTHERS) - NOT_COMPARED))
def test_a_facet_that_differs_is_looked_at(facet: str) -> None:
    other = replace(PLAIN, **{facet: OTHERS[facet]})
    assert plainly_same(Pair(other, other))
    assert not plainly_same(Pair(PLAIN, other))
    assert not plainly_same(Pair(other, PLAIN))


def test_missing_renamed_and_unknown_columns_are_looked_at() -> None:
    unknown = replace(PLAIN, type="")
    for pair in (Pair(PLAIN, None), Pair(None, PLAIN), Pair(PLAIN, PLAIN, True), Pair(unknown, unknown)):
        assert not plainly_same(pair)


@pytest.mark.parametrize("facet", sorted(NOT_COMPARED - {"name"}))
@pytest.mark.parametrize("side", SIDES)
def test_no_check_of_columns_speaks_where_only_such_a_facet_differs(facet: str, side: Column) -> None:
    other = replace(side, **{facet: OTHERS[facet]})
    expected_only = facet in ("client_default", "location", "ignored")
    for left, right in ((other, side),) if expected_only else ((other, side), (side, other)):
        if facet == "sequence" and not side.auto_increment:
            continue  # a sequence numbers the column, which the readers say, too
        assert plainly_same(Pair(left, right))
        assert _spoken(left, right) == []


def test_a_default_that_is_spelled_otherwise_is_passed_over_only_where_it_means_the_same() -> None:
    left, right = replace(PLAIN, default=Expression("( 0 )")), replace(PLAIN, default=Expression("0"))
    assert _spoken(left, right) == []
    assert _reported(left, right) == []
    assert _reported(left, replace(right, default=Expression("1"))) == ["CO303?"]
    assert _reported(left, replace(right, nullable=False)) == ["CO302"]
    assert _reported(left, replace(right, default=None)) == ["CO303"]


def _spoken(left: Column, right: Column) -> list[Outcome]:
    """What the checks of columns say, whether or not they would have been asked."""
    both = expected(table("t", left)), actual(table("t", right))
    schema = SchemaView.of(settle(align(*both), spell=_spell))
    view = schema.pairs[name("t")]
    return [
        outcome
        for check in all_checks()
        if check.subjects is Subjects.COLUMN and speaks_for(check, VersioningRole.NONE)
        for pair in view.columns
        for outcome in check.function(pair, view, schema)
    ]


def _reported(left: Column, right: Column) -> list[str]:
    """Codes of what a run says; with a question mark where it could not be checked."""
    both = expected(table("t", left)), actual(table("t", right))
    outcomes = run_checks(settle(align(*both), spell=_spell))
    return sorted(outcome.code + "?" * isinstance(outcome, NotChecked) for outcome in outcomes)


def _spell(sql: str) -> str:
    return sql.strip("( )")
