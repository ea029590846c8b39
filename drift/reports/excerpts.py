"""Long texts as their difference: a CHECK of thousands of characters, a view's definition, an enum's thousand labels.

One rule for every format that people read; JSON keeps the whole texts. The work grows with the length of the texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile

LONG = 400
"""Up to so many characters a text is shown whole."""

_ROOM = 240
_AROUND = 3
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_CUT = "…"


def differing(expected: str | None, actual: str | None) -> tuple[str | None, str | None]:
    """Both texts for a person: whole where they are short, else where they differ."""
    if max(len(expected or ""), len(actual or "")) <= LONG:
        return expected, actual
    if expected is None or actual is None:
        return _beginning(expected), _beginning(actual)
    left, right = _TOKEN.findall(expected), _TOKEN.findall(actual)
    start = _alike(left, right)
    end = _alike(reversed(left[start:]), reversed(right[start:]))
    return _shown(left, right, start, end), _shown(right, left, start, end)


def _beginning(text: str | None) -> str | None:
    if text is None or len(text) <= LONG:
        return text
    return f"{text[:_ROOM]} {_CUT} ({len(text) - _ROOM:,} more characters)"


def _alike(left: Iterable[str], right: Iterable[str]) -> int:
    """How many tokens both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _shown(own: list[str], other: list[str], start: int, end: int) -> str:
    """``own`` without what both begin and end with; a long rest is shown by the tokens that ``other`` lacks."""
    stop = len(own) - end
    window = _joined(own, [(start, stop)])
    if len(window) <= LONG:
        return window
    spare = Counter(own[start:stop]) - Counter(other[start : len(other) - end])
    spans = list(_runs(own, start, stop, spare))
    # The same tokens in another order (or fewer of them): where the difference begins and ends.
    return _within(own, spans or [(start, start + 1), (stop - 1, stop)])


def _runs(own: list[str], start: int, stop: int, spare: Counter[str]) -> Iterator[tuple[int, int]]:
    """Runs of tokens that the other side has not as often."""
    first = None
    for place in range(start, stop):
        lacking = spare[own[place]] > 0
        if lacking:
            spare[own[place]] -= 1
        if lacking and first is None:
            first = place
        elif not lacking and first is not None:
            yield first, place
            first = None
    if first is not None:
        yield first, stop


def _within(own: list[str], spans: list[tuple[int, int]]) -> str:
    """As many spans as there is room for, and how many more there are."""
    shown: list[tuple[int, int]] = []
    length = 0
    for first, last in spans:
        length += sum(map(len, own[max(first - _AROUND, 0) : last + _AROUND]))
        if shown and length > _ROOM:
            break
        shown.append((first, last))
    text = _joined(own, shown)
    if len(text) > LONG:
        text = f"{text[:_ROOM]} {_CUT}"
    more = len(spans) - len(shown)
    return f"{text} ({more:,} more differences)" if more else text


def _joined(own: list[str], spans: list[tuple[int, int]]) -> str:
    """The spans with a few tokens around each, and marks where tokens are left out."""
    pieces: list[str] = []
    done = 0
    for first, last in spans:
        begin, stop = max(first - _AROUND, done), min(last + _AROUND, len(own))
        if begin > done or (begin and not pieces):
            pieces.append(f" {_CUT} " if pieces else f"{_CUT} ")
        pieces.append("".join(own[begin:stop]))
        done = stop
    if done < len(own):
        pieces.append(f" {_CUT}")
    return "".join(pieces)
