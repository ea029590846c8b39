"""One statement on the way from one definition to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        sql: The statement.
        done: A boolean query that is true when it was run already; ``None`` where it can simply be run again.
        subject: The column, constraint, or index that it is about; empty for the table.
        blocks: Writers wait while it runs.
        anew: It is part of building the whole table anew.
    """

    sql: str
    done: str | None = None
    subject: str = ""
    blocks: bool = False
    anew: bool = False
