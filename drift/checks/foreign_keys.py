"""FK: foreign keys that are missing, unexpected, or point elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.checks.causes import follows_from_column, follows_from_target, same_link
from drift.checks.context import STORED, SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.wording import found, listed, local, member_subject, places, repair
from drift.findings import Finding, Safety, Severity, Subject, SubjectKind
from drift.schema import ForeignKey

_ACCEPT_ANY_TARGET = ("mysql", "mariadb")
"""Servers on which any indexed columns will do."""

DESTRUCTIVE = ("CASCADE", "SET NULL", "SET DEFAULT")


def subject_of(table: TableView, *keys: ForeignKey | None) -> Subject:
    """A foreign key by its first name, or its columns."""
    columns = next((key.columns for key in keys if key is not None), ())
    return member_subject(SubjectKind.FOREIGN_KEY, table.wanted.name, *keys, columns=columns)


def both(table: TableView) -> Iterator[tuple[ForeignKey, ForeignKey, Pair[ForeignKey]]]:
    """Foreign keys that both sides have."""
    if not table.stored:
        return
    for pair in table.differing_foreign_keys:
        if pair.expected is not None and pair.actual is not None and not follows_from_column(table, pair):
            yield pair.expected, pair.actual, pair


def text_of(key: ForeignKey, schema: SchemaView) -> str:
    """A foreign key in SQL."""
    target = local(key.target, schema.actual.default_schema)
    text = f"FOREIGN KEY ({listed(key.columns)}) REFERENCES {target} ({listed(key.target_columns)})"
    if key.on_delete != "NO ACTION":
        text += f" ON DELETE {key.on_delete}"
    if key.delete_columns:
        text += f" ({listed(key.delete_columns)})"
    if key.on_update != "NO ACTION":
        text += f" ON UPDATE {key.on_update}"
    return text


@check("FK101", "foreign-key-missing", Severity.WARNING)
def foreign_key_missing(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A foreign key of the models does not exist in the database.

    Where its target is missing as well (the table, a column, the key it refers to), that is reported instead.

    ## Why it breaks at run time

    Rows that refer to nothing get in and stay when their target is deleted. Loading the relationship gives `None`
    where the code relies on an object: `AttributeError: 'NoneType' object has no attribute ...`. ON DELETE CASCADE does
    not happen: the rows stay.

    ## Example

        models      user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
        database    user_id integer

    ## Repair

    Remove or repair orphans, then add it. On busy tables: `NOT VALID` first, `VALIDATE CONSTRAINT` after.
    """
    if not table.stored:
        return
    for pair in table.foreign_keys:
        key = pair.expected
        if key is None or pair.actual is not None:
            continue
        if follows_from_column(table, pair) or follows_from_target(schema, key) or not targets_unique(schema, key):
            continue
        yield found(
            "FK101",
            subject_of(table, key),
            "Rows that refer to nothing get in"
            + (f", and ON DELETE {key.on_delete} does not happen." if key.on_delete in DESTRUCTIVE else "."),
            expected=text_of(key, schema),
            note=pair.evidence,
            locations=places(*map(table.wanted.column, key.columns), table.wanted),
            repair=repair(
                "create-foreign-key", "remove orphans", f"add {text_of(key, schema)}", safety=Safety.NEEDS_DATA
            ),
            columns=key.columns,
            target=str(key.target),
            target_columns=key.target_columns,
        )


