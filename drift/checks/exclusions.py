"""EX: exclusion constraints."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Comparison, Pair
from drift.alignment.judge import DIFFERENT, SAME
from drift.alignment.verdicts import Usage
from drift.checks.causes import columns_of, follows_from_column
from drift.checks.context import SchemaView, TableView
from drift.checks.deferrability import deferrability, why
from drift.checks.registry import check
from drift.checks.wording import ASK_SERVER, found, listed, member_subject, places, repair, unknown
from drift.findings import Finding, Outcome, Safety, Severity, Subject, SubjectKind
from drift.schema import Exclusion


def _subject(table: TableView, *exclusions: Exclusion | None) -> Subject:
    first = next(exclusion for exclusion in exclusions if exclusion is not None)
    columns = [element.column or str(element.expression) for element in first.elements]
    return member_subject(SubjectKind.EXCLUSION, table.name, *exclusions, columns=columns)


def _both(table: TableView) -> Iterator[tuple[Exclusion, Exclusion, Pair[Exclusion]]]:
    if not table.stored:
        return
    for pair in table.differing_exclusions:
        if pair.expected is not None and pair.actual is not None and not follows_from_column(table, pair):
            yield pair.expected, pair.actual, pair


def _text(exclusion: Exclusion) -> str:
    parts = listed(f"{element.column or element.expression} WITH {element.operator}" for element in exclusion.elements)
    where = f" WHERE ({exclusion.predicate})" if exclusion.predicate is not None else ""
    return f"EXCLUDE USING {exclusion.method} ({parts}){where}"


@check("EX101", "exclusion-missing", Severity.WARNING)
def exclusion_missing(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """An exclusion constraint of the models does not exist in the database.

    ## Why it matters

    Rows that exclude each other (overlapping bookings of a room) get in, silently.

    ## Example

        models      ExcludeConstraint(("room", "="), ("during", "&&"))
        database    no such constraint

    ## Repair

    Remove rows that exclude each other, then add it; building it blocks writers. Scalar columns need the extension
    btree_gist.
    """
    if not table.stored:
        return
    for pair in table.exclusions:
        rule = pair.expected
        if rule is None or pair.actual is not None or follows_from_column(table, pair):
            continue
        yield found(
            "EX101",
            _subject(table, rule),
            "Rows that exclude each other get in.",
            expected=_text(rule),
            locations=places(*map(table.wanted.column, columns_of(rule, table.wanted)), table.wanted),
            repair=repair(
                "create-exclusion-constraint",
                "remove rows that exclude each other",
                f"add {_text(rule)}",
                safety=Safety.NEEDS_DATA,
            ),
            columns=columns_of(rule, table.wanted),
        )


@check("EX201", "exclusion-unexpected", Severity.WARNING)
def exclusion_unexpected(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The database has an exclusion constraint that the models do not know.

    ## Why it breaks at run time

    A row that the models accept is rejected: `conflicting key value violates exclusion constraint
    "bookings_room_during_excl"`.

    ## Example

        models      nothing
        database    EXCLUDE USING gist (room WITH =, during WITH &&)

    ## Repair

    Put it into the models, or drop it.
    """
    if not table.stored:
        return
    for pair in table.exclusions:
        rule = pair.actual
        if rule is None or pair.expected is not None or follows_from_column(table, pair):
            continue
        yield found(
            "EX201",
            _subject(table, rule),
            "Rows that the models accept are rejected.",
            actual=_text(rule),
            locations=places(table.wanted),
            repair=repair("drop-constraint", "put it into the models, or drop it"),
            columns=columns_of(rule, table.seen),
        )


