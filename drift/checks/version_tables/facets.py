"""Facets of a version table's columns: type, nullability, defaults, numbering, generation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drift.alignment import Pair
from drift.alignment.judge import default_of
from drift.checks.context import SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.version_tables.support import VersionPair, column_subject, finding, located, version_pair
from drift.findings import NotChecked, Outcome, Safety, Severity
from drift.schema import Column

_INTEGERS = ("smallint", "integer", "bigint")
_SIZED = re.compile(r"^(varchar|char|bpchar|varbit|bit)\((\d+)\)$")


def both_sides(pair: Pair[Column], table: TableView, schema: SchemaView) -> tuple[VersionPair, Column, Column] | None:
    """A version table and both sides of one of its columns; ``None`` for other tables and lonely columns."""
    version = version_pair(table, schema)
    if version is None or pair.expected is None or pair.actual is None:
        return None
    return version, pair.expected, pair.actual


@check("VT305", "version-type-mismatch", Severity.ERROR, Subjects.COLUMN)
def version_type_mismatch(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A column of a version table has another type than the column whose history it keeps.

    Continuum copies the type as it is, native enums by name: the same enum serves both tables.

    ## What happens at run time

    The change itself succeeds, the copy does not fit, and both are undone:

    * shorter: `DataError: (psycopg2.errors.StringDataRightTruncation) value too long for type character varying(4)`
    * a smaller number: `DataError: (psycopg2.errors.NumericValueOutOfRange) smallint out of range`
    * another enum that lacks a label: `DataError: (psycopg2.errors.InvalidTextRepresentation) invalid input value for
      enum st_v: "done"`
    * a wider type (text for an integer, varchar for an enum) takes every value, and versions come back as something
      else than the row had, so that reverting to them fails or goes wrong.

    ## Way out

    Change the type, in the same step as the versioned table's column where that drifts too. Values that were truncated
    when they were written stay as they are.
    """
    both = both_sides(pair, table, schema)
    if both is None or both[0].flagged(both[1].name) is not None:
        return
    version, expected, actual = both
    verdict = schema.judge.types(expected.type, actual.type)
    if verdict.same:
        return
    subject = column_subject(version.expected, expected.name)
    if verdict.unknown:
        yield NotChecked("VT305", "version-type-mismatch", subject, verdict.reason or "")
        return
    effect, severity = _type_effect(table, schema, expected, actual)
    yield finding(
        "VT305",
        "version-type-mismatch",
        severity,
        subject,
        f"A version must be able to hold what the row holds: {effect}.",
        expected=expected.type,
        actual=actual.type,
        locations=located(expected, version.parent),
        repair="alter-version-column",
        safety=Safety.NEEDS_DATA,
        parent=str(version.facts.parent),
    )


def _type_effect(table: TableView, schema: SchemaView, expected: Column, actual: Column) -> tuple[str, Severity]:
    """What the difference does at run time. Where it is not plain that every value fits, it is an error."""
    if expected.type in _INTEGERS and actual.type in _INTEGERS:
        if _INTEGERS.index(actual.type) > _INTEGERS.index(expected.type):
            return f"{actual.type} takes every value", Severity.WARNING
        version = version_pair(table, schema)
        if version is not None and version.is_internal(expected.name):
            return f"NumericValueOutOfRange beyond the largest {actual.type}", Severity.WARNING
        return f"a large number fails with NumericValueOutOfRange: {actual.type} out of range", Severity.ERROR
    limit = _SIZED.match(actual.type)
    if actual.enum is not None:
        labels = {enum.name: enum.labels for enum in schema.actual.enums}
        wanted = labels.get(expected.enum, ()) if expected.enum is not None else ()
        lacking = [label for label in wanted if label not in labels.get(actual.enum, ())]
        if expected.enum is not None and not lacking and wanted:
            return f"{actual.enum} is another type, which has the same labels today", Severity.WARNING
        which = f': "{lacking[0]}"' if lacking else ""
        return f"InvalidTextRepresentation: invalid input value for enum {actual.enum.name}{which}", Severity.ERROR
    if limit is not None:
        own = _SIZED.match(expected.type)
        labels = {enum.name: enum.labels for enum in schema.expected.enums}
        longest = max((len(label) for label in labels.get(expected.enum, ())), default=None) if expected.enum else None
        size = int(own[2]) if own is not None else longest
        if size is not None and int(limit[2]) >= size:
            return f"{actual.type} takes every value, and gives back another type", Severity.WARNING
        return (
            f"a longer value fails with StringDataRightTruncation: value too long for type {actual.type}",
            Severity.ERROR,
        )
    if actual.type in ("text", "varchar"):
        return f"{actual.type} takes every value, and versions come back as text", Severity.WARNING
    return f"a value that does not fit into {actual.type} fails", Severity.ERROR


