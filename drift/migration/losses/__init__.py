"""Which values a type change would not keep, asked of the rows before anything is changed; one module a database.

One rule: a value must come back unchanged when it is turned into the new type and back again. Where the types alone
prove that it does, nothing is asked. Where nobody can tell, every value is in the way.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """Values that do not survive.

    Attributes:
        condition: True for rows that hold such a value.
        what: What such a value is like: "they have a fraction".
    """

    condition: str
    what: str
