"""Keys and constraints of version tables: the right key, and nothing else that could reject a version."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView, TableView
from drift.checks.registry import check
from drift.checks.version_tables.support import VersionPair, finding, located, subject_of, version_pair
from drift.findings import Outcome, Safety, Severity, SubjectKind
from drift.schema import ForeignKey, PrimaryKey


def _expected_key(version: VersionPair) -> PrimaryKey | None:
    """The key, or ``None`` where it cannot be judged: a missing or renamed column of it is told by itself."""
    key = version.expected.primary_key
    if key is None or version.missing_columns() & set(key.columns):
        return None
    return key


def _actual_names(version: VersionPair, columns: tuple[str, ...]) -> tuple[str, ...]:
    names = {
        pair.expected.name: pair.actual.name
        for pair in version.pair.columns
        if pair.expected is not None and pair.actual is not None
    }
    return tuple(names.get(column, column) for column in columns)


@check("VT111", "version-key-missing", Severity.ERROR)
def version_key_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table has no primary key.

    It is made of the versioned table's key and the transaction: one version of an entity for each transaction.

    ## What happens at run time

    Nothing rejects a second version with the same key, and once there is one, the next change of that entity fails:

        StaleDataError: UPDATE statement on table 'schedule_runs_version' expected to update 1 row(s); 2 were matched.

    Alembic never compares primary keys.

    ## Way out

    Remove exact copies of a row, then create the key. Rows that have the same key and different contents stop the
    migration: which of them is right is for a person to say.
    """
    version = version_pair(table, schema)
    key = _expected_key(version) if version is not None else None
    if version is None or key is None or version.actual.primary_key is not None:
        return
    yield finding(
        "VT111",
        "version-key-missing",
        Severity.ERROR,
        subject_of(SubjectKind.PRIMARY_KEY, version.expected, key.name, key.columns),
        "Nothing keeps a version from being written twice; after that the next change of the row fails with "
        f"StaleDataError: UPDATE statement on table '{version.name.name}' expected to update 1 row(s); 2 were matched.",
        expected=f"PRIMARY KEY ({', '.join(key.columns)})",
        note=_duplicates(version),
        locations=located(version.parent),
        repair="create-version-key",
        safety=Safety.NEEDS_DATA,
        columns=key.columns,
    )


def _duplicates(version: VersionPair) -> str | None:
    """What a probe counted, if there was one."""
    counted = next((one for one in version.schema.actual.version_rows if one.table == version.actual.name), None)
    if counted is None or not counted.duplicates:
        return None
    return f"{counted.duplicates} key{' occurs' if counted.duplicates == 1 else 's occur'} more than once already"


