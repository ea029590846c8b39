"""What drift needs of the environment: said before anything fails for the want of it."""

from __future__ import annotations

import re
import sys
from importlib import metadata

from drift.errors import DriftError

DISTRIBUTION = "sqlalchemy-drift"
_REQUIREMENT = re.compile(r"([\w.\-]+)\s*(?:\[[^]]*])?\s*\(?([^;()]*)\)?$")
_LOWEST = re.compile(r">=\s*([\d.]+)")


def require() -> None:
    """Go on only where everything is installed, and new enough.

    Only an installation that did not resolve dependencies (``--no-deps``), or a package that was replaced afterwards,
    leaves anything to say. Versions that are newer than what drift was made for are left to prove themselves.

    Raises:
        DriftError: With each package that is missing or too old.
    """
    unmet = [line for text in _requirements() if (line := _unmet(text)) is not None]
    if unmet:
        raise DriftError(
            "drift does not run with the packages of this environment",
            place=sys.prefix,
            details=tuple(unmet),
            help=(
                f"Let pip resolve what drift needs: pip install {DISTRIBUTION}",
                "A project that cannot have those versions needs an environment of its own for drift",
            ),
        )


def _requirements() -> list[str]:
    try:
        texts = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        # Run from its sources: nothing says what is needed.
        return []
    return [text for text in texts if ";" not in text]


def _unmet(requirement: str) -> str | None:
    match = _REQUIREMENT.match(requirement.strip())
    assert match is not None, requirement
    name, specifier = match.groups()
    lowest = _LOWEST.search(specifier)
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"needs {name}{_at_least(lowest)}, which is not installed"
    if lowest is not None and _release(found) < _release(lowest[1]):
        return f"needs {name}{_at_least(lowest)}, and {found} is installed"
    return None


def _at_least(lowest: re.Match[str] | None) -> str:
    return f" {lowest[1]} or newer" if lowest is not None else ""


def _release(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with; trailing zeros say nothing."""
    numbers = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    release = [int(number) for number in numbers[1].split(".")] if numbers else []
    while release and release[-1] == 0:
        release.pop()
    return tuple(release)
