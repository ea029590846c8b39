"""Alembic operations that Alembic lacks, or renders incompletely. All render as plain ``op.*``.

They close these gaps of Alembic's renderer: a primary key cannot be rendered, nor a renamed table; ``alter_column``
drops ``postgresql_using``; ``execute`` is not reversible. Containers (:class:`Unless`, :class:`Autocommit`,
:class:`CommentedOut`) are Alembic operation containers, so that a project's ``Rewriter`` sees what is inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from alembic.operations import ops

if TYPE_CHECKING:
    from drift.migration.plan import Guard


class Execute(ops.MigrateOperation):
    """One SQL statement, and the statement that takes it back."""

    def __init__(self, sql: str, back: str | None = None) -> None:
        self.sqltext = sql
        self.back = back

    def reverse(self) -> ops.MigrateOperation:
        """The way back."""
        if self.back is None:
            return Stub(f"this statement has no way back: {self.sqltext}")
        return Execute(self.back, self.sqltext)


class CreatePrimaryKey(ops.CreatePrimaryKeyOp):
    """A primary key that can be rendered."""


class CreateCheck(ops.MigrateOperation):
    """A check constraint; Alembic before 1.16 cannot render its own operation for one."""

    def __init__(self, name: Any, table_name: str, condition: str, *, schema: str | None = None) -> None:
        self.constraint_name = name
        self.table_name = table_name
        self.condition = condition
        self.schema = schema

    def reverse(self) -> ops.MigrateOperation:
        """Without the constraint."""
        return ops.DropConstraintOp(self.constraint_name, self.table_name, "check", schema=self.schema)


class RenameTable(ops.RenameTableOp):
    """A renamed table that can be rendered and reversed."""

    def reverse(self) -> ops.MigrateOperation:
        """The old name again."""
        return RenameTable(self.new_table_name, self.table_name, schema=self.schema)


class RenameColumn(ops.AlterColumnOp):
    """A renamed column, which older versions of Alembic leave out of what they render."""

    def __init__(self, table_name: str, before: str, after: str, *, schema: str | None = None) -> None:
        super().__init__(table_name, before, schema=schema, modify_name=after)
        self.after = after

    def reverse(self) -> ops.AlterColumnOp:
        """The old name again."""
        return RenameColumn(self.table_name, self.after, self.column_name, schema=self.schema)


class AlterColumnUsing(ops.AlterColumnOp):
    """A type change with a ``USING`` expression."""

    def __init__(self, *args: Any, using: str | None = None, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.using = using


class Stub(ops.MigrateOperation):
    """Something that only a person can decide: it stops the migration with ``message`` until it is replaced."""

    def __init__(self, message: str, proposal: str | None = None) -> None:
        self.message = message
        self.proposal = proposal

    def reverse(self) -> ops.MigrateOperation:
        """The way back needs no decision."""
        return Block([], comment=())


class StopIf(ops.MigrateOperation):
    """A data guard: stops with ``message`` where ``query`` (one boolean) answers true.

    It is not asked where ``asked_if`` (one boolean) answers false. What ``sample`` answers, the number of rows in the
    way and the value of one, ends the message.
    """

    def __init__(
        self,
        query: str,
        message: str,
        proposal: str | None = None,
        *,
        asked_if: str | None = None,
        sample: str | None = None,
    ) -> None:
        self.query = query
        self.message = message
        self.proposal = proposal
        self.asked_if = asked_if
        self.sample = sample

    @classmethod
    def of(cls, guard: Guard) -> StopIf:
        """The guard, by the names that hold where it stands."""
        return cls(guard.query, guard.message, sample=guard.sample)

    def reverse(self) -> ops.MigrateOperation:
        """The way back needs no guard."""
        return Block([], comment=())


class ForEach(ops.MigrateOperation):
    """Statements that a query makes up when the migration runs, each outside of a transaction."""

    def __init__(self, query: str) -> None:
        self.query = query

    def reverse(self) -> ops.MigrateOperation:
        """Nobody knows which statements it made up."""
        return Stub(f"these statements have no way back of their own: {self.query}")


class Block(ops.OpContainer):
    """Operations that belong together, under a comment."""

    def __init__(self, operations: Sequence[ops.MigrateOperation], comment: Sequence[str] = ()) -> None:
        super().__init__(operations)
        self.comment = tuple(comment)

    def reverse(self) -> Block:
        """Each of them taken back, the last first."""
        return Block(self._reversed(), self.comment)

    def _reversed(self) -> list[ops.MigrateOperation]:
        return [operation.reverse() for operation in reversed(self.ops)]


class Unless(Block):
    """Operations that are left out where ``query`` (one boolean) says that they were done already."""

    def __init__(self, query: str, operations: Sequence[ops.MigrateOperation], comment: Sequence[str] = ()) -> None:
        super().__init__(operations, comment)
        self.query = query


class When(Block):
    """Operations that run only where ``query`` (one boolean) answers true."""

    def __init__(self, query: str, operations: Sequence[ops.MigrateOperation], comment: Sequence[str] = ()) -> None:
        super().__init__(operations, comment)
        self.query = query

    def reverse(self) -> When:
        """Taken back where it was done."""
        return When(self.query, self._reversed(), self.comment)


class Remember(ops.MigrateOperation):
    """What ``query`` (one boolean) answers now, kept under a name for :class:`IfRemembered`."""

    def __init__(self, name: str, query: str) -> None:
        self.name = name
        self.query = query

    def reverse(self) -> ops.MigrateOperation:
        """Nothing was changed."""
        return Block([], comment=())


class IfRemembered(Block):
    """Operations that run only where a remembered answer was true."""

    def __init__(self, name: str, operations: Sequence[ops.MigrateOperation]) -> None:
        super().__init__(operations)
        self.name = name

    def reverse(self) -> IfRemembered:
        """Taken back where it was done."""
        return IfRemembered(self.name, self._reversed())


class Autocommit(Block):
    """Operations that must not share a transaction."""

    def reverse(self) -> Autocommit:
        """The way back must not share one either."""
        return Autocommit(self._reversed(), self.comment)


class CommentedOut(Block):
    """Operations that stand in the file as a comment."""

    def reverse(self) -> CommentedOut:
        """What was not done needs no way back."""
        return CommentedOut(self._reversed(), self.comment)


class Batch(ops.OpContainer):
    """``op.batch_alter_table``: SQLite rebuilds the table once for everything inside.

    Attributes:
        table_args: Constraints that reflection does not see and the rebuilt table must keep.
    """

    def __init__(
        self,
        table_name: str,
        operations: Sequence[ops.MigrateOperation],
        *,
        schema: str | None = None,
        table_args: Sequence[Any] = (),
        recreate: str | None = None,
    ) -> None:
        super().__init__(operations)
        self.table_name = table_name
        self.schema = schema
        self.table_args = tuple(table_args)
        self.recreate = recreate

    def reverse(self) -> Batch:
        """The table is rebuilt with each of them taken back."""
        return Batch(
            self.table_name,
            [operation.reverse() for operation in reversed(self.ops)],
            schema=self.schema,
            table_args=self.table_args,
            recreate=self.recreate,
        )
