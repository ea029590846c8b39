"""SQL text is cut into tokens as a server would, and folded without losing anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift.dialects.text import Kind, TornTextError, normalised, one_expression, split, tokens, unparenthesised


def texts(sql: str) -> list[str]:
    return [token.text for token in tokens(sql)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a>=1", ["a", ">=", "1"]),
        ("'it''s' || E'\\'x'", ["'it''s'", "||", "E'\\'x'"]),
        ('"a""b".c', ['"a""b"', ".", "c"]),
        ("$$ ' $$ , $tag$ $$ $tag$", ["$$ ' $$", ",", "$tag$ $$ $tag$"]),
        ("a -- c\n+ /* x /* y */ z */ b", ["a", "+", "b"]),
        ("a +-- c\n b", ["a", "+", "b"]),
        ("a::numeric(10,2)[1]", ["a", "::", "numeric", "(", "10", ",", "2", ")", "[", "1", "]"]),
        ("1.5e-3 .5 1.", ["1.5e-3", ".5", "1."]),
        ("foo$$bar", ["foo$$bar"]),
        ("été", ["été"]),
    ],
)
def test_tokens(sql: str, expected: list[str]) -> None:
    assert texts(sql) == expected


@pytest.mark.parametrize("sql", ["'", '"a', "$$ x", "/* /* */", "E'\\'"])
def test_torn_text(sql: str) -> None:
    with pytest.raises(TornTextError):
        tokens(sql)
    assert not one_expression(sql)
    assert normalised(sql) == sql.strip()


@pytest.mark.parametrize("sql", ["a > 1", "f(a, b)", "'; DROP'", "a = ')'", "a -- comment", "ARRAY[1, 2]", "$$;$$"])
def test_one_expression(sql: str) -> None:
    assert one_expression(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "a; DROP TABLE t",
        "a), (b",
        "(a",
        "a)",
        "a, b",
        "(]",
        "a \x00",
        # What another reading of quotes, comments, or white space would let out.
        "a ` ); DROP TABLE t; -- `",
        "$€$ ' $€$ ); DROP TABLE t; -- '",
        "a --\r ); DROP TABLE t",
        "E'x'\n'\\' ); DROP TABLE t; -- '",
        "\xa0$$ ' $$ ); DROP TABLE t; -- $$ ' $$",
        "a \\",
    ],
)
def test_what_could_break_out_is_not_one_expression(sql: str) -> None:
    assert not one_expression(sql)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("((a > 1))", "A  >\n1"),
        ("NOW()", "now( )"),
        ("a IN ('x','y')", "a in ('x', 'y')"),
        ("a /* why */ + b", "a+b"),
        ("(a) + (b)", "(a)+(b)"),
    ],
)
def test_folds(left: str, right: str) -> None:
    assert normalised(left) == normalised(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("'A'", "'a'"), ('"A"', '"a"'), ("(a) + (b)", "a) + (b"), ("a - -1", "a --1"), ("a b", "ab"), ("1 .5", "1.5")],
)
def test_keeps_apart(left: str, right: str) -> None:
    assert normalised(left) != normalised(right)


def test_outer_parentheses() -> None:
    assert unparenthesised(" ((a) AND (b)) ") == "(a) AND (b)"
    assert unparenthesised("(a) AND (b)") == "(a) AND (b)"
    assert unparenthesised("(')')") == "')'"


def test_split() -> None:
    assert len(split(tokens("f(a, b), [c, d], e"))) == 3


@given(sql=st.text(max_size=60))
def test_any_text_is_taken(sql: str) -> None:
    one_expression(sql)
    folded = normalised(sql)
    assert normalised(folded) == folded


PIECES = st.sampled_from(
    [
        "a",
        "B",
        '"C"',
        "'d'",
        "1",
        "1.5",
        "+",
        "-",
        "(",
        ")",
        "::",
        "text",
        "AND",
        "NOT",
        ",",
        "f",
        "[",
        "]",
        ".",
        "<",
        "=",
    ]
)


@given(parts=st.lists(PIECES, max_size=12))
def test_the_normal_form_has_the_same_tokens(parts: list[str]) -> None:
    """Nothing is lost but the case of words and parentheses around the whole."""
    sql = " ".join(parts)
    before = [token.text.lower() if token.kind is Kind.WORD else token.text for token in tokens(sql)]
    after = texts(normalised(sql))
    cut = (len(before) - len(after)) // 2
    assert before[cut : len(before) - cut] == after
    assert all(text == "(" for text in before[:cut])
