"""Schemas that steps need and that hold nothing yet (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.order import schema_exists
from drift.migration.plan import Change, Phase, Step
from drift.migration.queries import Queries


def missing_schemas(steps: Iterable[Step], context: PlanContext) -> Iterator[Step]:
    """Make the schemas that steps need. The way back leaves them: other things may be in them by then."""
    actual = context.alignment.actual
    named = (*actual.relation_names, *(enum.name for enum in actual.enums), *(each.name for each in actual.sequences))
    known = {schema_exists(name.schema) for name in named} | {schema_exists(context.default_schema)}
    needed: dict[str, Step] = {}
    for step in steps:
        for fact in step.needs - known if step.commented_out is None else ():
            if fact.what == "schema":
                needed.setdefault(fact.name.name, step)
    for schema, step in sorted(needed.items()):
        create = own.Execute(f"CREATE SCHEMA {context.quoting.name(schema)}")
        yield Step(
            f"create schema {schema}, where it is missing",
            Phase.RENAME,
            step.findings,
            (own.Unless(Queries(context.quoting).schema_exists(schema), [create]),),
            (),
            Change.ADD,
            makes=frozenset({schema_exists(schema)}),
        )