@check("VT304", "version-key-mismatch", Severity.ERROR)
def version_key_mismatch(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The primary key of a version table has other columns than Continuum's.

    It must be the versioned table's key and the transaction, in that order.

    ## What happens at run time

    * Only the versioned table's key: the second version of any row fails, so nothing can be changed any more:

            IntegrityError: (psycopg2.errors.UniqueViolation)
            duplicate key value violates unique constraint "schedule_runs_version_pkey"

    * Only the transaction: the same error as soon as two rows change in one transaction.
    * A key made up for the table (`version_id SERIAL`): no error, and nothing keeps versions from being written twice.
    * The same columns in another order: reading the versions of one row does not use the key.

    Alembic never compares primary keys.

    ## Way out

    Remove exact copies of a row, drop the key and create the right one. A made-up key column is dropped with
    `--allow-drop` only.
    """
    version = version_pair(table, schema)
    key = _expected_key(version) if version is not None else None
    if version is None or key is None or version.actual.primary_key is None:
        return
    found = version.actual.primary_key.columns
    wanted = _actual_names(version, key.columns)
    if found == wanted:
        return
    surrogate = tuple(name for name in found if name not in wanted)
    same = set(found) == set(wanted)
    if same:
        effect = "reading the versions of one row cannot use the key"
    elif surrogate:
        effect = "nothing keeps a version from being written twice"
    else:
        name = version.actual.primary_key.name or f"{version.name.name}_pkey"
        when = (
            "the second version of any row" if len(found) and found[-1] != wanted[-1] else "a transaction with two rows"
        )
        effect = f'{when} fails with UniqueViolation: duplicate key value violates unique constraint "{name}"'
    yield finding(
        "VT304",
        "version-key-mismatch",
        Severity.WARNING if same else Severity.ERROR,
        subject_of(SubjectKind.PRIMARY_KEY, version.expected, version.actual.primary_key.name, found),
        f"The key of a version is the versioned row's key and the transaction; with this one {effect}.",
        expected=f"PRIMARY KEY ({', '.join(key.columns)})",
        actual=f"PRIMARY KEY ({', '.join(found)})",
        locations=located(version.parent),
        repair="replace-version-key",
        safety=Safety.BLOCKS_READS,
        columns=found,
        surrogate=surrogate,
    )


@check("VT320", "version-key-name-mismatch", Severity.INFO)
def version_key_name(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The primary key of a version table has another name than the models' naming convention gives it.

    ## What happens at run time

    Nothing. Migrations that name the constraint fail.

    ## Way out

    `ALTER TABLE ... RENAME CONSTRAINT`.
    """
    version = version_pair(table, schema)
    if version is None or version.pair.renamed or not version.pair.primary_key.renamed:
        return
    expected, actual = version.pair.primary_key.expected, version.pair.primary_key.actual
    if expected is None or actual is None or _actual_names(version, expected.columns) != actual.columns:
        return
    yield finding(
        "VT320",
        "version-key-name-mismatch",
        Severity.INFO,
        subject_of(SubjectKind.PRIMARY_KEY, version.expected, expected.name, actual.columns),
        "The key has another name than the naming convention gives it.",
        expected=expected.name,
        actual=actual.name,
        locations=located(version.parent),
        repair="rename-constraint",
        columns=actual.columns,
    )


@check("VT203", "version-unique-unexpected", Severity.ERROR)
def version_unique_unexpected(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table has a UNIQUE constraint or a unique index.

    It was copied from the versioned table. There a value is unique, here it occurs once for each version.

    ## What happens at run time

    The second version of any row fails, so nothing can be changed or deleted any more:

        IntegrityError: (psycopg2.errors.UniqueViolation)
        duplicate key value violates unique constraint "schedule_runs_version_code_key"

    ## Way out

    Drop the constraint or index; no row is touched.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    key = version.actual.primary_key.columns if version.actual.primary_key is not None else ()
    wanted = _actual_names(version, version.expected.primary_key.columns) if version.expected.primary_key else ()
    found = [
        (SubjectKind.UNIQUE, one.actual.name, one.actual.columns, "UNIQUE")
        for one in version.pair.uniques
        if one.expected is None and one.actual is not None
    ]
    found += [
        (SubjectKind.INDEX, one.actual.name, one.actual.columns, "UNIQUE INDEX")
        for one in version.pair.indexes
        if one.expected is None and one.actual is not None and one.actual.unique
    ]
    for kind, name, columns, what in found:
        # Around the version's own key it rejects nothing that the key would let through.
        harmless = set(columns) >= set(wanted or key)
        yield finding(
            "VT203",
            "version-unique-unexpected",
            Severity.INFO if harmless else Severity.ERROR,
            subject_of(kind, version.expected, name, columns),
            "It repeats the key."
            if harmless
            else "A value occurs once for each version: the next change of a row fails with UniqueViolation: duplicate "
            f'key value violates unique constraint "{name}".',
            actual=f"{what} ({', '.join(columns)})",
            locations=located(version.parent),
            repair="drop-version-unique",
            columns=columns,
        )


@check("VT204", "version-foreign-key-unexpected", Severity.ERROR)
def version_foreign_key_unexpected(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table has a foreign key.

    Continuum copies none: history outlives what it speaks of.

    ## What happens at run time

    * To the versioned table, or to a table that it refers to: rows that any old version mentions cannot be deleted:

            IntegrityError: (psycopg2.errors.ForeignKeyViolation)
            update or delete on table "owner" violates foreign key constraint "fk_v_owner" on table "..."

    * To the transaction table: no harm, but transactions can no longer be tidied away.

    ## Way out

    Drop the foreign key; no row is touched.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for one in version.pair.foreign_keys:
        if one.expected is not None or one.actual is None:
            continue
        key = one.actual
        to_transaction = key.target == version.facts.transaction
        yield finding(
            "VT204",
            "version-foreign-key-unexpected",
            Severity.INFO if to_transaction else Severity.ERROR,
            subject_of(SubjectKind.FOREIGN_KEY, version.expected, key.name, key.columns),
            "Continuum makes no foreign key to the transaction table; this one does no harm."
            if to_transaction
            else f"{_effect(key)} with ForeignKeyViolation: update or delete on table "
            f'"{key.target.name}" violates foreign key constraint "{key.name}".',
            actual=f"({', '.join(key.columns)}) references {key.target} ({', '.join(key.target_columns)})",
            locations=located(version.parent),
            repair="drop-version-foreign-key",
            columns=key.columns,
        )


def _effect(key: ForeignKey) -> str:
    if key.on_delete in ("CASCADE", "SET NULL", "SET DEFAULT"):
        return f"Deleting from {key.target.name} changes history (ON DELETE {key.on_delete}); other changes there fail"
    return f"Whatever an old version mentions in {key.target.name} cannot be deleted: it fails"


@check("VT205", "version-check-unexpected", Severity.WARNING)
def version_check_unexpected(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table has a CHECK constraint that Continuum does not copy.

    It copies checks of single columns (`Column(..., CheckConstraint(...))`), never those of the table.

    ## What happens at run time

    A version that the check rejects cannot be written, and with it the change itself fails:

        IntegrityError: (psycopg2.errors.CheckViolation)
        new row for relation "schedule_runs_version" violates check constraint "ck_v"

    That happens at the latest when the versioned table's own check is relaxed and this one is forgotten.
    Alembic never sees a CHECK constraint.

    ## Way out

    Drop the check; no row is touched.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for one in version.pair.checks:
        if one.expected is not None or one.actual is None:
            continue
        yield finding(
            "VT205",
            "version-check-unexpected",
            Severity.WARNING,
            subject_of(SubjectKind.CHECK, version.expected, one.actual.name, one.actual.columns),
            "A version that it rejects cannot be written, and the change itself fails with CheckViolation: new row for "
            f'relation "{version.name.name}" violates check constraint "{one.actual.name}".',
            actual=f"CHECK ({one.actual.expression})",
            locations=located(version.parent),
            repair="drop-version-check",
            columns=one.actual.columns,
        )


@check("VT113", "version-check-missing", Severity.INFO)
def version_check_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table lacks the CHECK that Continuum copied from a column.

    ## What happens at run time

    Nothing: the versioned table has its own check, and only what passed there arrives here.

    ## Way out

    Add it, where the databases of several environments shall be the same.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for one in version.pair.checks:
        if one.expected is None or one.actual is not None or version.missing_columns() & set(one.expected.columns):
            continue
        yield finding(
            "VT113",
            "version-check-missing",
            Severity.INFO,
            subject_of(SubjectKind.CHECK, version.expected, one.expected.name, one.expected.columns),
            "Continuum copied this check from a column; without it nothing breaks.",
            expected=f"CHECK ({one.expected.expression})",
            locations=located(version.parent),
            repair="create-check",
            columns=one.expected.columns,
        )
