"""CO: what a column may hold, and what the database puts into it by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drift.alignment import Comparison, Pair
from drift.alignment.judge import DIFFERENT, SAME, default_of
from drift.alignment.verdicts import Usage
from drift.checks.context import VIEWS, SchemaView, TableView
from drift.checks.numbering import NumberOptions, is_cosmetic, option_differences
from drift.checks.registry import Subjects, check
from drift.checks.server_words import Failure
from drift.checks.wording import ASK_SERVER, column_subject, correct_the_models, found, listed, places, repair, unknown
from drift.findings import Finding, Outcome, Safety, Severity
from drift.schema import Column, Expression, Identity, QualifiedName, TableKind


@check("CO302", "column-nullability-mismatch", Severity.ERROR, Subjects.COLUMN)
def column_nullability_mismatch(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """NULL is allowed on one side only.

    NOT NULL in the database alone is an *error*, in the models alone a *warning*. Columns of the primary key are never
    NULL, whatever the model says, and views know no nullability: both are left alone.

    ## Why it breaks at run time

    NOT NULL in the database only: an INSERT or UPDATE that the models allow fails with
    `null value in column "email" of relation "users" violates not-null constraint`.

    NOT NULL in the models only: NULL gets in (by other programs, by raw SQL, by rows that are there already), and code
    and response schemas that rely on a value fail when they meet it.

    ## Example

        models      email: Mapped[str | None]
        database    email text NOT NULL

    ## Repair

    `DROP NOT NULL` is instant. `SET NOT NULL` fails while there are NULLs: fill them first; on a large table validate a
    `CHECK (email IS NOT NULL)` before it, which does not block writers.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or left.nullable == right.nullable or not table.stored:
        return
    if _is_key(table, left, right) or (left.nullable and _numbered(left)):
        return
    if left.nullable:
        message = (
            "An INSERT or UPDATE that the models allow fails with: "
            f"{Failure.NULL.said(schema.actual.dialect, column=right.name, relation=table.seen.name.name)}."
        )
        steps, safety = [f"drop NOT NULL of {left.name}"], Safety.SAFE
    else:
        message = "The database lets NULL in, and code that relies on a value fails when it reads such a row."
        steps, safety = [f"fill NULLs of {left.name}", "set NOT NULL"], Safety.NEEDS_DATA
    yield found(
        "CO302",
        column_subject(table.wanted.name, left.name),
        message,
        severity=Severity.ERROR if left.nullable else Severity.WARNING,
        expected="NULL" if left.nullable else "NOT NULL",
        actual="NULL" if right.nullable else "NOT NULL",
        locations=places(left, table.wanted),
        repair=repair("alter-column", *steps, safety=safety),
    )


def _is_key(table: TableView, left: Column, right: Column) -> bool:
    """Whether the primary key decides: it makes the model's ``nullable`` void, and the database's too."""
    wanted = table.wanted.primary_key is not None and left.name in table.wanted.primary_key.columns
    seen = table.seen.primary_key is not None and right.name in table.seen.primary_key.columns
    return (wanted and left.nullable) or (wanted and seen)


def _numbered(column: Column) -> bool:
    return column.auto_increment or column.identity is not None


