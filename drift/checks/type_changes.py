"""How bad it is that a column has another type than the models say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drift.checks.server_words import Failure
from drift.findings import Severity

_TYPE = re.compile(
    r"^(?P<name>.*?)\s*(?:\((?P<arguments>[^()]*)\))?(?P<rest>[^()\[\]]*)(?P<array>(?:\[\])*)$", re.DOTALL
)
_INTEGERS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "integer": 4, "int": 4, "bigint": 8}
_FLOATS = {"real": 4, "float": 8, "double": 8, "double precision": 8}
_TEXTS = frozenset({"varchar", "text", "char", "bpchar", "citext", "tinytext", "mediumtext", "longtext", "name"})
_TIMED = frozenset({"timestamp", "timestamptz", "time", "timetz", "interval", "datetime"})
_NUMERIC = frozenset({"numeric", "decimal"})


@dataclass(frozen=True, slots=True)
class TypeChange:
    """A judgement on two types: how bad, why, and what a conversion does to the rows that are there.

    Attributes:
        loses: Converting the column to the expected type can lose or reject values.
    """

    severity: Severity
    why: str
    loses: bool = False


@dataclass(frozen=True, slots=True)
class _Parts:
    name: str
    arguments: tuple[int, ...]
    array: bool


_AFFINITIES = (
    ("INT", "INTEGER"),
    ("CHAR", "TEXT"),
    ("CLOB", "TEXT"),
    ("TEXT", "TEXT"),
    ("BLOB", "BLOB"),
    ("REAL", "REAL"),
    ("FLOA", "REAL"),
    ("DOUB", "REAL"),
)


def judge_types_in(dialect: str, expected: str, actual: str) -> TypeChange:
    """Compare two different canonical types as the dialect treats them."""
    if dialect == "sqlite" and _kept_by_sqlite(expected, actual):
        return TypeChange(
            Severity.INFO, "SQLite stores the same values: it enforces the affinity of a declared type, and no more."
        )
    if dialect == "mariadb" and {expected, actual} == {"json", "longtext"}:
        return TypeChange(Severity.INFO, "MariaDB's JSON is LONGTEXT with a CHECK that it is JSON.")
    return judge_types(expected, actual, dialect)


def _kept_by_sqlite(expected: str, actual: str) -> bool:
    """Whether every value of the one type is stored in a column of the other as it would be in its own.

    Numbers are stored alike under INTEGER and NUMERIC, fractions and booleans under REAL as well; ISO dates and JSON
    are text, which TEXT keeps, while NUMERIC may turn text into numbers.
    """
    wanted, seen = _affinity(expected), _affinity(actual)
    if wanted == seen:
        return True
    if _AS_TEXT.match(expected):
        return seen == "TEXT"
    if _AS_TEXT.match(actual):
        return False
    return (seen in _EXACT and wanted in (*_EXACT, "REAL")) or (wanted, seen) == ("NUMERIC", "REAL")


_EXACT = ("INTEGER", "NUMERIC")
_AS_TEXT = re.compile(r"(?:date|time|timestamp|json)", re.IGNORECASE)
"""Declared types, NUMERIC by their names, whose values SQLAlchemy stores as text."""


def _affinity(declared: str) -> str:
    """Source: https://www.sqlite.org/datatype3.html, section 3.1; the first word that is found decides."""
    name = declared.upper()
    return next((kind for word, kind in _AFFINITIES if word in name), "NUMERIC" if name.strip() else "BLOB")


def judge_types(expected: str, actual: str, dialect: str) -> TypeChange:
    """Compare two different canonical types, for example ``varchar(255)`` and ``varchar(80)``."""
    left, right = _parts(expected), _parts(actual)
    if left.array != right.array:
        which = "one is an array and the other is not"
        return TypeChange(Severity.ERROR, f"Reading and writing fail: {which}.", loses=True)
    for judge in (_texts, _integers, _numerics, _floats, _times, _json):
        change = judge(left, right, dialect)
        if change is not None:
            return change
    return TypeChange(
        Severity.ERROR,
        f"Values of type {expected} do not fit a column of type {actual}: comparing or writing them fails, or they "
        "come back as something else.",
        loses=True,
    )


def _parts(type_: str) -> _Parts:
    match = _TYPE.match(type_.strip())
    assert match is not None  # every part is optional
    name = f"{match['name']} {match['rest'].strip()}".strip().lower()
    arguments = tuple(int(part) for part in (match["arguments"] or "").split(",") if part.strip().lstrip("-").isdigit())
    return _Parts(name, arguments, bool(match["array"]))


