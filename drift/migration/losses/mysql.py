"""Which values a type change on MySQL or MariaDB would not keep.

What the server does with a value that does not fit depends on ``sql_mode``: it refuses, or it cuts and clips. So rows
are asked whatever the mode is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drift.dialects.mysql.spelling import labels, quote
from drift.migration.losses import Loss
from drift.schema import Column

_INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "integer": 32, "bigint": 64}
_FLOATS = {"float": 6, "double": 15}
"""Decimal digits that every value keeps."""
_TEXTS = {"tinytext": 255, "text": 65535, "mediumtext": 16777215, "longtext": 4294967295, "json": 4294967295}
_BLOBS = {"tinyblob": 255, "blob": 65535, "mediumblob": 16777215, "longblob": 4294967295}
_TIMES = ("date", "datetime", "timestamp", "time")
_LABELS = ("enum", "set")
_SHAPE = re.compile(r"^(\w+)(?:\((.*)\))?(.*)$", re.DOTALL)
_WIDEST = "DECIMAL(65,30)"
_NUMBER = r"^ *[+-]?(0|[1-9][0-9]{0,30})([.][0-9]{0,30})? *$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?)?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_CLOCK = r"^-?[0-9]{1,3}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?$"


@dataclass(frozen=True, slots=True)
class _Type:
    """A type taken apart; ``low`` and ``high`` bound its numbers, ``scale`` their digits behind the point."""

    name: str
    arguments: tuple[int, ...] = ()
    unsigned: bool = False
    labels: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        return self.name in ("char", "varchar") or self.name in _TEXTS

    @property
    def is_bytes(self) -> bool:
        return self.name in ("binary", "varbinary") or self.name in _BLOBS

    @property
    def is_number(self) -> bool:
        return self.name in _INTEGERS or self.name in _FLOATS or self.name == "decimal"

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The smallest and the largest whole number; ``None`` for what has no such bound."""
        if self.name in _INTEGERS:
            bits = _INTEGERS[self.name]
            return (0, 2**bits - 1) if self.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if self.name == "decimal":
            high = 10 ** (self.arguments[0] - self.scale) - 1
            return (0 if self.unsigned else -high, high)
        return None

    @property
    def scale(self) -> int:
        """Digits behind the point."""
        return self.arguments[1] if self.name == "decimal" and len(self.arguments) > 1 else 0

    @property
    def limit(self) -> tuple[str, int]:
        """How the length of its values is measured, and the longest."""
        if self.name in ("char", "varchar"):
            return "CHAR_LENGTH", self.arguments[0] if self.arguments else 1
        if self.name in ("binary", "varbinary"):
            return "OCTET_LENGTH", self.arguments[0] if self.arguments else 1
        return "OCTET_LENGTH", (_TEXTS | _BLOBS)[self.name]


def _type(text: str) -> _Type:
    match = _SHAPE.match(text)
    assert match is not None
    arguments = match[2] or ""
    numbers = tuple(int(part) for part in arguments.split(",")) if re.fullmatch(r"[\d,]+", arguments) else ()
    return _Type(match[1], numbers, "unsigned" in match[3], labels(arguments) if match[1] in _LABELS else ())


def loss(
    before: Column, after: Column, name: str, charsets: tuple[str | None, str | None] = (None, None)
) -> Loss | None:
    """What the new column would not hold as it is.

    Args:
        before: The column as it is.
        after: The column as it is to be.
        name: The column, quoted.
        charsets: The character sets of its text before and after, where they are known.
    """
    if before.type == after.type and len(set(charsets)) == 1:
        return None
    old, new = _type(before.type), _type(after.type)
    found = [_of_types(old, new, name), _of_charsets(old, new, name, charsets)]
    losses = [item for item in found if item is not None]
    if not losses:
        return None
    return Loss(" OR ".join(f"({item.condition})" for item in losses), ", or ".join(item.what for item in losses))


