"""MG: what the version table says about the migration scripts."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView
from drift.checks.registry import Subjects, check
from drift.checks.wording import found, listed, repair, unknown
from drift.findings import Finding, Outcome, Safety, Severity, Subject, SubjectKind
from drift.schema import MigrationState


def _subject(state: MigrationState) -> Subject:
    return Subject(SubjectKind.MIGRATION, state.version_table.schema, None, state.version_table.name)


@check("MG101", "revision-pending", Severity.ERROR, Subjects.SCHEMA)
def revision_pending(schema: SchemaView) -> Iterator[Outcome]:
    """Migration scripts exist that were never run on this database.

    The version table records an older revision than the head of the scripts.

    ## Why it breaks at run time

    The deployed code expects the schema of the head. Whatever the pending revisions add is missing:
    `UndefinedColumn`, `UndefinedTable`, or an enum label that the database rejects.

    ## Example

        versions/   1f2a -> 8c41 (head)
        database    alembic_version: 1f2a

    ## Repair

    `alembic upgrade head`. Findings that the pending revisions cover disappear with it; the report says which.
    """
    for state in schema.migrations:
        if state.unreadable is not None:
            help = f"grant this role SELECT on {state.version_table}"
            yield unknown("MG101", _subject(state), state.unreadable, help)
        elif state.pending and state.current and not state.unknown:
            yield found(
                "MG101",
                _subject(state),
                f"{len(state.pending)} revision{'s were' if len(state.pending) > 1 else ' was'} never run on this "
                "database, so the code finds an older schema than it was written for.",
                expected=f"at head: {listed(state.heads)}",
                actual=f"at {listed(state.current)}",
                note=f"pending: {listed(state.pending)}",
                repair=repair("upgrade", "alembic upgrade head"),
                pending=state.pending,
            )


@check("MG102", "version-table-missing", Severity.ERROR, Subjects.SCHEMA)
def never_stamped(schema: SchemaView) -> Iterator[Finding]:
    """The database was never stamped with a revision.

    The version table is missing or empty, although the project has migration scripts.

    ## Why it breaks at run time

    `alembic upgrade head` starts from the very first revision: on a database that already has tables it fails with
    `DuplicateTable: relation "users" already exists`, and the deploy stops there. A database made by `create_all()`
    without `alembic stamp head` is in this state.

    ## Example

        versions/   1f2a -> 8c41 (head)
        database    no table alembic_version

    ## Repair

    An empty database: `alembic upgrade head`. A database whose schema is that of a known revision:
    `alembic stamp <revision>`, then `alembic upgrade head`.
    """
    for state in schema.migrations:
        if state.heads and not state.current and state.unreadable is None:
            missing = not state.table_exists
            yield found(
                "MG102",
                _subject(state),
                "No revision is recorded, so the next `alembic upgrade head` starts from the very first revision and "
                "fails on tables that exist already.",
                expected=f"at head: {listed(state.heads)}",
                actual=f"there is no table {state.version_table.name}" if missing else "the version table is empty",
                repair=repair(
                    "stamp",
                    "empty database: alembic upgrade head",
                    "otherwise: alembic stamp <the revision it corresponds to>, then alembic upgrade head",
                    safety=Safety.MANUAL,
                ),
            )


@check("MG201", "revision-unknown", Severity.ERROR, Subjects.SCHEMA)
def revision_unknown(schema: SchemaView) -> Iterator[Finding]:
    """The database records a revision that the scripts do not know.

    ## Why it breaks at run time

    Every Alembic command stops with `Can't locate revision identified by '8c41...'`, so nothing can be migrated any
    more. The database was migrated from another branch of the code, or the revision file was deleted or renamed.

    ## Example

        versions/   1f2a -> 77b0 (head)
        database    alembic_version: 8c41

    ## Repair

    Bring the missing revision file back (it is in another branch, or in the history). Only when it is certain what the
    schema corresponds to: `alembic stamp --purge <revision>`.
    """
    for state in schema.migrations:
        if state.unknown:
            yield found(
                "MG201",
                _subject(state),
                f"The scripts do not know revision {listed(state.unknown)}: every Alembic command fails with "
                '"Can\'t locate revision".',
                expected=f"a revision of the scripts (head: {listed(state.heads) or 'none'})",
                actual=listed(state.unknown),
                repair=repair(
                    "restore-revision",
                    "bring the revision file back from the branch or the history it was lost in",
                    safety=Safety.MANUAL,
                ),
                unknown=state.unknown,
            )


@check("MG301", "multiple-heads", Severity.WARNING, Subjects.SCHEMA)
def multiple_heads(schema: SchemaView) -> Iterator[Finding]:
    """The migration scripts have several heads.

    ## Why it breaks at run time

    `alembic upgrade head` stops with `Multiple head revisions are present for given argument 'head'`. It usually comes
    from merging two branches of code that each added a revision. A deploy that runs it migrates nothing.

    ## Example

        versions/   1f2a -> 8c41 (head)
                    1f2a -> 77b0 (head)

    ## Repair

    `alembic merge heads -m "merge"`, or deploy with `alembic upgrade heads` where the branches are meant to stay apart.
    """
    for state in schema.migrations:
        if len(state.heads) > 1 and not set(state.heads) <= set(state.current):
            yield found(
                "MG301",
                _subject(state),
                f"There are {len(state.heads)} heads, so `alembic upgrade head` refuses to run and migrates nothing.",
                expected="one head",
                actual=listed(state.heads),
                repair=repair("merge", 'alembic merge heads -m "merge"'),
                heads=state.heads,
            )
