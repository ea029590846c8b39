"""Triggers and functions of native versioning (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Iterator

from drift.findings import Finding
from drift.migration import operations as own
from drift.migration.context import PlanContext
from drift.migration.handlers.messages import drop_reason
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.registry import handles
from drift.schema import AuditTrigger, Function, QualifiedName, Trigger

CREATE = Phase.VIEW
"""After every column and key that a function mentions."""


def _expected(finding: Finding, context: PlanContext) -> AuditTrigger | None:
    table = QualifiedName(finding.subject.schema, finding.subject.name)
    function = finding.detail("function")
    for trigger in context.alignment.expected.audit_triggers:
        if trigger.table == table and (function is None or str(trigger.function) == function):
            return trigger
    return None


def _function(context: PlanContext, name: QualifiedName) -> Function | None:
    return next((one for one in context.alignment.actual.functions if one.name == name), None)


def _trigger(context: PlanContext, table: QualifiedName, name: str) -> Trigger | None:
    found = context.actual_tables.get(table)
    return next((one for one in found.triggers if one.name == name), None) if found is not None else None


def _create_function(context: PlanContext, name: QualifiedName, body: str) -> str:
    quoted = context.quoting.qualified(name)
    return f"CREATE OR REPLACE FUNCTION {quoted}() RETURNS TRIGGER AS $${body}$$ LANGUAGE plpgsql"


def _create_trigger(context: PlanContext, trigger: AuditTrigger) -> str:
    quoting = context.quoting
    return (
        f"CREATE TRIGGER {quoting.name(trigger.trigger)} AFTER {trigger.events} ON {quoting.qualified(trigger.table)} "
        f"FOR EACH ROW EXECUTE PROCEDURE {quoting.qualified(trigger.function)}()"
    )


def _drop_trigger(context: PlanContext, table: QualifiedName, name: str) -> str:
    return f"DROP TRIGGER IF EXISTS {context.quoting.name(name)} ON {context.quoting.qualified(table)}"


@handles("VT108")
def create_trigger(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The function with Continuum's text, and the trigger that calls it."""
    trigger = _expected(finding, context)
    if trigger is None:
        context.refuse(finding, "the models do not name it")
        return
    quoting = context.quoting
    old = _function(context, trigger.function)
    there = [_create_function(context, trigger.function, trigger.body)]
    back = []
    if _trigger(context, trigger.table, trigger.trigger) is None:
        there.append(_create_trigger(context, trigger))
        back.append(_drop_trigger(context, trigger.table, trigger.trigger))
    if old is None:
        back.append(f"DROP FUNCTION {quoting.qualified(trigger.function)}()")
    elif old.body is not None:
        back.append(_create_function(context, old.name, old.body))
    yield Step(
        f"create the trigger {trigger.trigger} on {trigger.table}",
        CREATE,
        (finding,),
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in back),
        Change.ADD,
        trigger.table,
        Lock.SHARE_ROW_EXCLUSIVE,
        hazard="changes made until now have left no history",
    )


@handles("VT318")
def replace_function(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The function with Continuum's text for today's models."""
    trigger = _expected(finding, context)
    old = _function(context, trigger.function) if trigger is not None else None
    if trigger is None or old is None or old.body is None:
        context.refuse(finding, "the models do not name it")
        return
    yield Step(
        f"replace the function {trigger.function}",
        CREATE,
        (finding,),
        (own.Execute(_create_function(context, trigger.function, trigger.body)),),
        (own.Execute(_create_function(context, old.name, old.body)),),
        Change.CHANGE,
        hazard="what the old function left out of versions is lost",
    )


@handles("VT319")
def enable_trigger(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A disabled trigger."""
    table = context.quoting.qualified(QualifiedName(finding.subject.schema, finding.subject.name))
    name = context.quoting.name(str(finding.detail("trigger")))
    yield Step(
        f"enable the trigger {finding.detail('trigger')} on {finding.subject.name}",
        CREATE,
        (finding,),
        (own.Execute(f"ALTER TABLE {table} ENABLE TRIGGER {name}"),),
        (own.Execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}"),),
        Change.CHANGE,
        QualifiedName(finding.subject.schema, finding.subject.name),
        Lock.SHARE_ROW_EXCLUSIVE,
        hazard="changes made while it was disabled have left no history",
    )


@handles("VT211")
def drop_trigger(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Triggers that were left behind; the function goes with its trigger."""
    table = QualifiedName(finding.subject.schema, finding.subject.name)
    name = str(finding.detail("trigger"))
    trigger = _trigger(context, table, name)
    function = _function(context, trigger.function) if trigger is not None and trigger.function is not None else None
    if trigger is None or trigger.definition is None:
        context.refuse(finding, "it is not there")
        return
    there = [_drop_trigger(context, table, name)]
    back = [trigger.definition]
    if function is not None and function.body is not None:
        there.append(f"DROP FUNCTION {context.quoting.qualified(function.name)}()")
        back.insert(0, _create_function(context, function.name, function.body))
    yield Step(
        f"drop the trigger {name} on {table}",
        Phase.DETACH,
        (finding,),
        tuple(own.Execute(statement) for statement in there),
        tuple(own.Execute(statement) for statement in back),
        Change.DROP,
        table,
        Lock.ACCESS_EXCLUSIVE,
        hazard="Continuum's unit of work alone writes the history then",
        commented_out=drop_reason(context.options, "triggers"),
    )


@handles("VT112")
def create_extension(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The extension that trigger functions compare rows with."""
    del context
    yield Step(
        "create the extension hstore",
        Phase.TYPE,
        (finding,),
        (own.Execute("CREATE EXTENSION IF NOT EXISTS hstore"),),
        (own.Execute("DROP EXTENSION hstore"),),
        Change.ADD,
        hazard="needs a role that may create extensions",
    )