def _texts(left: _Parts, right: _Parts, dialect: str) -> TypeChange | None:
    if left.name not in _TEXTS or right.name not in _TEXTS:
        return None
    wanted, seen = _length(left), _length(right)
    if seen is not None and (wanted is None or seen < wanted):
        limit = "any length" if wanted is None else f"{wanted} characters"
        return TypeChange(
            Severity.ERROR,
            f"The models allow {limit}, the column holds {seen}: longer values fail with "
            f'"{Failure.TOO_LONG.said(dialect, size=seen)}".',
        )
    if "citext" in (left.name, right.name):
        return TypeChange(Severity.ERROR, "Comparisons and UNIQUE treat upper and lower case differently.")
    if ("char" in (left.name, right.name)) and left.name != right.name:
        return TypeChange(Severity.WARNING, "A fixed-length column pads values with blanks, the other does not.")
    if wanted is not None and seen != wanted:
        width = "any length" if seen is None else f"{seen} characters"
        return TypeChange(
            Severity.WARNING,
            f"The column accepts {width}, more than the {wanted} that the models allow: longer values can get in.",
            loses=True,
        )
    return TypeChange(Severity.INFO, "Both hold text of any length; nothing breaks.")


def _length(parts: _Parts) -> int | None:
    return parts.arguments[0] if parts.arguments else None


def _integers(left: _Parts, right: _Parts, dialect: str) -> TypeChange | None:
    wanted, seen = (
        _INTEGERS.get(left.name.removesuffix(" unsigned")),
        _INTEGERS.get(right.name.removesuffix(" unsigned")),
    )
    if wanted is None or seen is None:
        return None
    if seen < wanted:
        return TypeChange(
            Severity.ERROR,
            f'Larger values fail with "{Failure.OUT_OF_RANGE.said(dialect, type=right.name)}": the column holds {seen} '
            "bytes.",
        )
    if seen > wanted:
        return TypeChange(
            Severity.WARNING, f"The column holds larger values than {left.name}: other code may not.", loses=True
        )
    return TypeChange(Severity.ERROR, "One is signed and the other is not: part of the range is rejected.", loses=True)


def _numerics(left: _Parts, right: _Parts, dialect: str) -> TypeChange | None:
    if left.name not in _NUMERIC or right.name not in _NUMERIC:
        return None
    wanted, seen = _digits(left), _digits(right)
    if wanted is None:
        return TypeChange(Severity.ERROR, "The column rounds to its scale and rejects larger values.")
    if seen is None or (seen[0] >= wanted[0] and seen[1] >= wanted[1]):
        return TypeChange(Severity.WARNING, "The column stores more digits than the models expect.", loses=True)
    if seen[1] < wanted[1]:
        return TypeChange(
            Severity.ERROR,
            f"The column keeps {seen[1]} decimal places instead of {wanted[1]}: values are silently rounded.",
        )
    return TypeChange(Severity.ERROR, f'Larger values fail with "{Failure.TOO_MANY_DIGITS.said(dialect)}".')


def _digits(parts: _Parts) -> tuple[int, int] | None:
    """Digits before and after the decimal point."""
    if not parts.arguments:
        return None
    scale = parts.arguments[1] if len(parts.arguments) > 1 else 0
    return parts.arguments[0] - scale, scale


def _floats(left: _Parts, right: _Parts, _: str) -> TypeChange | None:
    exact = _NUMERIC | _INTEGERS.keys()
    if left.name in _FLOATS and right.name in _FLOATS:
        if _FLOATS[right.name] < _FLOATS[left.name]:
            return TypeChange(Severity.ERROR, "The column keeps about 6 significant digits instead of 15.")
        return TypeChange(Severity.WARNING, "The column keeps more digits than the models expect.", loses=True)
    if left.name in exact and right.name in _FLOATS:
        return TypeChange(Severity.ERROR, "Exact numbers are stored as floating point: sums are off by rounding.")
    if left.name in _FLOATS and right.name in _INTEGERS:
        return TypeChange(Severity.ERROR, "Fractions are silently rounded to whole numbers.")
    if left.name in _FLOATS and right.name in _NUMERIC:
        return TypeChange(Severity.WARNING, "The column returns exact decimals and rounds to its scale.", loses=True)
    return None


def _times(left: _Parts, right: _Parts, _: str) -> TypeChange | None:
    if left.name not in _TIMED or right.name not in _TIMED:
        return None
    if left.name == right.name:
        wanted, seen = _length(left), _length(right)
        if seen is not None and (wanted is None or seen < wanted):
            return TypeChange(Severity.WARNING, f"Fractions of a second are rounded to {seen} digits.")
        return TypeChange(Severity.INFO, "The column keeps more digits of a second than the models expect.", loses=True)
    if {left.name, right.name} == {"timestamp", "timestamptz"}:
        return TypeChange(
            Severity.ERROR,
            "One keeps the instant and the other a local time: values shift by the session's time zone, and comparing "
            'them in Python fails with "can\'t compare offset-naive and offset-aware datetimes".',
            loses=True,
        )
    return None


def _json(left: _Parts, right: _Parts, _: str) -> TypeChange | None:
    if {left.name, right.name} != {"json", "jsonb"}:
        return None
    if left.name == "jsonb":
        return TypeChange(
            Severity.ERROR, "Operators such as @> and comparisons fail: operator does not exist: json @> jsonb."
        )
    return TypeChange(Severity.WARNING, "The order of keys and duplicate keys are not kept.")