@check("FK201", "foreign-key-unexpected", Severity.WARNING)
def foreign_key_unexpected(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The database has a foreign key that the models do not know.

    *info* where it repeats another one.

    ## Why it breaks at run time

    An INSERT that the models allow fails: `insert or update on table "orders" violates foreign key constraint`. So
    does deleting the target, and the unit of work, which does not know of the dependency, may write in the wrong order.

    ## Example

        models      user_id: Mapped[int]
        database    FOREIGN KEY (user_id) REFERENCES users (id)

    ## Repair

    Put it into the models, or drop it.
    """
    if not table.stored:
        return
    known = {
        (pair.actual.columns, pair.actual.target, pair.actual.target_columns)
        for pair in table.foreign_keys
        if pair.expected is not None and pair.actual is not None
    }
    for pair in table.foreign_keys:
        key = pair.actual
        if key is None or pair.expected is not None or follows_from_column(table, pair):
            continue
        repeats = (key.columns, key.target, key.target_columns) in known
        yield found(
            "FK201",
            subject_of(table, key),
            "It repeats another foreign key."
            if repeats
            else "Rows that the models accept are rejected, and the ORM may write in the wrong order.",
            severity=Severity.INFO if repeats else Severity.WARNING,
            actual=text_of(key, schema),
            locations=places(table.wanted),
            repair=repair("drop-constraint", "put it into the models, or drop it"),
            columns=key.columns,
            target=str(key.target),
            target_columns=key.target_columns,
        )


@check("FK301", "foreign-key-target-mismatch", Severity.ERROR)
def foreign_key_target_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The foreign key refers to another table or column than the models say, or starts from other columns.

    ## Why it breaks at run time

    Valid rows are rejected: `insert or update on table "orders" violates foreign key constraint "orders_user_id_fkey"`,
    because the value exists in the expected table and not in the other. Invalid ones are accepted.

    ## Example

        models      ForeignKey("users.id")
        database    REFERENCES old_users (id)

    ## Repair

    Drop it and add the expected one, after repairing rows that do not fit.
    """
    for wanted, seen, _ in both(table):
        if same_link(schema, table, wanted, seen) or follows_from_target(schema, wanted):
            continue
        yield found(
            "FK301",
            subject_of(table, seen, wanted),
            "Rows that are right for the models are rejected, and wrong ones accepted.",
            expected=text_of(wanted, schema),
            actual=text_of(seen, schema),
            locations=places(*map(table.wanted.column, wanted.columns), table.wanted),
            repair=repair("replace-foreign-key", f"replace it by {text_of(wanted, schema)}", safety=Safety.NEEDS_DATA),
            columns=wanted.columns,
            target=str(wanted.target),
            target_columns=wanted.target_columns,
        )


@check("FK307", "foreign-key-target-not-unique", Severity.WARNING, Subjects.SCHEMA)
def foreign_key_target_not_unique(schema: SchemaView) -> Iterator[Finding]:
    """A foreign key of the models refers to columns that are not unique, in the models themselves.

    No database can have it, so its absence is not reported.

    ## Why it breaks at run time

    `create_all()` and every migration that adds it fail: `there is no unique constraint matching given keys for
    referenced table "inputs"`. Databases that were made by older migrations simply lack it.

    ## Example

        models      ForeignKey("inputs.input_uuid"), where only (source_id, input_uuid) is the primary key

    ## Repair

    Make the target unique in the models, or refer to its key. A migration cannot help.
    """
    keys = ((table, key) for table in schema.views if table.expected is not None for key in table.expected.foreign_keys)
    for table, key in keys:
        if not targets_unique(schema, key):
            yield found(
                "FK307",
                subject_of(table, key),
                f"{local(key.target, schema.actual.default_schema)} has no key on ({listed(key.target_columns)}): "
                "creating the foreign key fails.",
                expected=text_of(key, schema),
                locations=places(*map(table.wanted.column, key.columns), table.wanted),
                repair=repair("change-models", "make the target unique, or refer to its key", safety=Safety.MANUAL),
                columns=key.columns,
                target=str(key.target),
                target_columns=key.target_columns,
            )


def targets_unique(schema: SchemaView, key: ForeignKey) -> bool:
    """Whether the models promise that the target's columns are unique; targets that are not mapped pass."""
    if schema.actual.dialect in _ACCEPT_ANY_TARGET:
        return True
    target = schema.pairs.get(key.target)
    if target is None or target.wanted.kind not in STORED:
        return True
    columns = set(key.target_columns)
    table = target.wanted
    if table.primary_key is not None and set(table.primary_key.columns) == columns:
        return True
    if any(set(unique.columns) == columns for unique in table.uniques):
        return True
    return any(index.unique and index.predicate is None and set(index.columns) == columns for index in table.indexes)
