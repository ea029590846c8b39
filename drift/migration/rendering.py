"""A plan as Python source, through Alembic's own autogenerate renderer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from alembic.autogenerate import render as alembic_render
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

from drift.migration import operations as own
from drift.migration.local_functions import local_functions
from drift.migration.native_dialect import native_dialect
from drift.migration.python_text import comment_lines, escape_binds, indent, literal, python_string
from drift.migration.script import downgrade_operations, upgrade_operations
from drift.migration.user_types import item_renderer

if TYPE_CHECKING:
    from drift.migration.options import RenderOptions
    from drift.migration.plan import Plan


@dataclass(frozen=True, slots=True)
class Rendered:
    """The parts of a revision file.

    Attributes:
        imports: Import lines beside ``from alembic import op`` and ``import sqlalchemy as sa``.
        upgrade: Body of ``upgrade()``, indented by four spaces except for its first line.
        downgrade: The same for ``downgrade()``.
    """

    imports: tuple[str, ...]
    upgrade: str
    downgrade: str

    def to_python(self) -> str:
        """Imports and both functions."""
        imports = "\n".join(["from alembic import op", "import sqlalchemy as sa", *self.imports])
        return (
            f"{imports}\n\n\ndef upgrade() -> None:\n    {self.upgrade}\n"
            f"\n\ndef downgrade() -> None:\n    {self.downgrade}\n"
        )


def render_plan(plan: Plan) -> Rendered:
    """Render both directions of a plan."""
    return render_script(migration_script(plan), plan.dialect, plan.options.render)


def migration_script(plan: Plan) -> ops.MigrationScript:
    """The plan as Alembic's script of operations, which a project's own hook may change."""
    return ops.MigrationScript(
        rev_id=None,
        upgrade_ops=ops.UpgradeOps(list(upgrade_operations(plan))),
        downgrade_ops=ops.DowngradeOps(list(downgrade_operations(plan))),
    )


def render_script(script: ops.MigrationScript, dialect: str, options: RenderOptions) -> Rendered:
    """Render a finished script, for example one that the project's own hook has seen."""
    context = _context(dialect, options)
    assert script.upgrade_ops is not None
    assert script.downgrade_ops is not None
    upgrade = _body(context, script.upgrade_ops.ops)
    downgrade = _body(context, script.downgrade_ops.ops)
    return Rendered(tuple(sorted(context.imports)), upgrade, downgrade)


def _context(dialect: str, options: RenderOptions) -> AutogenContext:
    migration = MigrationContext.configure(dialect=native_dialect(dialect))
    _escape_expressions(migration.impl)
    opts: dict[str, Any] = {
        "sqlalchemy_module_prefix": options.sqlalchemy_module_prefix,
        "alembic_module_prefix": options.alembic_module_prefix,
        "user_module_prefix": options.user_module_prefix,
        "render_as_batch": options.render_as_batch,
        "render_item": item_renderer(options),
    }
    context = AutogenContext(migration, opts=opts)
    context.imports = set()
    return context


def _escape_expressions(impl: Any) -> None:
    """Have every expression written so that ``text()`` reads it as it is; an index's goes through no ``text()``."""
    plain = impl.render_ddl_sql_expr

    def escaped(expression: Any, *, is_index: bool = False, **more: Any) -> str:
        sql = str(plain(expression, is_index=is_index, **more))
        return sql if is_index else escape_binds(sql)

    impl.render_ddl_sql_expr = escaped


def _body(context: AutogenContext, operations: Iterable[ops.MigrateOperation]) -> str:
    operations = list(operations)
    lines = [line for operation in operations for line in render_lines(context, operation)]
    text = "\n".join(lines)
    before = local_functions(context, text)
    if not any(line and not line.lstrip().startswith("#") for line in lines):
        lines.append("pass")
    whole = "\n".join([*before, *lines])
    return indent(whole).strip()


def render_lines(context: AutogenContext, operation: ops.MigrateOperation) -> list[str]:
    """Source lines of one operation, not indented; an operation inside another is indented below it."""
    if isinstance(operation, ops.ModifyTableOps):
        return _modify_table(context, operation)
    texts: list[str] = alembic_render.render_op(context, operation)
    return [line for text in texts for line in text.split("\n")]


