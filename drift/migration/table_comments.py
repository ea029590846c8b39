"""Comments of tables as Alembic's operations; Alembic's own renderer writes a quote in a table's name as it is."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import render as alembic_render
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops


class CreateTableComment(ops.CreateTableCommentOp):
    """A table's comment."""


class DropTableComment(ops.DropTableCommentOp):
    """A table's comment taken away."""


def _render(context: AutogenContext, operation: CreateTableComment | DropTableComment) -> str:
    arguments = [repr(operation.table_name)] if not context._has_batch else []
    if isinstance(operation, CreateTableComment):
        arguments.append(repr(operation.comment))
    arguments.append(f"existing_comment={operation.existing_comment!r}")
    if operation.schema and not context._has_batch:
        arguments.append(f"schema={operation.schema!r}")
    word = "create_table_comment" if isinstance(operation, CreateTableComment) else "drop_table_comment"
    return f"{alembic_render._alembic_autogenerate_prefix(context)}{word}({', '.join(arguments)})"


_register: Any = alembic_render.renderers
_register.dispatch_for(CreateTableComment)(_render)
_register.dispatch_for(DropTableComment)(_render)
