"""CK: check constraints."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.alignment.verdicts import Usage
from drift.checks.causes import columns_of, follows_from_column
from drift.checks.context import SchemaView, TableView
from drift.checks.registry import check
from drift.checks.wording import ASK_SERVER, found, member_subject, places, repair, unknown
from drift.findings import Finding, Outcome, Safety, Severity, Subject, SubjectKind
from drift.schema import Check


def _subject(table: TableView, *checks: Check | None) -> Subject:
    """By name, else by the columns, else by the body."""
    first = next(check for check in checks if check is not None)
    owner = table.wanted if table.expected is not None else table.seen
    columns = columns_of(first, owner) or (first.expression.sql,)
    return member_subject(SubjectKind.CHECK, table.name, *checks, columns=columns)


def _both(table: TableView) -> Iterator[tuple[Check, Check, Pair[Check]]]:
    if not table.complete:
        return
    for pair in table.differing_checks:
        if pair.expected is not None and pair.actual is not None and not follows_from_column(table, pair):
            yield pair.expected, pair.actual, pair


@check("CK101", "check-missing", Severity.WARNING)
def check_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A check constraint of the models does not exist in the database.

    A constraint with the same body under another name is as good.

    ## Why it matters

    Values that the models rule out get in, by other programs, raw SQL, or the application itself, and code that relies
    on the rule meets them later. For a non-native `Enum`, loading such a row fails: `LookupError: 'x' is not among the
    defined enum values`.

    ## Example

        models      CheckConstraint("price > 0", name="ck_products_price")
        database    no such constraint

    ## Repair

    Repair rows that break it, then add it; on busy tables `NOT VALID` first, `VALIDATE CONSTRAINT` after.
    """
    if not table.stored:
        return
    free = [pair.actual for pair in table.checks if pair.expected is None and pair.actual is not None]
    for pair in table.checks:
        rule = pair.expected
        if rule is None or pair.actual is not None or follows_from_column(table, pair):
            continue
        subject = _subject(table, rule)
        reason = _may_be(rule, free, table, schema)
        if reason is not None:
            yield unknown("CK101", subject, reason)
            continue
        yield found(
            "CK101",
            subject,
            "Values that the models rule out get in.",
            expected=f"CHECK ({rule.expression})",
            note=pair.evidence,
            locations=places(*map(table.wanted.column, columns_of(rule, table.wanted)), table.wanted),
            repair=repair(
                "create-check-constraint",
                "repair rows that break it",
                f"add CHECK ({rule.expression})",
                safety=Safety.NEEDS_DATA,
            ),
            columns=columns_of(rule, table.wanted),
        )


def _may_be(rule: Check, free: list[Check], table: TableView, schema: SchemaView) -> str | None:
    """Why it is not known whether one of the unexpected constraints is this unnamed one."""
    if rule.name is not None:
        return None
    for other in free:
        comparison = schema.judge.expressions(schema.frame(table), rule.expression, other.expression, Usage.CHECK)
        if comparison.unknown:
            return f"it may be {other.name}: {comparison.reason}"
    return None


