"""CO: generated columns, collation, character set, ON UPDATE, comments."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.alignment.judge import DIFFERENT
from drift.alignment.verdicts import Usage
from drift.checks.context import SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.server_words import Failure
from drift.checks.wording import ASK_SERVER, column_subject, found, places, repair, unknown
from drift.findings import Finding, Outcome, Safety, Severity
from drift.schema import Column


@check("CO305", "column-generated-mismatch", Severity.ERROR, Subjects.COLUMN)
def column_generated_mismatch(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The column is generated on one side only, by another expression, or in another way (stored, virtual).

    ## Why it breaks at run time

    Generated in the models only: the ORM never writes the column, so it stays NULL, and a NOT NULL column makes every
    INSERT fail. Generated in the database only: writing it fails with `cannot insert a non-DEFAULT value into column
    "total"`. Another expression: other values.

    ## Example

        models      total = mapped_column(Computed("price * quantity"))
        database    total numeric GENERATED ALWAYS AS (price) STORED

    ## Repair

    PostgreSQL 17 can `SET EXPRESSION`; before it, drop the column and add it again: the values are computed anew.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or not table.stored:
        return
    wanted, seen = left.generated, right.generated
    if wanted is None and seen is None:
        return
    subject = column_subject(table.wanted.name, left.name)
    severity = Severity.ERROR
    if wanted is None or seen is None:
        comparison = DIFFERENT
        message = (
            "The ORM never writes the column, and the database does not compute it."
            if seen is None
            else f"Writing it fails with: {_computed(schema, table, right)}."
        )
    else:
        comparison = schema.judge.expressions(schema.frame(table), wanted, seen, Usage.GENERATED, right.type)
        message = "The database computes other values than the models expect."
        if comparison.same and left.generated_stored != right.generated_stored:
            comparison, severity = DIFFERENT, Severity.INFO
            message = "The value is the same, computed at another time."
    if comparison.same:
        return
    if comparison.unknown:
        yield unknown("CO305", subject, comparison.reason, ASK_SERVER)
        return
    yield found(
        "CO305",
        subject,
        message,
        severity=severity,
        expected=_generated(left),
        actual=_generated(right),
        locations=places(left, table.wanted),
        repair=repair("regenerate-column", f"drop and add {left.name}", safety=Safety.BLOCKS_READS),
    )


def _computed(schema: SchemaView, table: TableView, column: Column) -> str:
    return Failure.GENERATED.said(schema.actual.dialect, column=column.name, relation=table.seen.name.name)


def _generated(column: Column) -> str:
    if column.generated is None:
        return "not generated"
    return f"GENERATED ALWAYS AS ({column.generated}) {'STORED' if column.generated_stored else 'VIRTUAL'}"


@check("CO306", "column-collation-mismatch", Severity.WARNING, Subjects.COLUMN)
def column_collation_mismatch(pair: Pair[Column], table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The column has another collation than the models say.

    The default collation is the same as none.

    ## Why it breaks at run time

    The collation decides order, comparison, and what UNIQUE takes for equal. Joining columns of different collations
    fails on some queries with `could not determine which collation to use for string comparison`.

    ## Example

        models      mapped_column(String(collation="C"))
        database    name text

    ## Repair

    `ALTER COLUMN ... TYPE ... COLLATE ...`. Indexes on the column are rebuilt.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or not table.stored:
        return
    wanted, seen = _own(left.collation, "collation", table), _own(right.collation, "collation", table)
    charset = _own(left.charset, "charset", table)
    if wanted is None and left.charset is not None and charset == _own(right.charset, "charset", table):
        return  # the model chose a character set, and left the collation to the server
    if schema.actual.dialect != "postgresql":
        # Elsewhere the names of collations ignore letter case.
        wanted, seen = wanted and wanted.lower(), seen and seen.lower()
    if wanted == seen:
        return
    yield found(
        "CO306",
        column_subject(table.wanted.name, left.name),
        "Order, comparison and UNIQUE follow another collation than the models expect.",
        expected=left.collation or "the default collation",
        actual=right.collation or "the default collation",
        locations=places(left, table.wanted),
        repair=repair("alter-column", f"set the collation of {left.name}", safety=Safety.BLOCKS_READS),
    )


def _own(word: str | None, option: str, table: TableView) -> str | None:
    """A collation or character set without quotes and the catalog's schema; the table's own is the same as none."""
    plain = None if word is None else word.replace('"', "").removeprefix("pg_catalog.")
    return None if plain == dict(table.seen.options).get(option) else plain


@check("CO307", "column-comment-mismatch", Severity.INFO, Subjects.COLUMN)
def column_comment_mismatch(pair: Pair[Column], table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The column's comment differs from the model's.

    ## Why it matters

    It does not at run time. Documentation that is generated from the database is out of date.

    ## Example

        models      mapped_column(comment="ISO 4217")
        database    no comment

    ## Repair

    `COMMENT ON COLUMN`; harmless.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or (left.comment or None) == (right.comment or None):
        return
    yield found(
        "CO307",
        column_subject(table.wanted.name, left.name),
        "Documentation that is made from the database is out of date.",
        expected=left.comment or "no comment",
        actual=right.comment or "no comment",
        locations=places(left, table.wanted),
        repair=repair("comment", f"set the comment of {left.name}"),
    )


@check("CO311", "column-on-update-mismatch", Severity.WARNING, Subjects.COLUMN)
def column_on_update_mismatch(pair: Pair[Column], table: TableView, _: SchemaView) -> Iterator[Finding]:
    """MySQL's `ON UPDATE` of the column differs.

    ## Why it matters

    A time of the last change that the database should keep is not kept, or one that the application sets is overwritten
    by every UPDATE.

    ## Example

        models      server_default=text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")
        database    updated_at datetime DEFAULT CURRENT_TIMESTAMP

    ## Repair

    `MODIFY COLUMN` with the expected clause.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or not table.stored or _moment(left.on_update) == _moment(right.on_update):
        return
    yield found(
        "CO311",
        column_subject(table.wanted.name, left.name),
        "The database does not touch the column on UPDATE as the models expect.",
        expected=f"ON UPDATE {left.on_update}" if left.on_update else "no ON UPDATE",
        actual=f"ON UPDATE {right.on_update}" if right.on_update else "no ON UPDATE",
        locations=places(left, table.wanted),
        repair=repair("alter-column", f"modify column {left.name}", safety=Safety.BLOCKS_WRITES),
    )


