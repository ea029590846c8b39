"""Which texts could reach what another role wrote: names as the server reads them, and rather too many than too few."""

from __future__ import annotations

import pytest

from drift.dialects.postgresql.strangers import Strangers
from drift.schema import QualifiedName

STRANGERS = Strangers(
    functions={"f": (("theirs", "eve"),), "lower": (("public", "eve"),)},
    types={"dom": (("theirs", "eve"),)},
    operators={"theirs": "eve"},
    relations={QualifiedName("public", "reports"): "is a view"},
)


@pytest.mark.parametrize(
    "sql",
    [
        "theirs.f('c')",
        '"theirs" . "f" /* so */ (1)',
        "THEIRS.F(1)",
        "theirs.dom '5'",
        "CAST(1 AS theirs.dom)",
        "(row).f IS NULL AND theirs.x > 0",
        "1 OPERATOR(theirs.+) 2",
        'U&"\\0066"(1)',
        "'torn",
    ],
)
def test_a_text_that_names_the_schema_is_not_sent(sql: str) -> None:
    reach = STRANGERS.reached(sql)
    assert reach is not None
    assert reach.named


@pytest.mark.parametrize("sql", ["f(1)", "lower(name) <> ''", "x::dom", "dom '5'", "items.f > 0"])
def test_a_text_that_leaves_it_to_the_path_is_sent_under_another(sql: str) -> None:
    reach = STRANGERS.reached(sql)
    assert reach is not None
    assert not reach.named


@pytest.mark.parametrize(
    "sql", ["f > 0", "'theirs.f(1)'", "upper(name) = 'f'", "price > 0 -- f(1)", "theirs.x + 1", "t.f > 0"]
)
def test_a_text_that_reaches_nothing_is_sent_as_it_is(sql: str) -> None:
    assert STRANGERS.reached(sql, columns={"f"}) is None


def test_where_everybody_is_known_every_text_is_sent() -> None:
    assert Strangers().reached("theirs.f('c')") is None


@pytest.mark.parametrize(
    ("query", "schema", "why"),
    [
        ("SELECT 1 FROM items", "theirs", "operators in theirs run code of the role eve"),
        ("SELECT f(1) FROM items", "public", "theirs.f runs code of the role eve"),
        ("SELECT 1 FROM Reports", "public", "public.reports is a view"),
        ("SELECT 1 FROM items", "public", None),
        ("SELECT 'torn", "public", "it cannot be taken apart"),
    ],
)
def test_what_speaks_against_a_query(query: str, schema: str, why: str | None) -> None:
    assert STRANGERS.met(query, schema) == why
