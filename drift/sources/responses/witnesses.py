"""Witness values: what a column's attribute holds after loading a row.

The first witness of a column is its plainest value; the others are tried when the schema rejects it.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
import uuid
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeGuard, get_origin

from sqlalchemy import types as sa
from sqlalchemy.engine import Dialect

from drift.sources.responses.mapped import ColumnAttribute

UTC = dt.UTC
MIDNIGHT = dt.datetime(2024, 1, 2)  # noqa: DTZ001, RUF100 - columns without time zone load naive values
STRINGS = (
    "a", "1", "abc", "a@example.com", "https://example.com/", "2024-01-02", "2024-01-02T00:00:00", "12:00:00",
    "8f14e45f-ceea-4670-8f0f-9b1b1c2d3e4f", "1.0", "1.0.0", "true", "en", "en-US", "US", "USD", "EUR", "#ffffff",
    "A", "ABC", "AB", "abc-def", "abc_def", "a1", "+4930123456", "10.0.0.1", "10.0.0.0/24", "{}", "[]", "UTC",
    "0 0 * * *", "P1D",
    "a/b", "a.b", "/a",     "postgresql://a@example.com/a", "redis://example.com/0",
    "abcdefgh", "Abcdefg1!", "0" * 32, "0" * 40, "0" * 64,
)  # fmt: skip
"""Strings of the shapes that fields ask for; EmailStr, URLs, and patterns are found by trying."""

TEXT = "q 1-\N{LATIN CAPITAL LETTER A WITH DIAERESIS}"
"""A text of no particular form, as a column takes it and a narrower type does not."""

_WHOLE = re.compile(r"\(\d+(?:,0)?\)$")
_NUMBERS = (int, Decimal, float, bool, dt.date, dt.datetime, dt.time)
_LONG_NAMES = {
    "varchar": "character varying",
    "char": "character",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
}
"""As PostgreSQL's catalog spells what the nouns spell shortly."""

_BASIC: dict[type, tuple[Any, ...]] = {
    bool: (True, False),
    int: (1, 0, 2, 10, 100, 2024, -1),
    float: (1.0, 0.0, 0.5),
    Decimal: (Decimal("1.00"), Decimal("0"), Decimal("0.5")),
    str: STRINGS,
    bytes: (b"a", b"0123456789abcdef"),
    dt.datetime: (MIDNIGHT, dt.datetime(2124, 1, 2)),  # noqa: DTZ001, RUF100
    dt.date: (dt.date(2024, 1, 2), dt.date(2124, 1, 2)),
    dt.time: (dt.time(12, 0),),
    dt.timedelta: (dt.timedelta(hours=1),),
    uuid.UUID: (uuid.UUID("8f14e45f-ceea-4670-8f0f-9b1b1c2d3e4f"),),
    list: ([],),
    dict: ({},),
    set: (set(),),
    tuple: ((),),
}