@check("VT308", "modification-column-type", Severity.ERROR, Subjects.COLUMN)
def modification_column_type(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A modification flag is not a boolean.

    ## What happens at run time

        ProgrammingError: (psycopg2.errors.DatatypeMismatch)
        column "note_mod" is of type integer but expression is of type boolean

    at each flush that touches the versioned class.

    ## Way out

    `ALTER COLUMN ... TYPE BOOLEAN USING (note_mod <> 0)`; what the flag says about old versions stays.
    """
    both = both_sides(pair, table, schema)
    if both is None or both[0].flagged(both[1].name) is None:
        return
    version, expected, actual = both
    if not schema.judge.types(expected.type, actual.type).different:
        return
    yield finding(
        "VT308",
        "modification-column-type",
        Severity.ERROR,
        column_subject(version.expected, expected.name),
        f'The next flush fails with DatatypeMismatch: column "{expected.name}" is of type {actual.type} but expression '
        "is of type boolean.",
        expected=expected.type,
        actual=actual.type,
        locations=located(expected, version.parent),
        repair="alter-version-column",
        safety=Safety.BLOCKS_READS,
    )


@check("VT208", "version-not-null-unexpected", Severity.WARNING, Subjects.COLUMN)
def version_not_null_unexpected(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A column of a version table is NOT NULL although Continuum leaves it nullable.

    Only the key and Continuum's own columns are NOT NULL. Databases that SQLAlchemy 1.4's autogenerate made have the
    versioned table's NOT NULL here, which it copied by mistake.

    ## What happens at run time

    * Where the versioned table allows NULL, every row with NULL fails:

            IntegrityError: (psycopg2.errors.NotNullViolation)
            null value in column "note" of relation "schedule_runs_version" violates not-null constraint

    * Where it does not, inserts and updates work. Deleting fails with NullDeletePlugin, and for columns that were not
      loaded (deferred); and everything fails from the day on which the versioned column becomes nullable.

    ## Way out

    `DROP NOT NULL`; no row is touched.
    """
    both = both_sides(pair, table, schema)
    if both is None:
        return
    version, expected, actual = both
    if not expected.nullable or actual.nullable:
        return
    origin = version.parent.column(expected.name) if version.parent is not None else None
    broken = origin is None or origin.nullable or version.is_internal(expected.name)
    yield finding(
        "VT208",
        "version-not-null-unexpected",
        Severity.ERROR if broken else Severity.WARNING,
        column_subject(version.expected, expected.name),
        f'A version without a value fails with NotNullViolation: null value in column "{expected.name}".'
        if broken
        else "The versioned table's NOT NULL was copied: deleting fails with NullDeletePlugin and for deferred "
        "columns, and every change as soon as the versioned column allows NULL.",
        expected="NULL",
        actual="NOT NULL",
        locations=located(expected, version.parent),
        repair="drop-not-null",
    )


@check("VT311", "internal-column-nullable", Severity.WARNING, Subjects.COLUMN)
def internal_column_nullable(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A column of the key, or Continuum's own, allows NULL.

    ## What happens at run time

    No error: Continuum always writes it. A row written by hand without it breaks reading: a version that has no
    `operation_type` is neither an insert nor an update nor a delete.

    ## Way out

    Derive the missing values (the first version of an entity is an insert, the last one of an entity that is gone a
    delete, every other one an update), then `SET NOT NULL`.
    """
    both = both_sides(pair, table, schema)
    if both is None or both[0].flagged(both[1].name) is not None:
        return
    version, expected, actual = both
    if expected.nullable or not actual.nullable:
        return
    yield finding(
        "VT311",
        "internal-column-nullable",
        Severity.WARNING,
        column_subject(version.expected, expected.name),
        "Continuum always writes it; a row without it is no version.",
        expected="NOT NULL",
        actual="NULL",
        locations=located(version.parent),
        repair="set-not-null",
        safety=Safety.BLOCKS_WRITES,
    )


@check("VT309", "modification-column-nullable", Severity.WARNING, Subjects.COLUMN)
def modification_column_nullable(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A modification flag allows NULL.

    Flags that were added by hand are often nullable and without default; old versions then have NULL.

    ## What happens at run time

    No error. Queries such as `version.note_mod == False` skip the versions that say neither.

    ## Way out

    Turn NULL into false, then `SET NOT NULL` and `SET DEFAULT false`, in one step for all flags of a table.
    """
    both = both_sides(pair, table, schema)
    if both is None or both[0].flagged(both[1].name) is None:
        return
    version, expected, actual = both
    if expected.nullable or not actual.nullable:
        return
    default = default_of(actual)
    yield finding(
        "VT309",
        "modification-column-nullable",
        Severity.WARNING,
        column_subject(version.expected, expected.name),
        "Old versions say neither that the column was changed nor that it was not.",
        expected="boolean NOT NULL DEFAULT false",
        actual=f"boolean NULL{'' if default is None else f' DEFAULT {default}'}",
        locations=located(expected, version.parent),
        repair="repair-modification-column",
        safety=Safety.BLOCKS_WRITES,
    )
