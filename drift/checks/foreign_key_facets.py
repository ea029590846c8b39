"""FK: what a foreign key does, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView, TableView
from drift.checks.deferrability import deferrability, why
from drift.checks.foreign_keys import DESTRUCTIVE, both, subject_of, text_of
from drift.checks.registry import check
from drift.checks.wording import found, listed, places, repair
from drift.findings import Finding, Safety, Severity

_DIALECTS_WITHOUT_RESTRICT = ("mysql", "mariadb")


@check("FK302", "foreign-key-action-mismatch", Severity.WARNING)
def foreign_key_action_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """ON DELETE or ON UPDATE differs, or which columns `ON DELETE SET NULL (...)` empties.

    *error* where the database deletes or empties rows that the models want to keep; *info* between NO ACTION and
    RESTRICT, which differ only for deferred constraints.

    ## Why it breaks at run time

    CASCADE in the models only: with `passive_deletes=True` the ORM leaves the children to the database, and
    deleting the parent fails with `update or delete on table "users" violates foreign key constraint`. CASCADE in
    the database only: children disappear without the ORM, its events, or its history noticing.

    ## Example

        models      ForeignKey("users.id", ondelete="CASCADE")
        database    REFERENCES users (id)

    ## Repair

    Drop it and add the expected one; on busy tables NOT VALID first.
    """
    for wanted, seen, _ in both(table):
        ours, theirs = (wanted.on_delete, wanted.on_update), (seen.on_delete, seen.on_update)
        if schema.actual.dialect in _DIALECTS_WITHOUT_RESTRICT:
            ours = _restricted(*ours)
            theirs = _restricted(*theirs)
        ours_emptied = schema.actual_names(table, wanted.delete_columns)
        if ours == theirs and set(ours_emptied) == set(seen.delete_columns):
            continue
        severity, message = _judge(wanted.on_delete, seen.on_delete, wanted.on_update, seen.on_update)
        if ours == theirs:
            severity, message = Severity.ERROR, "Deleting the target empties other columns than the models expect."
        yield found(
            "FK302",
            subject_of(table, seen, wanted),
            message,
            severity=severity,
            expected=_actions(*ours, wanted.delete_columns),
            actual=_actions(*theirs, seen.delete_columns),
            locations=places(*map(table.wanted.column, wanted.columns), table.wanted),
            repair=repair(
                "replace-foreign-key", f"replace it by {text_of(wanted, schema)}", safety=Safety.BLOCKS_WRITES
            ),
            columns=wanted.columns,
        )


def _restricted(on_delete: str, on_update: str) -> tuple[str, str]:
    """For MySQL and MariaDB, NO ACTION is RESTRICT."""
    return on_delete.replace("NO ACTION", "RESTRICT"), on_update.replace("NO ACTION", "RESTRICT")


def _actions(on_delete: str, on_update: str, columns: tuple[str, ...]) -> str:
    some = f" ({listed(columns)})" if columns else ""
    return f"ON DELETE {on_delete}{some} ON UPDATE {on_update}"


def _judge(delete_wanted: str, delete_seen: str, update_wanted: str, update_seen: str) -> tuple[Severity, str]:
    if delete_wanted != delete_seen and delete_seen in DESTRUCTIVE:
        done = {"CASCADE": "deletes the rows", "SET NULL": "sets NULL", "SET DEFAULT": "sets the default"}[delete_seen]
        return Severity.ERROR, f"Deleting the target {done}, which the models do not expect."
    if delete_wanted != delete_seen and delete_wanted in DESTRUCTIVE:
        return Severity.WARNING, "Deleting the target fails with a foreign key violation instead of " + (
            "deleting the rows." if delete_wanted == "CASCADE" else "detaching the rows."
        )
    if update_wanted != update_seen and {update_wanted, update_seen} & set(DESTRUCTIVE):
        return Severity.WARNING, "Changing the target's key does something else to the rows than the models expect."
    return Severity.INFO, "NO ACTION and RESTRICT differ only while constraints are deferred."


@check("FK303", "foreign-key-deferrability-mismatch", Severity.WARNING)
def foreign_key_deferrability_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The foreign key is checked at another time than the models say.

    ## Why it breaks at run time

    Cycles of rows that refer to each other can only be written when the check waits for the commit: otherwise the first
    INSERT fails with `insert or update on table "a" violates foreign key constraint`.

    ## Example

        models      ForeignKey("b.id", deferrable=True, initially="DEFERRED")
        database    REFERENCES b (id)

    ## Repair

    `ALTER TABLE ... ALTER CONSTRAINT ... DEFERRABLE INITIALLY DEFERRED`: instant.
    """
    for wanted, seen, _pair in both(table):
        if deferrability(wanted) == deferrability(seen):
            continue
        yield found(
            "FK303",
            subject_of(table, seen, wanted),
            why(wanted, seen),
            expected=deferrability(wanted),
            actual=deferrability(seen),
            locations=places(*map(table.wanted.column, wanted.columns), table.wanted),
            repair=repair("alter-constraint", f"make it {deferrability(wanted)}", safety=Safety.BLOCKS_WRITES),
            columns=wanted.columns,
        )


