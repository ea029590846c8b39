"""Unique, foreign-key, check and exclusion constraints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drift.alignment import Pair, TablePair
from drift.alignment.pairs import UNIQUE_INDEX
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.constraint_facts import WORDS, columns_of, name_of
from drift.migration.context import PlanContext
from drift.migration.ddl.postgresql import Constraint
from drift.migration.dependents import marks_kept
from drift.migration.handlers.constraint_steps import (
    Operations,
    add_constraint,
    data_guards,
    drop_constraint,
    drop_index,
    validate,
)
from drift.migration.handlers.messages import drop_reason
from drift.migration.handlers.taken_names import in_the_place_of
from drift.migration.order import (
    Fact,
    has_key,
    is_in_no_key,
    is_not_null,
    name_is_free,
    nothing_refers_to,
    table_exists,
)
from drift.migration.plan import Change, Hold, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.translate import after_renames
from drift.schema import Check, Exclusion, ForeignKey, Index, IndexKey, PrimaryKey, QualifiedName, Unique

PHASES: dict[str, Phase] = {"UQ": Phase.KEY, "FK": Phase.FOREIGN_KEY, "CK": Phase.CHECK, "EX": Phase.CHECK}

PHASE_OF: dict[type[Any], Phase] = {
    Unique: Phase.KEY,
    ForeignKey: Phase.FOREIGN_KEY,
    Check: Phase.CHECK,
    Exclusion: Phase.CHECK,
}


def constraint_pairs(pair: TablePair, family: str) -> Sequence[Pair[Any]]:
    """The pairs of a family."""
    families: dict[str, Sequence[Pair[Any]]] = {
        "PK": (pair.primary_key,),
        "UQ": pair.uniques,
        "FK": pair.foreign_keys,
        "CK": pair.checks,
        "EX": pair.exclusions,
    }
    return families[family]


@dataclass(frozen=True, slots=True)
class Both:
    """A pair of constraints, both sides as they may be."""

    expected: Any
    actual: Any
    evidence: str | None


def locate(finding: Finding, context: PlanContext) -> tuple[TablePair, Both] | None:
    """The table and the pair that a finding about a constraint speaks of."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None:
        context.refuse(finding, "its table is not there")
        return None
    found = context.named_pair(constraint_pairs(pair, finding.code[:2]), finding)
    if found is None:
        context.refuse(finding, "the constraint that the finding speaks of was not found")
        return None
    return pair, Both(found.expected, found.actual, found.evidence)


