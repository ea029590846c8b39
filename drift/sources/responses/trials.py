"""What is changed in a row, one column at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import types as sa

from drift.alignment.observations import Trial
from drift.dialects.limits import UNLIMITED, Limits
from drift.sources.responses.live import LiveColumn
from drift.sources.responses.mapped import ColumnAttribute
from drift.sources.responses.witnesses import TEXT, Witnesses, boundary

UNBOUNDED = 10_000
"""Length of the string that stands for a column without a limit."""


class Attempt(NamedTuple):
    """One changed value.

    Attributes:
        errors: Only these errors count, because another one would say nothing about the change; empty: all count.
        ignored: These errors do not count: another attempt is for them.
        serialise: The dump is part of the attempt.
        failure: Loading itself failed with this exception: there is no value.
        every: The value stands for every one.
    """

    trial: Trial
    value: Any
    text: str
    size: int | None = None
    errors: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    serialise: bool = True
    failure: Exception | None = None
    every: bool = False


_TOO_LONG = frozenset({"string_too_long", "too_long"})
_TOO_SHORT = frozenset({"string_too_short", "too_short"})
_BOUNDS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})
_RANGE = _BOUNDS | frozenset(
    [
        "multiple_of",
        "bool_parsing",
        "int_parsing_size",
        "decimal_max_digits",
        "decimal_whole_digits",
        "decimal_max_places",
        "literal_error",
        "enum",
    ]
)


def attempts(
    attribute: ColumnAttribute, current: Any, witnesses: Witnesses, live: LiveColumn | None
) -> Iterator[Attempt]:
    """What to try on a column whose accepted value is ``current``."""
    if attribute.computed:
        # What an expression can yield is the query's business: no claim.
        return
    bare = witnesses.bare(attribute.type)
    decorated = witnesses.is_decorated(attribute.type)
    if not attribute.primary_key:
        yield _loaded(Trial.NULL, attribute, None, "NULL", witnesses)
    if isinstance(bare, sa.JSON):
        if not bare.none_as_null and not attribute.primary_key:
            yield _loaded(Trial.JSON_NULL, attribute, None, "JSON null", witnesses)
        if not decorated:
            yield from _documents(current)
        return
    other = tuple(_drifted(bare, live, current, witnesses)) if live is not None and not decorated else ()
    if other:
        yield from other
        return
    labels = _labels(bare, live)
    if labels:
        yield from (_loaded(Trial.LABEL, attribute, label, repr(label), witnesses) for label in labels)
        return
    if decorated:
        # The decorator's own values are unknown; only NULL and labels pass through it safely.
        return
    limits = live.limits if live else UNLIMITED
    if isinstance(current, str) and isinstance(bare, sa.String):
        yield from _strings(current, live.length if live else bare.length, limits)
    elif isinstance(current, bool):
        return
    elif isinstance(current, int) and isinstance(bare, sa.Integer) and not _is_key(attribute):
        yield from _integers(bare, limits)
    elif isinstance(current, Decimal) and isinstance(bare, sa.Numeric):
        if bare.scale is None or bare.scale > 0:
            yield from _fraction(limits, Decimal)
        yield from _ends(limits, (Decimal(-1), _largest(bare)), Decimal)
    elif isinstance(current, float):
        yield from _fraction(limits, float)
        yield from _ends(limits, (Decimal(-1), _largest(bare)), float)
    elif isinstance(current, dt.datetime):
        yield Attempt(
            Trial.TIME_OF_DAY, current.replace(hour=13, minute=14, second=15, microsecond=16), "13:14:15.000016"
        )
    elif isinstance(current, bytes):
        yield Attempt(Trial.BYTES, b"\xff" * (len(current) or 1), "bytes that are not UTF-8")
    elif isinstance(current, list) and isinstance(bare, sa.ARRAY):
        yield Attempt(Trial.ARRAY_NULL, [None], "{NULL}")
        if isinstance(bare.item_type, sa.String) and not isinstance(bare.item_type, sa.Enum):
            yield Attempt(Trial.OTHER, [TEXT], repr([TEXT]), ignored=_TOO_SHORT)


def _is_key(attribute: ColumnAttribute) -> bool:
    """Keys are numbered from 1 and never reach the ends of their range."""
    return attribute.primary_key or bool(attribute.column.foreign_keys)


def _integers(bare: Any, limits: Limits) -> Iterator[Attempt]:
    if limits.values is not None:
        for value in limits.values:
            yield Attempt(Trial.LABEL, int(value), str(value), errors=_RANGE, serialise=False)
        return
    low, *_, high = boundary(_integer_name(bare))
    yield from _ends(limits, (Decimal(low), Decimal(high)), int)


def _fraction(limits: Limits, number: Callable[[Decimal], Any]) -> Iterator[Attempt]:
    """A number that is not whole and that the column holds; what bounds say of it is for another attempt."""
    for value in (Decimal("1.5"), Decimal("0.5")):
        if limits.admits(value):
            yield Attempt(Trial.FRACTION, number(value), str(value), ignored=_BOUNDS)
            return


def _ends(limits: Limits, ends: tuple[Decimal, Decimal], number: Callable[[Decimal], Any]) -> Iterator[Attempt]:
    """Both ends of what the column holds."""
    low, high = ends
    step = Decimal(1)
    if limits.low is not None:
        low = max(low, limits.low + (step if limits.above else 0))
    if limits.high is not None:
        high = min(high, limits.high - (step if limits.below else 0))
    for end in (low, high):
        if limits.admits(end):
            yield Attempt(Trial.BOUNDARY, number(end), str(number(end)), errors=_RANGE, serialise=False)


def _largest(bare: Any) -> Decimal:
    """The largest whole number of a numeric type, or one that is large enough."""
    digits = bare.precision - (bare.scale or 0) if getattr(bare, "precision", None) and bare.asdecimal else 9
    return Decimal(10) ** max(0, digits) - 1


def _integer_name(bare: Any) -> str:
    if isinstance(bare, sa.SmallInteger):
        return "smallint"
    return "bigint" if isinstance(bare, sa.BigInteger) else "integer"


def _labels(bare: Any, live: LiveColumn | None) -> tuple[str, ...]:
    """What the database knows counts; the models' own labels, where it does not say."""
    if live is not None and live.labels:
        return live.labels
    return tuple(bare.enums) if isinstance(bare, sa.Enum) else ()


