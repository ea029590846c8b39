"""FK: what the rows say about a foreign key (``--probe``)."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView
from drift.checks.registry import Subjects, check
from drift.checks.wording import found, listed, local, member_subject, places, repair, unknown
from drift.findings import Outcome, Safety, Severity, SubjectKind
from drift.schema import ForeignKey, Orphans, Table


@check("FK308", "foreign-key-violated", Severity.ERROR, Subjects.SCHEMA)
def foreign_key_violated(schema: SchemaView) -> Iterator[Outcome]:
    """Rows refer to rows that do not exist. Looked for on SQLite, with `--probe` only.

    SQLite enforces foreign keys only on connections that say `PRAGMA foreign_keys = ON`; other databases keep such rows
    out, except for constraints that were never validated (FK304).

    ## Why it breaks at run time

    `relationship()` loads `None` where the code expects an object: `AttributeError: 'NoneType' object has no
    attribute 'name'`. On a connection that enforces foreign keys, and on the database that the rows are copied to one
    day, writing them fails: `FOREIGN KEY constraint failed`.

    ## Example

        models      ForeignKey("users.id")
        database    orders.user_id = 7, and no user has the id 7

    ## Repair

    Delete the rows, empty the column, or restore what they refer to, then switch enforcement on:
    `event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys = ON"))`.
    """
    if not schema.actual.orphans:
        return
    tables = {table.seen.name: table.wanted for table in schema.views if table.complete}
    for orphans in schema.actual.orphans:
        wanted = tables.get(orphans.table)
        if wanted is None:
            continue
        key = _key(wanted, orphans)
        subject = member_subject(SubjectKind.FOREIGN_KEY, wanted.name, key, columns=orphans.columns)
        if orphans.rows is None:
            yield unknown("FK308", subject, orphans.reason or "the database could not say", None)
            continue
        target = local(orphans.target, schema.actual.default_schema)
        yield found(
            "FK308",
            subject,
            "Loading what they refer to gives None, and writing them fails where foreign keys are enforced.",
            expected=f"every ({listed(orphans.columns)}) in {target}",
            actual=f"{orphans.rows} row{'s' if orphans.rows > 1 else ''} without one",
            locations=places(*map(wanted.column, orphans.columns), wanted),
            repair=repair(
                "repair-rows", f"delete or repair the rows that refer to nothing in {target}", safety=Safety.NEEDS_DATA
            ),
            columns=orphans.columns,
            rows=str(orphans.rows),
        )


def _key(table: Table, orphans: Orphans) -> ForeignKey | None:
    return next((key for key in table.foreign_keys if key.columns == orphans.columns), None)