class Witnesses:
    """Makes loaded values for the columns of one dialect and driver."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.naive_only = dialect.name in ("sqlite", "mysql", "mariadb")
        self.addresses = dialect.driver in ("psycopg", "psycopg_async", "asyncpg")

    def of(self, attribute: ColumnAttribute) -> tuple[tuple[Any, ...], bool]:
        """Loaded values of a column, plainest first, and whether they stand for all that the type can hold."""
        values, complete = self.of_type(attribute.type)
        written = tuple(instances(attribute.hint))
        if not complete:
            # The annotation says what the decorator, or the decoded JSON, is meant to be.
            return written + values, False
        return values, complete

    def of_type(self, type_: sa.TypeEngine[Any]) -> tuple[tuple[Any, ...], bool]:
        """As :meth:`of`, from the type alone."""
        type_ = self.concrete(type_)
        if _is_decorator(type_):
            raw, complete = self.of_type(type_.load_dialect_impl(self._dialect))
            return (tuple(self._decorated(type_, raw)), False) if _changes_results(type_) else (raw, complete)
        return self._plain(type_)

    def concrete(self, type_: sa.TypeEngine[Any]) -> sa.TypeEngine[Any]:
        """The variant for this dialect."""
        variants = getattr(type_, "_variant_mapping", None) or {}
        found: sa.TypeEngine[Any] = variants.get(self._dialect.name, type_)
        return found

    def is_decorated(self, type_: sa.TypeEngine[Any]) -> bool:
        """Whether the project's own code changes what is loaded."""
        type_ = self.concrete(type_)
        return _is_decorator(type_) and _changes_results(type_)

    def bare(self, type_: sa.TypeEngine[Any]) -> sa.TypeEngine[Any]:
        """The type below variants, decorators, and domains."""
        type_ = self.concrete(type_)
        while _is_decorator(type_) or _is_domain(type_):
            below = type_.load_dialect_impl(self._dialect) if _is_decorator(type_) else type_.data_type  # type: ignore[attr-defined]
            type_ = self.concrete(below)
        return type_

    def loaded(self, type_: sa.TypeEngine[Any], value: Any) -> Any:
        """What loading makes of a database value that the driver has decoded already.

        Raises:
            Exception: Whatever the type raises, for example ``LookupError`` for an unknown enum label.
        """
        type_ = self.concrete(type_)
        if _is_decorator(type_):
            inner = self.loaded(type_.load_dialect_impl(self._dialect), value)
            return _processed(type_, inner, self._dialect) if _changes_results(type_) else inner
        if isinstance(type_, sa.Enum) and value is not None:
            processor: Any = type_.result_processor(self._dialect, None)  # type: ignore[no-untyped-call]
            return processor(value) if processor is not None else value
        return value

    def drifted(self, type_: sa.TypeEngine[Any], live: str, current: Any) -> Iterator[tuple[Any, bool]]:
        """Values as the driver hands them out of a column whose live type is of another kind than the models'.

        Yields:
            A value, not yet loaded, and whether it stands for every value: the accepted one, as the live type has it.
        """
        kind, aware = self._kind_of(live)
        wanted = _kind(type_)
        if kind is None or wanted is None or (wanted in (bool, uuid.UUID) and self._dialect.name != "postgresql"):
            return
        same_zone = kind is not dt.datetime or self.naive_only or aware is bool(getattr(type_, "timezone", False))
        if kind is wanted and same_zone:
            return
        zone = UTC if aware else None
        if kind is str:
            yield str(current), True
            yield TEXT, False
        elif kind is dt.datetime:
            yield MIDNIGHT.replace(tzinfo=zone), True
            yield MIDNIGHT.replace(hour=13, tzinfo=zone), False
        else:
            yield _BASIC[kind][0], True
            if kind in (float, Decimal) and not _WHOLE.search(live):
                yield kind("1.5"), False

    def _kind_of(self, live: str) -> tuple[type | None, bool]:
        """Python's type of the values of a live type, and whether they know their time zone; ``None`` where unsure."""
        name = live.partition("(")[0].strip()
        aware = name == "timestamptz"
        known: dict[str, Any] = {
            key.lower(): value for key, value in getattr(self._dialect, "ischema_names", {}).items()
        }
        found = known.get(name) or known.get(_LONG_NAMES.get(name, ""))
        kind = _kind(found()) if isinstance(found, type) and not live.endswith("]") else None
        # SQLite keeps times as text and decimals as floats, and the project's type reads them.
        sure = (str, int) if self._dialect.name == "sqlite" else (str, *_NUMBERS)
        return (kind if kind in sure else None), aware

    def from_driver(self, type_: sa.TypeEngine[Any], value: Any) -> Any:
        """What SQLAlchemy's own type makes of what a driver hands out.

        Raises:
            Exception: Whatever the type raises: such a row cannot be loaded.
        """
        numbers = {str: 25, int: 23, Decimal: 1700, float: 701, bool: 16}
        number = numbers.get(type(value)) if self._dialect.name == "postgresql" else None
        processor: Any = type_.dialect_impl(self._dialect).result_processor(self._dialect, number)
        return processor(value) if processor is not None else value

    def _decorated(self, type_: sa.TypeDecorator[Any], raw: tuple[Any, ...]) -> Iterator[Any]:
        for value in raw:
            try:
                yield _processed(type_, value, self._dialect)
            except Exception:  # noqa: BLE001, RUF100 - the decorator does not like this raw value; another may do
                continue

    def _plain(self, type_: sa.TypeEngine[Any]) -> tuple[tuple[Any, ...], bool]:
        if isinstance(type_, sa.Enum):
            return tuple(self.loaded(type_, label) for label in type_.enums), True
        if isinstance(type_, sa.ARRAY):
            inner, complete = self.of_type(type_.item_type)
            first: Any = list(inner[:1])
            for _ in range((type_.dimensions or 1) - 1):
                first = [first]
            return (first, [], *[[value] for value in inner[1:]]), complete
        if isinstance(type_, sa.JSON):
            return ({}, [], "a", 1, True), False
        if isinstance(type_, (sa.DateTime, sa.TIMESTAMP)):
            aware = bool(type_.timezone) and not self.naive_only
            return tuple(v.replace(tzinfo=UTC) if aware else v for v in _BASIC[dt.datetime]), True
        if isinstance(type_, sa.Numeric):
            return self._numeric(type_), True
        if isinstance(type_, sa.Uuid):
            found = _BASIC[uuid.UUID]
            return (found if type_.as_uuid else tuple(str(value) for value in found)), True
        if isinstance(type_, sa.Interval):
            return _BASIC[dt.timedelta], True
        for family, python in _FAMILIES:
            if isinstance(type_, family):
                return _BASIC[python], True
        return self._by_name(type_)

    def _numeric(self, type_: sa.Numeric[Any]) -> tuple[Any, ...]:
        if not type_.asdecimal:
            return _BASIC[float]
        scale = type_.scale if type_.scale is not None else 2
        quantum = Decimal(1).scaleb(-scale)
        return tuple(value.quantize(quantum) for value in _BASIC[Decimal])

    def _by_name(self, type_: sa.TypeEngine[Any]) -> tuple[tuple[Any, ...], bool]:
        name = type(type_).__name__.upper()
        if name in ("INET", "CIDR"):
            return (_addresses(name) if self.addresses else ("10.0.0.0/24" if name == "CIDR" else "10.0.0.1",)), True
        if name == "HSTORE":
            return ({"a": "b"}, {}), True
        if _is_domain(type_):
            return self.of_type(type_.data_type)  # type: ignore[attr-defined]
        if name in ("MACADDR", "MACADDR8", "TSVECTOR", "TSQUERY", "BIT", "MONEY", "REGCLASS", "CITEXT", "XML"):
            return ("1", "a", "08:00:2b:01:02:03"), False
        if name in ("OID", "YEAR"):
            return _BASIC[int], True
        try:
            python = type_.python_type
        except Exception:  # noqa: BLE001, RUF100 - types need not say
            return (), False
        return _BASIC.get(python, ()), False


