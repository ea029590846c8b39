"""Recognise version tables that exist under another name, in another schema, or twice.

A twin is recognised by its signature (Continuum's own columns and the versioned table's columns) *and* by its name,
never by the name alone: an ordinary table called ``form_template_version`` stays what it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drift.schema import QualifiedName, Schema, Sequence, Table, TableKind, VersioningRole, VersionTable

_AFFIXES = ("versions", "version", "history", "histories", "hist", "audits", "audit", "log", "revisions", "revision")
_STORED = (TableKind.TABLE, TableKind.PARTITIONED)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


@dataclass(frozen=True, slots=True)
class Twin:
    """A table of the database that serves as an expected one under another name.

    Attributes:
        expected: The name Continuum uses.
        actual: The name it has.
        split: The expected table exists as well: the history lies in two tables.
        evidence: What makes them twins, for people.
        score: Likelihood between 0 and 1.
    """

    expected: QualifiedName
    actual: QualifiedName
    split: bool
    evidence: str
    score: float


@dataclass(frozen=True, slots=True)
class SequenceTwin:
    """A sequence that numbers Continuum's rows under another name or in another schema."""

    expected: QualifiedName
    actual: QualifiedName
    evidence: str


def recognise(expected: Schema, actual: Schema) -> tuple[Twin, ...]:
    """Twins of the tables that Continuum expects, best first; an actual table is the twin of one table at most.

    For an expected table that is missing, its best twin has ``split=False``; every further one, and every twin of a
    table that exists, has ``split=True``.
    """
    wanted = [table for table in expected.tables if table.role is not VersioningRole.NONE]
    if not wanted:
        return ()
    known = {table.name for table in expected.tables}
    present = {table.name for table in actual.tables}
    facts = {version.table: version for version in expected.version_tables}
    candidates = [
        table
        for table in actual.tables
        if table.name not in known and table.kind in _STORED and table.extension is None and table.partition_of is None
    ]
    homes = {(version.parent.schema, version.parent.name) for version in expected.version_tables}
    foreign = _foreign_homes(actual, {name for _, name in homes}, {schema for schema, _ in homes})
    found = [
        twin
        for table in wanted
        for candidate in candidates
        if candidate.name.schema == table.name.schema or candidate.name.schema not in foreign
        if (twin := _compare(table, facts.get(table.name), candidate)) is not None
    ]
    found.sort(key=lambda twin: (-twin.score, twin.expected, twin.actual))
    claimed: set[QualifiedName] = set()
    served = {table.name for table in wanted if table.name in present}
    twins: list[Twin] = []
    for twin in found:
        if twin.actual in claimed:
            continue
        split = twin.expected in served
        claimed.add(twin.actual)
        served.add(twin.expected)
        twins.append(Twin(twin.expected, twin.actual, split, twin.evidence, twin.score))
    return tuple(twins)


def recognise_sequences(expected: Schema, actual: Schema) -> tuple[SequenceTwin, ...]:
    """Twins of Continuum's sequences: the same name elsewhere, nearly the same name, or behind the same column."""
    known = {sequence.name for sequence in expected.sequences}
    present = {sequence.name for sequence in actual.sequences}
    free = [sequence for sequence in actual.sequences if sequence.name not in known]
    twins: list[SequenceTwin] = []
    for sequence in expected.sequences:
        if sequence.role is VersioningRole.NONE or sequence.name in present:
            continue
        owner = _numbered_table(sequence, expected)
        for candidate in free:
            evidence = _sequence_evidence(sequence, candidate, owner)
            if evidence is not None:
                twins.append(SequenceTwin(sequence.name, candidate.name, evidence))
                free.remove(candidate)
                break
    return tuple(twins)


def _foreign_homes(actual: Schema, parents: set[str], own: set[str | None]) -> set[str | None]:
    """Schemas with versioned tables of the same names: another tenant's, whose history is none of ours."""
    return {table.name.schema for table in actual.tables if table.name.name in parents} - own


def _numbered_table(sequence: Sequence, expected: Schema) -> QualifiedName | None:
    """The table of Continuum whose rows that sequence numbers: ``transaction_id_seq`` numbers ``transaction.id``."""
    names = (
        table.name
        for table in expected.tables
        if table.role is sequence.role and sequence.name.name.startswith(f"{table.name.name}_")
    )
    return next(names, None)


