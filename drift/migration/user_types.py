"""How types that are not SQLAlchemy's are rendered: as the project's own autogenerate does, imports complete."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

    from drift.migration.options import RenderOptions


def item_renderer(options: RenderOptions) -> Callable[[str, Any, AutogenContext], Any]:
    """The project's ``render_item`` first; behind it, imports for user-defined types.

    A type that cannot be named in a module (a local class, one of ``__main__``) or whose ``repr`` is not Python is
    rendered as the type it is stored as.
    """

    def render(kind: str, item: Any, context: AutogenContext) -> Any:
        if options.render_item is not None:
            rendered = options.render_item(kind, item, context)
            if rendered is not False:
                return rendered
        if kind == "type":
            return _array(item, context) or _named_type(item, context) or _user_type(item, context, options)
        return False

    return render


def _array(item: Any, context: AutogenContext) -> str | None:
    """An array with its element type rendered as such; Alembic patches it into a ``repr``, which odd names break."""
    if not isinstance(item, ARRAY) or not type(item).__module__.startswith("sqlalchemy."):
        return None
    from alembic.autogenerate.render import _repr_type

    dimensions = f", dimensions={item.dimensions}" if item.dimensions is not None else ""
    prefix = context.opts["sqlalchemy_module_prefix"]
    if type(item).__module__.startswith("sqlalchemy.dialects.postgresql"):
        prefix = "postgresql."
        if context.imports is not None:
            context.imports.add("from sqlalchemy.dialects import postgresql")
    return f"{prefix}ARRAY({_repr_type(item.item_type, context)}{dimensions})"


def _named_type(item: Any, context: AutogenContext) -> str | None:
    """An enum or a domain that is there already; the ``repr`` that Alembic takes loses a part of it on each version."""
    if type(item) not in (ENUM, DOMAIN) or item.create_type:
        return None
    from alembic.autogenerate.render import _repr_type

    if context.imports is not None:
        context.imports.add("from sqlalchemy.dialects import postgresql")
    of_schema = f", schema={item.schema!r}" if item.schema else ""
    if isinstance(item, DOMAIN):
        return f"postgresql.DOMAIN({item.name!r}, {_repr_type(item.data_type, context)}, create_type=False{of_schema})"
    labels = "".join(f"{label!r}, " for label in item.enums)
    return f"postgresql.ENUM({labels}name={item.name!r}, create_type=False{of_schema})"


def _user_type(item: Any, context: AutogenContext, options: RenderOptions) -> Any:
    module = type(item).__module__
    if module.split(".")[0] in ("sqlalchemy", "alembic"):
        return False
    if _can_be_named(item):
        if options.user_module_prefix is None and context.imports is not None:
            context.imports.add(f"import {module}")
        return False
    from alembic.autogenerate.render import _repr_type
    from sqlalchemy.types import TypeDecorator

    if not isinstance(item, TypeDecorator):
        return False
    stored = item.load_dialect_impl(context.dialect)
    return False if type(stored).__module__ == module else _repr_type(stored, context)


def _can_be_named(item: Any) -> bool:
    module = sys.modules.get(type(item).__module__)
    if module is None or module.__name__ == "__main__":
        return False
    if getattr(module, type(item).__name__, None) is not type(item):
        return False
    try:
        ast.parse(repr(item), mode="eval")
    except SyntaxError:
        return False
    return True
