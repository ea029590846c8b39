"""``op.create_index`` where Alembic can say what an index is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from drift.schema import Index, QualifiedName

if TYPE_CHECKING:
    from drift.migration.context import PlanContext


def index_operation(context: PlanContext, table: QualifiedName, name: str, index: Index) -> ops.CreateIndexOp | None:
    """The operation, or ``None`` for what Alembic's renderer does not carry faithfully.

    Expressions, predicates, sort orders and operator classes go out as the statement itself.
    """
    options: dict[str, Any] = {}
    if any(key.column is None or key.opclass or key.collation or key.length for key in index.keys):
        return None
    if any(key.descending or key.nulls_first for key in index.keys) or index.options:
        return None
    if index.predicate is not None and context.is_postgresql:
        return None
    if context.is_postgresql:
        if index.method != "btree":
            options["postgresql_using"] = index.method
        if index.include:
            options["postgresql_include"] = list(index.include)
        if index.nulls_not_distinct:
            options["postgresql_nulls_not_distinct"] = True
    elif index.predicate is not None or index.method not in ("btree", ""):
        return None
    return ops.CreateIndexOp(
        conv(name),
        table.name,
        [key.column for key in index.keys if key.column is not None],
        schema=context.quoting.schema(table),
        unique=index.unique,
        **options,
    )
