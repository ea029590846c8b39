"""How much two names, or two lists of things, resemble each other, and which resemblances are unambiguous."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher

STRONG = 0.85
"""From here on two names are evidence of a rename by themselves: case, plural, prefix, suffix, a slip of the pen."""

NEAR = 0.75
"""From here on two names are evidence together with a place: one ends in the other, ``fullname`` in ``name``."""

WEAK = 0.5
"""From here on two names may break a tie between candidates that are otherwise alike."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_GENERIC = frozenset({"id", "at", "on", "by", "is", "has", "no", "of", "to", "tbl", "table", "column", "col"})


def words(name: str) -> tuple[str, ...]:
    """The words of an identifier, lower case and singular: ``UserAddresses`` and ``user_address`` agree."""
    return tuple(_singular(word.lower()) for word in _WORDS.findall(name))


def similarity(left: str, right: str) -> float:
    """Resemblance of two names, from 0 to 1; see :data:`STRONG` and :data:`WEAK`."""
    if left == right:
        return 1.0
    left_words, right_words = words(left), words(right)
    if "".join(left_words) == "".join(right_words) != "":
        return 0.98
    if _contains(left_words, right_words) or _contains(right_words, left_words):
        return 0.9
    if left_words and sorted(left_words) == sorted(right_words):
        return 0.9
    if _abbreviates(left_words, right_words) or _abbreviates(right_words, left_words):
        return 0.9
    if _frays("".join(left_words), "".join(right_words)):
        return 0.8
    ratio = SequenceMatcher(None, left.lower(), right.lower(), autojunk=False).ratio()
    # One word in common says little (created_at, updated_at): letters alone must be nearly all the same.
    return ratio if ratio < STRONG or len(left) > 5 else STRONG - 0.01


def unambiguous(scores: Mapping[tuple[int, int], float], margin: float) -> tuple[tuple[int, int], ...]:
    """Pairs that are each other's best candidate by at least ``margin``; a near tie yields nothing."""
    rows: dict[int, list[tuple[float, int]]] = {}
    columns: dict[int, list[tuple[float, int]]] = {}
    for (row, column), score in scores.items():
        rows.setdefault(row, []).append((score, column))
        columns.setdefault(column, []).append((score, row))
    return tuple(
        (row, column)
        for (row, column), score in scores.items()
        if all(other == column or score - rival >= margin for rival, other in rows[row])
        and all(other == row or score - rival >= margin for rival, other in columns[column])
    )


def _contains(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether ``shorter`` is a telling prefix or suffix of ``longer``: ``email`` of ``user_email``."""
    if len("".join(shorter)) < 2 or len(shorter) >= len(longer) or all(word in _GENERIC for word in shorter):
        return False
    return longer[: len(shorter)] == shorter or longer[-len(shorter) :] == shorter


def _abbreviates(shorter: tuple[str, ...], longer: tuple[str, ...]) -> bool:
    """``fname`` of ``first_name``, ``dob`` of ``date_of_birth``: a piece of each word's beginning; ``qty``, ``pwd``."""
    if len(shorter) != 1 or shorter[0] in _GENERIC:
        return False
    short = shorter[0]
    if len(longer) > 1:
        return len(short) >= 3 and _beginnings(short, longer)
    return len(short) >= 3 and longer != shorter and bool(longer) and _consonants(short, longer[0])


def _beginnings(text: str, parts: tuple[str, ...]) -> bool:
    """Whether ``text`` is put together from beginnings of all ``parts``."""
    if not parts:
        return not text
    first, rest = parts[0], parts[1:]
    return any(
        text.startswith(first[:size]) and _beginnings(text[size:], rest)
        for size in range(1, min(len(first), len(text)) + 1)
    )


def _consonants(short: str, word: str) -> bool:
    """Whether ``short`` begins as ``word`` does: as far as it goes, or with its consonants only."""
    if word.startswith(short):
        return True
    letters = iter(word)
    return short[0] == word[0] and not set(short[1:]) & set("aeiou") and all(letter in letters for letter in short)


def _frays(left: str, right: str) -> bool:
    """Whether one begins or ends in the other."""
    shorter, longer = sorted((left, right), key=len)
    return len(shorter) >= 4 and (longer.startswith(shorter) or longer.endswith(shorter))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