def _sequence_evidence(sequence: Sequence, candidate: Sequence, owner: QualifiedName | None) -> str | None:
    if candidate.name.name == sequence.name.name:
        return f"the same name in schema {candidate.name.schema}"
    if name_key(candidate.name.name) == name_key(sequence.name.name):
        return "the names differ in case or plural only"
    owned = candidate.owned_by
    if owned is not None and owner is not None and name_key(owned[0].name) == name_key(owner.name):
        return f"it belongs to {owned[0]}.{owned[1]}"
    return None


def _compare(table: Table, facts: VersionTable | None, candidate: Table) -> Twin | None:
    related = _relation(table.name, facts.parent if facts is not None else None, candidate.name)
    if related is None:
        return None
    strength, how = related
    signature = _version_signature(table, facts, candidate) if facts is not None else _plain_signature(table, candidate)
    if signature is None:
        return None
    overlap, what = signature
    return Twin(table.name, candidate.name, False, f"{how}; {what}", round(strength * overlap, 4))


def _version_signature(table: Table, facts: VersionTable, candidate: Table) -> tuple[float, str] | None:
    """Overlap of the expected columns when the candidate looks like a version table of that parent, else ``None``.

    Flags of the property-mod-tracker do not count: they are what hand-made tables lack most often.
    """
    names = {column.name for column in candidate.columns}
    flags = {flag for _, flag in facts.mod_columns}
    internal = [facts.transaction_column, facts.operation_type_column]
    if facts.end_transaction_column is not None:
        internal.append(facts.end_transaction_column)
    copied = [column.name for column in table.columns if column.name not in flags and column.name not in internal]
    shared = sum(1 for name in copied if name in names)
    overlap = shared / len(copied) if copied else 1.0
    seen = [name for name in internal if name in names]
    both = facts.transaction_column in names and facts.operation_type_column in names
    enough = overlap >= 0.5 if both else bool(seen) and overlap >= 0.75
    if not enough:
        return None
    return overlap, f"{shared} of {len(copied)} columns of {facts.parent}, and {', '.join(seen)}"


def _plain_signature(table: Table, candidate: Table) -> tuple[float, str] | None:
    """The same for the transaction table and tables of plugins, which no table is the parent of."""
    expected = {column.name for column in table.columns}
    names = {column.name for column in candidate.columns}
    shared = expected & names
    if len(shared) < 2 or len(shared) < 0.75 * len(expected) or len(names - expected) > len(expected):
        return None
    if table.role is VersioningRole.TRANSACTION and "issued_at" in expected and "issued_at" not in names:
        return None
    return len(shared) / len(expected), f"{len(shared)} of {len(expected)} columns"


def _relation(
    expected: QualifiedName, parent: QualifiedName | None, candidate: QualifiedName
) -> tuple[float, str] | None:
    """How the candidate's name is related to the expected one, and how strongly; ``None`` when it is not."""
    if candidate.name == expected.name:
        return 1.0, f"the same name in schema {candidate.schema}"
    nearness = 0.98 if candidate.schema == expected.schema else 0.7
    if name_key(candidate.name) == name_key(expected.name):
        return nearness, "the names differ in case or plural only"
    if parent is None:
        return None
    for affix, base in _without_affix(candidate.name):
        if name_key(base) == name_key(parent.name):
            return 0.9 * nearness, f"named after {parent.name} with {affix!r}"
    return None


def _without_affix(name: str) -> list[tuple[str, str]]:
    """The name without a word that says *version*, at either end."""
    words = _WORD.findall(name)
    bases = []
    if len(words) > 1:
        if words[-1].lower() in _AFFIXES:
            bases.append((words[-1], "_".join(words[:-1])))
        if words[0].lower() in _AFFIXES:
            bases.append((words[0], "_".join(words[1:])))
    return bases


def name_key(name: str) -> str:
    """A name without case, separators and plural endings: ``Schedule_Runs_Version`` -> ``schedulerunversion``."""
    return "".join(_singular(word.lower()) for word in _WORD.findall(name)) or name


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