def _strings(current: str, size: int | None, limits: Limits) -> Iterator[Attempt]:
    length = size or UNBOUNDED
    text = f"a string of {length} characters" if size else "a long string"
    filled = current + "a" * max(0, length - len(current))
    yield Attempt(Trial.LENGTH, filled, text, size=size, errors=_TOO_LONG, serialise=False)
    if limits.admits(""):
        yield Attempt(Trial.BOUNDARY, "", "''", errors=_TOO_SHORT, serialise=False)
    other = next(filter(limits.admits, (_stretched(text, limits.shortest, length) for text in (TEXT, "q"))), None)
    if other is not None:
        yield Attempt(Trial.OTHER, other, repr(other), ignored=_TOO_LONG | _TOO_SHORT)


def _stretched(text: str, shortest: int, longest: int) -> str:
    """The text, as often as the column asks for, and no longer than it takes."""
    return (text * max(1, -(-shortest // len(text))))[-longest:]


def _drifted(bare: Any, live: LiveColumn, current: Any, witnesses: Witnesses) -> Iterator[Attempt]:
    """Values of the live type, where it is another one than the models'."""
    for value, every in witnesses.drifted(bare, live.type, current):
        try:
            yield Attempt(Trial.LIVE_TYPE, witnesses.from_driver(bare, value), repr(value), every=every)
        except Exception as error:  # noqa: BLE001, RUF100, PERF203 - such a row cannot be loaded
            yield Attempt(Trial.LIVE_TYPE, None, repr(value), every=every, failure=error)


def _documents(current: Any) -> Iterator[Attempt]:
    """Documents of the accepted one's kind without what a narrower type asks for."""
    if isinstance(current, dict):
        yield Attempt(Trial.OTHER, {}, "{}")
        yield Attempt(Trial.OTHER, {"q": "q"}, "{'q': 'q'}")
    elif isinstance(current, list):
        yield Attempt(Trial.OTHER, [{}], "[{}]", errors=frozenset({"missing"}))


def _loaded(trial: Trial, attribute: ColumnAttribute, value: Any, text: str, witnesses: Witnesses) -> Attempt:
    try:
        return Attempt(trial, witnesses.loaded(attribute.type, value), text)
    except Exception as error:  # noqa: BLE001, RUF100 - a type of the project's own may raise anything
        return Attempt(trial, None, text, failure=error)
