"""Lints: versioned models whose expectation no database can satisfy, or that do not do what they seem to."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView
from drift.checks.registry import Subjects, check
from drift.checks.version_tables.support import finding
from drift.findings import Outcome, Severity, Subject, SubjectKind
from drift.schema import FlawKind, VersioningFlaw


def _flaws(
    schema: SchemaView, kind: FlawKind, code: str, name: str, severity: Severity, message: str, way_out: str
) -> Iterator[Outcome]:
    for flaw in schema.expected.version_flaws:
        if flaw.kind is kind:
            yield finding(
                code,
                name,
                severity,
                _subject(flaw),
                message,
                expected=flaw.fact or None,
                note=way_out,
                locations=() if flaw.location is None else (flaw.location,),
                repair="change-models",
            )


def _subject(flaw: VersioningFlaw) -> Subject:
    table = flaw.table
    if flaw.column is not None:
        return Subject(SubjectKind.COLUMN, table.schema, table.name, flaw.column)
    return Subject(SubjectKind.VERSION_TABLE, table.schema, table.name, table.name)


@check("VT351", "model-not-versioned", Severity.ERROR, Subjects.SCHEMA)
def model_not_versioned(schema: SchemaView) -> Iterator[Outcome]:
    """A class declares `__versioned__` and is not versioned.

    ## What happens at run time

    Nothing, and that is the trouble: the class has no version table, changes leave no history, and `versions` does not
    exist.

    ## How it comes about

    `make_versioned()` ran after the class was declared. It has to run before the first versioned class is mapped, which
    means before the module of the models is imported.

    ## Way out

    Call `make_versioned()` at the top of the module that declares the base class.
    """
    yield from _flaws(
        schema,
        FlawKind.NOT_VERSIONED,
        "VT351",
        "model-not-versioned",
        Severity.ERROR,
        "The class asks to be versioned and is not: its changes leave no history, and no error is raised.",
        "call make_versioned() before the class is declared",
    )


@check("VT352", "version-index-name-too-long", Severity.WARNING, Subjects.SCHEMA)
def version_index_name_too_long(schema: SchemaView) -> Iterator[Outcome]:
    """The names of Continuum's composite indexes are too long for the server.

    Since 1.6 Continuum names them `ix_<version table>_pk_transaction_id` and `ix_<version table>_pk_validity`, to the
    letter. With a table name of more than 34 characters they exceed PostgreSQL's 63.

    ## What happens at run time

    The application runs. `create_all()` and every migration that creates the table fail:

        IdentifierError: Identifier 'ix_..._pk_transaction_id' exceeds maximum length of 63 characters

    ## Way out

    `__versioned__ = {"create_composite_index": False}`, and an index of your own with a shorter name.
    """
    yield from _flaws(
        schema,
        FlawKind.INDEX_NAME_TOO_LONG,
        "VT352",
        "version-index-name-too-long",
        Severity.WARNING,
        "Creating the version table fails with IdentifierError: the names of its composite indexes are too long.",
        '__versioned__ = {"create_composite_index": False}',
    )


@check("VT353", "version-identity-copied", Severity.WARNING, Subjects.SCHEMA)
def version_identity_copied(schema: SchemaView) -> Iterator[Outcome]:
    """A versioned column is `GENERATED ALWAYS AS IDENTITY`, and Continuum copies that.

    ## What happens at run time

    No version can be written, and with it no row:

        ProgrammingError: (psycopg2.errors.GeneratedAlways) cannot insert a non-DEFAULT value into column "id"

    Alembic cannot even render the version table:
    `ArgumentError: A column with an Identity object cannot specify autoincrement=False`.

    ## Way out

    `Identity(always=False)`; or drop the identity in the version table and ignore this finding.
    """
    yield from _flaws(
        schema,
        FlawKind.IDENTITY_COPIED,
        "VT353",
        "version-identity-copied",
        Severity.WARNING,
        "Continuum copies GENERATED ALWAYS into the version table, where no version can then be written.",
        "Identity(always=False)",
    )


@check("VT354", "version-computed-copied", Severity.WARNING, Subjects.SCHEMA)
def version_computed_copied(schema: SchemaView) -> Iterator[Outcome]:
    """A versioned column is `Computed(...)`, and Continuum copies that.

    ## What happens at run time

    No version can be written, and with it no row:

        ProgrammingError: (psycopg2.errors.GeneratedAlways) cannot insert a non-DEFAULT value into column "total"

    ## Way out

    `__versioned__ = {"exclude": ["total"]}`; or `ALTER COLUMN ... DROP EXPRESSION` in the version table.
    """
    yield from _flaws(
        schema,
        FlawKind.COMPUTED_COPIED,
        "VT354",
        "version-computed-copied",
        Severity.WARNING,
        "Continuum copies the generated column into the version table, where no version can then be written.",
        "exclude the attribute from versioning",
    )


@check("VT355", "association-without-key", Severity.WARNING, Subjects.SCHEMA)
def association_without_key(schema: SchemaView) -> Iterator[Outcome]:
    """The table of a versioned many-to-many relationship has no key that Continuum can use.

    The version table's key is the association's key and the transaction, and Continuum writes the linked columns only.

    ## What happens at run time

    * Without a key, the version table's key is the transaction alone. Two links in one transaction fail:

            IntegrityError: (psycopg2.errors.UniqueViolation)
            duplicate key value violates unique constraint "article_category_version_pkey"

    * With a number as its key: `NotNullViolation: null value in column "id"`.

    ## Way out

    Make the linked columns the key: `Column("article_id", ForeignKey(...), primary_key=True)` for both.
    """
    yield from _flaws(
        schema,
        FlawKind.ASSOCIATION_KEY,
        "VT355",
        "association-without-key",
        Severity.WARNING,
        "Changing links fails: the version table of the association has no key that Continuum can fill.",
        "make the linked columns the primary key",
    )


@check("VT356", "operation-type-renamed", Severity.WARNING, Subjects.SCHEMA)
def operation_type_renamed(schema: SchemaView) -> Iterator[Outcome]:
    """The option `operation_type_column_name` is set, and Continuum does not honour it everywhere.

    ## What happens at run time

    The unit of work sets the attribute `operation_type` whatever the column is called, and the column stays empty:

        IntegrityError: (psycopg2.errors.NotNullViolation) null value in column "op_type"

    ## Way out

    Leave the option alone.
    """
    yield from _flaws(
        schema,
        FlawKind.OPERATION_TYPE_RENAMED,
        "VT356",
        "operation-type-renamed",
        Severity.WARNING,
        "Continuum sets operation_type whatever the column is called: no version can be written.",
        "leave operation_type_column_name at its default",
    )


@check("VT357", "version-name-hard-coded", Severity.WARNING, Subjects.SCHEMA)
def version_name_hard_coded(schema: SchemaView) -> Iterator[Outcome]:
    """The option `table_name` is set together with a many-to-many relationship.

    ## What happens at run time

    Continuum looks for association tables by `_version`, which is hard-coded there. Adding a link fails:

        KeyError: 'article_tags_version'

    ## Way out

    Leave `table_name` at `%s_version`, or exclude the relationship from versioning.
    """
    yield from _flaws(
        schema,
        FlawKind.NAME_HARD_CODED,
        "VT357",
        "version-name-hard-coded",
        Severity.WARNING,
        "Changing links fails with KeyError: Continuum looks for the association's version table by another name.",
        'leave table_name at "%s_version"',
    )


@check("VT358", "aliased-modification-column", Severity.WARNING, Subjects.SCHEMA)
def aliased_modification_column(schema: SchemaView) -> Iterator[Outcome]:
    """A tracked attribute has another name than its column.

    ## What happens at run time

    The flag is called after the column and set by the name of the attribute, so it is always false. No error.

    ## Way out

    Call the attribute as the column, or don't rely on the flag.
    """
    yield from _flaws(
        schema,
        FlawKind.ALIASED_MOD_COLUMN,
        "VT358",
        "aliased-modification-column",
        Severity.WARNING,
        "The modification flag of this column never becomes true.",
        "give attribute and column the same name",
    )


@check("VT359", "transaction-class-hijacked", Severity.WARNING, Subjects.SCHEMA)
def transaction_class_hijacked(schema: SchemaView) -> Iterator[Outcome]:
    """The application has a class called `Transaction`, and Continuum silently uses it as its own.

    ## What happens at run time

    Continuum writes a row into the application's table for every transaction; what it needs is not there, and rows that
    mean nothing are.

    ## Way out

    Rename the class, or give the manager a factory: `VersioningManager(transaction_cls=...)`.
    """
    yield from _flaws(
        schema,
        FlawKind.TRANSACTION_HIJACKED,
        "VT359",
        "transaction-class-hijacked",
        Severity.WARNING,
        "Continuum takes the application's class called Transaction for its own.",
        "rename the class",
    )


@check("VT360", "transaction-sequence-schema", Severity.WARNING, Subjects.SCHEMA)
def transaction_sequence_schema(schema: SchemaView) -> Iterator[Outcome]:
    """The transaction table has a schema, and the sequence that numbers it has none.

    ## What happens at run time

    `create_all()` puts the sequence into the default schema, where Continuum finds it. A migration that Alembic wrote
    (`BIGSERIAL`) puts it beside the table, and every flush fails:

        ProgrammingError: (psycopg2.errors.UndefinedTable) relation "transaction_id_seq" does not exist

    ## Way out

    Create the sequence by hand in the migration, or put the schema on the `search_path`.
    """
    yield from _flaws(
        schema,
        FlawKind.SEQUENCE_SCHEMA,
        "VT360",
        "transaction-sequence-schema",
        Severity.WARNING,
        "Continuum looks for the sequence without a schema, and migrations put it beside the table.",
        "create the sequence in the default schema, or put the schema on the search_path",
    )


@check("VT361", "native-name-unsafe", Severity.WARNING, Subjects.SCHEMA)
def native_name_unsafe(schema: SchemaView) -> Iterator[Outcome]:
    """The name of a natively versioned table is one that the trigger functions cannot handle.

    ## What happens at run time

    * Upper-case letters: the function names the version table without quotes, and every change fails with
      `relation "thing_version" does not exist`.
    * The same name in two schemas: both tables share one function, and the history of one lands in the other's.

    ## Way out

    Lower-case names, unique across schemas; or versioning in Python for these tables.
    """
    yield from _flaws(
        schema,
        FlawKind.NATIVE_NAME,
        "VT361",
        "native-name-unsafe",
        Severity.WARNING,
        "Native versioning cannot handle this table's name.",
        "lower-case names, unique across schemas",
    )
