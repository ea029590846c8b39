"""What probing a project's Pydantic schemas showed: which schema reads which mapped class, and what it does not accept.

Plain facts without a verdict. Whether a row that a schema rejects can occur is for the checks to say, from the live
database's schema.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from drift.schema import Location, QualifiedName

T = TypeVar("T", bound=type)


@dataclass(frozen=True, slots=True)
class Judge:
    """How values of real rows are judged.

    Attributes:
        types: SQLAlchemy's types of the columns, so that the values are loaded as the project loads them.
        rejects: Whether the schema rejects such values in the field that was observed. Runs the project's code.
    """

    types: tuple[object, ...]
    rejects: Callable[[tuple[object, ...]], bool]


class Evidence(StrEnum):
    """Why a schema is taken to read a mapped class, strongest first."""

    EXPLICIT = "explicit"
    RECORDED = "recorded"
    ANNOTATED = "annotated"
    CODE = "code"
    DERIVED = "derived"
    SQLMODEL = "sqlmodel"
    FITTING = "fitting"
    NAMES = "names"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return _RANKS[self]


_RANKS = {evidence: rank for rank, evidence in enumerate(Evidence)}


class Trial(StrEnum):
    """What was changed in a row that the schema accepts; for the last three nothing had to be changed."""

    NULL = "NULL"
    RELATION = "no related row"
    LABEL = "an enum label"
    LENGTH = "a string of the column's length"
    BOUNDARY = "a boundary value"
    FRACTION = "a fraction"
    TIME_OF_DAY = "a time of day"
    OTHER = "another value"
    LIVE_TYPE = "a value of the live type"
    JSON_NULL = "JSON null"
    ARRAY_NULL = "a NULL element"
    BYTES = "bytes that are not UTF-8"
    TYPE = "every value"
    MISSING = "no such attribute"
    NESTED = "a related row"


class Phase(StrEnum):
    """Where it failed."""

    LOADING = "loading"
    VALIDATION = "validation"
    SERIALISATION = "serialisation"


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A route of the application: ``GET /users/{id}``."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Observation:
    """One field of a schema rejected one changed value.

    Attributes:
        trial: What was changed.
        field: The schema's field that failed.
        annotation: The field's type as written, for the report.
        attribute: The attribute of the mapped class that was changed.
        table: Table of ``columns``; its schema may be ``None``, meaning the default schema.
        columns: The columns that decide whether such a row can occur: the changed column, or the foreign key's
            columns behind a relationship.
        value: The value, for the report.
        error: Pydantic's error type, or the exception's class name.
        message: Its message, one line.
        phase: Where it failed.
        direct: The field reads ``attribute`` itself, not a property or validator that makes use of it.
        limit: For lengths: the longest accepted length.
        size: For lengths: the length that was tried.
        many_to_one: For relationships: the foreign key is on this side.
        enforced: For relationships: the models have a foreign key and the relationship is not view-only.
        narrowed: The column belongs to a single-table subclass, which may legitimately promise more than the table.
        computed: The value is an SQL expression, not a stored column.
        circular: The column is a foreign key of two tables that refer to each other, nullable for that reason.
        every: The value stands for every one that the column holds.
        uncertain: A CHECK of the database that was not understood may forbid the value.
        given: Every route that reads such a row gives the attribute a value itself before it does.
        location: Where the field is written.
        ignored: Codes, names, or prefixes ignored on the field.
        guarded: Every request schema that fills the column rejects the value as well.
        tried: The value itself.
        shared: What else inherits the field from where it is written and is no response: requests, mapped classes.
        loosened: Requests that would accept None as well if the schema did: they inherit from it, or nest it.
        bound: Further columns that decide with ``columns``: with another value in one of them the row is accepted.
        judge: Judges real values of ``columns`` and ``bound``.
    """

    trial: Trial
    field: str
    annotation: str
    attribute: str
    table: QualifiedName | None
    columns: tuple[str, ...]
    value: str
    error: str
    message: str
    phase: Phase = Phase.VALIDATION
    direct: bool = True
    limit: int | None = None
    size: int | None = None
    many_to_one: bool = True
    enforced: bool = True
    narrowed: bool = False
    computed: bool = False
    circular: bool = False
    every: bool = False
    uncertain: bool = False
    guarded: bool = False
    given: bool = False
    location: Location | None = None
    ignored: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    loosened: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    tried: object = dataclasses.field(default=None, compare=False, repr=False)
    judge: Judge | None = dataclasses.field(default=None, compare=False, repr=False)


class Demand(StrEnum):
    """What a request schema lets through that the column may not take."""

    NULL = "accepts null"
    ABSENT = "has no such field"
    LENGTH = "accepts longer strings"
    RANGE = "accepts larger numbers"
    PRECISION = "accepts more digits"
    LABEL = "accepts labels"
    TIMEZONE = "accepts aware datetimes"
    TYPE = "accepts another type"


@dataclass(frozen=True, slots=True)
class RequestFact:
    """One field of a request schema accepts something.

    Attributes:
        demand: What it accepts, or that the field is absent.
        field: The field's name, for an absent one the attribute's.
        column: The column that the attribute is stored in.
        values: Accepted labels, as they would be stored, that the database does not know.
        limit: The longest accepted string or most digits; ``None`` without a limit.
        size: The longest string that the column takes; ``None`` without a limit.
        supplied: The ORM or a foreign key's parent object supplies a value by itself.
        foreign_key: The column is a foreign key, often filled from the session or the path.
        location: Where the field (or the class) is written.
        ignored: Codes, names, or prefixes ignored on the field.
    """

    demand: Demand
    field: str
    annotation: str
    table: QualifiedName
    column: str
    values: tuple[str, ...] = ()
    limit: int | None = None
    size: int | None = None
    supplied: bool = False
    foreign_key: bool = False
    location: Location | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchemaPair:
    """A schema, the mapped class it reads (or writes), and what was observed.

    Attributes:
        schema: Dotted name of the Pydantic model.
        model: Dotted name of the mapped class.
        table: The class's table; its schema may be ``None``, meaning the default schema.
        evidence: Kind of evidence for the pair.
        reason: The evidence in words.
        strong: Findings may be errors. Never for a pair by name alone.
        certain: A missing attribute or a type that never fits is a finding, not evidence against the pair.
        routes: Routes that answer with (or take) the schema.
        served: Whether routes are known: ``None`` when no application was looked at.
        fields: Names of the fields that were compared.
        location: Where the schema is written.
        ignored: Codes, names, or prefixes ignored on the class.
    """

    schema: str
    model: str
    table: QualifiedName
    evidence: Evidence
    reason: str
    strong: bool
    certain: bool
    routes: tuple[Route, ...] = ()
    served: bool | None = None
    fields: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()
    requests: tuple[RequestFact, ...] = ()
    location: Location | None = None
    ignored: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The schema's own name without its module."""
        return self.schema.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class AnnotationFact:
    """A mapped attribute whose ``Mapped[...]`` annotation contradicts its column."""

    model: str
    attribute: str
    table: QualifiedName
    column: str
    annotation: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class UnknownLabel:
    """Live enum labels that the ORM type of a column refuses to load."""

    model: str
    attribute: str
    table: QualifiedName
    column: str
    labels: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class Unprobed:
    """A schema, or one field of it, that could not be probed. ``family`` is ``RS`` or ``RQ``."""

    schema: str
    field: str | None
    reason: str
    help: str | None = None
    table: QualifiedName | None = None
    family: str = "RS"


