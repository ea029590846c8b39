"""Request schemas against the database: what they let through and the column does not take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from drift.alignment.observations import Demand, Observations, RequestFact, SchemaPair
from drift.checks.registry import Subjects, check
from drift.checks.response_facts import Facts, pair_details, place_of, routes_text, subject_of
from drift.checks.responses import not_checked
from drift.findings import Finding, Outcome, Repair, Safety, Severity, SubjectKind
from drift.schema import Column, Schema

_NUMERIC = re.compile(r"^(?:numeric|decimal)\((\d+)(?:,(-?\d+))?\)")
_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "mediumint": 2**23 - 1, "tinyint": 2**7 - 1}


@dataclass(frozen=True)
class RequestCase:
    """One fact about one pair, with the columns on both sides."""

    pair: SchemaPair
    fact: RequestFact
    facts: Facts
    expected: Column | None
    actual: Column

    @property
    def column(self) -> str:
        """``users.email``."""
        return f"{self.fact.table.name}.{self.fact.column}"

    @property
    def supplied(self) -> bool:
        """Somebody fills the column by itself: the ORM, a default, a sequence, an expression."""
        actual, expected = self.actual, self.expected
        return (
            self.fact.supplied
            or actual.default is not None
            or actual.auto_increment
            or actual.identity is not None
            or actual.generated is not None
            or (expected is not None and expected.client_default)
        )

    @property
    def severity(self) -> Severity:
        """Warning for strong pairs; info for pairs by name."""
        return Severity.WARNING if self.pair.strong else Severity.INFO


def check_requests(observations: Observations, expected: Schema, actual: Schema | None = None) -> Iterator[Outcome]:
    """Judge request schemas; without a database there is nothing to judge against but the models themselves."""
    facts = Facts(expected, actual, schema_translate_map=observations.schema_translate_map)
    for pair in observations.requests:
        for fact in pair.requests:
            column = facts.expected_column(fact.table, fact.column)
            live = facts.actual_column(fact.table, fact.column) if actual is not None else column
            if live is not None:
                yield from _CHECKS[fact.demand](RequestCase(pair, fact, facts, column, live))
    yield from not_checked(observations.unprobed, "RQ", facts)


def _finding(
    code: str, name: str, case: RequestCase, severity: Severity, *, message: str, actual: str, way_out: str
) -> Finding:
    routes = routes_text(case.pair.routes)
    fact = case.fact
    places = (fact.location, case.expected.location if case.expected is not None else None)
    ignored = (*fact.ignored, *case.pair.ignored, *(case.expected.ignored if case.expected is not None else ()))
    return Finding(
        code=code,
        name=name,
        severity=severity,
        subject=subject_of(SubjectKind.REQUEST_FIELD, case.pair, fact.field, case.facts),
        message=message,
        expected=fact.annotation,
        actual=f"{actual} · {routes}" if routes else actual,
        note=f"{case.pair.name} fills {case.pair.model.rpartition('.')[2]}: {case.pair.reason}",
        locations=tuple(dict.fromkeys(place for place in places if place is not None)),
        repair=Repair("edit-schema", Safety.SAFE, (f"{place_of(fact.location)}{way_out}",)),
        details=(
            *pair_details(case.pair),
            ("column", case.column),
            ("columns", (fact.column,)),
            ("routes", tuple(map(str, case.pair.routes))),
            ("ignored", tuple(dict.fromkeys(ignored))),
        ),
    )


@check("RQ101", "request-missing-column", Severity.WARNING, Subjects.OTHER)
def request_missing_column(case: RequestCase) -> Iterator[Outcome]:
    """A schema for new rows has no field for a column that is NOT NULL and has no default.

    ## What happens at run time

    Every INSERT fails with an IntegrityError (NOT NULL violated). What counts is the live column: a default that only
    the models have fills nothing. Columns that the endpoints' own code fills are left out.

    ## How severe

    A *warning* for strong pairs; an *info* for foreign keys (often taken from the path or the session) and for
    pairs by name alone.

    ## Way out

    Add the field, a default on the column, or `# drift: ignore[RQ101]` on the class where the endpoint fills it.
    """
    if case.actual.nullable or case.supplied:
        return
    promised = case.expected is not None and (case.expected.default is not None or case.expected.auto_increment)
    default = "without the default that the models promise (CO303)" if promised else "without a default"
    yield _finding(
        "RQ101",
        "request-missing-column",
        case,
        Severity.INFO if case.fact.foreign_key else case.severity,
        message=f"{case.pair.name} has no field for {case.column}, which is NOT NULL {default}: INSERT fails.",
        actual="NOT NULL, no default",
        way_out=f"put the default of {case.column} back (`drift revision`)" if promised else f"add {case.fact.field}",
    )


@check("RQ301", "request-null", Severity.WARNING, Subjects.OTHER)
def request_null(case: RequestCase) -> Iterator[Outcome]:
    """A schema for new rows accepts null for a column that is NOT NULL and has no default.

    ## Example

        class UserCreate(BaseModel):
            email: str | None = None       # users.email is NOT NULL

    ## What happens at run time

    A request without the field passes validation and fails at the INSERT with an IntegrityError: 500 in place of 422.
    Schemas for updates are left out: there, None usually means *unchanged*.

    ## How severe

    A *warning* for strong pairs, an *info* for pairs by name alone: the endpoint may fill the value itself.

    ## Way out

    Make the field required, give the column a default, or let the column be NULL.
    """
    if case.actual.nullable or case.supplied:
        return
    yield _finding(
        "RQ301",
        "request-null",
        case,
        case.severity,
        message=f"{case.pair.name}.{case.fact.field} accepts null and {case.column} is NOT NULL: INSERT fails.",
        actual="NOT NULL, no default",
        way_out=f"make {case.fact.field} required",
    )


@check("RQ302", "request-too-long", Severity.INFO, Subjects.OTHER)
def request_too_long(case: RequestCase) -> Iterator[Outcome]:
    """A request field accepts strings that are longer than the column.

    ## What happens at run time

    PostgreSQL answers `value too long for type character varying(80)`: a DataError and 500 in place of 422. SQLite
    keeps the string; MySQL refuses or cuts it.

    ## How severe

    An *info*: hardly any application is harmed by it. The length of a CHECK counts like that of the type.

    ## Way out

    `Field(max_length=80)`.
    """
    limit, width = case.fact.limit, case.fact.size
    if width is None or (limit is not None and limit <= width):
        return
    yield _finding(
        "RQ302",
        "request-too-long",
        case,
        Severity.INFO,
        message=(
            f"{case.pair.name}.{case.fact.field} accepts {limit or 'any number of'} characters and "
            f"{case.column} takes {width}."
        ),
        actual=case.actual.type,
        way_out=f"Field(max_length={width})",
    )


@check("RQ303", "request-range", Severity.INFO, Subjects.OTHER)
def request_range(case: RequestCase) -> Iterator[Outcome]:
    """A request field accepts integers that the column cannot hold.

    Off unless asked for (`request_range`): hardly any schema limits its integers.

    ## What happens at run time

    `integer out of range`: a DataError and 500 in place of 422.

    ## Way out

    `Field(le=2147483647)`.
    """
    largest = _LARGEST.get(case.actual.type)
    if largest is None:
        return
    yield _finding(
        "RQ303",
        "request-range",
        case,
        Severity.INFO,
        message=f"{case.pair.name}.{case.fact.field} accepts integers larger than {case.column} holds.",
        actual=f"{case.actual.type}, at most {largest}",
        way_out=f"Field(le={largest})",
    )


@check("RQ304", "request-precision", Severity.INFO, Subjects.OTHER)
def request_precision(case: RequestCase) -> Iterator[Outcome]:
    """A request field accepts more digits than the column holds.

    ## What happens at run time

    Too many digits before the point: `numeric field overflow`, a DataError and 500 in place of 422.

    ## Way out

    `Field(max_digits=10, decimal_places=2)`, the same as the column.
    """
    match = _NUMERIC.match(case.actual.type)
    if match is None or case.fact.limit is None or case.fact.limit > int(match[1]) - int(match[2] or 0):
        return
    yield _finding(
        "RQ304",
        "request-precision",
        case,
        Severity.INFO,
        message=f"{case.pair.name}.{case.fact.field} accepts more than the {case.fact.limit} digits before the point.",
        actual=case.actual.type,
        way_out=f"Field(max_digits={match[1]}, decimal_places={match[2] or 0})",
    )


@check("RQ305", "request-enum-label", Severity.WARNING, Subjects.OTHER)
def request_enum_label(case: RequestCase) -> Iterator[Outcome]:
    """A request field accepts a label that the database does not know: neither its enum nor its CHECK.

    ## What happens at run time

    `invalid input value for enum`, `violates check constraint`: a DataError or an IntegrityError, and 500 in place of
    422.

    ## Way out

    Add the label to the database's enum (`drift revision` does, where the models have it), or drop it from the schema.
    """
    quoted = ", ".join(map(repr, case.fact.values))
    yield _finding(
        "RQ305",
        "request-enum-label",
        case,
        Severity.WARNING,
        message=f"{case.pair.name}.{case.fact.field} accepts {quoted}, which {case.column} does not take.",
        actual=f"no label {quoted}",
        way_out=f"drop {quoted}, or add it to the enum or the CHECK",
    )


@check("RQ306", "request-timezone", Severity.WARNING, Subjects.OTHER)
def request_timezone(case: RequestCase) -> Iterator[Outcome]:
    """A request field accepts aware datetimes for a column without time zone, and the driver is asyncpg.

    ## What happens at run time

    asyncpg refuses to encode them (`can't subtract offset-naive and offset-aware datetimes`): a DBAPIError and 500.
    Other drivers convert, silently.

    ## Way out

    `DateTime(timezone=True)`, or `NaiveDatetime` in the schema.
    """
    if case.actual.type.startswith("timestamptz"):
        return
    yield _finding(
        "RQ306",
        "request-timezone",
        case,
        Severity.WARNING,
        message=f"{case.pair.name}.{case.fact.field} accepts aware datetimes; asyncpg refuses them for {case.column}.",
        actual=case.actual.type,
        way_out="NaiveDatetime, or a column with time zone",
    )


@check("RQ307", "request-type-mismatch", Severity.WARNING, Subjects.OTHER)
def request_type_mismatch(case: RequestCase) -> Iterator[Outcome]:
    """A request field hands on values of a type that the column does not take: any text for a number, a document.

    ## Example

        class ItemCreate(BaseModel):
            amount: str                    # items.amount is an integer

    ## What happens at run time

    `invalid input syntax for type integer: "q"`: a DataError and 500 in place of 422. SQLite stores a text in a column
    of numbers as it is, and reading the row fails.

    ## How severe

    A *warning* for strong pairs, an *info* for pairs by name alone: the endpoint may convert the value itself.

    ## Way out

    Give the field the column's type.
    """
    yield _finding(
        "RQ307",
        "request-type-mismatch",
        case,
        case.severity,
        message=(
            f"{case.pair.name}.{case.fact.field} is {case.fact.annotation} and {case.column} is {case.actual.type}: "
            "what the field accepts cannot be stored there."
        ),
        actual=case.actual.type,
        way_out="use the column's type",
    )


_CHECKS = {
    Demand.NULL: request_null,
    Demand.ABSENT: request_missing_column,
    Demand.LENGTH: request_too_long,
    Demand.RANGE: request_range,
    Demand.PRECISION: request_precision,
    Demand.LABEL: request_enum_label,
    Demand.TIMEZONE: request_timezone,
    Demand.TYPE: request_type_mismatch,
}
