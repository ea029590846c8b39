"""The shape of a snapshot file, for pydantic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from drift.alignment.verdicts import Question, Unsettled
from drift.schema import Schema


@dataclass(frozen=True, slots=True)
class Answer:
    """A question to the server and its answer, as stored."""

    question: Question
    canonical: str | None = None
    unsettled: Unsettled | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What stands in the file beside its kind and version."""

    schema: Schema
    answers: tuple[Answer, ...] = ()


@lru_cache(maxsize=1)
def adapter() -> Any:
    """Validates and builds a :class:`Document`.

    Old releases of pydantic (2.5 is one) look for the names in nested dataclasses' annotations among the local names of
    the function that makes the adapter, and nowhere else: so every noun is imported here.
    """
    from pydantic import TypeAdapter

    from drift.alignment.verdicts import Usage  # noqa: F401 -- for pydantic, see above
    from drift.schema import (  # noqa: F401 -- for pydantic, see above
        AuditTrigger,
        Check,
        Column,
        Dependent,
        Domain,
        Enum,
        Exclusion,
        ExclusionElement,
        Expression,
        Extension,
        FlawKind,
        ForeignKey,
        Function,
        Identity,
        Index,
        IndexKey,
        Link,
        Location,
        MadeByEvent,
        MigrationState,
        Orphans,
        Other,
        Persistence,
        PrimaryKey,
        QualifiedName,
        Schema,
        Sequence,
        SequenceNumbers,
        Table,
        TableKind,
        Tie,
        TransactionNumbers,
        Trigger,
        Unique,
        VersioningFlaw,
        VersioningRole,
        VersionRows,
        VersionTable,
    )

    return TypeAdapter(Document)
