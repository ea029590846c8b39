"""CO: types, and the domains behind them."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.alignment.verdicts import Usage
from drift.checks.context import VIEWS, SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.type_changes import judge_types_in
from drift.checks.wording import ASK_SERVER, column_subject, found, listed, places, repair, unknown
from drift.findings import Finding, Outcome, Safety, Severity
from drift.schema import Column, Domain, QualifiedName


@check("CO301", "column-type-mismatch", Severity.ERROR, Subjects.COLUMN)
def column_type_mismatch(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The column has another type than the models say.

    Types are compared as the server prints them, so spellings (`int4`, `character varying`, `decimal`) do not count.
    Narrower in the database, or of another kind, is an *error*; wider is a *warning*; a difference without effect
    (`text` against unbounded `varchar`) is *info*. SQLite enforces neither lengths nor ranges: declared
    types under which the same values are stored (of one affinity; BOOLEAN and INTEGER; DATE or JSON in TEXT) are *info*
    there.

    ## Why it breaks at run time

    A shorter column rejects what the models accept: `value too long for type character varying(80)`. An integer
    overflows: `integer out of range`. A smaller scale rounds silently. `timestamp` against `timestamptz` shifts values
    by the session's time zone.

    ## Example

        models      email: Mapped[str] = mapped_column(String(255))
        database    email character varying(80)

    ## Repair

    `ALTER COLUMN ... TYPE`. Widening a varchar is instant; most other changes rewrite the table and need a `USING`
    clause, and narrowing fails or loses digits where values do not fit.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or domain_differs(left, right, schema):
        return
    subject = column_subject(table.wanted.name, left.name)
    if left.type == "":
        yield unknown("CO301", subject, "the model's type could not be expressed", None)
        return
    if right.type == "" and table.seen.kind in VIEWS:
        yield unknown("CO301", subject, "the database tells no type of a column that a view computes", None)
        return
    comparison = schema.judge.types(left.type, right.type)
    if comparison.same or _same_extension_type(left, right, schema):
        return
    if comparison.unknown:
        yield unknown("CO301", subject, comparison.reason)
        return
    change = judge_types_in(schema.actual.dialect, left.type, right.type)
    yield found(
        "CO301",
        subject,
        change.why,
        severity=change.severity,
        expected=left.type,
        actual=right.type,
        locations=places(left, table.wanted),
        repair=repair(
            "alter-column",
            f"change the type of {left.name} to {left.type}",
            safety=Safety.NEEDS_DATA if change.loses else Safety.BLOCKS_READS,
        ),
        also=(f"enum {left.enum}",) if _lacks_enum(left, schema) else (),
    )


def _same_extension_type(left: Column, right: Column, schema: SchemaView) -> bool:
    """``citext`` and ``extensions.citext``: models cannot say into which schema an extension was installed."""
    if left.enum or right.enum or left.domain or right.domain:
        return False
    homes = {f"{extension.schema}." for extension in schema.actual.extensions if extension.schema is not None}
    return any(
        text.startswith(home) and text.removeprefix(home) == other
        for home in homes
        for text, other in ((right.type, left.type), (left.type, right.type))
    )


def _lacks_enum(column: Column, schema: SchemaView) -> bool:
    return column.enum is not None and any(
        pair.expected is not None and pair.actual is None and pair.expected.name == column.enum for pair in schema.enums
    )


@check("CO309", "column-domain-mismatch", Severity.WARNING, Subjects.SCHEMA)
def column_domain_mismatch(schema: SchemaView) -> Iterator[Outcome]:
    """The column's domain differs: another one, none, or one with other rules.

    A domain with other rules is reported once, at the first column that uses it.

    ## Why it breaks at run time

    A domain carries rules (NOT NULL, CHECK, a default) beyond its base type. With a stricter one, values that the
    models accept fail: `value for domain email violates check constraint "email_check"`. With a laxer one, or none, bad
    values get in. A domain over another base type behaves like another type.

    ## Example

        models      email = mapped_column(DOMAIN("email", Text, check="VALUE LIKE '%@%'"))
        database    CREATE DOMAIN email AS text

    ## Repair

    `ALTER DOMAIN ... ADD CONSTRAINT` checks every column that uses it; another domain is a change of type.
    """
    domains = {pair.expected.name: pair for pair in schema.domains if pair.expected is not None}
    told: set[QualifiedName] = set()
    for table in schema.views:
        for column in table.columns:
            left, right = column.expected, column.actual
            if left is None or right is None or left.domain is right.domain is None:
                continue
            if domain_differs(left, right, schema):
                yield _other_domain(left, right, table)
            elif left.domain is not None and left.domain in domains and left.domain not in told:
                told.add(left.domain)
                pair = domains[left.domain]
                if pair.expected is not None and pair.actual is not None:
                    yield from _other_rules(left, table, pair.expected, pair.actual, schema)


def domain_differs(left: Column, right: Column, schema: SchemaView) -> bool:
    """Whether the columns have different domains, or just one of them has."""
    if left.domain is None and right.domain is None:
        return False
    wanted = None if left.domain is None else schema.names.types.get(left.domain, left.domain)
    return wanted != right.domain


def _other_domain(left: Column, right: Column, table: TableView) -> Finding:
    return found(
        "CO309",
        column_subject(table.wanted.name, left.name),
        "The rules of the domain that the models name do not hold for this column."
        if left.domain is not None
        else "The domain's rules reject values that the models accept.",
        expected=left.type,
        actual=right.type,
        locations=places(left, table.wanted),
        repair=repair("alter-column", f"change the type of {left.name} to {left.type}", safety=Safety.NEEDS_DATA),
    )


def _other_rules(left: Column, table: TableView, wanted: Domain, seen: Domain, schema: SchemaView) -> Iterator[Outcome]:
    differences: list[tuple[str, str]] = []
    subject = column_subject(table.wanted.name, left.name)
    base = schema.judge.types(wanted.type, seen.type)
    if base.different:
        differences.append((f"base type {wanted.type}", f"base type {seen.type}"))
    if wanted.nullable != seen.nullable:
        differences.append(("NULL" if wanted.nullable else "NOT NULL", "NULL" if seen.nullable else "NOT NULL"))
    if (wanted.collation or None) != (seen.collation or None):
        differences.append((f"collation {wanted.collation or 'default'}", f"collation {seen.collation or 'default'}"))
    unsure = base.reason if base.unknown else None
    if (wanted.default is None) != (seen.default is None):
        differences.append(
            (
                f"default {wanted.default}" if wanted.default is not None else "no default",
                f"default {seen.default}" if seen.default is not None else "no default",
            )
        )
    elif wanted.default is not None and seen.default is not None:
        outcome = schema.judge.loose(wanted.default, seen.default, Usage.DEFAULT, seen.type)
        if outcome.different:
            differences.append((f"default {wanted.default}", f"default {seen.default}"))
        elif outcome.unknown:
            unsure = outcome.reason
    rules = schema.judge.domain_checks(wanted, seen)
    if rules.different:
        differences.append(
            (
                f"check {listed(check.expression.sql for check in wanted.checks) or 'none'}",
                f"check {listed(check.expression.sql for check in seen.checks) or 'none'}",
            )
        )
    elif rules.unknown:
        unsure = rules.reason
    if not differences:
        if unsure is not None:
            yield unknown("CO309", subject, unsure, ASK_SERVER)
        return
    yield found(
        "CO309",
        subject,
        f"Domain {wanted.name} accepts other values than the models expect.",
        expected=listed(text for text, _ in differences),
        actual=listed(text for _, text in differences),
        locations=places(left, table.wanted),
        repair=repair("alter-domain", f"alter domain {wanted.name}", safety=Safety.NEEDS_DATA),
        domain=str(wanted.name),
    )