@check("CO303", "column-default-mismatch", Severity.WARNING, Subjects.COLUMN)
def column_default_mismatch(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The column's server default is missing, unexpected, or another one.

    The server decides whether two spellings mean the same (`now()` and `CURRENT_TIMESTAMP`, `'{}'::jsonb` and
    `'{}'`); no default is ever evaluated. `DEFAULT NULL` is no default.

    ## Why it breaks at run time

    With a `server_default` the ORM leaves the column out of the INSERT. If the database has none and the column is NOT
    NULL, every INSERT fails (*error*); if it may be NULL, NULL is stored in silence (*warning*). Another default stores
    another value (*warning*). A default that only the database has goes unnoticed where the model always supplies a
    value (*info*), and so does another function that draws a random UUID.

    A string that looks like a call is one of its own kind: `server_default="now()"` freezes the clock at CREATE TABLE
    (PostgreSQL), stores the text `now()` (SQLite), or is refused. `text("now()")` is meant; no migration can help.

    ## Example

        models      mapped_column(server_default=text("'new'"))
        database    status text NOT NULL

    ## Repair

    `SET DEFAULT` or `DROP DEFAULT`: instant; rows that are there keep their values.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or not table.complete or table.seen.kind in VIEWS or table.wanted.kind in VIEWS:
        return
    if left.generated is not None or right.generated is not None or _lost_number(left, right):
        return
    if _numbered(left) and _numbered(right):
        return
    if _sequence_missing(left, schema):
        # The default comes with the sequence.
        return
    wanted, seen = default_of(left), default_of(right)
    if wanted is None and seen is None and schema.actual.dialect == "sqlite":
        # Every INTEGER PRIMARY KEY numbers itself there, wanted or not.
        return
    subject = column_subject(table.wanted.name, left.name)
    comparison = _defaults(left, right, table, schema)
    if comparison.rejected and schema.judge.types(left.type, right.type).different:
        # The default does not fit the column because the type differs, which is reported.
        return
    misunderstood = _misunderstood(left, comparison, schema)
    if misunderstood is not None:
        yield found(
            "CO303",
            subject,
            misunderstood,
            expected=f"DEFAULT {wanted}",
            actual=_default_text(right),
            locations=places(left, table.wanted),
            repair=correct_the_models(f"say server_default=text(...) if the server is to compute it, not {wanted}"),
        )
        return
    if comparison.same:
        return
    if comparison.unknown:
        yield unknown("CO303", subject, comparison.reason, ASK_SERVER)
        return
    if wanted is not None and seen is None and not _numbered(right):
        breaks = not right.nullable and not left.client_default and table.seen.kind is not TableKind.FOREIGN
        severity = Severity.ERROR if breaks else Severity.WARNING
        message = (
            "The ORM leaves the column to the database, which has no value for it: every INSERT fails with a "
            "not-null violation."
            if breaks
            else "The ORM leaves the column to the database, which stores NULL instead of the default."
        )
    elif wanted is None:
        severity = Severity.INFO
        message = (
            "The model supplies a value by itself; only other programs get the database's default."
            if left.client_default
            else "The database fills in a value where the models expect none."
        )
    elif seen is not None and _random_uuid(wanted) and _random_uuid(seen):
        severity = Severity.INFO
        message = "Both functions draw a random UUID; a database without the extension of the one lacks it."
    else:
        severity = Severity.WARNING
        message = "The ORM leaves the column to the database, which stores another value than the models expect."
    yield found(
        "CO303",
        subject,
        message,
        severity=severity,
        expected=f"DEFAULT {wanted}" if wanted is not None else "no default",
        actual=_default_text(right),
        locations=places(left, table.wanted),
        repair=repair("alter-column", f"set default {wanted}" if wanted is not None else "drop the default"),
    )


_CLOCK = re.compile(
    r"'\s*(?:now|today|tomorrow|yesterday|current_?(?:timestamp|date|time)|localtime(?:stamp)?)\s*(?:\(\s*\d*\s*\))?\s*'"
    r"(?:::[\w ()]+)?",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"(?:timestamp|timestamptz|datetime|date|time|timetz)\b", re.IGNORECASE)


def _misunderstood(column: Column, comparison: Comparison, schema: SchemaView) -> str | None:
    """Why the model's default cannot mean what it says: a string where a call is meant. No migration can help."""
    default = default_of(column)
    if default is None:
        return None
    if _CLOCK.fullmatch(default.sql.strip()) and _MOMENT.match(column.type):
        if schema.actual.dialect == "sqlite":
            return "SQLite stores the string itself, which is no date: reading such a row fails."
        if (
            schema.actual.dialect == "postgresql"
            and "local" not in default.sql
            and "current" not in default.sql.lower()
        ):
            return "The clock stands still: the server reads the string once, when the default is made, for all rows."
        return "The string is no date: the server refuses such a default, and CREATE TABLE fails."
    if comparison.rejected and default.sql.startswith("'") and column.enum is column.domain is None:
        return f"The server refuses the model's default: {comparison.reason}."
    return None


_RANDOM_UUID = re.compile(
    r'\W*(?:[\w"]+\.)?(?:gen_random_uuid|uuid_generate_v4|uuidv4|uuid_v4)\(\)\W*(?:::[\w ]+)?', re.IGNORECASE
)


def _random_uuid(default: Expression) -> bool:
    return _RANDOM_UUID.fullmatch(default.sql.strip()) is not None


def _default_text(column: Column) -> str:
    default = default_of(column)
    if default is not None:
        return f"DEFAULT {default}"
    if column.identity is not None:
        return "GENERATED AS IDENTITY"
    if column.sequence is not None:
        return f"DEFAULT nextval({column.sequence})"
    return "numbered by the database" if column.auto_increment else "no default"


def _defaults(left: Column, right: Column, table: TableView, schema: SchemaView) -> Comparison:
    wanted, seen = default_of(left), default_of(right)
    if left.sequence is not None and right.auto_increment:
        # nextval() of the sequence behind a SERIAL: the sequences decide.
        ours = _actual_sequence(left.sequence, schema)
        return SAME if ours == right.sequence or ours is None else DIFFERENT
    if _numbered(right) and wanted is None and left.client_default:
        # A Sequence() that the ORM asks for itself, in front of a column that could number itself.
        return SAME
    if left.sequence is not None and seen is not None:
        ours = _actual_sequence(left.sequence, schema)
        if ours is not None and ours != left.sequence and str(ours) in seen.sql.replace('"', ""):
            return SAME
    if wanted is None or seen is None:
        return SAME if wanted is None and seen is None and not _numbered(right) else DIFFERENT
    return schema.judge.expressions(schema.frame(table), wanted, seen, Usage.DEFAULT, right.type)


def _actual_sequence(name: QualifiedName, schema: SchemaView) -> QualifiedName | None:
    """What the sequence is called in the database; ``None`` when it is missing there."""
    for pair in schema.sequences:
        if pair.expected is not None and pair.expected.name == name:
            return pair.actual.name if pair.actual is not None else None
    return name


@check("CO310", "column-auto-increment-lost", Severity.ERROR, Subjects.COLUMN)
def column_auto_increment_lost(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The models expect the database to number this column, and it does not.

    SERIAL, IDENTITY, a sequence of any name as default, AUTO_INCREMENT and SQLite's rowid all count as numbering.

    ## Why it breaks at run time

    The ORM leaves the primary key out of the INSERT: `null value in column "id" of relation "users" violates not-null
    constraint`. Tables that were copied with `CREATE TABLE ... AS` or restored without their sequences look like this.

    ## Example

        models      id: Mapped[int] = mapped_column(primary_key=True)
        database    id integer NOT NULL

    ## Repair

    Give the column an identity or a sequence that starts above the largest value in use.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or not table.stored or not _lost_number(left, right):
        return
    if _sequence_missing(left, schema):
        return
    yield found(
        "CO310",
        column_subject(table.wanted.name, left.name),
        "The ORM leaves the column to the database, which does not number it: every INSERT fails with a not-null "
        "violation.",
        expected="numbered by the database" if left.identity is None else "GENERATED AS IDENTITY",
        actual=_default_text(right),
        locations=places(left, table.wanted),
        repair=repair(
            "number-column",
            f"number {left.name} from above its largest value",
            safety=Safety.BLOCKS_READS,
        ),
    )


def _lost_number(left: Column, right: Column) -> bool:
    """Expected to be numbered, and neither numbered nor filled by a default of its own."""
    return _numbered(left) and not _numbered(right) and default_of(right) is None


def _sequence_missing(column: Column, schema: SchemaView) -> bool:
    return column.sequence in schema.missing_sequences


@check("CO304", "column-identity-mismatch", Severity.WARNING, Subjects.COLUMN)
def column_identity_mismatch(pair: Pair[Column], table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The identity of the column differs: ALWAYS against BY DEFAULT, or the options of its sequence.

    Compared where the model declares `Identity(...)`. A column that is numbered by SERIAL instead does the same as
    `GENERATED BY DEFAULT`, but for the ownership of its sequence and the rights on it: *info*.

    ## Why it breaks at run time

    With ALWAYS in the database, an INSERT that brings its own value fails: `cannot insert a non-DEFAULT value into
    column "id"`. Without it, explicit values get in and collide with numbers that come later. A smaller maximum ends
    with `nextval: reached maximum value of sequence`.

    ## Example

        models      mapped_column(Identity(always=True))
        database    GENERATED BY DEFAULT AS IDENTITY

    ## Repair

    `ALTER COLUMN ... SET GENERATED ALWAYS`, `SET INCREMENT BY ...`: instant.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or not table.stored or left.identity is None or not right.auto_increment:
        return
    wanted = left.identity
    seen = right.identity
    if seen is None:
        differences = [(f"GENERATED {_when(wanted)} AS IDENTITY", _default_text(right))]
        cosmetic = not wanted.always
    else:
        differences = _identity_differences(wanted, seen, right.type)
        cosmetic = is_cosmetic(differences)
    if not differences:
        return
    strict = seen is not None and seen.always and not wanted.always
    yield found(
        "CO304",
        column_subject(table.wanted.name, left.name),
        "An INSERT that brings its own value fails with: cannot insert a non-DEFAULT value into column."
        if strict
        else "The database numbers the rows in another way than the models say.",
        severity=Severity.INFO if cosmetic else Severity.WARNING,
        expected=listed(text for text, _ in differences),
        actual=listed(text for _, text in differences),
        locations=places(left, table.wanted),
        repair=repair("alter-identity", f"alter the identity of {left.name}"),
    )


def _identity_differences(wanted: Identity, seen: Identity, type_: str) -> list[tuple[str, str]]:
    differences: list[tuple[str, str]] = []
    if wanted.always != seen.always:
        differences.append((_when(wanted), _when(seen)))
    differences.extend(option_differences(NumberOptions.of(wanted, type_), NumberOptions.of(seen, type_)))
    return differences


def _when(identity: Identity) -> str:
    return "ALWAYS" if identity.always else "BY DEFAULT"
