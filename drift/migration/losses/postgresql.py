"""Which values a type change on PostgreSQL would not keep.

Where a cast would raise, the condition says so without casting: ``CASE`` decides in which order the server looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from drift.migration.losses import Loss
from drift.schema import Column

STRINGS = frozenset({"text", "varchar", "char", "bpchar", "citext", "name"})
FIXED = frozenset({"char", "bpchar"})
INTEGERS = {"smallint": 16, "integer": 32, "bigint": 64}
FLOATS = {"real": (6, 24, "1.2e-37", "3.4e38"), "double precision": (15, 53, "1e-306", "1e308")}
"""Decimal digits and bits that every value keeps, the smallest and the largest magnitude that surely can be cast."""
NUMBERS = (*INTEGERS, "numeric", *FLOATS)
WITH_TIME = frozenset({"timestamp", "timestamptz"})
NAME_BYTES = 63

_SHAPE = re.compile(r"""^((?:"(?:[^"]|"")*"|[^()\[\]"])+?)(?:\(([\d,\s-]*)\))?(\[\])?$""")
_INPUT_IS_VALID = (16,)
"""The first version with ``pg_input_is_valid``."""

_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
ZONE = r"(Z|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_WHOLE = r"(0|[1-9]\d{0,98})"
_PATTERNS = {
    **dict.fromkeys(INTEGERS, rf"^\s*[+-]?{_WHOLE}\s*$"),
    **dict.fromkeys(("numeric", *FLOATS), rf"^\s*[+-]?({_WHOLE}(\.\d{{0,99}})?|\.\d{{1,99}})([eE][+-]?\d{{1,2}})?\s*$"),
    "uuid": r"^\{?[0-9a-fA-F]{4}-?([0-9a-fA-F]{4}-?){6}[0-9a-fA-F]{4}\}?$",
    "boolean": r"^\s*([tT]([rR]([uU][eE]?)?)?|[yY]([eE][sS]?)?|[oO][nN]|1"
    r"|[fF]([aA]([lL]([sS][eE]?)?)?)?|[nN][oO]?|[oO][fF][fF]?|0)\s*$",
    "date": rf"^\s*{_DAY}\s*$",
    "timestamp": rf"^\s*{_DAY}([ T]{_TIME})?\s*$",
    "timestamptz": rf"^\s*{_DAY}([ T]{_TIME}\s?{ZONE}?)?\s*$",
    "time": rf"^\s*{_TIME}\s*$",
}
"""What surely reads as a value of the type, and says no more than such a value can hold: a number with leading zeros is
a ZIP code or a part number. Other spellings of the same value (``1.50``, ``yes``) are taken for it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A type taken apart: ``numeric(10,2)[]`` is ``numeric``, ``(10, 2)``, an array."""

    name: str
    arguments: tuple[int, ...] = ()
    is_array: bool = False

    @property
    def digits(self) -> tuple[int, int] | None:
        """Digits before and behind the point of a numeric; ``None`` without a limit."""
        if not self.arguments:
            return None
        scale = self.arguments[1] if len(self.arguments) > 1 else 0
        return self.arguments[0] - scale, scale


def shape(type_: str) -> Shape:
    """The parts of a canonical spelling."""
    match = _SHAPE.match(type_)
    if match is None:
        return Shape(type_)
    return Shape(match[1], tuple(int(n) for n in (match[2] or "").split(",") if n.strip()), match[3] is not None)


def loss(
    old: Column, new: Column, name: str, *, labels: Sequence[str] = (), server: tuple[int, ...] = ()
) -> Loss | None:
    """What ``old`` holds that ``new`` cannot, ``None`` where every value survives or nothing can be asked.

    Args:
        old: The column as it is.
        new: The column as it is to be.
        name: The value in SQL: the column, quoted.
        labels: The labels of the new type where it is an enum, as literals.
        server: The server's version.
    """
    before, after = shape(old.type), shape(new.type)
    if before == after:
        return None
    if before.is_array or after.is_array:
        return _arrays(old, new, name, labels, server)
    if new.enum is not None:
        return _labels(name, labels)
    if after.name in STRINGS:
        return _to_string(before, after, name)
    if before.name in STRINGS:
        return _from_string(after, name, server)
    if before.name in NUMBERS and after.name in NUMBERS:
        return _number(before, after, name)
    if before.name in NUMBERS and after.name == "boolean":
        return Loss(f"{name} NOT IN (0, 1)", "they are neither 0 nor 1")
    if before.name == "jsonb" and after.name in (*NUMBERS, "boolean"):
        return _from_jsonb(after, name)
    if before.name == "bigint" and after.name == "oid":
        return Loss(f"{name} NOT BETWEEN 0 AND 4294967295", "they are no object identifiers")
    if before.name in ("date", *WITH_TIME):
        return _from_time(before, after, name)
    narrower = after.arguments and not (before.arguments and before.arguments <= after.arguments)
    if before.name == after.name and narrower:
        return Loss(f"{name}::{new.type}::{old.type} IS DISTINCT FROM {name}", f"{new.type} holds less of them")
    return None


def _arrays(old: Column, new: Column, name: str, labels: Sequence[str], server: tuple[int, ...]) -> Loss | None:
    inner_old, inner_new = (replace(column, type=column.type.removesuffix("[]")) for column in (old, new))
    many = shape(old.type).is_array, shape(new.type).is_array
    if many == (True, True):
        element = "drift_element"
        found = loss(inner_old, inner_new, element, labels=labels, server=server)
        if found is None:
            return None
        rows = f"SELECT 1 FROM unnest({name}) AS drift_elements({element}) WHERE {found.condition}"
        return Loss(f"EXISTS ({rows})", f"of their elements, {found.what}")
    if many == (False, True):
        return loss(inner_old, inner_new, name, labels=labels, server=server)
    first = f"({name})[array_lower({name}, 1)]"
    found = loss(inner_old, inner_new, first, labels=labels, server=server)
    odd = f"{name} IS NOT NULL AND (cardinality({name}) <> 1 OR array_ndims({name}) > 1 OR {first} IS NULL)"
    condition = f"CASE WHEN {odd} THEN true ELSE {found.condition} END" if found is not None else odd
    return Loss(condition, "they do not have one element each" + (f", or {found.what}" if found is not None else ""))


def _labels(name: str, labels: Sequence[str]) -> Loss | None:
    if not labels:
        return None
    return Loss(f"{name}::text NOT IN ({', '.join(labels)})", "they are no labels of the enum")


def _to_string(before: Shape, after: Shape, name: str) -> Loss | None:
    text = name if before.name in STRINGS else f"{name}::text"
    if after.name == "name":
        return Loss(f"octet_length({text}) > {NAME_BYTES}", f"they are longer than {NAME_BYTES} bytes")
    conditions, what = [], []
    limit = after.arguments[0] if after.arguments else None
    known = before.arguments[0] if before.name in STRINGS and before.arguments else None
    if limit is not None and (known is None or known > limit):
        conditions.append(f"char_length({text}) > {limit}")
        what.append(f"they are longer than {limit} characters")
    if after.name in FIXED and before.name in STRINGS - FIXED:
        conditions.append(f"{text} <> rtrim({text})")
        what.append("they end in blanks, which the new type does not count")
    return Loss(" OR ".join(conditions), ", or ".join(what)) if conditions else None


def _from_string(after: Shape, name: str, server: tuple[int, ...]) -> Loss | None:
    """Text that does not read as the type, or says more than the type holds: ``007`` is not 7, a ZIP code no number."""
    what = f"they do not read as {after.name}, or say more than it holds"
    pattern, asks = _PATTERNS.get(after.name), server >= _INPUT_IS_VALID
    type_ = _spelled(after)
    if pattern is None:
        return Loss(f"NOT pg_input_is_valid({name}, '{type_}')", what) if asks else None
    cases = [f"WHEN {name} IS NULL THEN false WHEN {name} !~ '{pattern}' THEN true"]
    if after.name in NUMBERS:
        found = _number(Shape("numeric"), after, f"{name}::numeric")
        cases.append(f"ELSE {found.condition}" if found is not None else "ELSE false")
    elif after.name in ("date", *WITH_TIME):
        # No day that the month does not have.
        month = f"(left(btrim({name}), 7) || '-01')::date"
        days = f"extract(day FROM {month} + interval '1 month' - interval '1 day')"
        cases.append(f"WHEN left(btrim({name}), 4) = '0000' THEN true")
        cases.append(f"WHEN substr(btrim({name}), 9, 2)::integer > {days} THEN true")
    if after.name not in NUMBERS:
        cases.append(f"ELSE {_fraction(after, f'{name}::{after.name}')}")
    return Loss(f"CASE {' '.join(cases)} END", what)


def _fraction(after: Shape, value: str) -> str:
    return f"{value}::{_spelled(after)} <> {value}" if after.arguments else "false"


def _spelled(of: Shape) -> str:
    return f"{of.name}({', '.join(map(str, of.arguments))})" if of.arguments else of.name


def _beyond(name: str, integer: str) -> str:
    """Not in the range of the integer type; NaN is beyond every number."""
    limit = 2 ** (INTEGERS[integer] - 1)
    return f"{name} < {-limit} OR {name} >= {limit}"


def _number(before: Shape, after: Shape, name: str) -> Loss | None:
    kind = (_kind(before), _kind(after))
    return _BETWEEN_NUMBERS[kind](before, after, name)


def _kind(of: Shape) -> str:
    return "integer" if of.name in INTEGERS else "float" if of.name in FLOATS else "numeric"


def _integer_to_integer(before: Shape, after: Shape, name: str) -> Loss | None:
    if INTEGERS[after.name] >= INTEGERS[before.name]:
        return None
    return Loss(_beyond(name, after.name), f"they are too large for {after.name}")


def _integer_to_numeric(before: Shape, after: Shape, name: str) -> Loss | None:
    if after.digits is None:
        return None
    whole, scale = after.digits
    conditions = []
    if 10 ** max(whole, 0) <= 2 ** (INTEGERS[before.name] - 1):
        conditions.append(f"{name} NOT BETWEEN {1 - 10 ** max(whole, 0)} AND {10 ** max(whole, 0) - 1}")
    if scale < 0:
        conditions.append(f"{name} <> round({name}::numeric, {scale})")
    return Loss(" OR ".join(conditions), f"they have more digits than {_spelled(after)}") if conditions else None


def _integer_to_float(before: Shape, after: Shape, name: str) -> Loss | None:
    _, bits, _, _ = FLOATS[after.name]
    if INTEGERS[before.name] <= bits:
        return None
    # Between the two bounds a cast there and back cannot leave the range of the integer.
    inner = 2**63 - 2**40
    return Loss(
        f"CASE WHEN {name} NOT BETWEEN {-inner} AND {inner} THEN true "
        f"ELSE {name}::{after.name}::double precision::bigint <> {name} END",
        f"they have more digits than {after.name} keeps",
    )


def _numeric_to_integer(before: Shape, after: Shape, name: str) -> Loss | None:
    conditions, what = [], []
    digits = before.digits
    if digits is None or 10 ** max(digits[0], 0) > 2 ** (INTEGERS[after.name] - 1):
        conditions.append(_beyond(name, after.name))
        what.append(f"they are too large for {after.name}")
    if digits is None or digits[1] > 0:
        conditions.append(f"{name} <> trunc({name})")
        what.append("they have a fraction")
    return Loss(" OR ".join(conditions), ", or ".join(what)) if conditions else None


def _numeric_to_numeric(before: Shape, after: Shape, name: str) -> Loss | None:
    if after.digits is None:
        return None
    whole, scale = after.digits
    known = before.digits
    conditions, what = [], []
    if known is None or known[0] > whole:
        conditions.append(f"abs({name}) >= 1e{whole}")
        what.append(f"they have more than {max(whole, 0)} digits before the point")
    if known is None or known[1] > scale:
        conditions.append(f"{name} <> round({name}, {scale})")
        what.append(f"more than {scale} behind it" if what else f"they have more than {scale} digits behind the point")
    return Loss(" OR ".join(conditions), ", or ".join(what)) if conditions else None


def _numeric_to_float(before: Shape, after: Shape, name: str) -> Loss | None:
    digits, _, smallest, largest = FLOATS[after.name]
    if before.arguments and before.arguments[0] <= digits and abs(before.arguments[-1]) < digits:
        return None
    return Loss(
        f"CASE WHEN {name} = 'NaN' OR {name} = 0 THEN false "
        f"WHEN abs({name}) NOT BETWEEN {smallest} AND {largest} THEN true "
        f"ELSE {name}::{after.name}::numeric <> {name} END",
        f"they have more digits than {after.name} keeps",
    )


def _float_to_integer(_before: Shape, after: Shape, name: str) -> Loss | None:
    return Loss(
        f"{_beyond(name, after.name)} OR {name} <> trunc({name}::double precision)",
        f"they are too large for {after.name}, or they have a fraction",
    )


def _float_to_numeric(before: Shape, after: Shape, name: str) -> Loss | None:
    special = f"WHEN {name} = 'NaN' THEN false WHEN {name} IN ('Infinity', '-Infinity') THEN true"
    if after.digits is None:
        return Loss(
            f"CASE {special} ELSE {name}::numeric::{before.name} <> {name} END",
            "they have more digits than a cast to numeric keeps",
        )
    whole, scale = after.digits
    return Loss(
        f"CASE {special} WHEN abs({name}) >= 1e{whole} THEN true "
        f"ELSE round({name}::numeric, {scale})::{before.name} <> {name} END",
        f"they have more than {max(whole, 0)} digits before the point, or more than {scale} behind it",
    )


def _float_to_float(before: Shape, after: Shape, name: str) -> Loss | None:
    if before.name == "real":
        return None
    _, _, smallest, largest = FLOATS[after.name]
    return Loss(
        f"CASE WHEN {name} IN ('NaN', 'Infinity', '-Infinity', 0) THEN false "
        f"WHEN abs({name}) NOT BETWEEN {smallest} AND {largest} THEN true "
        f"ELSE {name}::real::double precision <> {name} END",
        f"they have more digits than {after.name} keeps",
    )


_BETWEEN_NUMBERS: dict[tuple[str, str], Callable[[Shape, Shape, str], Loss | None]] = {
    ("integer", "integer"): _integer_to_integer,
    ("integer", "numeric"): _integer_to_numeric,
    ("integer", "float"): _integer_to_float,
    ("numeric", "integer"): _numeric_to_integer,
    ("numeric", "numeric"): _numeric_to_numeric,
    ("numeric", "float"): _numeric_to_float,
    ("float", "integer"): _float_to_integer,
    ("float", "numeric"): _float_to_numeric,
    ("float", "float"): _float_to_float,
}


def _from_jsonb(after: Shape, name: str) -> Loss:
    kind = "boolean" if after.name == "boolean" else "number"
    found = None if after.name == "boolean" else _number(Shape("numeric"), after, f"({name})::numeric")
    value = found.condition if found is not None else "false"
    condition = f"CASE WHEN jsonb_typeof({name}) = '{kind}' THEN {value} ELSE {name} IS NOT NULL END"
    return Loss(condition, f"they are no {kind}, or do not fit {_spelled(after)}")


def _from_time(before: Shape, after: Shape, name: str) -> Loss | None:
    """Times with and without a zone are taken to be the same instants in UTC, as the cast takes them."""
    if after.name in ("time", "timetz"):
        return Loss(f"{name} IS NOT NULL", "they have a date")
    if before.name == "date":
        return None
    if after.name == "date":
        value = f"({name} AT TIME ZONE 'UTC')" if before.name == "timestamptz" else name
        return Loss(f"{value}::date <> {value}", "they have a time of day")
    kept = after.name not in WITH_TIME or not after.arguments
    if kept or (before.arguments and before.arguments[0] <= after.arguments[0]):
        return None
    return Loss(
        f"{name}::{before.name}({after.arguments[0]}) <> {name}",
        f"they have fractions of a second beyond {after.arguments[0]} digits",
    )
