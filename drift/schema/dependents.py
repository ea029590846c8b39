"""What rests on columns, relations and types, and is neither a column, a constraint, an index nor a default."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drift.schema.names import QualifiedName


class Tie(StrEnum):
    """How a dependent hangs on a thing."""

    IN_THE_WAY = "n"
    """The server changes and drops nothing as long as the dependent is there."""
    GOES_ALONG = "a"
    """The server drops it together with the thing, without a word."""
    WHOLE_ROWS = "r"
    """It holds whole rows of a table: no column of that table can change."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """What a dependent rests on: a column, or a whole relation or type where ``column`` is ``None``."""

    name: QualifiedName
    column: str | None
    tie: Tie


@dataclass(frozen=True, slots=True)
class Dependent:
    """A view, rule, policy, trigger, function, publication, statistics object, privilege or mark.

    Attributes:
        label: What it is, for people: ``policy own_rows on public.orders``.
        links: What it rests on.
        makes: The relation that it is, for a view.
        present: Selects one boolean: whether it is there.
        down: The statement that takes it down; ``None`` where it only goes along with a thing, or where nothing can.
        up: The statements that bring it back exactly as it was: owner, privileges, comments included. Empty where it
            cannot be taken down for a while.
    """

    label: str
    links: tuple[Link, ...]
    makes: QualifiedName | None = None
    present: str | None = None
    down: str | None = None
    up: tuple[str, ...] = ()
