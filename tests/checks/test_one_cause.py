"""One cause, one finding; what follows from it stands in ``details["also"]``."""

from __future__ import annotations

from drift.schema import Check, Enum, Expression, ForeignKey, Index, IndexKey, PrimaryKey, Sequence, Unique
from tests.alignment.build import actual, column, expected, name, table
from tests.checks.support import codes, findings

KEY = PrimaryKey(None, ("id",))
ID = column("id", nullable=False)


def test_a_missing_table_takes_everything_with_it() -> None:
    left = expected(
        table("users", ID, "a", primary_key=KEY, indexes=(Index("i", (IndexKey("a"),)),)),
        table("orders", ID, "user_id", foreign_keys=(ForeignKey(None, ("user_id",), name("users"), ("id",)),)),
    )
    (finding,) = findings(left, actual(table("orders", ID, "user_id")))
    assert (finding.code, finding.detail("also")) == ("TB101", ("foreign key (user_id) of orders",))


def test_a_missing_column_takes_its_constraints_with_it() -> None:
    left = expected(
        table(
            "t",
            ID,
            column("email", "text"),
            "other",
            primary_key=KEY,
            uniques=(Unique(None, ("email",)),),
            checks=(Check(None, Expression("email <> ''")),),
            indexes=(Index("i", (IndexKey(expression=Expression("lower(email)")),)), Index("k", (IndexKey("other"),))),
        )
    )
    right = actual(
        table("t", ID, "other", primary_key=PrimaryKey("t_pkey", ("id",)), indexes=(Index("k", (IndexKey("other"),)),))
    )
    (finding,) = findings(left, right)
    assert finding.code == "CO101"
    assert finding.detail("also") == ("unique constraint (email)", "check constraint (email <> '')", "index i")


def test_an_unexpected_column_takes_its_own_index_with_it_but_not_a_shared_unique() -> None:
    left = expected(table("t", ID, "a", primary_key=KEY))
    key = PrimaryKey("t_pkey", ("id",))
    own = table("t", ID, "a", "extra", primary_key=key, indexes=(Index("i", (IndexKey("extra"),)),))
    assert codes(left, actual(own)) == ["CO201"]
    shared = table("t", ID, "a", "extra", primary_key=key, uniques=(Unique("u", ("a", "extra")),))
    assert codes(left, actual(shared)) == ["CO201", "UQ201"]


def test_a_lost_key_takes_the_foreign_keys_that_refer_to_it_with_it() -> None:
    left = expected(
        table("users", ID, primary_key=KEY),
        table("orders", ID, "user_id", foreign_keys=(ForeignKey(None, ("user_id",), name("users"), ("id",)),)),
    )
    (finding,) = findings(left, actual(table("users", ID), table("orders", ID, "user_id")))
    assert (finding.code, finding.detail("also")) == ("PK101", ("foreign key (user_id) of orders",))


def test_an_enum_comes_with_the_column_that_needs_it() -> None:
    enum = Enum(name("mood"), ("a", "b"))
    left = expected(table("t", ID, column("m", "public.mood", enum=enum.name)), enums=(enum,))
    assert codes(left, actual(table("t", ID))) == ["CO101"]
    (finding,) = findings(expected(table("t", ID), enums=(enum,)), actual(table("t", ID)))
    assert finding.code == "EN101"


def test_a_sequence_comes_with_its_column_and_a_default_with_its_sequence() -> None:
    sequence = Sequence(name("s"))
    numbered = column("n", default=Expression("nextval('s')"), sequence=sequence.name)
    left = expected(table("t", ID, numbered), sequences=(sequence,))
    assert codes(left, actual(table("t", ID))) == ["CO101"]
    assert codes(left, actual(table("t", ID, "n"))) == ["SQ101"]


def test_renames_do_not_repeat_themselves() -> None:
    left = expected(
        table("users", ID, column("surname", "text"), "age", primary_key=KEY, uniques=(Unique(None, ("surname",)),)),
        table("posts", ID, "a", "b", foreign_keys=(ForeignKey(None, ("a",), name("users"), ("id",)),)),
    )
    right = actual(
        table(
            "user",
            ID,
            column("name", "text"),
            "age",
            primary_key=PrimaryKey("p", ("id",)),
            uniques=(Unique("u", ("name",)),),
        ),
        table("posts", ID, "a", "b", foreign_keys=(ForeignKey("f", ("a",), name("user"), ("id",)),)),
    )
    assert codes(left, right) == ["CO308", "TB303"]


def test_a_foreign_key_that_no_database_can_have_is_a_flaw_of_the_models_only() -> None:
    left = expected(
        table("users", ID, "code", primary_key=KEY),
        table("orders", ID, "code", foreign_keys=(ForeignKey(None, ("code",), name("users"), ("code",)),)),
    )
    right = actual(table("users", ID, "code", primary_key=PrimaryKey("p", ("id",))), table("orders", ID, "code"))
    assert codes(left, right) == ["FK307"]