def _of_types(old: _Type, new: _Type, name: str) -> Loss | None:
    if old == new:
        return None
    if new.name in _LABELS:
        return _labels(old, new, name)
    if old.name in _LABELS and not new.is_text:
        return Loss(f"{name} IS NOT NULL", "the server would make the numbers of the labels of them")
    if new.name == "json" and old.name != "json":
        return Loss(f"NOT JSON_VALID({name})", "they are no JSON")
    if new.is_text or new.is_bytes:
        return _lengths(old, new, name)
    if old.is_text and new.is_number:
        return _read(name, _NUMBER, _number(_Type("decimal", (65, 30)), new, _cast(name, _WIDEST)), new)
    if old.is_number and new.is_number:
        return _number(old, new, name)
    if old.is_text and new.name in _TIMES:
        pattern = {"date": _DAY, "time": _CLOCK}.get(new.name, _MOMENT)
        as_type = "TIME(6)" if new.name == "time" else "DATETIME(6)"
        inner = _time(_Type("time" if new.name == "time" else "datetime", (6,)), new, _cast(name, as_type))
        unreadable = f"{_cast(name, as_type)} IS NULL"
        condition = unreadable if inner is None else f"{unreadable} OR {inner.condition}"
        return _read(name, pattern, Loss(condition, ""), new)
    if old.name in _TIMES and new.name in _TIMES:
        return _time(old, new, name)
    if old.is_number and new.name == "year":
        return Loss(f"{name} NOT BETWEEN 1901 AND 2155 AND {name} <> 0", "they are no years")
    known = old.is_text or old.is_bytes or old.is_number or old.name in _TIMES
    if known and (new.is_number or new.name in (*_TIMES, "year", "bit")):
        return Loss(f"{name} IS NOT NULL", f"nothing shows that they survive as {new.name}")
    return None


def _cast(name: str, type_: str) -> str:
    return f"CAST({name} AS {type_})"


def _read(name: str, pattern: str, inner: Loss | None, new: _Type) -> Loss:
    value = inner.condition if inner is not None else "FALSE"
    return Loss(
        f"CASE WHEN {name} IS NULL THEN FALSE WHEN {name} NOT REGEXP '{pattern}' THEN TRUE ELSE {value} END",
        f"they do not read as {new.name}, or say more than it holds",
    )


def _labels(old: _Type, new: _Type, name: str) -> Loss | None:
    what = f"they are no labels of the {new.name}"
    if not (old.is_text or old.name == new.name):
        return Loss(f"{name} IS NOT NULL", what)
    if new.name == "set":
        if old.is_text:
            return Loss(f"{name} IS NOT NULL AND {name} <> ''", "nothing shows that they are sets of the labels")
        lost = (label for label in old.labels if label not in new.labels)
        found = [f"FIND_IN_SET({quote(label)}, {name}) > 0" for label in lost]
        return Loss(" OR ".join(found), what) if found else None
    if old.name == "enum" and set(old.labels) <= set(new.labels):
        return None
    listed = ", ".join(quote(label) for label in new.labels)
    return Loss(f"CONVERT({name} USING utf8mb4) COLLATE utf8mb4_bin NOT IN ({listed})", what)


def _lengths(old: _Type, new: _Type, name: str) -> Loss | None:
    measure, limit = new.limit
    text = name if old.is_text or old.is_bytes or old.name in _LABELS else _cast(name, "CHAR")
    conditions, what = [], []
    known = old.limit if old.is_text or old.is_bytes else None
    fits = known is not None and known[0] == measure and known[1] <= limit
    if not fits:
        conditions.append(f"{measure}({text}) > {limit}")
        what.append(f"they are longer than {limit} {'characters' if measure == 'CHAR_LENGTH' else 'bytes'}")
    if new.name == "char" and old.name != "char" and (old.is_text or old.is_bytes):
        conditions.append(f"OCTET_LENGTH({text}) <> OCTET_LENGTH(TRIM(TRAILING ' ' FROM {text}))")
        what.append("they end in blanks, which the new type does not keep")
    if new.name == "binary" and old != new:
        conditions.append(f"OCTET_LENGTH({text}) <> {limit}")
        what.append("they are not as long as the new type is")
    if old.is_bytes and new.is_text:
        conditions.append(f"NOT (CAST(CONVERT({name} USING utf8mb4) AS BINARY) <=> {name})")
        what.append("they are no text")
    if old.name in _FLOATS:
        conditions.append(f"NOT (CAST({text} AS {old.name.upper()}) <=> {name})")
        what.append("they have more digits than their text")
    return Loss(" OR ".join(conditions), ", or ".join(what)) if conditions else None


