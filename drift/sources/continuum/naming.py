"""How the names of Continuum's tables and functions come out in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy import Table


@dataclass(frozen=True, slots=True)
class Naming:
    """The connection's part in a name.

    Attributes:
        default_schema: The schema that unqualified names mean.
        translate: ``schema_translate_map``; ``None`` as a key stands for unqualified names.
        truncate: What the server makes of a name that is too long.
    """

    default_schema: str | None
    truncate: Callable[[str], str]
    translate: Mapping[str | None, str | None] = field(default_factory=dict)

    def table(self, table: Table) -> QualifiedName:
        """The name of a table."""
        return self.qualified(table.schema, table.name)

    def qualified(self, schema: str | None, name: str) -> QualifiedName:
        """A name in a schema as the models give it."""
        return QualifiedName(self.translate.get(schema, schema) or self.default_schema, self.truncate(name))

    def unqualified(self, name: str) -> QualifiedName:
        """A name that Continuum writes without schema and without quotes."""
        return QualifiedName(self.default_schema, self.folded(name))

    def folded(self, name: str) -> str:
        """A name written without quotes: the server folds its case."""
        return self.truncate(name.lower())
