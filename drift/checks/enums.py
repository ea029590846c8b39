"""EN: native enum types."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.checks.context import SchemaView, TableView
from drift.checks.labels import LabelChanges, compare_labels
from drift.checks.registry import Subjects, check
from drift.checks.wording import found, listed, object_subject, places, repair
from drift.findings import Finding, Safety, Severity, SubjectKind
from drift.schema import Column, Enum, Location, QualifiedName


def _users(schema: SchemaView, name: QualifiedName) -> Iterator[tuple[TableView, Column, Column | None]]:
    """Columns of the models that use an enum, with what the database has for them."""
    for table in schema.views:
        if table.expected is None:
            continue
        pairs = table.columns if table.complete else (Pair(column, None) for column in table.wanted.columns)
        for pair in pairs:
            if pair.expected is not None and pair.expected.enum == name:
                yield table, pair.expected, pair.actual


def _places(enum: Enum, schema: SchemaView) -> tuple[Location, ...]:
    own = (enum.location,) if enum.location is not None else ()
    used = (place for table, column, _ in _users(schema, enum.name) for place in places(column))
    return tuple(dict.fromkeys((*own, *used)))


def _used_by(enum: Enum, schema: SchemaView) -> tuple[str, ...]:
    return tuple(f"{table.name}.{column.name}" for table, column, _ in _users(schema, enum.name))


@check("EN101", "enum-missing", Severity.ERROR, Subjects.SCHEMA)
def enum_missing(schema: SchemaView) -> Iterator[Finding]:
    """An enum type of the models does not exist in the database.

    Where a column that uses it is missing or has another type, that is reported, and the type comes with its repair.

    ## Why it breaks at run time

    The ORM casts values to the type: `UndefinedObject: type "mood" does not exist`.

    ## Example

        models      Enum("happy", "sad", name="mood", metadata=Base.metadata)
        database    no such type

    ## Repair

    `CREATE TYPE mood AS ENUM ('happy', 'sad')`: instant.
    """
    for pair in schema.enums:
        enum = pair.expected
        if enum is None or pair.actual is not None:
            continue
        if any(_tells(column, actual) for _, column, actual in _users(schema, enum.name)):
            continue
        yield found(
            "EN101",
            object_subject(SubjectKind.ENUM, enum.name),
            f'Casting to it fails with: type "{enum.name.name}" does not exist.',
            expected=f"ENUM ({listed(enum.labels)})",
            locations=_places(enum, schema),
            repair=repair("create-enum", f"create type {enum.name}"),
            labels=enum.labels,
        )


def _tells(column: Column, actual: Column | None) -> bool:
    """Whether that column's own finding (missing, another type) stands for the missing enum."""
    return actual is None or actual.type != column.type


@check("EN102", "enum-label-missing", Severity.ERROR, Subjects.SCHEMA)
def enum_label_missing(schema: SchemaView) -> Iterator[Finding]:
    """The enum type lacks labels that the models have.

    ## Why it breaks at run time

    Writing or comparing with such a label fails: `invalid input value for enum trialstate: "WAITING"`. Databases that
    were made by `create_all()` have the label, upgraded ones do not: nothing fails on the developer's machine.

    ## Example

        models      class TrialState(enum.Enum): RUNNING, COMPLETE, WAITING
        database    CREATE TYPE trialstate AS ENUM ('RUNNING', 'COMPLETE')

    ## Repair

    `ALTER TYPE trialstate ADD VALUE 'WAITING' AFTER 'COMPLETE'`: instant. Before PostgreSQL 12 it cannot run inside a
    transaction, and the new label cannot be used before the commit.
    """
    for enum, seen, changes in _changed(schema):
        if not changes.missing:
            continue
        yield found(
            "EN102",
            object_subject(SubjectKind.ENUM, enum.name),
            f'Writing such a value fails with: invalid input value for enum {enum.name.name}: "{changes.missing[0]}".',
            expected=listed(enum.labels),
            actual=listed(seen.labels),
            note=f"missing: {listed(changes.missing)}",
            locations=_places(enum, schema),
            repair=repair("add-enum-label", *(f"add value {label}" for label in changes.missing)),
            labels=changes.missing,
            used_by=_used_by(enum, schema),
        )


