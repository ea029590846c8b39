"""OT: what no model can say, compared between two databases or snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drift.checks.context import SchemaView
from drift.checks.registry import Subjects, check
from drift.checks.wording import found
from drift.findings import Finding, Severity, Subject, SubjectKind
from drift.schema import Other, QualifiedName

Key = tuple[str, QualifiedName, str | None]


@check("OT101", "object-missing", Severity.WARNING, Subjects.SCHEMA)
def object_missing(schema: SchemaView) -> Iterator[Finding]:
    """A trigger, policy, function, extension, or another thing that no model can say is missing in the second database.

    Only in `drift diff` of two databases or snapshots, and of `migrations:` with a database.

    ## Why it matters

    What it does in the one database (keep a column up to date, hide rows) does not happen in the other.

    ## Example

        first       CREATE TRIGGER orders_audit ...
        second      no such trigger

    ## Repair

    Create it in a migration.
    """
    expected, actual = _both(schema)
    # A relation that is missing is said by the checks of tables and views.
    relations = {table.name for table in schema.expected.tables}
    for key, thing in expected.items():
        if key not in actual and (thing.table is not None or thing.name not in relations):
            yield found("OT101", _subject(thing), f"The second has no such {thing.kind}.", expected=_text(thing))


@check("OT201", "object-unexpected", Severity.WARNING, Subjects.SCHEMA)
def object_unexpected(schema: SchemaView) -> Iterator[Finding]:
    """The second database has a trigger, policy, function, extension, or another such thing that the first lacks.

    Only in `drift diff` of two databases or snapshots, and of `migrations:` with a database.

    ## Why it matters

    It acts in the one database and not in the other: a test there says nothing about here.

    ## Example

        first       no such policy
        second      CREATE POLICY own_rows ON orders ...

    ## Repair

    Put it into the migrations, or drop it.
    """
    expected, actual = _both(schema)
    for key, thing in actual.items():
        if key not in expected:
            yield found("OT201", _subject(thing), f"The first has no such {thing.kind}.", actual=_text(thing))


@check("OT301", "object-mismatch", Severity.WARNING, Subjects.SCHEMA)
def object_mismatch(schema: SchemaView) -> Iterator[Finding]:
    """A trigger, policy, function, extension, or another such thing is not the same in both databases.

    Only in `drift diff` of two databases or snapshots, and of `migrations:` with a database.

    ## Why it matters

    It does something else in the one database than in the other.

    ## Example

        first       CREATE TRIGGER orders_audit BEFORE UPDATE ...
        second      CREATE TRIGGER orders_audit BEFORE INSERT ...

    ## Repair

    Replace it in a migration.
    """
    expected, actual = _both(schema)
    for key, thing in expected.items():
        seen = actual.get(key)
        if seen is None or thing.definition == seen.definition:
            continue
        yield found(
            "OT301",
            _subject(thing),
            f"The {thing.kind} is another one here than there.",
            expected=_text(thing),
            actual=_text(seen),
        )


def _both(schema: SchemaView) -> tuple[dict[Key, Other], dict[Key, Other]]:
    """Both sides by what they are called; nothing where only one of them was read."""
    if schema.expected.others is None or schema.actual.others is None:
        return {}, {}
    return _by_key(schema.expected.others), _by_key(schema.actual.others)


def _by_key(others: Iterable[Other]) -> dict[Key, Other]:
    return {(other.kind, other.name, other.table): other for other in others}


def _subject(other: Other) -> Subject:
    return Subject(SubjectKind.OBJECT, other.name.schema, other.table, f"{other.kind} {other.name.name}")


def _text(other: Other) -> str:
    return other.definition or other.kind
