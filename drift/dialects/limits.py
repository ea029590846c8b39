"""What CHECK constraints leave a column: read from their text, without the server.

Sound in one direction. What is understood really limits the column; a condition that is not understood limits nothing,
and is said to be unread. A CHECK also lets NULL through, which is of no concern here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from drift.dialects.mysql.spelling import unquote
from drift.dialects.text import Kind, Token, TornTextError, enclosed, joined, split, tokens, unwrapped

_LENGTHS = frozenset({"length", "char_length", "character_length", "octet_length"})
_BYTES = frozenset({"length", "octet_length"})
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"\\]+)')

Value = str | Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """What a column may hold besides NULL, as far as its CHECKs were understood.

    Attributes:
        values: The only values; ``None`` for any.
        low, high: The smallest and the largest number.
        above, below: The number itself is excluded.
        shortest, longest: Lengths of a text.
        patterns: Regular expressions that a text matches.
        unread: A condition on the column was not understood: it may forbid more.
    """

    values: tuple[Value, ...] | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    above: bool = False
    below: bool = False
    shortest: int = 0
    longest: int | None = None
    patterns: tuple[str, ...] = ()
    unread: bool = False

    def admits(self, value: Value) -> bool:
        """Whether nothing that was understood forbids ``value``."""
        if self.values is not None and value not in self.values:
            return False
        if isinstance(value, str):
            fits = self.shortest <= len(value) and (self.longest is None or len(value) <= self.longest)
            return fits and all(re.search(pattern, value) for pattern in self.patterns)
        if self.low is not None and (value < self.low or (self.above and value == self.low)):
            return False
        return self.high is None or not (value > self.high or (self.below and value == self.high))

    def both(self, other: Limits) -> Limits:
        """What two conditions leave that hold together."""
        low, above = max(_ends(self.low, self.above, other.low, other.above), default=(None, False))
        high, open_below = min(
            ((end, not open_) for end, open_ in _ends(self.high, self.below, other.high, other.below)),
            default=(None, True),
        )
        joint = Limits(
            low=low,
            high=high,
            above=above,
            below=not open_below,
            shortest=max(self.shortest, other.shortest),
            longest=min((end for end in (self.longest, other.longest) if end is not None), default=None),
            patterns=(*self.patterns, *other.patterns),
        )
        values = self.values if other.values is None else other.values
        if values is not None:
            values = tuple(v for v in values if self.admits(v) and other.admits(v))
        return replace(joint, values=values, unread=self.unread or other.unread)

    def either(self, other: Limits) -> Limits:
        """What two conditions leave of which one holds."""
        if self.values is not None and other.values is not None:
            values = tuple(dict.fromkeys((*self.values, *other.values)))
            return Limits(values=values, unread=self.unread or other.unread)
        if () in (self.values, other.values):
            return other if self.values == () else self
        return Limits(unread=True)


UNLIMITED = Limits()
NOTHING = Limits(values=())
UNREAD = Limits(unread=True)


def _ends(*ends: Decimal | bool | None) -> list[tuple[Decimal, bool]]:
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return [(end, bool(open_)) for end, open_ in pairs if isinstance(end, Decimal)]


def limits_of(expressions: Iterable[str], column: str, *, numeric: bool, mysql: bool = False) -> Limits:
    """What the conditions of CHECK constraints leave of a column.

    Args:
        expressions: Bodies of constraints, as the server prints or keeps them.
        column: The column's name; ``VALUE`` for a domain.
        numeric: The column holds numbers; otherwise texts.
        mysql: As MySQL and MariaDB read them: a backslash in a string literal escapes, LENGTH counts bytes.
    """
    found = UNLIMITED
    for expression in expressions:
        try:
            parts = tokens(expression)
        except TornTextError:
            found = found.both(UNREAD)
            continue
        found = found.both(_Reader(column, numeric=numeric, mysql=mysql).read(parts))
    return found


class _Reader:
    """Reads conditions on one column."""

    def __init__(self, column: str, *, numeric: bool, mysql: bool) -> None:
        self._column = column
        self._numeric = numeric
        self._escapes = mysql
        self._bytes = _BYTES if mysql else _BYTES - {"length"}

    def read(self, parts: Sequence[Token]) -> Limits:
        """What one condition leaves of the column."""
        parts = unwrapped(parts)
        if not any(self._names(part) for part in parts):
            return UNLIMITED
        operands = _cut(parts, "or")
        if len(operands) > 1:
            first, *others = map(self.read, operands)
            for other in others:
                first = first.either(other)
            return first
        operands = _cut(parts, "and")
        if len(operands) > 1:
            found = UNLIMITED
            for operand in operands:
                found = found.both(self.read(operand))
            return found
        return self._single(parts)

    def _single(self, parts: Sequence[Token]) -> Limits:
        words = [part.text.lower() for part in parts]
        if words[0] == "not":
            inner = unwrapped(parts[1:])
            place = _comparison(inner)
            if place is None:
                return UNREAD
            operator = _OPPOSITE[_spelled(inner[place])]
            return self._compared(inner[:place], operator, inner[place + 1 :])
        if words[-2:] == ["is", "null"]:
            return NOTHING if self._is_column(parts[:-2]) else UNREAD
        if words[-3:] == ["is", "not", "null"]:
            return UNLIMITED
        place = next((at for at in _outside(parts) if words[at] == "between"), None)
        if place is not None:
            middle = next((at for at in _outside(parts) if at > place and words[at] == "and"), place)
            lower = self._compared(parts[:place], ">=", parts[place + 1 : middle])
            return lower.both(self._compared(parts[:place], "<=", parts[middle + 1 :]))
        place = next((at for at in _outside(parts) if words[at] in ("in", "~", "regexp", "rlike")), None)
        if place is not None and words[place] == "in":
            return self._one_of(parts[:place], split(enclosed(parts, place + 1)))
        if place is not None:
            return self._matching(parts[:place], parts[place + 1 :])
        place = _comparison(parts)
        if place is None:
            return UNREAD
        return self._compared(parts[:place], _spelled(parts[place]), parts[place + 1 :])

    def _compared(self, left: Sequence[Token], operator: str, right: Sequence[Token]) -> Limits:
        if not any(self._names(part) for part in left):
            left, operator, right = right, _MIRRORED[operator], left
        if operator == "=" and right and right[0].text.lower() == "any":
            elements = self._elements(unwrapped(right[1:]))
            return UNREAD if elements is None else self._one_of(left, elements)
        measured = self._measured(left)
        if measured is not None:
            size = _number(self._literal(right))
            if size is None:
                return UNREAD
            found = _lengths(operator, size)
            if measured in self._bytes and found.shortest > 1:
                # One character has several bytes: so many bytes may be fewer characters.
                return replace(found, shortest=1, unread=True)
            return found
        value = self._value(right)
        if value is None or not self._is_column(left):
            return UNREAD
        if operator == "=":
            return Limits(values=(value,))
        if operator == "<>":
            return Limits(shortest=1) if value == "" else UNREAD
        return _bounds(operator, value) if isinstance(value, Decimal) else UNREAD

    def _one_of(self, left: Sequence[Token], elements: Sequence[Sequence[Token]]) -> Limits:
        values = [self._value(element) for element in elements]
        if not self._is_column(left) or any(value is None for value in values):
            return UNREAD
        return Limits(values=tuple(dict.fromkeys(value for value in values if value is not None)))

    def _matching(self, left: Sequence[Token], right: Sequence[Token]) -> Limits:
        pattern = self._literal(right)
        if not self._is_column(left) or pattern is None:
            return UNREAD
        try:
            re.compile(pattern)
        except re.error:
            return UNREAD
        return Limits(patterns=(pattern,))

    def _measured(self, parts: Sequence[Token]) -> str | None:
        """The function around the column that measures its length."""
        parts = unwrapped(parts)
        if len(parts) < 4 or parts[0].text.lower() not in _LENGTHS or parts[1].text != "(":
            return None
        inner = enclosed(parts, 1)
        return parts[0].text.lower() if len(inner) + 3 == len(parts) and self._is_column(inner) else None

    def _is_column(self, parts: Sequence[Token]) -> bool:
        parts = _uncast(parts)
        return len(parts) == 1 and self._names(parts[0])

    def _names(self, part: Token) -> bool:
        if part.kind is Kind.QUOTED:
            return part.text[1:-1].replace(part.text[0] * 2, part.text[0]) == self._column
        return part.kind is Kind.WORD and part.text.lower() == self._column.lower()

    def _value(self, parts: Sequence[Token]) -> Value | None:
        text = self._literal(parts)
        if self._numeric:
            return _number(text)
        return text if text is not None and _uncast(parts)[0].kind is Kind.STRING else None

    def _literal(self, parts: Sequence[Token]) -> str | None:
        """The text of a constant, ``None`` for anything else."""
        parts = _uncast(parts)
        if len(parts) == 1 and parts[0].kind is Kind.STRING and parts[0].text.startswith("'"):
            return unquote(parts[0].text) if self._escapes else parts[0].text[1:-1].replace("''", "'")
        if 0 < len(parts) <= 2 and parts[-1].kind is Kind.NUMBER and (len(parts) == 1 or parts[0].text in "+-"):
            return joined(parts).replace(" ", "")
        return None

    def _elements(self, parts: Sequence[Token]) -> list[Sequence[Token]] | None:
        """The elements of ``ARRAY[...]`` or ``'{...}'``, whatever it is cast to."""
        parts = _uncast(parts)
        if len(parts) > 2 and parts[0].text.lower() == "array" and parts[1].text == "[":
            return list(split(enclosed(parts, 1)))
        text = self._literal(parts)
        if text is None or not (text.startswith("{") and text.endswith("}")) or "NULL" in text.upper().split(","):
            return None
        found = (match[1] if match[1] is not None else match[2] for match in _ELEMENT.finditer(text[1:-1]))
        return [[Token(Kind.STRING, "'" + re.sub(r"\\(.)", r"\1", each).replace("'", "''") + "'")] for each in found]


def _lengths(operator: str, size: Decimal) -> Limits:
    bounds = _bounds(operator, size)
    shortest = 0 if bounds.low is None else int(bounds.low) + bounds.above
    longest = None if bounds.high is None else int(bounds.high) - bounds.below
    if operator == "=":
        shortest = longest = int(size)
    elif operator == "<>":
        return Limits(shortest=1) if size == 0 else UNREAD
    return Limits(shortest=max(0, shortest), longest=longest)


def _bounds(operator: str, value: Decimal) -> Limits:
    if operator in (">", ">="):
        return Limits(low=value, above=operator == ">")
    if operator in ("<", "<="):
        return Limits(high=value, below=operator == "<")
    return UNLIMITED


def _outside(parts: Sequence[Token]) -> list[int]:
    """Places outside of all parentheses and brackets."""
    places: list[int] = []
    depth = 0
    for place, part in enumerate(parts):
        depth -= part.kind is Kind.CLOSE
        if depth == 0 and part.kind not in (Kind.OPEN, Kind.CLOSE):
            places.append(place)
        depth += part.kind is Kind.OPEN
    return places


def _cut(parts: Sequence[Token], word: str) -> list[Sequence[Token]]:
    """``parts`` cut at a word outside of all parentheses; the AND of BETWEEN does not count."""
    cuts: list[int] = []
    between = False
    for place in _outside(parts):
        text = parts[place].text.lower()
        if text == "between":
            between = True
        elif text == "and" and between:
            between = False
        elif text == word:
            cuts.append(place)
    starts, ends = [0, *(cut + 1 for cut in cuts)], [*cuts, len(parts)]
    return [parts[start:end] for start, end in zip(starts, ends, strict=True)]


def _comparison(parts: Sequence[Token]) -> int | None:
    """The one comparison outside of all parentheses."""
    found = [place for place in _outside(parts) if _spelled(parts[place]) in _MIRRORED]
    return found[0] if len(found) == 1 else None


def _spelled(part: Token) -> str:
    return {"!=": "<>", "==": "="}.get(part.text, part.text)


def _uncast(parts: Sequence[Token]) -> Sequence[Token]:
    """``parts`` without the casts and parentheses that a server puts around names and constants."""
    while True:
        bare = unwrapped(parts)
        place = next((at for at in reversed(_outside(bare)) if bare[at].text == "::"), None)
        bare = bare[:place] if place else bare
        if len(bare) == len(parts):
            return bare
        parts = bare


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
