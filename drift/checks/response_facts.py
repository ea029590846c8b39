"""What the checks of response and request schemas have in common: live facts, severities, and how a finding is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from drift.alignment.observations import (
    Observation,
    Route,
    RowAnswer,
    RowQuestion,
    SchemaPair,
)
from drift.findings import Finding, Repair, Severity, Subject, SubjectKind
from drift.schema import Column, ForeignKey, Location, QualifiedName, Schema, Table

_ROUTES_SHOWN = 4


@dataclass(frozen=True)
class Facts:
    """The two schemas that observations are judged against, and what a look into the tables found.

    Attributes:
        expected: What the models say.
        actual: What the database holds; ``None`` without one.
        answers: Answers of ``--probe``; empty without it.
        schema_translate_map: As in :class:`~drift.alignment.observations.Observations`.
    """

    expected: Schema
    actual: Schema | None = None
    answers: Mapping[RowQuestion, RowAnswer] = field(default_factory=dict)
    schema_translate_map: tuple[tuple[str | None, str | None], ...] = ()

    @cached_property
    def _expected(self) -> dict[QualifiedName, Table]:
        return {table.name: table for table in self.expected.tables}

    @cached_property
    def _actual(self) -> dict[QualifiedName, Table]:
        return {table.name: table for table in self.actual.tables} if self.actual else {}

    def qualified(self, name: QualifiedName) -> QualifiedName:
        """The name in the database: the schema that is meant, which is the default one where none is named."""
        schema = dict(self.schema_translate_map).get(name.schema, name.schema)
        if schema is not None:
            return QualifiedName(schema, name.name)
        default = self.actual.default_schema if self.actual else None
        return QualifiedName(default or self.expected.default_schema, name.name)

    def expected_column(self, table: QualifiedName, name: str) -> Column | None:
        """The column as the models have it."""
        found = self._expected.get(self.qualified(table)) or self._expected.get(table)
        return found.column(name) if found else None

    def actual_table(self, table: QualifiedName) -> Table | None:
        """The table as the database has it."""
        return self._actual.get(self.qualified(table))

    def actual_column(self, table: QualifiedName, name: str) -> Column | None:
        """The column as the database has it."""
        found = self.actual_table(table)
        return found.column(name) if found else None

    def is_absent(self, table: QualifiedName, columns: Iterable[str]) -> bool:
        """The database was read and lacks the table or one of the columns: another finding says so."""
        if self.actual is None:
            return False
        name = self.qualified(table)
        found = self._actual.get(name)
        if found is None:
            return name.schema in self.actual.schemas or not self.actual.schemas
        return any(found.column(column) is None for column in columns)

    def foreign_key(self, table: QualifiedName, columns: tuple[str, ...]) -> ForeignKey | None:
        """The live foreign key on exactly these columns."""
        found = self.actual_table(table)
        keys = found.foreign_keys if found else ()
        return next((key for key in keys if set(key.columns) == set(columns)), None)

    def answer(self, question: RowQuestion) -> RowAnswer | None:
        """What looking into the table found; ``None`` when nobody looked, or it could not be read."""
        found = self.answers.get(replace(question, table=self.qualified(question.table)))
        return found if found is not None and found.rows is not None else None


@dataclass(frozen=True)
class FieldCase:
    """One field of one pair with its observations of one kind."""

    pair: SchemaPair
    field: str
    observations: tuple[Observation, ...]
    facts: Facts
    shared: int = 1

    @property
    def first(self) -> Observation:
        """The leading observation."""
        return self.observations[0]

    @property
    def in_use(self) -> bool:
        """Served by a route, or nobody looked at the routes."""
        return self.pair.served is not False

    @property
    def table(self) -> QualifiedName:
        """Table of the leading observation's columns."""
        return self.first.table or self.pair.table

    def expected_columns(self) -> tuple[Column | None, ...]:
        """The columns as the models have them."""
        return tuple(self.facts.expected_column(self.table, name) for name in self.first.columns)

    def actual_columns(self) -> tuple[Column | None, ...]:
        """The columns as the database has them."""
        return tuple(self.facts.actual_column(self.table, name) for name in self.first.columns)

    def capped(self, severity: Severity) -> Severity:
        """A pair by name alone never makes an error, nor does what the routes' own code fills in."""
        weak = not self.pair.strong or any(observation.given for observation in self.observations)
        return Severity.WARNING if severity is Severity.ERROR and weak else severity

    def if_used(self) -> Severity:
        """Error where the schema is in use, else warning."""
        return self.capped(Severity.ERROR if self.in_use else Severity.WARNING)