@check("EN201", "enum-unexpected", Severity.INFO, Subjects.SCHEMA)
def enum_unexpected(schema: SchemaView) -> Iterator[Finding]:
    """The database has an enum type that no model uses.

    Types of columns that nobody maps, or that have another type in the models, are reported there.

    ## Why it matters

    It does not. It is what remains when the last column that used it was dropped: PostgreSQL keeps the type.
    `CREATE TYPE` with that name fails later.

    ## Example

        database    CREATE TYPE old_status AS ENUM ('a', 'b')

    ## Repair

    `DROP TYPE`; it fails while something uses it.
    """
    used = {column.enum for table in schema.actual.tables for column in table.columns if column.enum is not None}
    for pair in schema.enums:
        if pair.actual is None or pair.expected is not None or pair.actual.name in used:
            continue
        yield found(
            "EN201",
            object_subject(SubjectKind.ENUM, pair.actual.name),
            "Nothing uses it; creating a type with that name fails.",
            actual=f"ENUM ({listed(pair.actual.labels)})",
            repair=repair("drop-enum", f"drop type {pair.actual.name}", safety=Safety.LOSES_DATA),
            labels=pair.actual.labels,
        )


@check("EN202", "enum-label-unexpected", Severity.WARNING, Subjects.SCHEMA)
def enum_label_unexpected(schema: SchemaView) -> Iterator[Finding]:
    """The enum type has labels that the models do not know.

    ## Why it breaks at run time

    Loading a row that has one fails: `LookupError: 'archived' is not among the defined enum values`, and with it every
    query that returns such a row.

    ## Example

        models      Enum("draft", "published", name="status")
        database    CREATE TYPE status AS ENUM ('draft', 'published', 'archived')

    ## Repair

    Put it into the models. PostgreSQL cannot drop a label: the type is made anew and every column converted, after the
    rows that have it were changed.
    """
    for enum, seen, changes in _changed(schema):
        if not changes.unexpected:
            continue
        yield found(
            "EN202",
            object_subject(SubjectKind.ENUM, enum.name),
            f"Loading a row that has it fails: '{changes.unexpected[0]}' is not among the defined enum values.",
            expected=listed(enum.labels),
            actual=listed(seen.labels),
            note=f"unexpected: {listed(changes.unexpected)}",
            locations=_places(enum, schema),
            repair=repair(
                "rebuild-enum",
                "change rows that have it",
                "make the type anew and convert its columns",
                safety=Safety.NEEDS_DATA,
            ),
            labels=changes.unexpected,
            used_by=_used_by(enum, schema),
        )


@check("EN301", "enum-order-mismatch", Severity.WARNING, Subjects.SCHEMA)
def enum_order_mismatch(schema: SchemaView) -> Iterator[Finding]:
    """The labels of the enum type have another order than in the models.

    ## Why it matters

    PostgreSQL compares and sorts enums by their order: `ORDER BY priority`, `priority > 'low'`, `max(priority)` give
    other results than the models suggest. `ALTER TYPE ... ADD VALUE` without BEFORE or AFTER puts labels at the end.

    ## Example

        models      low, medium, high
        database    low, high, medium

    ## Repair

    The type is made anew and every column converted: it rewrites the tables.
    """
    for enum, seen, changes in _changed(schema):
        if not changes.reordered:
            continue
        yield found(
            "EN301",
            object_subject(SubjectKind.ENUM, enum.name),
            "ORDER BY, comparisons, min() and max() follow the database's order.",
            expected=listed(enum.labels),
            actual=listed(seen.labels),
            locations=_places(enum, schema),
            repair=repair("rebuild-enum", "make the type anew and convert its columns", safety=Safety.BLOCKS_READS),
            labels=enum.labels,
            used_by=_used_by(enum, schema),
        )