@handles("UQ101", "FK101", "CK101", "EX101")
def add_missing(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A constraint that the database lacks."""
    located = locate(finding, context)
    if located is None:
        return
    pair, found = located
    if found.expected is None:
        context.refuse(finding, "the models do not name it")
        return
    step = add_step(finding, context, pair, found.expected, PHASES[finding.code[:2]])
    drops_stay = drop_reason(context.options, "") is not None
    yield in_the_place_of(step, context, pair, found.expected) if finding.code == "UQ101" and drops_stay else step


def add_step(finding: Finding, context: PlanContext, pair: TablePair, constraint: Constraint, phase: Phase) -> Step:
    """Add one constraint."""
    table = context.table_name(pair)
    name = name_of(context, table, constraint)
    queries = Queries(context.quoting)
    road = add_constraint(context, table, name, constraint, large=context.is_large(pair))
    return Step(
        f"add {WORDS[type(constraint)]} {name} on {table} ({_about(constraint)})",
        phase,
        (finding,),
        road.operations,
        drop_constraint(context, table, name, constraint),
        Change.ADD,
        table,
        road.lock,
        road.hold if context.is_large(pair) else Hold.BRIEF,
        road.safety,
        road.hazard,
        guards=data_guards(context, pair, table, constraint),
        done=None if road.autocommit else queries.constraint_exists(table, name),
        undone=queries.constraint_missing(table, name),
        autocommit=road.autocommit,
        needs=needs_of(table, name, constraint),
        makes=makes_of(table, constraint),
    )


def needs_of(table: QualifiedName, name: str, constraint: Constraint) -> frozenset[Fact]:
    """What must be so before a constraint is added."""
    if isinstance(constraint, ForeignKey):
        return frozenset({has_key(constraint.target, constraint.target_columns), table_exists(constraint.target)})
    return frozenset({name_is_free(table.schema, name)}) if not isinstance(constraint, Check) else frozenset()


def makes_of(table: QualifiedName, constraint: Constraint) -> frozenset[Fact]:
    """What is so once a constraint is there."""
    facts = set[Fact]()
    if isinstance(constraint, PrimaryKey):
        facts |= {is_not_null(table, column) for column in constraint.columns}
    if isinstance(constraint, PrimaryKey | Unique):
        facts.add(has_key(table, constraint.columns))
    return frozenset(facts)


def needs_to_go(table: QualifiedName, constraint: Constraint | Index) -> frozenset[Fact]:
    """What must be so before a constraint or index can be dropped."""
    if isinstance(constraint, PrimaryKey | Unique) or (isinstance(constraint, Index) and constraint.unique):
        return frozenset({nothing_refers_to(table, constraint.columns)})
    return frozenset()


def makes_by_going(table: QualifiedName, name: str, constraint: Constraint) -> frozenset[Fact]:
    """What is so once a constraint is gone."""
    if isinstance(constraint, ForeignKey):
        return frozenset({nothing_refers_to(constraint.target, constraint.target_columns)})
    columns = constraint.columns if isinstance(constraint, PrimaryKey) else ()
    return frozenset({name_is_free(table.schema, name), *(is_in_no_key(table, column) for column in columns)})


def _about(constraint: Constraint) -> str:
    """What the constraint is over, for a title."""
    if isinstance(constraint, Check):
        return constraint.expression.sql
    return ", ".join(columns_of(constraint))


@handles("UQ201", "FK201", "CK201", "EX201")
def drop_unexpected(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A constraint that the models do not know."""
    located = locate(finding, context)
    if located is None or located[1].actual is None:
        return
    pair, found = located
    yield drop_step(finding, context, pair, found.actual)


def drop_step(finding: Finding, context: PlanContext, pair: TablePair, constraint: Constraint) -> Step:
    """Drop one constraint, where that is allowed."""
    table = context.table_name(pair)
    noun = after_renames(context, pair, constraint)
    name = name_of(context, table, noun)
    if drop_reason(context.options, "") is None and pair.actual is not None:
        context.dropped_keys.add((pair.actual.name, name))
    queries = Queries(context.quoting)
    back = add_constraint(context, table, name, noun, large=context.is_large(pair))
    return Step(
        f"drop {WORDS[type(noun)]} {name} on {table}",
        Phase.DETACH,
        (finding,),
        drop_constraint(context, table, name, noun),
        back.operations,
        Change.DROP,
        table,
        Lock.ACCESS_EXCLUSIVE,
        hazard="rows that the constraint kept out can come in",
        done=queries.constraint_missing(table, name),
        undone=None if back.autocommit else queries.constraint_exists(table, name),
        autocommit_down=back.autocommit,
        commented_out=drop_reason(context.options, "what the constraint guards"),
        needs=needs_to_go(table, noun),
        makes=makes_by_going(table, name, noun),
    )


REPLACED = (
    *("UQ301", "UQ302", "UQ303", "UQ304", "FK301", "FK302", "FK306", "CK301", "CK304", "EX301", "EX303"),
    *("PK301", "PK303"),
)
"""Findings that replace a constraint, which then has the expected name, too."""

RENAMED = ("UQ305", "FK305", "CK303", "EX302", "PK302")

FACETS = {
    "UQ": ("UQ301", "UQ302", "UQ303", "UQ304", "UQ305"),
    "FK": ("FK301", "FK302", "FK303", "FK304", "FK305", "FK306"),
    "CK": ("CK301", "CK302", "CK303", "CK304"),
    "EX": ("EX301", "EX302", "EX303"),
}


@handles(*(code for code in REPLACED if not code.startswith("PK")))
def replace_constraint(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A constraint that says something else: drop it and add the expected one, in one transaction."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    pair, found = located
    family = finding.code[:2]
    more = (*context.claim(FACETS[family], finding.subject), *_about_the_same(finding, context, pair, RENAMED))
    answered = (finding, *(f for f in dict.fromkeys(more) if f != finding))
    yield replace_step(answered, context, pair, found, PHASES[family])


def _about_the_same(
    finding: Finding, context: PlanContext, pair: TablePair, codes: tuple[str, ...]
) -> tuple[Finding, ...]:
    """Other findings with one of these codes about the same constraint, under whichever of its names."""
    family = constraint_pairs(pair, finding.code[:2])
    members = context.named_pair(family, finding)
    others = (f for f in context.findings if f.code in codes and f.code[:2] == finding.code[:2] and f != finding)
    return tuple(
        f for f in others if context.table_pair(f.subject) is pair and context.named_pair(family, f) is members
    )


def replace_step(
    findings: tuple[Finding, ...], context: PlanContext, pair: TablePair, found: Both, phase: Phase
) -> Step:
    """Drop the actual constraint, add the expected one."""
    table = context.table_name(pair)
    large = context.is_large(pair)
    old = after_renames(context, pair, found.actual)
    new = found.expected
    if new.name is None:
        new = replace(new, name=old.name)
    old_name, new_name = name_of(context, table, old), name_of(context, table, new)
    away = _drop(context, table, old_name, old, found, large=large)
    there = add_constraint(context, table, new_name, new, large=large)
    back = _add_back(context, table, old_name, old, found, large=large)
    rerun = _rerunnable(context, table, old_name, new_name, away, large=large)
    goes = makes_by_going(table, old_name, old) - _still_so(table, new)
    if pair.actual is not None and (place := (pair.actual.name, old_name)) in context.loose_keys:
        context.replaced_keys.add(place)
        rerun = back = ()
        goes = frozenset()
    today = QualifiedName(pair.actual.name.schema if pair.actual is not None else None, str(found.actual.name))
    return Step(
        f"replace {WORDS[type(new)]} {old_name} on {table}",
        phase,
        findings,
        marks_kept(context, today, new_name, (*rerun, *there.operations)),
        marks_kept(context, today, old_name, (*drop_constraint(context, table, new_name, new), *back)),
        Change.CHANGE,
        table,
        there.lock,
        there.hold if large else Hold.BRIEF,
        there.safety,
        there.hazard,
        guards=data_guards(context, pair, table, new),
        autocommit=there.autocommit,
        autocommit_down=large,
        needs=needs_of(table, new_name, new) | needs_to_go(table, old),
        makes=makes_of(table, new) | goes,
    )


def _still_so(table: QualifiedName, new: Constraint) -> frozenset[Fact]:
    """What is not so although another constraint has gone: the new one has taken its place."""
    if isinstance(new, PrimaryKey):
        return frozenset(is_in_no_key(table, column) for column in new.columns)
    if isinstance(new, ForeignKey):
        return frozenset({nothing_refers_to(new.target, new.target_columns)})
    return frozenset()


def _rerunnable(
    context: PlanContext, table: QualifiedName, old_name: str, new_name: str, away: Operations, *, large: bool
) -> Operations:
    """On the slow road the drop is committed before the end: a rerun must not drop the new constraint again."""
    if not large:
        return away
    queries = Queries(context.quoting)
    if old_name != new_name:
        return (own.Unless(queries.constraint_missing(table, old_name), list(away)),)
    return away


def _drop(
    context: PlanContext, table: QualifiedName, name: str, noun: Constraint, found: Both, *, large: bool
) -> Operations:
    if isinstance(noun, Unique) and found.evidence == UNIQUE_INDEX:
        return drop_index(context, table, name, large=large)
    return drop_constraint(context, table, name, noun)


def _add_back(
    context: PlanContext,
    table: QualifiedName,
    name: str,
    noun: Constraint,
    found: Both,
    *,
    large: bool,
) -> Operations:
    if isinstance(noun, Unique) and found.evidence == UNIQUE_INDEX:
        index = Index(
            name,
            tuple(IndexKey(column) for column in noun.columns),
            unique=True,
            include=noun.include,
            nulls_not_distinct=noun.nulls_not_distinct,
        )
        return (own.Execute(context.ddl.create_index(table, name, index)),)
    return add_constraint(context, table, name, noun, large=large).operations


@handles("FK303")
def change_deferrability(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Foreign keys change their deferrability in place."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    pair, found = located
    table = context.table_name(pair)
    name = context.quoting.name(found.actual.name)
    prefix = f"ALTER TABLE {context.quoting.qualified(table)} ALTER CONSTRAINT {name}"
    yield Step(
        f"make foreign key {found.actual.name} on {table} {_deferrability(found.expected).lower()}",
        Phase.FOREIGN_KEY,
        (finding,),
        (own.Execute(f"{prefix} {_deferrability(found.expected)}"),),
        (own.Execute(f"{prefix} {_deferrability(found.actual)}"),),
        Change.CHANGE,
        table,
        Lock.ACCESS_EXCLUSIVE,
    )


def _deferrability(key: ForeignKey) -> str:
    if not key.deferrable:
        return "NOT DEFERRABLE"
    return "DEFERRABLE INITIALLY DEFERRED" if key.initially_deferred else "DEFERRABLE INITIALLY IMMEDIATE"


@handles("FK304", "CK302")
def validate_constraint(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A constraint left NOT VALID: validate it. The way back makes it NOT VALID again."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    pair, found = located
    table = context.table_name(pair)
    old = after_renames(context, pair, found.actual)
    large = context.is_large(pair)
    statement = validate(context, table, old.name)
    yield Step(
        f"validate {WORDS[type(old)]} {old.name} on {table}",
        PHASES[finding.code[:2]],
        (finding,),
        (own.Autocommit([statement]),) if large else (statement,),
        (
            *drop_constraint(context, table, old.name, old),
            own.Execute(context.ddl.add_constraint(table, old.name, old)),
        ),
        Change.CHANGE,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE,
        Hold.SCAN,
        Safety.NEEDS_DATA,
        guards=data_guards(context, pair, table, old),
        autocommit=large,
    )


@handles("PK302", "UQ305", "FK305", "CK303", "EX302")
def rename_constraint(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The same constraint under another name."""
    located = locate(finding, context)
    if located is None or located[1].actual is None or located[1].expected is None:
        return
    pair, found = located
    old, new = found.actual.name, found.expected.name
    if old is None or new is None or old == new or _about_the_same(finding, context, pair, REPLACED):
        return
    table = context.table_name(pair)
    quoting = context.quoting
    if found.evidence == UNIQUE_INDEX:
        there = f"ALTER INDEX {quoting.qualified(QualifiedName(table.schema, old))} RENAME TO {quoting.name(new)}"
        back = f"ALTER INDEX {quoting.qualified(QualifiedName(table.schema, new))} RENAME TO {quoting.name(old)}"
    else:
        prefix = f"ALTER TABLE {quoting.qualified(table)} RENAME CONSTRAINT"
        there = f"{prefix} {quoting.name(old)} TO {quoting.name(new)}"
        back = f"{prefix} {quoting.name(new)} TO {quoting.name(old)}"
    queries = Queries(quoting)
    yield Step(
        f"rename {WORDS[type(found.actual)]} {old} on {table} to {new}",
        Phase.RENAME,
        (finding,),
        (own.Execute(there, back),),
        (own.Execute(back, there),),
        Change.RENAME,
        table,
        Lock.ACCESS_EXCLUSIVE,
        hazard="code that names the constraint (ON CONFLICT ON CONSTRAINT, error handling) must change with it",
        done=queries.constraint_exists(table, new),
        undone=queries.constraint_exists(table, old),
        order=30,
    )
