"""Native versioning: the trigger functions that Continuum expects in a PostgreSQL database.

Continuum attaches them to ``Table.create`` only, so a database made by migrations lacks them, and nothing notices: the
rows are written, their history is not. The expected text comes from Continuum's own builders.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from drift.schema import AuditTrigger
from drift.sources.continuum.managers import Versioned, transaction_table
from drift.sources.continuum.naming import Naming

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

TRANSACTION_FUNCTION = "transaction_temp_table_generator"
TRANSACTION_TRIGGER = "transaction_trigger"


def audit_triggers(
    manager: Any, versioned: Collection[Versioned], metadata: Collection[MetaData], naming: Naming
) -> tuple[AuditTrigger, ...]:
    """Triggers of every natively versioned table of the manager, and the one on its transaction table."""
    triggers = [
        _table_trigger(manager, one, naming)
        for one in versioned
        if one.model is not None and one.option("native_versioning")
    ]
    transaction = transaction_table(manager)
    wanted = {id(one) for one in metadata}
    if triggers and transaction is not None and id(transaction.metadata) in wanted:
        triggers.append(_transaction_trigger(transaction, naming))
    return tuple(triggers)


def uses_native(versioned: Collection[Versioned]) -> bool:
    """Whether any of these tables is versioned by triggers."""
    return any(one.model is not None and one.option("native_versioning") for one in versioned)


def _table_trigger(manager: Any, one: Versioned, naming: Naming) -> AuditTrigger:
    from sqlalchemy_continuum.dialects.postgresql import CreateTriggerFunctionSQL, CreateTriggerSQL

    function = str(CreateTriggerFunctionSQL.for_manager(manager, one.model))
    trigger = str(CreateTriggerSQL.for_manager(manager, one.model))
    return AuditTrigger(
        table=naming.table(one.parent),
        trigger=naming.folded(_word_after(trigger, "TRIGGER")),
        function=naming.unqualified(_word_after(function, "FUNCTION").removesuffix("()")),
        body=_body(function),
    )


def _transaction_trigger(table: Table, naming: Naming) -> AuditTrigger:
    from sqlalchemy_continuum.dialects.postgresql import (
        CreateTemporaryTransactionTableSQL,
        InsertTemporaryTransactionSQL,
    )
    from sqlalchemy_continuum.transaction import procedure_sql

    text = procedure_sql.format(
        temporary_transaction_sql=CreateTemporaryTransactionTableSQL(),
        insert_temporary_transaction_sql=InsertTemporaryTransactionSQL(transaction_id_values="NEW.id"),
    )
    return AuditTrigger(
        table=naming.table(table),
        trigger=TRANSACTION_TRIGGER,
        function=naming.unqualified(TRANSACTION_FUNCTION),
        body=_body(text),
        events="INSERT",
    )


def _word_after(sql: str, keyword: str) -> str:
    """The word behind a keyword; Continuum writes these names without quotes."""
    words = sql.split()
    return words[words.index(keyword) + 1]


def _body(function: str) -> str:
    """What the server stores as the function's source: exactly the text between the dollar quotes."""
    return function.split("$$")[1]
