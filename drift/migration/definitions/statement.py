"""One statement on the way from one definition to another."""

from __future__ import annotations

from dataclasses import dataclass

from drift.migration import operations as own


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        sql: The statement.
        done: A boolean query that is true when it was run already; ``None`` where it can simply be run again.
        subjects: The columns, constraints, and indexes that it is about.
        blocks: Writers wait while it runs.
        anew: It is part of building the whole table anew.
    """

    sql: str
    done: str | None = None
    subjects: tuple[str, ...] = ()
    blocks: bool = False
    anew: bool = False

    def operation(self) -> own.Execute | own.Unless:
        """The statement as a step of a migration."""
        execute = own.Execute(self.sql)
        return execute if self.done is None else own.Unless(self.done, [execute])
