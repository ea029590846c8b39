from __future__ import annotations

from collections.abc import Iterable, Mapping

from drift.alignment import Question, Sameness, Settlement, Unsettled, Usage, align, renaming, settle
from drift.alignment.judge import Frame, Judge
from drift.schema import Check, Expression, Index, IndexKey
from tests.alignment.build import actual, column, expected, table


class Server:
    """Gives canonical forms from a dictionary, and remembers what it was asked."""

    def __init__(self, forms: Mapping[str, str | Unsettled]) -> None:
        self.forms = forms
        self.asked: list[list[Question]] = []

    def __call__(self, questions: Iterable[Question]) -> Mapping[Question, str | Unsettled]:
        asked = list(questions)
        self.asked.append(asked)
        return {item: self.forms.get(item.sql, Unsettled("who knows")) for item in asked}


def checks(*pairs: tuple[str | None, str]) -> tuple[Check, ...]:
    return tuple(Check(name, Expression(body), ("a",)) for name, body in pairs)


def test_what_is_equal_as_text_is_not_asked() -> None:
    server = Server({})
    both = table("t", "a", checks=checks(("ck", "a > 0")))
    settle(align(expected(both), actual(both)), server)
    assert server.asked == []


def test_everything_is_asked_in_one_batch_and_each_thing_once() -> None:
    server = Server({})
    left = [table(f"t{n}", column("a", default=Expression("1")), checks=checks(("ck", "a > 0"))) for n in range(5)]
    right = [table(f"t{n}", column("a", default=Expression("'1'")), checks=checks(("ck", "0 < a"))) for n in range(5)]
    settle(align(expected(*left), actual(*right)), server)
    (asked,) = server.asked
    assert len(asked) == len(set(asked)) == 2 + 5 * 2


def test_spelling_is_settled_without_asking() -> None:
    server = Server({})
    left, right = table("t", "a", checks=checks(("ck", "a > 0"))), table("t", "a", checks=checks(("ck", "(A > 0)")))
    alignment = settle(align(expected(left), actual(right)), server, spell=lambda sql: sql.strip("()").lower())
    assert server.asked == []
    assert alignment.settlement.same == {("a > 0", "(A > 0)")}


def test_unnamed_leftovers_are_paired_by_their_canonical_form() -> None:
    left = table("t", "a", checks=checks((None, "a > 0"), (None, "a < 9")))
    right = table("t", "a", checks=checks(("c1", "(9 > a)"), ("c2", "(0 < a)")))
    server = Server({"a > 0": "1", "(0 < a)": "1", "a < 9": "2", "(9 > a)": "2"})
    (pair,) = settle(align(expected(left), actual(right)), server).tables
    assert [found.actual.name for found in pair.checks if found.actual] == ["c2", "c1"]


def test_an_index_over_an_expression_is_found_under_another_name() -> None:
    left = table("t", "a", indexes=(Index("mine", (IndexKey(expression=Expression("abs(a)")),)),))
    right = table("t", "a", indexes=(Index("theirs", (IndexKey(expression=Expression("pg_catalog.abs(a)")),)),))
    server = Server({"abs(a)": "abs(a)", "pg_catalog.abs(a)": "abs(a)"})
    (pair,) = settle(align(expected(left), actual(right)), server).tables
    (found,) = pair.indexes
    assert found.renamed


def outcome(settlement: Settlement, ours: Expression, theirs: Expression) -> Sameness:
    alignment = align(expected(table("t", "a")), actual(table("t", "a")))
    judge = Judge(renaming(alignment), settlement)
    return judge.expressions(Frame(alignment.tables[0], judge.names), ours, theirs, Usage.CHECK).sameness


def answered(ours: str | Unsettled, theirs: str | Unsettled) -> Sameness:
    frame = (("a", "integer"),)
    name = table("t").name
    answers = {Question("x", Usage.CHECK, name, frame): ours, Question("y", Usage.CHECK, name, frame): theirs}
    return outcome(Settlement(answers), Expression("x"), Expression("y"))


def test_three_values() -> None:
    assert answered("f", "f") is Sameness.SAME
    assert answered("f", "g") is Sameness.DIFFERENT
    assert answered(Unsettled("syntax error", rejected=True), "g") is Sameness.DIFFERENT
    assert answered(Unsettled("permission denied"), "g") is Sameness.UNKNOWN
    assert answered("f", Unsettled("gone", rejected=True)) is Sameness.UNKNOWN
    assert outcome(Settlement(), Expression("x"), Expression("y")) is Sameness.UNKNOWN


def test_canonical_forms_of_a_snapshot_count() -> None:
    assert outcome(Settlement(), Expression("x", "f"), Expression("y", "f")) is Sameness.SAME
    assert outcome(Settlement(), Expression("x", "f"), Expression("y", "g")) is Sameness.DIFFERENT
    assert outcome(Settlement(), Expression("x"), Expression("y", "g")) is Sameness.UNKNOWN


def test_renamed_columns_are_translated_before_asking() -> None:
    server = Server({})
    left = table("t", "id", column("surname", "text"), checks=checks(("ck", "surname <> 'surname'")))
    right = table("t", "id", column("last name", "text"), checks=checks(("ck", "(\"last name\" <> 'x')")))
    settle(align(expected(left), actual(right)), server)
    assert "\"last name\" <> 'surname'" in [item.sql for item in server.asked[0]]
