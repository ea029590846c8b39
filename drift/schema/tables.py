"""Tables and what looks like a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drift.schema.columns import Column
from drift.schema.constraints import Check, Exclusion, ForeignKey, PrimaryKey, Unique
from drift.schema.indexes import Index
from drift.schema.making import made_quickly
from drift.schema.names import Expression, Location, QualifiedName
from drift.schema.versioning import VersioningRole


class TableKind(StrEnum):
    """What kind of relation it is (PostgreSQL: ``pg_class.relkind``)."""

    TABLE = "table"
    PARTITIONED = "partitioned table"
    FOREIGN = "foreign table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"


class Persistence(StrEnum):
    """PostgreSQL: ``pg_class.relpersistence``."""

    PERMANENT = "permanent"
    UNLOGGED = "unlogged"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger; ``enabled`` is False where ``tgenabled`` is ``D``."""

    name: str
    function: QualifiedName | None = None
    enabled: bool = True
    definition: str | None = None


@made_quickly
@dataclass(frozen=True, slots=True)
class Table:
    """A table, view, materialised view, or foreign table.

    Attributes:
        partition_key: PostgreSQL's ``PARTITION BY`` clause, for example ``RANGE (created_at)``.
        partition_of: The partitioned parent when this is a partition.
        inherits: Parents by table inheritance (not partitioning).
        row_security: Row-level security is enabled.
        definition: The query of a view.
        options: Dialect facets as sorted pairs, for example ``("engine", "InnoDB")``, ``("strict", "true")``.
        estimated_rows: The server's own estimate (``reltuples``), ``None`` when never analysed.
        written: SQLite's own texts of the table and of its indexes, by name.
        extension: The extension that owns it.
        role: What SQLAlchemy-Continuum uses it for (expected side).
        model: Expected side: dotted name of the mapped class.
        location: Expected side: where the class or ``Table(...)`` is written.
        ignored: Expected side: codes, names or prefixes from ``info={"drift": {"ignore": [...]}}``.
    """

    name: QualifiedName
    kind: TableKind = TableKind.TABLE
    columns: tuple[Column, ...] = ()
    primary_key: PrimaryKey | None = None
    uniques: tuple[Unique, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    comment: str | None = None
    persistence: Persistence = Persistence.PERMANENT
    partition_key: Expression | None = None
    partition_of: QualifiedName | None = None
    inherits: tuple[QualifiedName, ...] = ()
    row_security: bool = False
    definition: Expression | None = None
    options: tuple[tuple[str, str], ...] = ()
    estimated_rows: int | None = None
    written: tuple[tuple[str, str], ...] = ()
    extension: str | None = None
    role: VersioningRole = VersioningRole.NONE
    model: str | None = None
    location: Location | None = None
    ignored: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column called ``name``, or ``None``."""
        return next((column for column in self.columns if column.name == name), None)
