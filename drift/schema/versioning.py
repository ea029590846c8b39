"""What SQLAlchemy-Continuum adds to a schema."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drift.schema.names import Location, QualifiedName


class VersioningRole(StrEnum):
    """What Continuum uses a table for."""

    NONE = "none"
    VERSION = "version"
    ASSOCIATION_VERSION = "association version"
    TRANSACTION = "transaction"
    PLUGIN = "plugin"


@dataclass(frozen=True, slots=True)
class AuditTrigger:
    """A trigger of native versioning: where it must be, and the exact source text of its function.

    Attributes:
        events: What fires it, as in ``CREATE TRIGGER name AFTER <events> ON table``.
    """

    table: QualifiedName
    trigger: str
    function: QualifiedName
    body: str
    events: str = "INSERT OR UPDATE OR DELETE"


@dataclass(frozen=True, slots=True)
class VersionTable:
    """What is expected of one version table beyond its columns and keys.

    Attributes:
        table: The version table.
        parent: The versioned table.
        mod_columns: Pairs (parent column, modification flag) when the property-mod-tracker plugin is on.
        end_transaction_column: ``None`` with the subquery strategy.
        mod_suffix: Suffix of modification flags, ``None`` when the plugin is off.
        transaction: The transaction table it points into.
    """

    table: QualifiedName
    parent: QualifiedName
    transaction_column: str = "transaction_id"
    end_transaction_column: str | None = "end_transaction_id"
    operation_type_column: str = "operation_type"
    mod_columns: tuple[tuple[str, str], ...] = ()
    mod_suffix: str | None = None
    transaction: QualifiedName | None = None


class FlawKind(StrEnum):
    """Ways in which versioned models ask for something that cannot work, or not as they seem to."""

    NOT_VERSIONED = "declared but not versioned"
    INDEX_NAME_TOO_LONG = "composite index name too long"
    IDENTITY_COPIED = "identity column copied"
    COMPUTED_COPIED = "computed column copied"
    ASSOCIATION_KEY = "association table without a usable key"
    OPERATION_TYPE_RENAMED = "operation type column renamed"
    NAME_HARD_CODED = "version table name is hard-coded elsewhere"
    ALIASED_MOD_COLUMN = "modification flag of an aliased column"
    TRANSACTION_HIJACKED = "another class called Transaction"
    SEQUENCE_SCHEMA = "sequence outside the table's schema"
    NATIVE_NAME = "name that the trigger functions cannot handle"


@dataclass(frozen=True, slots=True)
class VersioningFlaw:
    """Something wrong with the expectation itself, found in the models; no database can satisfy it.

    Attributes:
        table: The versioned table (for a transaction table: that one).
        column: The column, where it is about one.
        fact: What was seen, in a few words, for the report.
    """

    kind: FlawKind
    table: QualifiedName
    column: str | None = None
    fact: str = ""
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class VersionRows:
    """What a probe counted in one version table (actual side); ``None`` where there is nothing to ask.

    Attributes:
        table: The version table, by its actual name.
        closed: Versions that have an ``end_transaction_id``.
        never_closed: Versions that have a successor but no ``end_transaction_id``.
        without_version: Rows of the versioned table that have no version at all.
        without_transaction: Versions whose row in the transaction table is missing.
        duplicates: Keys (entity, transaction) that occur more than once; counted only where no key forbids it.
        refused: Counts that the server refused, by the names of the above, each with the reason.

    Counting stops at a bound, which is then the count.
    """

    table: QualifiedName
    closed: int | None = None
    never_closed: int | None = None
    without_version: int | None = None
    without_transaction: int | None = None
    duplicates: int | None = None
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionNumbers:
    """What a probe saw of a transaction table's numbering (actual side).

    Attributes:
        next_value: What the sequence will give next; ``None`` where one of the numbers was refused.
        largest: The largest id in use, by the transaction table or a version table; ``None`` when there is none.
        reason: Why it was refused.
    """

    table: QualifiedName
    sequence: QualifiedName
    next_value: int | None
    largest: int | None = None
    reason: str | None = None