@check("EX301", "exclusion-mismatch", Severity.WARNING)
def exclusion_mismatch(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The exclusion constraint compares other things than the models say: columns, operators, method, or predicate.

    ## Why it breaks at run time

    Rows that the models accept are rejected, or rows that exclude each other get in.

    ## Example

        models      EXCLUDE USING gist (room WITH =, during WITH &&)
        database    EXCLUDE USING gist (during WITH &&)

    ## Repair

    Drop it and add the expected one; building it blocks writers.
    """
    for wanted, seen, _pair in _both(table):
        comparison = _compare(wanted, seen, table, schema)
        if comparison.same:
            continue
        subject = _subject(table, seen, wanted)
        if comparison.unknown:
            yield unknown("EX301", subject, comparison.reason, ASK_SERVER)
            continue
        yield found(
            "EX301",
            subject,
            "Rows that the models accept are rejected, or rows that exclude each other get in.",
            expected=_text(wanted),
            actual=_text(seen),
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=repair("replace-exclusion-constraint", f"replace it by {_text(wanted)}", safety=Safety.NEEDS_DATA),
            columns=columns_of(wanted, table.wanted),
        )


def _compare(wanted: Exclusion, seen: Exclusion, table: TableView, schema: SchemaView) -> Comparison:
    if len(wanted.elements) != len(seen.elements) or wanted.method != seen.method:
        return DIFFERENT
    if (wanted.predicate is None) != (seen.predicate is None):
        return DIFFERENT
    outcome = SAME
    frame = schema.frame(table)
    for left, right in zip(wanted.elements, seen.elements, strict=True):
        if left.operator != right.operator or (left.column is None) != (right.column is None):
            return DIFFERENT
        if left.column is not None:
            if schema.actual_names(table, (left.column,)) != (right.column,):
                return DIFFERENT
        elif left.expression is not None and right.expression is not None:
            comparison = schema.judge.expressions(frame, left.expression, right.expression, Usage.INDEX_KEY)
            if comparison.different:
                return comparison
            outcome = comparison if comparison.unknown else outcome
    if wanted.predicate is not None and seen.predicate is not None:
        comparison = schema.judge.expressions(frame, wanted.predicate, seen.predicate, Usage.PREDICATE)
        return outcome if comparison.same else comparison
    return outcome


@check("EX302", "exclusion-name-mismatch", Severity.INFO)
def exclusion_name_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The exclusion constraint is called something else than the models say.

    Only where the model names it.

    ## Why it matters

    A later migration that drops it by its name fails.

    ## Example

        models      ExcludeConstraint(..., name="no_overlap")
        database    bookings_room_during_excl

    ## Repair

    `ALTER TABLE ... RENAME CONSTRAINT`: instant.
    """
    for wanted, seen, pair in _both(table):
        if not pair.renamed:
            continue
        yield found(
            "EX302",
            _subject(table, wanted),
            "Migrations that use the expected name fail; nothing else does.",
            expected=wanted.name,
            actual=seen.name,
            note=pair.evidence,
            locations=places(table.wanted),
            repair=repair("rename-constraint", f"rename {seen.name} to {wanted.name}"),
            columns=columns_of(wanted, table.wanted),
        )


@check("EX303", "exclusion-deferrability-mismatch", Severity.WARNING)
def exclusion_deferrability_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The exclusion constraint is checked at another time than the models say.

    ## Why it breaks at run time

    Moving two bookings past each other in one transaction needs a deferrable constraint; otherwise the first UPDATE
    fails with `conflicting key value violates exclusion constraint`.

    ## Example

        models      ExcludeConstraint(..., deferrable=True, initially="DEFERRED")
        database    EXCLUDE USING gist (during WITH &&)

    ## Repair

    Drop it and add the expected one; building it blocks writers.
    """
    for wanted, seen, _pair in _both(table):
        if deferrability(wanted) == deferrability(seen):
            continue
        yield found(
            "EX303",
            _subject(table, seen, wanted),
            why(wanted, seen),
            expected=deferrability(wanted),
            actual=deferrability(seen),
            locations=places(table.wanted),
            repair=repair("replace-exclusion-constraint", "drop and add it", safety=Safety.BLOCKS_WRITES),
            columns=columns_of(wanted, table.wanted),
        )
