"""What the generators of hand-written DDL share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Lost = tuple[str, str]
"""A finding's code, and the table's name."""


@dataclass(frozen=True)
class Written:
    """A script, and the findings that are true: SQLAlchemy's reflection knows nothing of what they speak of."""

    script: str
    lost: frozenset[Lost] = frozenset()


def quoted(name: str, mark: str = '"') -> str:
    """``name`` as a quoted identifier."""
    return mark + name.replace(mark, mark * 2) + mark


def together(parts: Iterable[Written]) -> Written:
    """One script of several."""
    found = tuple(parts)
    return Written("".join(part.script for part in found), frozenset().union(*(part.lost for part in found)))
