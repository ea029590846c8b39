"""A whole schema: one side of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

from drift.schema.dependents import Dependent
from drift.schema.names import QualifiedName
from drift.schema.objects import (
    Domain,
    Enum,
    Extension,
    Function,
    MadeByEvent,
    Orphans,
    Other,
    Sequence,
    SequenceNumbers,
)
from drift.schema.tables import Table
from drift.schema.versioning import AuditTrigger, TransactionNumbers, VersioningFlaw, VersionRows, VersionTable


@dataclass(frozen=True, slots=True)
class MigrationState:
    """What the migration scripts say, and what one version table of the database says.

    Attributes:
        version_table: The version table's name.
        heads: Heads of the scripts.
        current: Revisions recorded in the database; empty when never stamped.
        pending: Revisions between current and heads, oldest first.
        unknown: Recorded revisions that the scripts do not know.
        table_exists: Whether the version table exists.
        unreadable: Why the version table could not be read; only the scripts' side is known then.
    """

    version_table: QualifiedName
    heads: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    table_exists: bool = True
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """All objects of one side, sorted by name.

    Attributes:
        source: Where it was obtained, for people, without secrets: ``app.models:Base``, ``postgresql://shop:***@...``.
        dialect: SQLAlchemy dialect name: ``postgresql``, ``sqlite``, ``mysql``, ``mariadb``.
        server: Server version, for example ``15.4``; ``None`` for models.
        default_schema: The schema that unqualified names mean; ``None`` where the dialect has no schemas.
        schemas: Schemas that were read; absence can be judged only inside these.
        relation_names: Actual side: every relation of the schemas that were read, also those filtered out,
            so that "filtered" is not taken for "missing".
        version_tables: Continuum's expectations.
        audit_triggers: Continuum's native triggers.
        version_flaws: What is wrong with the versioned models themselves (expected side).
        version_rows: What a probe counted in the version tables (actual side).
        transaction_numbers: What a probe saw of the transaction tables' sequences (actual side).
        folded: What kinds of names the server compares without regard to letter case: ``tables``, ``columns``.
        sequence_numbers: What a probe saw of sequences and the columns they number (actual side).
        orphans: What a probe saw of rows that break a foreign key (actual side).
        usual_operator_classes: Actual side: operator classes that an index has where none is named: pairs of (access
            method, class).
        events: What the models make by events of their own (expected side).
        others: What only another database can be compared with; ``None`` where it was not read.
        dependents: Actual side: what a migration must take down around a change, or would lose by it (PostgreSQL).
        unreadable: Facets that could not be read, with the reason: pairs of (subject text, reason).
    """

    source: str
    dialect: str
    server: str | None = None
    default_schema: str | None = None
    schemas: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    enums: tuple[Enum, ...] = ()
    domains: tuple[Domain, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    functions: tuple[Function, ...] = ()
    extensions: tuple[Extension, ...] = ()
    relation_names: tuple[QualifiedName, ...] = ()
    version_tables: tuple[VersionTable, ...] = ()
    audit_triggers: tuple[AuditTrigger, ...] = ()
    version_flaws: tuple[VersioningFlaw, ...] = ()
    version_rows: tuple[VersionRows, ...] = ()
    transaction_numbers: tuple[TransactionNumbers, ...] = ()
    events: tuple[MadeByEvent, ...] = ()
    others: tuple[Other, ...] | None = None
    unreadable: tuple[tuple[str, str], ...] = ()
    sequence_numbers: tuple[SequenceNumbers, ...] = ()
    folded: tuple[str, ...] = ()
    orphans: tuple[Orphans, ...] = ()
    usual_operator_classes: tuple[tuple[str, str], ...] = ()
    dependents: tuple[Dependent, ...] = ()

    def table(self, name: QualifiedName) -> Table | None:
        """The table called ``name``, or ``None``."""
        return next((table for table in self.tables if table.name == name), None)