def _moment(text: str | None) -> str | None:
    """``current_timestamp()``, ``NOW()`` and ``CURRENT_TIMESTAMP`` are one."""
    if text is None:
        return None
    plain = text.lower().replace(" ", "").replace("now(", "current_timestamp(")
    return plain.removesuffix("()").removesuffix("(0)")


@check("CO312", "column-charset-mismatch", Severity.WARNING, Subjects.COLUMN)
def column_charset_mismatch(pair: Pair[Column], table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The column has another character set than the models say (MySQL, MariaDB).

    ## Why it breaks at run time

    A narrower set rejects characters: `Incorrect string value: '\\xF0\\x9F\\x98\\x80'`, or stores question marks where
    the server is not strict. Joining columns of different sets cannot use an index.

    ## Example

        models      mapped_column(VARCHAR(80, charset="utf8mb4"))
        database    name varchar(80) CHARACTER SET latin1

    ## Repair

    `MODIFY COLUMN ... CHARACTER SET ...` converts the values that are there.
    """
    left, right = pair.expected, pair.actual
    if left is None or right is None or not table.stored or left.charset is None:
        return
    if _own(left.charset, "charset", table) == _own(right.charset, "charset", table):
        return
    yield found(
        "CO312",
        column_subject(table.wanted.name, left.name),
        "Characters outside the column's character set are rejected, or stored as question marks.",
        expected=left.charset,
        actual=right.charset or "the table's character set",
        locations=places(left, table.wanted),
        repair=repair("alter-column", f"convert {left.name} to {left.charset}", safety=Safety.NEEDS_DATA),
    )