def _modify_table(context: AutogenContext, operation: ops.ModifyTableOps) -> list[str]:
    if not operation.ops:
        return []
    if context.opts.get("render_as_batch"):
        return _batch(context, own.Batch(operation.table_name, operation.ops, schema=operation.schema))
    return [line for inner in operation.ops for line in render_lines(context, inner)]


def _nested(context: AutogenContext, operations: Sequence[ops.MigrateOperation]) -> list[str]:
    lines = [line for operation in operations for line in render_lines(context, operation)]
    if not any(line and not line.startswith("#") for line in lines):
        lines.append("pass")
    return [f"    {line}" if line else "" for line in lines]


def _prefix(context: AutogenContext) -> str:
    return str(context.opts["alembic_module_prefix"] or "")


FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def _register(operation: type[ops.MigrateOperation]) -> Callable[[FunctionT], FunctionT]:
    """Register a renderer with Alembic."""
    register: Any = alembic_render.renderers.dispatch_for(operation)

    def keep(function: FunctionT) -> FunctionT:
        register(function)
        return function

    return keep


@_register(own.Execute)
def _execute(context: AutogenContext, operation: own.Execute) -> list[str]:
    text = python_string(escape_binds(operation.sqltext))
    name = "execute" if "%" in operation.sqltext else f"{_prefix(context)}execute"
    if len(text) == 1 and len(text[0]) < 100:
        return [f"{name}({text[0]})"]
    return [f"{name}(", *(f"    {line}" for line in text), ")"]


@_register(own.CreatePrimaryKey)
def _create_primary_key(context: AutogenContext, operation: own.CreatePrimaryKey) -> list[str]:
    name = alembic_render._render_gen_name(context, operation.constraint_name)
    arguments = [repr(name)]
    if not context._has_batch:
        arguments.append(repr(operation.table_name))
    arguments.append(repr([str(column) for column in operation.columns]))
    if operation.schema and not context._has_batch:
        arguments.append(f"schema={operation.schema!r}")
    arguments += [f"{key}={value!r}" for key, value in operation.kw.items()]
    prefix = alembic_render._alembic_autogenerate_prefix(context)
    return [f"{prefix}create_primary_key({', '.join(arguments)})"]


@_register(own.CreateCheck)
def _create_check(context: AutogenContext, operation: own.CreateCheck) -> list[str]:
    name = alembic_render._render_gen_name(context, operation.constraint_name)
    schema = f", schema={operation.schema!r}" if operation.schema else ""
    arguments = f"{name!r}, {operation.table_name!r}, {literal(operation.condition)}{schema}"
    return [f"{_prefix(context)}create_check_constraint({arguments})"]


@_register(own.RenameTable)
def _rename_table(context: AutogenContext, operation: own.RenameTable) -> list[str]:
    schema = f", schema={operation.schema!r}" if operation.schema else ""
    return [f"{_prefix(context)}rename_table({operation.table_name!r}, {operation.new_table_name!r}{schema})"]


@_register(own.RenameColumn)
def _rename_column(context: AutogenContext, operation: own.RenameColumn) -> list[str]:
    arguments = [] if context._has_batch else [repr(operation.table_name)]
    arguments += [repr(operation.column_name), f"new_column_name={operation.after!r}"]
    if operation.schema and not context._has_batch:
        arguments.append(f"schema={operation.schema!r}")
    prefix = alembic_render._alembic_autogenerate_prefix(context)
    return [f"{prefix}alter_column({', '.join(arguments)})"]


@_register(own.AlterColumnUsing)
def _alter_column_using(context: AutogenContext, operation: own.AlterColumnUsing) -> str:
    text = str(alembic_render._alter_column(context, operation))
    if operation.using is None:
        return text
    return f"{text[:-1]},\n{' ' * 11}postgresql_using={operation.using!r})"


@_register(own.Stub)
def _stub(_context: AutogenContext, operation: own.Stub) -> list[str]:
    message = python_string(operation.message)
    return [
        *comment_lines(operation.proposal or ""),
        "raise NotImplementedError(",
        *(f"    {line}" for line in message),
        ")",
    ]