def _kind(type_: sa.TypeEngine[Any]) -> type | None:
    """Python's type of a type's values, where values of two such types can be told apart."""
    if isinstance(type_, (sa.Enum, sa.JSON, sa.ARRAY)):
        return None
    try:
        found = type_.python_type
    except Exception:  # noqa: BLE001, RUF100 - types need not say
        return None
    return found if found in (str, uuid.UUID, *_NUMBERS) else None


def _is_decorator(type_: sa.TypeEngine[Any]) -> TypeGuard[sa.TypeDecorator[Any]]:
    """A type decorator of the project; SQLAlchemy's own Interval is one by construction only."""
    return isinstance(type_, sa.TypeDecorator) and not isinstance(type_, sa.Interval)


def _is_domain(type_: sa.TypeEngine[Any]) -> bool:
    """A domain as the models declare it; only PostgreSQL's dialect has a class for it."""
    return type(type_).__name__ == "DOMAIN"


def _changes_results(type_: sa.TypeDecorator[Any]) -> bool:
    """Whether the decorator does anything to loaded values; many only change what is sent."""
    cls = type(type_)
    return (
        cls.process_result_value is not sa.TypeDecorator.process_result_value
        or cls.result_processor is not sa.TypeDecorator.result_processor
    )


def _processed(type_: sa.TypeDecorator[Any], value: Any, dialect: Dialect) -> Any:
    if type(type_).result_processor is not sa.TypeDecorator.result_processor:
        processor = type_.result_processor(dialect, None)
        return processor(value) if processor is not None else value
    return type_.process_result_value(value, dialect)


_FAMILIES: tuple[tuple[type, type], ...] = (
    (sa.Boolean, bool),
    (sa.Integer, int),
    (sa.String, str),
    (sa.Date, dt.date),
    (sa.Time, dt.time),
    (sa.LargeBinary, bytes),
)


def _addresses(name: str) -> tuple[Any, ...]:
    import ipaddress

    return (ipaddress.ip_network("10.0.0.0/24") if name == "CIDR" else ipaddress.ip_address("10.0.0.1"),)


def instances(hint: Any) -> Iterator[Any]:
    """Plain instances of an annotated type."""
    origin = get_origin(hint) or hint
    if not isinstance(origin, type):
        return
    if origin in _BASIC:
        yield from _BASIC[origin]
    elif issubclass(origin, enum.Enum):
        yield from origin
    else:
        try:
            yield origin()
        except Exception:  # noqa: BLE001, RUF100 - it needs arguments that nobody knows
            return


@lru_cache(maxsize=64)
def boundary(type_name: str) -> tuple[int, ...]:
    """Smallest and largest value of an integer type by its SQL name, and what lies beside the usual ones."""
    limits = {"smallint": 2**15, "bigint": 2**63}
    limit = limits.get(type_name, 2**31)
    return (-limit, -1, 0, 2, limit - 1)