@dataclass(frozen=True, slots=True)
class Observations:
    """All that was observed.

    Attributes:
        pairs: Response schemas and their classes.
        requests: Request schemas and their classes.
        annotations: Misleading annotations of the paired classes.
        labels: Labels that loading refuses.
        unprobed: What could not be probed.
        unpaired: Schemas without a class: pairs of (dotted name, why). For ``-v``, not a shortcoming.
        schemas: How many schemas were found.
        fields: How many fields were compared.
        schema_translate_map: Pairs of a schema in the models and the one that is meant by it, where these differ.
    """

    pairs: tuple[SchemaPair, ...] = ()
    requests: tuple[SchemaPair, ...] = ()
    annotations: tuple[AnnotationFact, ...] = ()
    labels: tuple[UnknownLabel, ...] = ()
    unprobed: tuple[Unprobed, ...] = ()
    unpaired: tuple[tuple[str, str], ...] = ()
    schemas: int = 0
    fields: int = 0
    schema_translate_map: tuple[tuple[str | None, str | None], ...] = ()


class RowCondition(StrEnum):
    """What a row that is looked for looks like."""

    NULL = "is NULL"
    JSON_NULL = "is JSON null"
    ARRAY_NULL = "has a NULL element"
    LONGER = "is longer than"
    LABEL = "is"
    REJECTED = "is rejected"
    NULL_REJECTED = "is NULL, and rejected"


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """Is there a row like this? ``argument`` is a length, a label, or the field that ``judge`` speaks for."""

    table: QualifiedName
    columns: tuple[str, ...]
    condition: RowCondition
    argument: str | int | None = None
    judge: Judge | None = dataclasses.field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What a bounded look into the table found.

    Attributes:
        rows: Number of such rows, counted up to a bound; ``None`` when the table could not be read.
        more: There are at least ``rows``; not every row was looked at.
        key: Primary key of one of them, for people: ``id=7``.
        value: What it holds, for people, where that may be shown.
        reason: Why nothing is known.
    """

    rows: int | None
    more: bool = False
    key: str | None = None
    reason: str | None = None
    value: str | None = None


def reads(model: type | str | None) -> Callable[[T], T]:
    """Class decorator: this Pydantic schema is filled from ``model`` (a mapped class, its name, or ``None`` for none).

    Costs nothing at run time: it sets the class attribute ``__drift_model__``, which may be set by hand as well.
    """

    def mark(schema: T) -> T:
        schema.__drift_model__ = model  # type: ignore[attr-defined]
        return schema

    return mark
