"""What a plan may do, and how its operations are rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DEFAULT_LARGE_ROWS = 100_000
"""From how many rows on a table is repaired by the slow roads. A scan of that many rows of ordinary width takes
some tens of milliseconds, which is about what waiting readers and writers can bear."""


class Roads(StrEnum):
    """Which roads a plan takes for existing tables."""

    AUTO = "auto"
    """By the server's estimate of the number of rows."""
    SLOW = "slow"
    """Every existing table counts as large."""
    SHORT = "short"
    """No table counts as large."""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How Alembic's renderer writes operations; the project's own ``context.configure(...)`` values.

    Attributes:
        render_item: The project's hook.
        user_module_prefix: Prefix of user-defined types; ``None`` renders the type's module and imports it.
        render_as_batch: Write ``op.batch_alter_table`` where a table is altered.
        sqlalchemy_module_prefix: Prefix of SQLAlchemy's names.
        alembic_module_prefix: Prefix of Alembic's operations.
        process_revision_directives: The project's hook, called with the finished script before it is rendered.
    """

    render_item: Callable[..., Any] | None = None
    user_module_prefix: str | None = None
    render_as_batch: bool = False
    sqlalchemy_module_prefix: str = "sa."
    alembic_module_prefix: str = "op."
    process_revision_directives: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan may do.

    Attributes:
        allow_drop: Drop what the models do not know. Without it drops stand in the file as comments.
        roads: Which roads to take.
        large_rows: From how many rows on a table counts as large under :attr:`Roads.AUTO`.
        lock_timeout: How long a step waits for its lock before it gives up, as PostgreSQL spells it; ``None`` to
            leave the session's setting alone.
        statement_timeout: How long a statement may run. "0" lets what scans take its time, whatever the role's setting
            is: on the slow roads nothing that scans holds a lock. ``None`` to leave the session's setting alone.
        render: How operations are rendered.
        accept_loss: Columns, as ``table.column`` or ``schema.table.column``, whose values a type change may cut, round
            or clip.
    """

    allow_drop: bool = False
    roads: Roads = Roads.AUTO
    large_rows: int = DEFAULT_LARGE_ROWS
    lock_timeout: str | None = "5s"
    statement_timeout: str | None = "0"
    render: RenderOptions = field(default_factory=RenderOptions)
    accept_loss: tuple[str, ...] = ()
