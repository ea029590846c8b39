"""What a finding brings along: objects that are missing only because another one is (PostgreSQL).

A missing column takes its constraints and indexes with it, a missing table or key the foreign keys that refer to it,
and a type or sequence that only they use has no finding of its own. Findings list them in ``details["also"]``; the
plan puts them right in steps of their own, which answer the finding of the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from drift.alignment import Pair, TablePair
from drift.checks.causes import Member, describe
from drift.findings import Finding
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers import constraints, enums, indexes, keys, sequences
from drift.migration.handlers.constraints import REPLACED, Both
from drift.migration.plan import Change, Phase, Step
from drift.migration.queries import Queries
from drift.schema import Column, ForeignKey, Index, PrimaryKey, QualifiedName, TableKind

VIEWS = (TableKind.VIEW, TableKind.MATERIALIZED_VIEW)


def consequences(findings: Iterable[Finding], context: PlanContext) -> Iterator[Step]:
    """Steps for everything that the findings bring along.

    Args:
        findings: What the plan answers so far.
        context: The plan's context; its refused findings bring nothing.
    """
    refused = {(finding.code, finding.subject) for finding, _ in context.refused}
    causes = [f for f in findings if f.code[2] != "2" and (f.code, f.subject) not in refused]
    yield from _types(causes, context)
    yield from enums.orphaned(context)
    told: set[tuple[QualifiedName, str]] = set()
    for cause in causes:
        also = cause.detail("also")
        for text in also if isinstance(also, tuple) else ():
            for pair, members in _members(cause, str(text), context):
                assert pair.expected is not None
                assert members.expected is not None
                place = (pair.expected.name, describe(members.expected))
                if place not in told:
                    told.add(place)
                    yield from _member(cause, context, pair, members)


def _members(cause: Finding, text: str, context: PlanContext) -> Iterator[tuple[TablePair, Pair[Any]]]:
    """The constraints or indexes of existing tables that the finding describes so."""
    own_table = context.table_pair(cause.subject)
    for pair in context.alignment.tables:
        if pair.expected is None or pair.actual is None or pair.actual.kind in VIEWS:
            continue
        for members in _all(pair):
            if members.expected is None:
                continue
            words = describe(members.expected)
            spellings = {f"{words} of {name}" for name in (pair.expected.name.name, pair.expected.name)}
            if (text in spellings and _leads_to(members.expected, own_table)) or (text == words and pair is own_table):
                yield pair, members


def _leads_to(member: Member, table: TablePair | None) -> bool:
    """Whether a member of another table comes along with that one: another schema may have tables of the same names."""
    targets = {side.name for side in (table.expected, table.actual) if side is not None} if table is not None else set()
    return not isinstance(member, ForeignKey) or member.target in targets


def _all(pair: TablePair) -> Iterator[Pair[Any]]:
    yield pair.primary_key
    for family in (pair.uniques, pair.foreign_keys, pair.checks, pair.exclusions, pair.indexes):
        yield from family


def _member(cause: Finding, context: PlanContext, pair: TablePair, members: Pair[Any]) -> Iterator[Step]:
    """Add it, or put it in the place of what the database has."""
    assert members.expected is not None
    member: Member = members.expected
    if members.actual == member or _is_replaced(context, pair, members):
        return
    if isinstance(member, Index):
        if members.actual is None:
            yield indexes.add_step(cause, context, pair, member)
        else:
            yield indexes.replace_step((cause,), context, pair, members)
    elif isinstance(member, PrimaryKey):
        yield from keys.steps((cause,), context, pair, Both(member, members.actual, members.evidence))
    else:
        phase = constraints.PHASE_OF[type(member)]
        if members.actual is None:
            yield constraints.add_step(cause, context, pair, member, phase)
        else:
            both = Both(member, members.actual, members.evidence)
            yield constraints.replace_step((cause,), context, pair, both, phase)


def _is_replaced(context: PlanContext, pair: TablePair, members: Pair[Any]) -> bool:
    """Whether a finding of its own puts the expected foreign key in the place of the actual one."""
    findings = (f for f in context.findings if f.code in REPLACED and context.table_pair(f.subject) is pair)
    return members.actual is not None and any(
        f.code.startswith("FK") and context.named_pair(pair.foreign_keys, f) is members for f in findings
    )


# types and sequences


def _types(causes: list[Finding], context: PlanContext) -> Iterator[Step]:
    """Enums, domains and sequences that are missing together with the columns that use them."""
    missing_enums = {p.expected.name: p.expected for p in context.alignment.enums if _lacks(p) and p.expected}
    missing_domains = {p.expected.name: p.expected for p in context.alignment.domains if _lacks(p) and p.expected}
    missing_sequences = {p.expected.name: p.expected for p in context.alignment.sequences if _lacks(p) and p.expected}
    answered = {QualifiedName(f.subject.schema, f.subject.name) for f in causes if f.code in ("EN101", "SQ101")}
    told: set[QualifiedName] = set(answered)
    for cause in causes:
        for column in _columns(cause, context):
            if column.enum in missing_enums and column.enum not in told:
                told.add(column.enum)
                yield enums.create_step(cause, context, missing_enums[column.enum])
            if column.domain in missing_domains and column.domain not in told:
                told.add(column.domain)
                domain = missing_domains[column.domain]
                queries = Queries(context.quoting)
                yield Step(
                    f"create domain {domain.name}",
                    Phase.TYPE,
                    (cause,),
                    (own.Execute(context.ddl.create_domain(domain)),),
                    (own.Execute(f"DROP DOMAIN {context.quoting.qualified(domain.name)}"),),
                    Change.ADD,
                    done=queries.type_exists(domain.name),
                    undone=queries.type_missing(domain.name),
                )
            # Repairs of version tables make Continuum's own sequences, and number them, by themselves.
            by_itself = cause.code.startswith("VT")
            if column.sequence in missing_sequences and column.sequence not in told and not by_itself:
                told.add(column.sequence)
                yield sequences.create_step(cause, context, missing_sequences[column.sequence])


def _lacks(pair: Pair[Any]) -> bool:
    return pair.expected is not None and pair.actual is None


def _columns(cause: Finding, context: PlanContext) -> Iterator[Column]:
    """Expected columns that the repair makes or gives another type."""
    pair = context.table_pair(cause.subject)
    if pair is None or pair.expected is None:
        return
    for column in pair.expected.columns:
        if pair.actual is None or column.name == cause.subject.name:
            yield column