@check("CK201", "check-unexpected", Severity.WARNING)
def check_unexpected(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The database has a check constraint that the models do not know.

    ## Why it breaks at run time

    A row that the models accept is rejected: `new row for relation "products" violates check constraint
    "products_price_check"`. Often it is the old list of allowed values of a non-native `Enum`.

    ## Example

        models      nothing
        database    CHECK (status IN ('new', 'paid'))

    ## Repair

    Put it into the models, or drop it.
    """
    if not table.stored:
        return
    unnamed = [pair.expected for pair in table.checks if pair.actual is None and pair.expected is not None]
    for pair in table.checks:
        rule = pair.actual
        if rule is None or pair.expected is not None or follows_from_column(table, pair):
            continue
        if any(_may_be(other, [rule], table, schema) is not None for other in unnamed):
            continue
        yield found(
            "CK201",
            _subject(table, rule),
            "Rows that the models accept are rejected.",
            actual=f"CHECK ({rule.expression})",
            locations=places(table.wanted),
            repair=repair("drop-constraint", "put it into the models, or drop it"),
            columns=columns_of(rule, table.seen),
        )


@check("CK301", "check-expression-mismatch", Severity.WARNING)
def check_expression_mismatch(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The check constraint has another body than the models say.

    The server decides whether two bodies are the same: `IN (...)` and `= ANY (ARRAY[...])`, casts, and parentheses do
    not count. Where it cannot be asked, the constraint is *not checked*.

    ## Why it breaks at run time

    Values that the models accept are rejected (`violates check constraint`), or values that they rule out get in. The
    usual case is a list of allowed values that was extended in the models only.

    ## Example

        models      CHECK (status IN ('new', 'paid', 'refunded'))
        database    CHECK (status IN ('new', 'paid'))

    ## Repair

    Drop it and add the expected one; on busy tables `NOT VALID` first. It fails while rows break it.
    """
    for wanted, seen, pair in _both(table):
        comparison = schema.judge.expressions(schema.frame(table), wanted.expression, seen.expression, Usage.CHECK)
        if comparison.same:
            continue
        subject = _subject(table, seen, wanted)
        if comparison.unknown:
            yield unknown("CK301", subject, comparison.reason, ASK_SERVER)
            continue
        yield found(
            "CK301",
            subject,
            "Values that the models accept are rejected, or values that they rule out get in.",
            expected=f"CHECK ({wanted.expression})",
            actual=f"CHECK ({seen.expression})",
            note=pair.evidence if wanted.name is None else None,
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=repair(
                "replace-check-constraint",
                "repair rows that break it",
                f"replace it by CHECK ({wanted.expression})",
                safety=Safety.NEEDS_DATA,
            ),
            columns=columns_of(wanted, table.wanted),
        )


@check("CK302", "check-not-valid", Severity.WARNING)
def check_not_valid(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The check constraint exists but was never validated, or is not enforced.

    ## Why it matters

    `NOT VALID` checks new rows only: old rows may break the rule, and the next UPDATE of such a row fails. `NOT
    ENFORCED` (PostgreSQL 18) checks nothing.

    ## Example

        models      CheckConstraint("price > 0")
        database    CHECK (price > 0) NOT VALID

    ## Repair

    Repair rows that break it, then `VALIDATE CONSTRAINT`; it does not block writers.
    """
    for wanted, seen, _pair in _both(table):
        if (seen.validated or not wanted.validated) and (seen.enforced or not wanted.enforced):
            continue
        yield found(
            "CK302",
            _subject(table, seen, wanted),
            "Rows that are older than it may break the rule." if seen.enforced else "Nothing is checked at all.",
            expected="valid",
            actual="NOT VALID" if seen.enforced else "NOT ENFORCED",
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=repair("validate-constraint", "repair rows that break it", "validate it", safety=Safety.NEEDS_DATA),
            columns=columns_of(wanted, table.wanted),
        )


@check("CK303", "check-name-mismatch", Severity.INFO)
def check_name_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The check constraint is called something else than the models say.

    Only where the model or its naming convention names it.

    ## Why it matters

    A later migration that drops it by its name fails: `constraint "ck_products_price" of relation "products" does not
    exist`.

    ## Example

        models      CheckConstraint("price > 0", name="ck_products_price")
        database    products_price_check

    ## Repair

    `ALTER TABLE ... RENAME CONSTRAINT`: instant.
    """
    for wanted, seen, pair in _both(table):
        if not pair.renamed:
            continue
        yield found(
            "CK303",
            _subject(table, wanted),
            "Migrations that use the expected name fail; nothing else does.",
            expected=wanted.name,
            actual=seen.name,
            note=pair.evidence,
            locations=places(table.wanted),
            repair=repair("rename-constraint", f"rename {seen.name} to {wanted.name}"),
            columns=columns_of(wanted, table.wanted),
        )


@check("CK304", "check-inherit-mismatch", Severity.WARNING)
def check_inherit_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The check constraint is inherited by child tables on one side only (`NO INHERIT`).

    ## Why it matters

    With NO INHERIT, rows in children and partitions may break the rule, and a query on the parent returns them.

    ## Example

        models      CHECK (price > 0)
        database    CHECK (price > 0) NO INHERIT

    ## Repair

    Drop it and add the expected one.
    """
    for wanted, seen, _pair in _both(table):
        if wanted.no_inherit == seen.no_inherit:
            continue
        yield found(
            "CK304",
            _subject(table, seen, wanted),
            "Rows of child tables may break the rule."
            if seen.no_inherit
            else "Rows of child tables are rejected that the models accept.",
            expected="NO INHERIT" if wanted.no_inherit else "inherited",
            actual="NO INHERIT" if seen.no_inherit else "inherited",
            locations=places(table.wanted),
            repair=repair("replace-check-constraint", "drop and add it", safety=Safety.NEEDS_DATA),
            columns=columns_of(wanted, table.wanted),
        )
