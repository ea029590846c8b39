"""When a constraint is checked, in words."""

from __future__ import annotations

from typing import Protocol


class Deferrable(Protocol):
    """A constraint that can wait until the end of the transaction."""

    @property
    def deferrable(self) -> bool:
        """Whether it can wait."""
        ...

    @property
    def initially_deferred(self) -> bool:
        """Whether it does unless told otherwise."""
        ...


def deferrability(thing: Deferrable) -> str:
    """``NOT DEFERRABLE``, ``DEFERRABLE``, or ``DEFERRABLE INITIALLY DEFERRED``."""
    if not thing.deferrable:
        return "NOT DEFERRABLE"
    return "DEFERRABLE INITIALLY DEFERRED" if thing.initially_deferred else "DEFERRABLE"


def why(expected: Deferrable, actual: Deferrable) -> str:
    """What follows from being checked at another time."""
    if expected.initially_deferred and not actual.initially_deferred:
        return (
            "It is checked at every statement instead of at commit: flushes whose order relies on that fail half-way."
        )
    if actual.initially_deferred and not expected.initially_deferred:
        return "It is checked at commit instead of at every statement: the error comes late, from another place."
    if expected.deferrable and not actual.deferrable:
        return "SET CONSTRAINTS ... DEFERRED has no effect: what relies on it fails at the first statement."
    return "It can be deferred, which ON CONFLICT and foreign keys that refer to it do not accept."
