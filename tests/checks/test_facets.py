"""Checks that no PostgreSQL case shows."""

from __future__ import annotations

from dataclasses import replace

from drift.findings import Severity
from drift.schema import Expression, Index, IndexKey, SequenceNumbers, TableKind
from tests.alignment.build import actual, column, expected, name, table
from tests.checks.support import codes, findings, not_checked


def test_options_of_mysql_tables_count_where_the_model_states_them() -> None:
    left = expected(table("t", "a", options=(("engine", "InnoDB"), ("collate", "utf8mb4_bin"))))
    right = actual(table("t", "a", options=(("engine", "MyISAM"), ("collate", "utf8mb4_general_ci"))))
    assert codes(left, right) == ["TB310", "TB311"]
    assert codes(expected(table("t", "a")), right) == []
    same = actual(table("t", "a", options=(("engine", "innodb"), ("collate", "utf8mb4_bin"))))
    assert codes(left, same) == []


def test_names_that_the_server_cuts_to_one() -> None:
    long = "x" * 63
    both = table("t", f"{long}1", f"{long}2")
    assert codes(expected(both), actual(both)) == ["TB312"]
    fine = table("t", long, "x" * 62)
    assert codes(expected(fine), actual(fine)) == []


def test_what_could_not_be_read_is_not_checked_and_not_missing() -> None:
    left = expected(table("t", "a"))
    right = actual(unreadable=(("public.t", "was dropped while it was being read"),))
    assert codes(left, right) == []
    assert [item.code for item in not_checked(left, right)] == ["TB313"]


def test_a_schema_that_was_not_read_is_not_checked() -> None:
    left = expected(table("t", "a", schema="app"))
    assert [item.code for item in not_checked(left, actual())] == ["TB101"]


def test_on_update_and_character_sets_of_mysql() -> None:
    left = expected(table("t", column("a", on_update="CURRENT_TIMESTAMP"), column("b", charset="utf8mb4")))
    assert codes(left, actual(table("t", "a", column("b", charset="latin1")))) == ["CO311", "CO312"]
    right = actual(table("t", column("a", on_update="current_timestamp()"), column("b", charset="utf8mb4")))
    assert codes(left, right) == []


def test_invisible_indexes() -> None:
    index = Index("i", (IndexKey("a"),))
    left = expected(table("t", "a", indexes=(index,)))
    assert codes(left, actual(table("t", "a", indexes=(replace(index, visible=False),)))) == ["IX311"]


def test_sequences_behind_their_column() -> None:
    def numbers(next_value: int, largest: int | None) -> list[str]:
        seen = SequenceNumbers(name("t"), "a", name("t_a_seq"), next_value, largest)
        return codes(expected(table("t", "a")), actual(table("t", "a"), sequence_numbers=(seen,)))

    assert numbers(1, 1200) == numbers(1200, 1200) == ["SQ303"]
    assert numbers(1201, 1200) == numbers(1, None) == []


def test_queries_of_views() -> None:
    def view(sql: str) -> list[str]:
        left = table("v", "id", kind=TableKind.VIEW, definition=Expression("SELECT t.id FROM t WHERE t.a > 1"))
        right = replace(left, definition=Expression(sql))
        base = table("t", "id", "a")
        both = expected(base, left), actual(base, right)
        return codes(*both) + [item.code + "?" for item in not_checked(*both)]

    assert view(" SELECT t.id\n   FROM t\n  WHERE (t.a > 1)") == []
    assert view("SELECT t.id FROM t") == ["VW301"]
    assert view("SELECT t.id FROM t WHERE 1 < t.a") == ["VW301?"]


def test_unknown_comparisons_are_not_checked_and_not_reported() -> None:
    left = expected(table("t", column("a", default=Expression("1 + 1"))))
    right = actual(table("t", column("a", default=Expression("2"))))
    assert codes(left, right) == []
    assert [item.code for item in not_checked(left, right)] == ["CO303"]


def test_types_of_the_server_need_nobody_to_be_asked() -> None:
    def compare(ours: str, theirs: str) -> tuple[list[str], list[str]]:
        both = expected(table("t", column("a", ours))), actual(table("t", column("a", theirs)))
        return codes(*both), [item.code for item in not_checked(*both)]

    assert compare("varchar(255)", "varchar(80)") == (["CO301"], [])
    assert compare("public.mood", "app.mood") == ([], ["CO301"])


def test_not_null_without_default_is_worse_than_other_unexpected_columns() -> None:
    def severity(**facets: object) -> Severity:
        extra = column("extra", **facets)
        (finding,) = findings(expected(table("t", "a")), actual(table("t", "a", extra)))
        return finding.severity

    assert severity() is Severity.INFO
    assert severity(nullable=False) is Severity.ERROR
    assert severity(nullable=False, default=Expression("0")) is Severity.INFO
    assert severity(nullable=False, auto_increment=True) is Severity.INFO
