from __future__ import annotations

from typing import Any

from drift.alignment import UNIQUE_CONSTRAINT, UNIQUE_INDEX, TablePair, align
from drift.schema import ForeignKey, Index, IndexKey, Unique
from tests.alignment.build import actual, expected, name, table

PEOPLE = table("people", "id")


def pair(left: dict[str, Any], right: dict[str, Any]) -> TablePair:
    columns = ("a", "b", "c")
    found = align(expected(table("t", *columns, **left), PEOPLE), actual(table("t", *columns, **right), PEOPLE)).tables
    return found[0]


def test_unnamed_constraints_pair_by_shape_and_are_not_renamed() -> None:
    (found,) = pair({"uniques": (Unique(None, ("a",)),)}, {"uniques": (Unique("whatever", ("a",)),)}).uniques
    assert found.actual is not None
    assert not found.renamed


def test_named_constraints_of_the_same_shape_are_renamed() -> None:
    (found,) = pair({"uniques": (Unique("uq", ("a", "b")),)}, {"uniques": (Unique("t_key", ("b", "a")),)}).uniques
    assert found.renamed


def test_the_name_comes_before_the_shape() -> None:
    left = {"uniques": (Unique("one", ("a",)), Unique("two", ("b",)))}
    right = {"uniques": (Unique("two", ("a",)), Unique("one", ("b",)))}
    assert all(not found.renamed for found in pair(left, right).uniques)


def test_unnamed_constraints_of_the_database_do_not_shadow_each_other() -> None:
    both = {"uniques": (Unique(None, ("a",)), Unique(None, ("b",)))}
    assert [found.actual is not None for found in pair(both, both).uniques] == [True, True]


def test_a_unique_index_stands_for_a_constraint_and_the_reverse() -> None:
    constraint = {"uniques": (Unique("uq", ("a",)),)}
    index = {"indexes": (Index("uq", (IndexKey("a"),), unique=True),)}
    (found,) = pair(constraint, index).uniques
    assert (found.evidence, found.renamed) == (UNIQUE_INDEX, False)
    assert pair(constraint, index).indexes == ()
    (other,) = pair(index, constraint).indexes
    assert (other.evidence, other.renamed) == (UNIQUE_CONSTRAINT, False)
    assert pair(index, constraint).uniques == ()


def test_a_partial_unique_index_does_not() -> None:
    from drift.schema import Expression

    partial = Index("uq", (IndexKey("a"),), unique=True, predicate=Expression("b > 0"))
    found = pair({"uniques": (Unique("uq", ("a",)),)}, {"indexes": (partial,)})
    assert found.uniques[0].actual is None
    assert found.indexes[0].expected is None


def test_foreign_keys_pair_by_columns_when_the_target_differs() -> None:
    left = {"foreign_keys": (ForeignKey(None, ("a",), name("people"), ("id",)),)}
    right = {"foreign_keys": (ForeignKey("t_a_fkey", ("a",), name("t"), ("b",)),)}
    (found,) = pair(left, right).foreign_keys
    assert found.actual is not None


def test_a_foreign_key_that_the_models_state_twice_is_missing_at_most_once() -> None:
    twice = (
        ForeignKey(None, ("a",), name("people"), ("id",), "CASCADE"),
        ForeignKey("fk", ("a",), name("people"), ("id",), "CASCADE"),
    )
    once = {"foreign_keys": (ForeignKey("fk", ("a",), name("people"), ("id",), "CASCADE"),)}
    assert all(found.actual is not None for found in pair({"foreign_keys": twice}, once).foreign_keys)


def test_indexes_that_a_server_made_by_itself_are_left_alone() -> None:
    assert pair({}, {"indexes": (Index("t_ibfk_1", (IndexKey("a"),), implicit=True),)}).indexes == ()


def test_constraints_are_compared_through_renamed_columns_and_tables() -> None:
    left = expected(
        table(
            "orders",
            "id",
            "person",
            indexes=(Index("i", (IndexKey("person"),)),),
            foreign_keys=(ForeignKey(None, ("person",), name("person"), ("key",)),),
        ),
        table("person", "key", "x", "y", "z"),
    )
    right = actual(
        table(
            "orders",
            "id",
            "human",
            indexes=(Index("i", (IndexKey("human"),)),),
            foreign_keys=(ForeignKey("fk", ("human",), name("persons"), ("key",)),),
        ),
        table("persons", "key", "x", "y", "z"),
    )
    orders, person = align(left, right).tables
    assert person.renamed
    assert orders.columns[1].renamed
    assert orders.foreign_keys[0].actual is not None
    assert orders.indexes[0].actual is not None