@check("EN302", "enum-in-other-schema", Severity.ERROR, Subjects.SCHEMA)
def enum_in_other_schema(schema: SchemaView) -> Iterator[Finding]:
    """The enum type exists, in another schema than the models say.

    ## Why it breaks at run time

    `UndefinedObject: type "app.mood" does not exist`, unless the models name no schema and the role's `search_path`
    happens to find it.

    ## Example

        models      Enum(..., name="mood", schema="app")
        database    public.mood

    ## Repair

    `ALTER TYPE public.mood SET SCHEMA app`: instant, columns follow.
    """
    for pair in schema.enums:
        wanted, seen = pair.expected, pair.actual
        if wanted is None or seen is None or wanted.name.schema == seen.name.schema:
            continue
        yield found(
            "EN302",
            object_subject(SubjectKind.ENUM, wanted.name),
            f'Casting to it fails with: type "{wanted.name}" does not exist.',
            expected=str(wanted.name),
            actual=str(seen.name),
            locations=_places(wanted, schema),
            repair=repair("set-schema", f"alter type {seen.name} set schema {wanted.name.schema}"),
            labels=wanted.labels,
        )


@check("EN303", "enum-label-renamed", Severity.ERROR, Subjects.SCHEMA)
def enum_label_renamed(schema: SchemaView) -> Iterator[Finding]:
    """A label of the enum type is spelled in another way than in the models.

    Proposed when one label is missing and one unexpected in the same place, or their spellings are close and nothing
    else fits.

    ## Why it breaks at run time

    Writing fails with `invalid input value for enum status: "ACTIVE"`, loading a row with the old label with
    `LookupError`. SQLAlchemy stores the *names* of a Python enum unless `values_callable` says otherwise: a database
    that was made for the values looks like this.

    ## Example

        models      ACTIVE
        database    active

    ## Repair

    `ALTER TYPE status RENAME VALUE 'active' TO 'ACTIVE'`: instant, rows follow.
    """
    for enum, _seen, changes in _changed(schema):
        if not changes.renamed:
            continue
        yield found(
            "EN303",
            object_subject(SubjectKind.ENUM, enum.name),
            f'Writing fails with: invalid input value for enum {enum.name.name}: "{changes.renamed[0][0]}".',
            expected=listed(new for new, _ in changes.renamed),
            actual=listed(old for _, old in changes.renamed),
            locations=_places(enum, schema),
            repair=repair("rename-enum-label", *(f"rename value {old} to {new}" for new, old in changes.renamed)),
            labels=tuple(new for new, _ in changes.renamed),
            old_labels=tuple(old for _, old in changes.renamed),
            used_by=_used_by(enum, schema),
        )


@check("EN304", "enum-renamed", Severity.ERROR, Subjects.SCHEMA)
def enum_renamed(schema: SchemaView) -> Iterator[Finding]:
    """The enum type exists under another name.

    Proposed when the same columns use it, or its labels are the same and nothing else fits.

    ## Why it breaks at run time

    The ORM casts values to the type: `UndefinedObject: type "mood" does not exist`.

    ## Example

        models      Enum("happy", "sad", name="mood")
        database    CREATE TYPE mood_enum AS ENUM ('happy', 'sad')

    ## Repair

    `ALTER TYPE mood_enum RENAME TO mood`: instant, columns follow.
    """
    for pair in schema.enums:
        wanted, seen = pair.expected, pair.actual
        if wanted is None or seen is None or wanted.name.schema != seen.name.schema or not pair.renamed:
            continue
        yield found(
            "EN304",
            object_subject(SubjectKind.ENUM, wanted.name),
            f'Casting to it fails with: type "{wanted.name.name}" does not exist.',
            expected=wanted.name.name,
            actual=seen.name.name,
            note=pair.evidence,
            locations=_places(wanted, schema),
            repair=repair("rename-enum", f"rename type {seen.name} to {wanted.name.name}"),
            labels=wanted.labels,
        )


def _changed(schema: SchemaView) -> Iterator[tuple[Enum, Enum, LabelChanges]]:
    for pair in schema.enums:
        if pair.expected is not None and pair.actual is not None and pair.expected.labels != pair.actual.labels:
            yield pair.expected, pair.actual, compare_labels(pair.expected.labels, pair.actual.labels)
