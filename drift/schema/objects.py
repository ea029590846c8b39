"""Objects beside tables: enums, domains, sequences, functions, extensions."""

from __future__ import annotations

from dataclasses import dataclass

from drift.schema.constraints import Check
from drift.schema.making import made_quickly
from drift.schema.names import Expression, Location, QualifiedName
from drift.schema.versioning import VersioningRole


@dataclass(frozen=True, slots=True)
class Enum:
    """A native enum type; ``labels`` are in sort order."""

    name: QualifiedName
    labels: tuple[str, ...]
    comment: str | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain over a base type."""

    name: QualifiedName
    type: str
    nullable: bool = True
    default: Expression | None = None
    collation: str | None = None
    checks: tuple[Check, ...] = ()
    comment: str | None = None


@made_quickly
@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence; ``None`` options on the expected side mean the server's default.

    ``owned_by`` names the table and column whose drop drops the sequence; identity sequences are not listed.
    ``role`` says whose it is when Continuum numbers its own rows with it (expected side).
    """

    name: QualifiedName
    type: str = "bigint"
    start: int | None = None
    increment: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    cache: int | None = None
    cycle: bool | None = None
    owned_by: tuple[QualifiedName, str] | None = None
    comment: str | None = None
    role: VersioningRole = VersioningRole.NONE


@dataclass(frozen=True, slots=True)
class SequenceNumbers:
    """What a probe saw of a sequence and the column that it numbers (actual side).

    Attributes:
        next_value: What the sequence will give next; ``None`` where one of both numbers was refused.
        largest: The largest number in the column; ``None`` when there is none.
        reason: Why it was refused.
    """

    table: QualifiedName
    column: str
    sequence: QualifiedName
    next_value: int | None
    largest: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Orphans:
    """Rows whose foreign key refers to nothing, as a probe counted them (actual side).

    Attributes:
        rows: How many; ``None`` where the database could not say.
        reason: Why it could not.
    """

    table: QualifiedName
    columns: tuple[str, ...]
    target: QualifiedName
    rows: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function or procedure, by name; ``body`` is its source text where one was read."""

    name: QualifiedName
    arguments: str = ""
    body: str | None = None


@dataclass(frozen=True, slots=True)
class MadeByEvent:
    """What the models run when something is created (expected side).

    Attributes:
        place: Whose event, and which.
        text: The statement, or the constants of the function.
        names: Every name in it, in lower case.
    """

    place: str
    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Other:
    """Something that no model can say and two databases may have otherwise.

    Attributes:
        kind: In the server's words: ``trigger``, ``policy``, ``function``.
        name: With the schema that it lies in, where there is one.
        definition: As the server prints it; the difference is told by it.
        table: The table it belongs to.
    """

    kind: str
    name: QualifiedName
    definition: str = ""
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """An installed extension."""

    name: str
    schema: str | None = None
    version: str | None = None
