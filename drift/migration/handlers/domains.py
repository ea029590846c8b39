"""Domains: the rules of one that columns share (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.checks.context import SchemaView
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import rename_identifiers
from drift.migration.ddl.restoring import restored
from drift.migration.plan import Change, Guard, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.schema import Column, Domain, TableKind


def shared_domain(context: PlanContext, expected: Column, actual: Column) -> Pair[Domain] | None:
    """The domain that both columns have; ``None`` where they have different ones, or none."""
    if expected.domain is None or actual.domain is None:
        return None
    for pair in context.alignment.domains:
        if pair.expected is None or pair.actual is None:
            continue
        if (pair.expected.name, pair.actual.name) == (expected.domain, actual.domain):
            return pair
    return None


def alter_domain(finding: Finding, context: PlanContext, pair: Pair[Domain]) -> Iterator[Step]:
    """Other rules for a domain. The server checks every column that uses it."""
    old, new = pair.actual, pair.expected
    assert old is not None
    assert new is not None
    same_rules = SchemaView.of(context.alignment).judge.domain_checks(new, old).same
    if SchemaView.of(context.alignment).judge.types(new.type, old.type).different or old.collation != new.collation:
        context.refuse(finding, f"domain {old.name} cannot change its base type; make a new one and move its columns")
        return
    guards = tuple(_guards(context, old, new, same_rules=same_rules))
    back = tuple(own.StopIf(g.query, g.message) for g in _guards(context, new, old, same_rules=same_rules))
    yield Step(
        f"change the rules of domain {old.name}",
        Phase.ALTER,
        (finding,),
        tuple(own.Execute(text) for text in _statements(context, old, new, same_rules=same_rules)),
        (*back, *(own.Execute(text) for text in _statements(context, new, old, same_rules=same_rules))),
        Change.CHANGE,
        lock=Lock.SHARE,
        hold=Hold.SCAN if guards else Hold.BRIEF,
        safety=Safety.NEEDS_DATA if guards else Safety.SAFE,
        hazard="every table that uses the domain is read once" if guards else None,
        guards=guards,
    )


def _statements(context: PlanContext, old: Domain, new: Domain, *, same_rules: bool) -> Iterator[str]:
    """Statements that lead from one to the other; both go by the name that the database has."""
    quoting = context.quoting
    prefix = f"ALTER DOMAIN {quoting.qualified(old.name)}"
    if not same_rules:
        for number, _ in enumerate(old.checks):
            yield f"{prefix} DROP CONSTRAINT {quoting.name(_check_name(old, number))}"
        for number, check in enumerate(new.checks):
            name = quoting.name(_check_name(new, number))
            rule = f"CHECK ({restored(check.expression.sql)}){'' if check.validated else ' NOT VALID'}"
            yield f"{prefix} ADD CONSTRAINT {name} {rule}"
    if old.nullable != new.nullable:
        yield f"{prefix} {'DROP' if new.nullable else 'SET'} NOT NULL"
    if old.default != new.default:
        yield f"{prefix} DROP DEFAULT" if new.default is None else f"{prefix} SET DEFAULT {new.default.sql}"


def _check_name(domain: Domain, number: int) -> str:
    """The check's name, or the one that PostgreSQL would choose."""
    return domain.checks[number].name or f"{domain.name.name[:55]}_check{number or ''}"


def _guards(context: PlanContext, old: Domain, new: Domain, *, same_rules: bool) -> Iterator[Guard]:
    """What the rows of every column of the domain must satisfy before its rules get stricter."""
    quoting, queries = context.quoting, Queries(context.quoting)
    for pair in context.alignment.tables:
        if pair.actual is None or pair.actual.kind not in (TableKind.TABLE, TableKind.PARTITIONED):
            continue
        names = context.column_names(pair)
        table = context.table_name(pair)
        for column in pair.actual.columns:
            if column.domain not in (old.name, new.name) or column.type.endswith("[]"):
                continue
            name = names.get(column.name, column.name)
            if old.nullable and not new.nullable:
                message = (
                    f"{table}.{name} holds NULL, which its domain is to forbid: fill it first, then run this again."
                )
                yield Guard(queries.has_rows(table, f"{quoting.name(name)} IS NULL"), message)
            for check in () if same_rules else (check for check in new.checks if check.validated):
                rule = rename_identifiers(check.expression.sql, {"VALUE": name, "value": name}, quoting)
                message = (
                    f"{table}.{name} holds values that the rule {check.expression.sql} of its domain forbids: "
                    "repair these rows first, then run this again."
                )
                yield Guard(queries.has_rows(table, f"NOT ({rule})"), message)