def routes_text(routes: tuple[Route, ...]) -> str:
    """``GET /users, GET /users/{id} and 3 more``; empty without routes."""
    shown = ", ".join(str(route) for route in routes[:_ROUTES_SHOWN])
    rest = len(routes) - _ROUTES_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def consequence(pair: SchemaPair) -> str:
    """What happens to whom."""
    routes = routes_text(pair.routes)
    return f"{routes} will answer 500" if routes else "whatever validates such a row fails"


def column_text(observation: Observation, table: QualifiedName) -> str:
    """``users.email``, or the attribute where no column stands behind it."""
    if not observation.columns:
        return observation.attribute
    return ", ".join(f"{table.name}.{column}" for column in observation.columns)


def make_finding(
    code: str,
    name: str,
    case: FieldCase,
    severity: Severity,
    *,
    message: str,
    actual: str,
    note: str | None = None,
    repair: Repair | None = None,
    more: tuple[tuple[str, str | int | None], ...] = (),
) -> Finding:
    """A finding on a response field. ``actual`` gets the routes behind it."""
    pair, facts, first = case.pair, case.facts, case.first
    routes = routes_text(pair.routes)
    columns = tuple(dict.fromkeys(c for o in case.observations for c in o.columns))
    places = [o.location for o in case.observations[:1]]
    places += [column.location for column in case.expected_columns() if column is not None]
    reason = None if pair.certain else f"{pair.name} reads {pair.model.rpartition('.')[2]}: {pair.reason}"
    if any(observation.given for observation in case.observations):
        reason = (
            f"the code of the routes sets {first.attribute} itself before it answers, or asks for rows that have it"
        )
    text = column_text(first, case.table)
    return Finding(
        code=code,
        name=name,
        severity=severity,
        subject=subject_of(SubjectKind.RESPONSE_FIELD, pair, case.field, facts),
        message=message,
        expected=first.annotation,
        actual=f"{actual} · {routes}" if routes else actual,
        note="; ".join(part for part in (note, reason) if part) or None,
        locations=tuple(dict.fromkeys(place for place in places if place is not None)),
        repair=repair,
        details=(
            *pair_details(pair),
            ("column", text),
            ("columns", columns),
            ("error", first.error),
            ("error_message", first.message),
            ("routes", tuple(map(str, pair.routes))),
            ("ignored", ignored_inline(case)),
            ("shared", first.shared),
            ("loosened", first.loosened),
            *((("group", f"{facts.qualified(case.table)}.{','.join(first.columns)}"),) if case.shared > 1 else ()),
            *more,
        ),
    )


def ignored_inline(case: FieldCase) -> tuple[str, ...]:
    """Selectors written on the field, its class, or the column."""
    columns = (column.ignored for column in case.expected_columns() if column is not None)
    own = (selector for observation in case.observations for selector in observation.ignored)
    return tuple(dict.fromkeys([*own, *case.pair.ignored, *(selector for found in columns for selector in found)]))


def subject_of(kind: SubjectKind, pair: SchemaPair, name: str, facts: Facts) -> Subject:
    """``Class.field`` with the paired table."""
    table = facts.qualified(pair.table)
    return Subject(kind, table.schema, table.name, f"{pair.name}.{name}")


def pair_details(pair: SchemaPair) -> tuple[tuple[str, str | None], ...]:
    """Class, model, and evidence, for programs and for the headings of reports."""
    return (
        ("class", pair.schema),
        ("class_location", str(pair.location) if pair.location else None),
        ("model", pair.model),
        ("evidence", pair.evidence.value),
    )


def place_of(location: Location | None) -> str:
    """``app/schemas.py:12: `` in front of a repair's step; empty without a place."""
    return f"{location}: " if location is not None else ""
