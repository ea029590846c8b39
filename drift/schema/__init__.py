"""The nouns: what a database schema is.

Every class is a frozen, slotted dataclass over plain values and tuples, so a schema can be hashed, compared,
pickled, sent to another process, and stored as JSON by ``pydantic.TypeAdapter(Schema)``. Objects refer to each
other by :class:`QualifiedName`, never by reference.

The same nouns describe both sides of a comparison: what the project *expects* (its models) and what the
database *actually* holds. Facets that only one side can know have a neutral default on the other.
"""

from drift.schema.columns import Column, Identity
from drift.schema.constraints import Check, Exclusion, ExclusionElement, ForeignKey, PrimaryKey, Unique
from drift.schema.database import MigrationState, Schema
from drift.schema.dependents import Dependent, Link, Tie
from drift.schema.indexes import Index, IndexKey
from drift.schema.names import Expression, Location, QualifiedName
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
from drift.schema.tables import Persistence, Table, TableKind, Trigger
from drift.schema.versioning import (
    AuditTrigger,
    FlawKind,
    TransactionNumbers,
    VersioningFlaw,
    VersioningRole,
    VersionRows,
    VersionTable,
)

__all__ = [
    "AuditTrigger",
    "Check",
    "Column",
    "Dependent",
    "Domain",
    "Enum",
    "Exclusion",
    "ExclusionElement",
    "Expression",
    "Extension",
    "FlawKind",
    "ForeignKey",
    "Function",
    "Identity",
    "Index",
    "IndexKey",
    "Link",
    "Location",
    "MadeByEvent",
    "MigrationState",
    "Persistence",
    "Orphans",
    "Other",
    "PrimaryKey",
    "QualifiedName",
    "Schema",
    "Sequence",
    "SequenceNumbers",
    "Table",
    "TableKind",
    "Tie",
    "TransactionNumbers",
    "Trigger",
    "Unique",
    "VersioningFlaw",
    "VersioningRole",
    "VersionRows",
    "VersionTable",
]
