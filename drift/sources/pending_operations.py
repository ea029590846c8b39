"""What the pending revisions would do, without running them.

Each revision's ``upgrade()`` is called with Alembic's operations replaced by recorders: nothing reaches a database. A
revision that asks the database a question (``op.get_bind()``) is recorded up to that question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from drift.sources.altered_tables import altered

if TYPE_CHECKING:
    from alembic.operations import MigrateOperation
    from alembic.script import Script


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a revision changes.

    Attributes:
        revision: Identifier of the revision.
        action: ``create``, ``drop``, ``alter``, or ``rename``.
        kind: As in ``subject.kind`` of a finding: table, column, index, primary key, or ``constraint`` for any that is
            found by its name.
        schema: As written in the revision; ``None`` for the default one.
        table: The table it concerns.
        name: The column, constraint, or index; the table's name for a table.
    """

    revision: str
    action: str
    kind: str
    schema: str | None
    table: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class PendingChanges:
    """Everything that could be recorded.

    ``partial`` lists the revisions of which more is unknown: they ask the database, or run SQL text.
    """

    changes: tuple[Change, ...] = ()
    partial: tuple[str, ...] = ()


class _DatabaseQuestionError(Exception):
    """The revision asked the database something."""


def record(scripts: Iterable[Script], dialect_name: str) -> PendingChanges:
    """Record what each revision would do, in order."""
    from alembic.operations.ops import ExecuteSQLOp

    changes: list[Change] = []
    partial: list[str] = []
    for script in scripts:
        operations: list[MigrateOperation] = []
        with _recorder(operations, dialect_name) as finished:
            script.module.upgrade()
            finished.append(True)
        if not finished or any(isinstance(o, ExecuteSQLOp) and altered(str(o.sqltext)) is None for o in operations):
            partial.append(script.revision)
        changes.extend(change for operation in operations for change in _changes(script.revision, operation))
    return PendingChanges(tuple(changes), tuple(partial))


@contextmanager
def _recorder(operations: list[MigrateOperation], dialect_name: str) -> Iterator[list[bool]]:
    """Install recording operations as ``alembic.op``; whatever stops the revision is noted, never raised."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    def invoke(operation: MigrateOperation) -> Any:
        operations.append(operation)
        to_table = getattr(operation, "to_table", None)
        return to_table(context) if to_table and hasattr(operation, "columns") else None

    @contextmanager
    def batch_alter_table(table_name: str, schema: str | None = None, **_: Any) -> Iterator[Any]:
        yield _BatchRecorder(recorder, table_name, schema)

    def get_bind() -> Any:
        raise _DatabaseQuestionError

    context = MigrationContext.configure(dialect_name=dialect_name, opts={"as_sql": True, "output_buffer": StringIO()})
    # Alembic's module-level functions only ever look at an instance of Operations itself, not of a subclass.
    recorder = Operations(context)
    for replacement in (invoke, batch_alter_table, get_bind):
        setattr(recorder, replacement.__name__, replacement)
    finished: list[bool] = []
    recorder._install_proxy()
    try:
        yield finished
    except Exception:
        # Any failure has one meaning here: this revision cannot be read without running it.
        finished.clear()
    finally:
        recorder._remove_proxy()


class _BatchRecorder:
    """Stands for ``batch_op``: the same operations, with the table filled in."""

    def __init__(self, operations: Any, table: str, schema: str | None) -> None:
        self._operations = operations
        self._table = table
        self._schema = schema

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._operations, name)
        table, schema = self._table, self._schema

        def with_table(*arguments: Any, **options: Any) -> Any:
            if name in ("add_column", "alter_column", "drop_column"):
                options = {key: value for key, value in options.items() if not key.startswith("insert_")}
                return method(table, *arguments, schema=schema, **options)
            if name == "create_foreign_key":
                constraint, referent, *rest = arguments
                return method(constraint, table, referent, *rest, source_schema=schema, **options)
            if name in ("drop_index", "drop_constraint"):
                constraint, *rest = arguments
                return method(constraint, table, *rest, schema=schema, **options)
            if name.startswith("create_"):
                constraint, *rest = arguments
                return method(constraint, table, *rest, schema=schema, **options)
            return method(*arguments, **options)

        return with_table


def _changes(revision: str, operation: MigrateOperation) -> Iterator[Change]:
    """The changes that one operation makes; operations on rows, and SQL of other kinds, make none that has a name."""
    from alembic.operations import ops

    def change(action: str, kind: str, schema: str | None, table: str | None, name: str | None) -> Change:
        return Change(revision, action, kind, schema, table, name)

    match operation:
        case ops.ExecuteSQLOp():
            (schema, table), found = altered(str(operation.sqltext)) or ((None, ""), ())
            yield from (change(action, kind, schema, table, name or table) for action, kind, name in found)
        case ops.CreateTableOp():
            yield change("create", "table", operation.schema, operation.table_name, operation.table_name)
        case ops.DropTableOp():
            yield change("drop", "table", operation.schema, operation.table_name, operation.table_name)
        case ops.RenameTableOp():
            yield change("rename", "table", operation.schema, operation.new_table_name, operation.new_table_name)
        case ops.AddColumnOp():
            yield change("create", "column", operation.schema, operation.table_name, operation.column.name)
        case ops.DropColumnOp():
            yield change("drop", "column", operation.schema, operation.table_name, operation.column_name)
        case ops.AlterColumnOp():
            renamed = operation.modify_name
            action = "rename" if renamed else "alter"
            yield change(action, "column", operation.schema, operation.table_name, renamed or operation.column_name)
        case ops.CreateIndexOp():
            yield change("create", "index", operation.schema, operation.table_name, _text(operation.index_name))
        case ops.DropIndexOp():
            yield change("drop", "index", operation.schema, operation.table_name, _text(operation.index_name))
        case ops.CreateForeignKeyOp():
            schema = operation.kw.get("source_schema")
            yield change("create", "constraint", schema, operation.source_table, _text(operation.constraint_name))
        case ops.CreateUniqueConstraintOp() | ops.CreateCheckConstraintOp() | ops.CreatePrimaryKeyOp():
            name = _text(operation.constraint_name)
            yield change("create", "constraint", operation.schema, operation.table_name, name)
        case ops.DropConstraintOp():
            name = _text(operation.constraint_name)
            yield change("drop", "constraint", operation.schema, operation.table_name, name)


def _text(name: Any) -> str | None:
    return None if name is None else str(name)