@check("FK304", "foreign-key-not-valid", Severity.WARNING)
def foreign_key_not_valid(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The foreign key exists but was never validated, or is not enforced.

    ## Why it matters

    `NOT VALID` checks new rows only: old rows may refer to nothing, and the next UPDATE of such a row fails. It is what
    remains when the second half of a careful migration was forgotten. `NOT ENFORCED` (PostgreSQL 18) checks nothing.

    ## Example

        models      ForeignKey("users.id")
        database    FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID

    ## Repair

    Repair orphans, then `VALIDATE CONSTRAINT`; it does not block writers.
    """
    for wanted, seen, _pair in both(table):
        if (seen.validated or not wanted.validated) and (seen.enforced or not wanted.enforced):
            continue
        yield found(
            "FK304",
            subject_of(table, seen, wanted),
            "Rows that are older than it may refer to nothing." if seen.enforced else "Nothing is checked at all.",
            expected="valid",
            actual="NOT VALID" if seen.enforced else "NOT ENFORCED",
            locations=places(*map(table.wanted.column, wanted.columns), table.wanted),
            repair=repair("validate-constraint", "repair orphans", "validate it", safety=Safety.NEEDS_DATA),
            columns=wanted.columns,
        )


@check("FK305", "foreign-key-name-mismatch", Severity.INFO)
def foreign_key_name_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The foreign key is called something else than the models say.

    Only where the model or its naming convention names it.

    ## Why it matters

    A later migration that drops it by its name fails: `constraint "fk_orders_user" of relation "orders" does not
    exist`.

    ## Example

        models      ForeignKey("users.id", name="fk_orders_user")
        database    orders_user_id_fkey

    ## Repair

    `ALTER TABLE ... RENAME CONSTRAINT`: instant.
    """
    for wanted, seen, pair in both(table):
        if not pair.renamed:
            continue
        yield found(
            "FK305",
            subject_of(table, wanted),
            "Migrations that use the expected name fail; nothing else does.",
            expected=wanted.name,
            actual=seen.name,
            note=pair.evidence,
            locations=places(*map(table.wanted.column, wanted.columns), table.wanted),
            repair=repair("rename-constraint", f"rename {seen.name} to {wanted.name}"),
            columns=wanted.columns,
        )


@check("FK306", "foreign-key-match-mismatch", Severity.WARNING)
def foreign_key_match_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A foreign key over several columns treats partial NULLs in another way (`MATCH FULL` against `MATCH SIMPLE`).

    With one column both mean the same and nothing is reported.

    ## Why it breaks at run time

    MATCH FULL rejects a row in which some of the columns are NULL: `MATCH FULL does not allow mixing of null and
    nonnull key values`. MATCH SIMPLE accepts it without looking.

    ## Example

        models      ForeignKeyConstraint(["a", "b"], ["t.a", "t.b"], match="FULL")
        database    FOREIGN KEY (a, b) REFERENCES t (a, b)

    ## Repair

    Drop it and add the expected one.
    """
    for wanted, seen, _pair in both(table):
        if len(wanted.columns) < 2 or wanted.match == seen.match:
            continue
        yield found(
            "FK306",
            subject_of(table, seen, wanted),
            "Rows in which some of the columns are NULL are accepted unseen."
            if wanted.match == "FULL"
            else "Rows in which some of the columns are NULL are rejected.",
            expected=f"MATCH {wanted.match}",
            actual=f"MATCH {seen.match}",
            locations=places(*map(table.wanted.column, wanted.columns), table.wanted),
            repair=repair("replace-foreign-key", f"replace it by {text_of(wanted, schema)}", safety=Safety.NEEDS_DATA),
            columns=wanted.columns,
            note=f"over ({listed(wanted.columns)})",
        )