def _number(old: _Type, new: _Type, name: str) -> Loss | None:
    conditions, what = [], []
    bounds, known = new.bounds, old.bounds
    if bounds is not None and (known is None or known[0] < bounds[0] or known[1] > bounds[1]):
        # A fraction may lie between the largest whole number and the next.
        conditions.append(f"{name} < {bounds[0]} OR {name} >= {bounds[1] + 1}")
        what.append(f"they are beyond {new.name}")
    if bounds is None and new.unsigned and not old.unsigned:
        conditions.append(f"{name} < 0")
        what.append("they are negative")
    if bounds is not None and (old.name in _FLOATS or old.scale > new.scale):
        rounded = f"ROUND({name}, {new.scale})"
        back = _cast(rounded, old.name.upper()) if old.name in _FLOATS else rounded
        conditions.append(f"NOT ({back} <=> {name})")
        what.append(f"they have more than {new.scale} digits behind the point" if new.scale else "they have a fraction")
    if new.name in _FLOATS and not _kept(old, new):
        returns = _cast(_cast(name, new.name.upper()), "DOUBLE" if old.name in _FLOATS else _exact(old))
        # MySQL raises where a value is beyond the type, so the cast must not be reached.
        conditions.append(
            f"CASE WHEN {name} NOT BETWEEN -3.4e38 AND 3.4e38 THEN TRUE ELSE NOT ({returns} <=> {name}) END"
        )
        what.append(f"they have more digits than {new.name} keeps")
    return Loss(" OR ".join(conditions), ", or ".join(what)) if conditions else None


def _kept(old: _Type, new: _Type) -> bool:
    """Whether every value of the one has so few digits that the other keeps them."""
    if old.name in _FLOATS:
        return _FLOATS[old.name] <= _FLOATS[new.name]
    digits = old.arguments[0] if old.name == "decimal" else len(str((old.bounds or (0, 0))[1]))
    return digits <= _FLOATS[new.name]


def _exact(old: _Type) -> str:
    return f"DECIMAL({','.join(map(str, old.arguments))})" if old.name == "decimal" else "DECIMAL(20,0)"


def _time(old: _Type, new: _Type, name: str) -> Loss | None:
    if (old.name == "time") != (new.name == "time"):
        return Loss(f"{name} IS NOT NULL", "a date, or a time of day, would be made up or lost")
    if new.name == "date":
        return (
            Loss(f"NOT ({_cast(name, 'DATE')} <=> {name})", "they have a time of day") if old.name != "date" else None
        )
    conditions, what = [], []
    digits = new.arguments[0] if new.arguments else 0
    if old.name != "date" and (old.arguments[0] if old.arguments else 0) > digits:
        kind = "TIME" if new.name == "time" else "DATETIME"
        conditions.append(f"NOT ({_cast(name, f'{kind}({digits})')} <=> {name})")
        what.append(f"they have more than {digits} digits of a second")
    if new.name == "timestamp" and old.name != "timestamp":
        conditions.append(f"{name} NOT BETWEEN '1970-01-02' AND '2038-01-18'")
        what.append("they are not between 1970 and 2038")
    return Loss(" OR ".join(conditions), ", or ".join(what)) if conditions else None


def _of_charsets(old: _Type, new: _Type, name: str, charsets: tuple[str | None, str | None]) -> Loss | None:
    before, after = charsets
    textual = (old.is_text or old.name in _LABELS) and (new.is_text or new.name in _LABELS)
    if not textual or before is None or after is None or before == after or after == "utf8mb4":
        return None
    return Loss(
        f"NOT (CONVERT(CONVERT({name} USING {after}) USING utf8mb4) COLLATE utf8mb4_bin "
        f"<=> CONVERT({name} USING utf8mb4) COLLATE utf8mb4_bin)",
        f"they have characters that {after} does not know",
    )
