from __future__ import annotations

import pytest

from drift.alignment import TablePair, align
from drift.schema import Column, Index, IndexKey, Table
from tests.alignment.build import actual, column, expected, table

STRING = "varchar(80)"


def pair(left: Table, right: Table) -> TablePair:
    (found,) = align(expected(left), actual(right)).tables
    return found


def renamed(left: Table, right: Table) -> dict[str, str]:
    return {
        columns.expected.name: columns.actual.name
        for columns in pair(left, right).columns
        if columns.renamed and columns.expected is not None and columns.actual is not None
    }


def test_columns_pair_by_name_in_any_order() -> None:
    found = pair(table("t", "a", "b", "c"), table("t", "c", "a", "b"))
    assert [(c.expected.name, c.actual.name) for c in found.columns if c.expected and c.actual] == [
        ("a", "a"),
        ("b", "b"),
        ("c", "c"),
    ]


def test_the_same_place_type_and_nullability_make_a_rename() -> None:
    found = pair(
        table("t", "id", column("surname", STRING), "age"), table("t", "id", column("last_name", STRING), "age")
    )
    (rename,) = [c for c in found.columns if c.renamed]
    assert rename.evidence == "same type, nullability, and position"


def test_equal_types_alone_are_no_rename() -> None:
    left = table("t", "id", column("confidence", "real"), column("name", STRING))
    right = table("t", "id", column("name", STRING), column("legacy_score", "real"))
    assert renamed(left, right) == {}


def test_another_type_needs_a_close_name_as_well() -> None:
    left = table("t", "id", column("surname", STRING), "age")
    assert renamed(left, table("t", "id", column("last_name", "text"), "age")) == {}
    assert renamed(left, table("t", "id", column("user_surname", "text"), "age")) == {"surname": "user_surname"}


@pytest.mark.parametrize(
    ("ours", "theirs"), [("email", "user_email"), ("addresses", "address"), ("createdAt", "created_at"), ("a_b", "A_B")]
)
def test_close_names_make_a_rename_anywhere(ours: str, theirs: str) -> None:
    left = table("t", "id", column(ours, STRING), "x", "y")
    right = table("t", "id", "x", "y", column(theirs, STRING))
    assert renamed(left, right) == {ours: theirs}


def test_one_word_in_common_is_not_a_close_name() -> None:
    left = table("t", "id", column("created_at", "timestamp"), "x", "y")
    right = table("t", "id", "x", "y", column("updated_at", "timestamp"))
    assert renamed(left, right) == {}


def test_the_same_part_in_an_index_makes_a_rename() -> None:
    left = table("t", "id", column("sku", STRING), "x", indexes=(Index("i", (IndexKey("sku"),), unique=True),))
    right = table("t", "id", "x", column("code", STRING), indexes=(Index("i", (IndexKey("code"),), unique=True),))
    assert renamed(left, right) == {"sku": "code"}


def test_two_at_once_when_each_is_unambiguous() -> None:
    left = table("t", column("a", STRING), "one", column("b", STRING), "two", column("c", STRING))
    right = table("t", column("x", STRING), "one", column("y", STRING), "two", column("c", STRING))
    assert renamed(left, right) == {"a": "x", "b": "y"}


def test_two_candidates_in_one_place_are_told_and_not_chosen() -> None:
    left = table("t", "id", column("p", STRING), column("q", STRING), "z")
    right = table("t", "id", column("v", STRING), column("w", STRING), "z")
    found = pair(left, right)
    assert renamed(left, right) == {}
    (first, _) = [c for c in found.columns if c.expected is not None and c.actual is None]
    assert first.evidence == "may have been renamed, but not unambiguously: v, w"


def test_swapped_columns_are_not_renamed() -> None:
    left = table("t", column("a", STRING), column("b", STRING))
    right = table("t", column("b", STRING), column("a", STRING))
    assert renamed(left, right) == {}


def test_names_cut_by_the_server_are_the_same_name() -> None:
    long = "x" * 70
    (found,) = align(expected(table("t", long)), actual(table("t", "x" * 63)), truncate=lambda text: text[:63]).tables
    (columns,) = found.columns
    assert columns.actual is not None
    assert not columns.renamed


def test_every_column_is_in_exactly_one_pair() -> None:
    found = pair(table("t", "a", "b", "c"), table("t", "c", "d", Column("e", "text")))
    assert sorted(c.expected.name for c in found.columns if c.expected) == ["a", "b", "c"]
    assert sorted(c.actual.name for c in found.columns if c.actual) == ["c", "d", "e"]


def test_two_columns_of_one_type_are_told_apart_by_their_names() -> None:
    left = table("t", "id", column("first_name", STRING), column("last_name", STRING), "born")
    right = table("t", "id", column("fname", STRING), column("lname", STRING), "born")
    assert renamed(left, right) == {"first_name": "fname", "last_name": "lname"}


def test_a_name_that_ends_in_the_other_will_do_at_the_same_place() -> None:
    left = table("t", "id", column("name", "varchar(50)"), "age")
    assert renamed(left, table("t", "id", column("fullname", "text"), "age")) == {"name": "fullname"}
    assert renamed(left, table("t", "id", "age", column("fullname", "text"))) == {}


def test_what_might_be_a_rename_is_said() -> None:
    left = table("t", "id", column("confidence", "real"), column("name", STRING))
    right = table("t", "id", column("name", STRING), column("legacy_score", "real"))
    (missing,) = [c for c in pair(left, right).columns if c.actual is None]
    assert missing.evidence == "possible rename, of which nothing but the type tells: legacy_score"