@_register(own.StopIf)
def _stop_if(_context: AutogenContext, operation: own.StopIf) -> list[str]:
    query = python_string(escape_binds(operation.query))
    message = python_string(operation.message)
    return [
        *comment_lines(operation.proposal or ""),
        "stop_if(",
        *_argument(query),
        *_argument(message),
        *(_argument(python_string(escape_binds(operation.asked_if))) if operation.asked_if is not None else ()),
        *(_keyword("sample", python_string(escape_binds(operation.sample))) if operation.sample is not None else ()),
        ")",
    ]


@_register(own.ForEach)
def _for_each(context: AutogenContext, operation: own.ForEach) -> list[str]:
    query = python_string(escape_binds(operation.query))
    return [
        "for statement in made_up(",
        *(f"    {line}" for line in query),
        "):",
        f"    with {_prefix(context)}get_context().autocommit_block():",
        f"        {_prefix(context)}get_bind().exec_driver_sql(statement)",
    ]


def _keyword(name: str, lines: list[str]) -> Iterator[str]:
    first, *rest = _argument(lines)
    yield f"    {name}={first.lstrip()}"
    yield from rest


def _argument(lines: list[str]) -> Iterator[str]:
    if len(lines) == 1:
        yield f"    {lines[0]},"
        return
    yield "    ("
    yield from (f"        {line}" for line in lines)
    yield "    ),"


@_register(own.Block)
def _block(context: AutogenContext, operation: own.Block) -> list[str]:
    lines = [line for inner in operation.ops for line in render_lines(context, inner)]
    return [*(line for text in operation.comment for line in comment_lines(text)), *lines]


@_register(own.Unless)
def _unless(context: AutogenContext, operation: own.Unless) -> list[str]:
    return _condition(context, operation, "if not found(", operation.query)


@_register(own.When)
def _when(context: AutogenContext, operation: own.When) -> list[str]:
    return _condition(context, operation, "if found(", operation.query)


@_register(own.Remember)
def _remember(_context: AutogenContext, operation: own.Remember) -> list[str]:
    text = python_string(escape_binds(operation.query))
    if len(text) == 1 and len(text[0]) < 100:
        return [f"{operation.name} = is_there({text[0]})"]
    return [f"{operation.name} = is_there(", *(f"    {line}" for line in text), ")"]


@_register(own.IfRemembered)
def _if_remembered(context: AutogenContext, operation: own.IfRemembered) -> list[str]:
    return [f"if {operation.name}:", *_nested(context, operation.ops)]


def _condition(context: AutogenContext, operation: own.Block, opening: str, query: str) -> list[str]:
    comments = [line for text in operation.comment for line in comment_lines(text)]
    text = python_string(escape_binds(query))
    head = (
        [f"{opening}{text[0]}):"]
        if len(text) == 1 and len(text[0]) < 100
        else [opening, *(f"    {line}" for line in text), "):"]
    )
    return [*comments, *head, *_nested(context, operation.ops)]


@_register(own.Autocommit)
def _autocommit(context: AutogenContext, operation: own.Autocommit) -> list[str]:
    comments = [line for text in operation.comment for line in comment_lines(text)]
    head = f"with {_prefix(context)}get_context().autocommit_block():"
    return [*comments, head, *_nested(context, operation.ops)]


@_register(own.CommentedOut)
def _commented_out(context: AutogenContext, operation: own.CommentedOut) -> list[str]:
    comments = [line for text in operation.comment for line in comment_lines(text)]
    lines = [line for inner in operation.ops for line in render_lines(context, inner)]
    return [*comments, *(f"# {line}".rstrip() for line in lines)]


@_register(own.Batch)
def _batch(context: AutogenContext, operation: own.Batch) -> list[str]:
    arguments = [repr(operation.table_name)]
    if operation.schema:
        arguments.append(f"schema={operation.schema!r}")
    if operation.recreate is not None:
        arguments.append(f"recreate={operation.recreate!r}")
    if operation.table_args:
        rendered = [alembic_render._render_constraint(item, context, None) for item in operation.table_args]
        arguments.append(f"table_args=({', '.join(str(item) for item in rendered)},)")
    with context._within_batch():
        inner = _nested(context, operation.ops)
    return [f"with {_prefix(context)}batch_alter_table({', '.join(arguments)}) as batch_op:", *inner]
