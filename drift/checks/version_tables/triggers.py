"""Native versioning: the trigger functions that write versions inside PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drift.checks.context import SchemaView
from drift.checks.registry import Subjects, check
from drift.checks.version_tables.support import finding, located, table_subject
from drift.findings import Outcome, Severity
from drift.schema import AuditTrigger, Function, QualifiedName, Table, Trigger

_TRANSACTION_TRIGGER = "transaction_trigger"
_QUOTED = re.compile(r'"[^"]+"')


def _expected(schema: SchemaView) -> Iterator[tuple[AuditTrigger, Table, Table]]:
    """Expected triggers whose table is there, with both sides of it."""
    for trigger in schema.expected.audit_triggers:
        pair = schema.pairs.get(trigger.table)
        if pair is not None and pair.expected is not None and pair.actual is not None:
            yield trigger, pair.expected, pair.actual


def _present(table: Table, trigger: AuditTrigger) -> Trigger | None:
    """The trigger that calls the expected function, whatever it is called."""
    named = next((one for one in table.triggers if one.name == trigger.trigger), None)
    return named or next((one for one in table.triggers if one.function == trigger.function), None)


def _function(schema: SchemaView, name: QualifiedName) -> Function | None:
    return next((one for one in schema.actual.functions if one.name == name), None)


def _effect(trigger: AuditTrigger) -> str:
    if trigger.trigger == _TRANSACTION_TRIGGER:
        return "no trigger function learns the number of the transaction, so no history at all is written"
    return f"changes of {trigger.table.name} leave no history"


@check("VT108", "audit-trigger-missing", Severity.ERROR, Subjects.SCHEMA)
def audit_trigger_missing(schema: SchemaView) -> Iterator[Outcome]:
    """A trigger of native versioning, or its function, does not exist.

    With `{"native_versioning": True}` a trigger on each versioned table writes the versions, and one on the transaction
    table tells it the transaction's number.

    ## What happens at run time

    Nothing, and that is the trouble: every change succeeds and leaves no history.

    ## How it comes about

    Continuum attaches them to `Table.create`, so `create_all()` makes them and migrations never do. Alembic does not
    look at triggers.

    ## Way out

    Create the function with exactly Continuum's text and the trigger that calls it. (`sync_trigger` is no way out: its
    function never sets `end_transaction_id` and always expects modification flags.)
    """
    for trigger, expected, actual in _expected(schema):
        if _present(actual, trigger) is not None and _function(schema, trigger.function) is not None:
            continue
        yield finding(
            "VT108",
            "audit-trigger-missing",
            Severity.ERROR,
            table_subject(expected),
            f"Native versioning needs the trigger {trigger.trigger}: without it {_effect(trigger)}, and no error is "
            "raised.",
            expected=f"{trigger.trigger} executes {trigger.function}()",
            locations=located(expected),
            repair="create-audit-trigger",
            trigger=trigger.trigger,
            function=str(trigger.function),
        )


@check("VT319", "audit-trigger-disabled", Severity.ERROR, Subjects.SCHEMA)
def audit_trigger_disabled(schema: SchemaView) -> Iterator[Outcome]:
    """A trigger of native versioning is disabled.

    ## What happens at run time

    Nothing, and that is the trouble: every change succeeds and leaves no history.

    ## How it comes about

    `ALTER TABLE ... DISABLE TRIGGER` before a bulk load, or a restore with `--disable-triggers` that did not end.

    ## Way out

    `ALTER TABLE ... ENABLE TRIGGER`.
    """
    for trigger, expected, actual in _expected(schema):
        found = _present(actual, trigger)
        if found is None or found.enabled:
            continue
        yield finding(
            "VT319",
            "audit-trigger-disabled",
            Severity.ERROR,
            table_subject(expected),
            f"The trigger {found.name} is disabled: {_effect(trigger)}, and no error is raised.",
            expected="enabled",
            actual="disabled",
            locations=located(expected),
            repair="enable-audit-trigger",
            trigger=found.name,
        )


@check("VT318", "audit-function-stale", Severity.ERROR, Subjects.SCHEMA)
def audit_function_stale(schema: SchemaView) -> Iterator[Outcome]:
    """A trigger function of native versioning is not the one that Continuum would create today.

    Its text lists the columns of the table; whenever those change it has to be created again.

    ## What happens at run time

    * A column was added since: no error, and its value is missing in every version.
    * A column was dropped since: every change of the table fails with `record "new" has no field "gone"`.
    * It was made by `sync_trigger`: `end_transaction_id` is never set again, or, without the modification tracker,
      `column "name_mod" of relation "article_version" does not exist`.

    ## Way out

    `CREATE OR REPLACE FUNCTION` with exactly Continuum's text. The comparison is to the letter: PostgreSQL stores the
    text between the dollar quotes as it is.
    """
    for trigger, expected, _ in _expected(schema):
        function = _function(schema, trigger.function)
        if function is None or function.body is None or _same_text(function.body, trigger.body):
            continue
        yield finding(
            "VT318",
            "audit-function-stale",
            Severity.ERROR,
            table_subject(expected),
            f"The function {trigger.function}() is not the one that Continuum would create for these models: columns "
            "added since are missing in every version, a column dropped since makes every change fail.",
            expected="Continuum's text for these models",
            actual=_difference(trigger.body, function.body),
            locations=located(expected),
            repair="replace-audit-function",
            function=str(trigger.function),
        )


def _same_text(left: str, right: str) -> bool:
    """Equal but for line ends and trailing blanks, which tools that dump and restore may change."""
    return [line.rstrip() for line in left.strip().splitlines()] == [
        line.rstrip() for line in right.strip().splitlines()
    ]


def _difference(expected: str, actual: str) -> str:
    """A few words on what differs: names that occur on one side only."""
    wanted, found = (
        set(text.replace(",", " ").replace("(", " ").replace(")", " ").split()) for text in (expected, actual)
    )
    lacking = sorted(word for word in wanted - found if word.startswith('"'))
    excess = sorted(word for word in found - wanted if word.startswith('"'))
    parts = []
    if lacking:
        parts.append(f"does not know {', '.join(lacking[:5])}")
    if excess:
        parts.append(f"still uses {', '.join(excess[:5])}")
    return "; ".join(parts) or "another text"


@check("VT211", "audit-trigger-unexpected", Severity.ERROR, Subjects.SCHEMA)
def audit_trigger_unexpected(schema: SchemaView) -> Iterator[Outcome]:
    """Triggers of native versioning are there, and the models version in Python.

    `{"native_versioning": True}` was turned off, and the triggers stayed.

    ## What happens at run time

    Each version is written twice, by the trigger and by Continuum's unit of work:

        IntegrityError: (psycopg2.errors.UniqueViolation)
        duplicate key value violates unique constraint "article_version_pkey"

    or the other way round the trigger overwrites what was written.

    ## Way out

    Drop the triggers and their functions (with `--allow-drop`), or turn native versioning on again.
    """
    wanted = {(trigger.table, trigger.function) for trigger in schema.expected.audit_triggers}
    parents = {facts.parent for facts in schema.expected.version_tables}
    for parent in sorted(parents):
        pair = schema.pairs.get(parent)
        if pair is None or pair.expected is None or pair.actual is None:
            continue
        for trigger in pair.actual.triggers:
            function = trigger.function
            if function is None or (parent, function) in wanted or not _is_audit(trigger, pair.actual):
                continue
            yield finding(
                "VT211",
                "audit-trigger-unexpected",
                Severity.ERROR,
                table_subject(pair.expected),
                f"The trigger {trigger.name} writes versions, and so does Continuum: each change fails with "
                "UniqueViolation, or its version is overwritten.",
                actual=f"{trigger.name} executes {function}()",
                locations=located(pair.expected),
                repair="drop-audit-trigger",
                trigger=trigger.name,
                function=str(function),
            )


def _is_audit(trigger: Trigger, table: Table) -> bool:
    """Whether it has both of the names that Continuum gives to a trigger and its function."""
    name = table.name.name.lower()
    return (
        trigger.function is not None and trigger.function.name == f"{name}_audit" and trigger.name == f"{name}_trigger"
    )


@check("VT112", "hstore-missing", Severity.ERROR, Subjects.SCHEMA)
def hstore_missing(schema: SchemaView) -> Iterator[Outcome]:
    """Native versioning needs the extension hstore, which is not installed.

    ## What happens at run time

    Inserting and deleting work; every UPDATE of a versioned table fails:

        ProgrammingError: (psycopg2.errors.UndefinedFunction) function hstore(article) does not exist

    ## Way out

    `CREATE EXTENSION hstore`, by a role that may.
    """
    if not schema.expected.audit_triggers or schema.actual.dialect != "postgresql":
        return
    if any(extension.name == "hstore" for extension in schema.actual.extensions):
        return
    first = next((one for one in schema.expected.audit_triggers if one.trigger != _TRANSACTION_TRIGGER), None)
    pair = schema.pairs.get(first.table) if first is not None else None
    if pair is None or pair.expected is None:
        return
    yield finding(
        "VT112",
        "hstore-missing",
        Severity.ERROR,
        table_subject(pair.expected),
        "Native versioning compares rows with hstore: every UPDATE of a versioned table fails with UndefinedFunction: "
        f"function hstore({pair.expected.name.name}) does not exist.",
        expected="extension hstore",
        repair="create-extension",
    )
