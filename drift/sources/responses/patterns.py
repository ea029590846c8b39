"""A text that a regular expression accepts: for fields such as ``Field(pattern="^user-[a-f0-9]{8}$")``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_CLASSES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}
_LONGEST = 200


def sample_of(pattern: str) -> str | None:
    """A short text that matches ``pattern``, ``None`` when none was made."""
    try:
        # The parser is not documented; without it the field is simply not checked.
        from re import _parser  # type: ignore[attr-defined]

        text = _texts(_parser.parse(pattern))
        matches = len(text) <= _LONGEST and re.search(pattern, text) is not None
        return text if matches else None
    except Exception:  # noqa: BLE001, RUF100 - patterns are Rust's dialect, and need not be Python's
        return None


def _texts(parts: Iterable[Any]) -> str:
    return "".join(_text(str(kind), argument) for kind, argument in parts)


def _text(kind: str, argument: Any) -> str:
    match kind:
        case "LITERAL":
            return chr(argument)
        case "ANY" | "NOT_LITERAL":
            return "a" if argument != ord("a") else "b"
        case "IN":
            return _one_of(argument)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, _, inner = argument
            return _texts(inner) * int(least)
        case "SUBPATTERN":
            return _texts(argument[3])
        case "BRANCH":
            return _texts(argument[1][0])
        case _:
            return ""


def _one_of(choices: Iterable[Any]) -> str:
    found = [(str(kind), argument) for kind, argument in choices]
    if found[0][0] == "NEGATE":
        return "a"
    kind, argument = found[0]
    if kind == "RANGE":
        return chr(argument[0])
    return chr(argument) if kind == "LITERAL" else _CLASSES.get(str(argument), "a")
