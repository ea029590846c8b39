from __future__ import annotations

import pytest

from drift.checks.labels import compare_labels
from drift.checks.type_changes import judge_types
from drift.findings import Severity

E, W, N = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("expected", "actual", "severity"),
    [
        ("varchar(255)", "varchar(80)", E),
        ("varchar(80)", "varchar(255)", W),
        ("varchar", "varchar(80)", E),
        ("text", "varchar(80)", E),
        ("varchar(80)", "text", W),
        ("varchar(80)", "varchar", W),
        ("varchar", "text", N),
        ("text", "varchar", N),
        ("text", "citext", E),
        ("char(3)", "varchar(3)", W),
        ("bigint", "integer", E),
        ("integer", "bigint", W),
        ("integer unsigned", "integer", E),
        ("numeric(10,2)", "numeric(10,1)", E),
        ("numeric(10,2)", "numeric(8,2)", E),
        ("numeric(10,2)", "numeric(12,2)", W),
        ("numeric(10,2)", "numeric", W),
        ("numeric", "numeric(10,2)", E),
        ("double precision", "real", E),
        ("real", "double precision", W),
        ("numeric(10,2)", "double precision", E),
        ("double precision", "integer", E),
        ("timestamptz", "timestamp", E),
        ("timestamp", "timestamp(0)", W),
        ("timestamp(0)", "timestamp", N),
        ("jsonb", "json", E),
        ("json", "jsonb", W),
        ("integer[]", "integer", E),
        ("public.mood", "text", E),
        ("uuid", "varchar(36)", E),
        ("boolean", "integer", E),
    ],
)
def test_severity(expected: str, actual: str, severity: Severity) -> None:
    assert judge_types(expected, actual, "postgresql").severity is severity


def test_labels_missing_and_unexpected() -> None:
    changes = compare_labels(("a", "b", "c"), ("a", "c"))
    assert (changes.missing, changes.unexpected, changes.renamed, changes.reordered) == (("b",), (), (), False)
    changes = compare_labels(("a",), ("a", "x", "y"))
    assert (changes.missing, changes.unexpected) == ((), ("x", "y"))


def test_labels_renamed_in_place_or_in_case() -> None:
    assert compare_labels(("a", "new", "c"), ("a", "old", "c")).renamed == (("new", "old"),)
    assert compare_labels(("RED", "BLUE"), ("red", "blue")).renamed == (("RED", "red"), ("BLUE", "blue"))
    assert compare_labels(("x",), ("y",)).renamed == ()


def test_labels_reordered() -> None:
    assert compare_labels(("a", "b", "c"), ("a", "c", "b")).reordered
    assert not compare_labels(("a", "b", "c"), ("a", "x", "b", "c")).reordered
