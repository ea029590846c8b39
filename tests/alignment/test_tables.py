from __future__ import annotations

from drift.alignment import Alignment, align
from drift.schema import Schema
from tests.alignment.build import actual, column, expected, name, table

PERSON = (column("id"), column("name", "text"), column("email", "text"), column("city", "text"))


def told(alignment: Alignment) -> list[tuple[str | None, str | None]]:
    return [
        (str(pair.expected.name) if pair.expected else None, str(pair.actual.name) if pair.actual else None)
        for pair in alignment.tables
    ]


def test_names_without_a_schema_mean_the_default_one() -> None:
    left = Schema("models", "postgresql", tables=(table("t", "a", schema=None),))
    assert told(align(left, actual(table("t", "a")))) == [("public.t", "public.t")]


def test_a_plural_is_renamed_and_an_unlike_table_is_not() -> None:
    assert told(align(expected(table("customers", *PERSON)), actual(table("customer", *PERSON)))) == [
        ("public.customers", "public.customer")
    ]
    other = table("payments", "id", column("amount", "numeric"))
    assert told(align(expected(table("customers", *PERSON)), actual(other))) == [
        ("public.customers", None),
        (None, "public.payments"),
    ]


def test_equal_structure_is_enough_with_some_columns_and_not_with_few() -> None:
    assert told(align(expected(table("users", *PERSON)), actual(table("people", *PERSON)))) == [
        ("public.users", "public.people")
    ]
    few = PERSON[:2]
    assert len(told(align(expected(table("tags", *few)), actual(table("genres", *few))))) == 2


def test_two_equal_candidates_are_not_chosen_from() -> None:
    found = align(expected(table("users", *PERSON)), actual(table("people", *PERSON), table("humans", *PERSON)))
    assert told(found)[0] == ("public.users", None)


def test_another_schema_is_found() -> None:
    right = actual(table("t", *PERSON, schema="app"), schemas=("public", "app"))
    (pair,) = align(expected(table("t", *PERSON)), right).tables
    assert pair.renamed
    assert pair.evidence == "in schema app"


def test_filtered_tables_are_neither_missing_nor_unexpected() -> None:
    left = expected(table("kept", "a"), table("hidden", "a"), relation_names=(name("kept"), name("ours")))
    right = actual(table("kept", "a"), table("ours", "a"), relation_names=(name("kept"), name("ours"), name("hidden")))
    assert told(align(left, right)) == [("public.kept", "public.kept")]


def test_partitions_and_children_follow_their_parents() -> None:
    right = actual(
        table("events", "a"),
        table("events_1", "a", partition_of=name("events")),
        table("old", "a", inherits=(name("events"),)),
        table("spatial", "a", extension="postgis"),
    )
    assert told(align(expected(table("events", "a")), right)) == [("public.events", "public.events")]


def test_leftovers_of_batch_migrations_are_never_renames() -> None:
    found = align(expected(table("users", *PERSON)), actual(table("_alembic_tmp_users", *PERSON)))
    assert len(found.tables) == 2


def test_the_work_is_linear() -> None:
    """A wrong database of the same size must not compare everything with everything."""
    left = expected(*(table(f"a{number}", f"x{number}", "id") for number in range(2000)))
    right = actual(*(table(f"b{number}", f"y{number}", "id") for number in range(2000)))
    assert len(align(left, right).tables) == 4000
