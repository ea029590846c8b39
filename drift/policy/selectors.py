"""Choosing checks: by code, name, prefix, or ``ALL``. The most specific selector decides."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from drift.checks.registry import all_checks
from drift.errors import DriftError

EVERYTHING = "ALL"


def specificity(selector: str, code: str, name: str) -> int | None:
    """How closely ``selector`` fits a check, or ``None`` when it does not.

    ``ALL`` fits with 0, a prefix with its length, a whole code or a name with the length of a code.
    """
    text = selector.strip()
    if text.upper() == EVERYTHING:
        return 0
    if text.lower() == name:
        return len(code)
    return len(text) if text and code.startswith(text.upper()) else None


def closest(selectors: Iterable[str], code: str, name: str) -> int | None:
    """The best :func:`specificity` among ``selectors``, or ``None`` when none fits."""
    fits = [fit for selector in selectors if (fit := specificity(selector, code, name)) is not None]
    return max(fits, default=None)


def is_selected(code: str, name: str, select: Iterable[str], ignore: Iterable[str]) -> bool:
    """Whether a check takes part. The more specific list wins; of equals, ``ignore``."""
    chosen = closest(select, code, name)
    left_out = closest(ignore, code, name)
    return chosen is not None and (left_out is None or chosen > left_out)


def require_known(selector: str, place: str) -> None:
    """Refuse a selector which fits no check.

    Raises:
        DriftError: With the nearest code or name, so that a typo is not taken for an empty selection.
    """
    checks = all_checks()
    if any(specificity(selector, check.code, check.name) is not None for check in checks):
        return
    same_family = [check.code for check in checks if check.family == selector.upper()[:2]]
    candidates = (
        *get_close_matches(selector.lower(), [check.name for check in checks], 1),
        *get_close_matches(selector.upper(), same_family, 1, cutoff=0.5),
    )
    near = next(iter(candidates), None)
    raise DriftError(
        f"no check is called {selector!r}",
        place=place,
        help=(f"did you mean {near!r}?" if near else "`drift checks` lists every code and name",),
    )
