"""Findings, their subjects, and what was not checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from drift.schema import Location

Detail = str | int | float | bool | None | tuple[str, ...]
"""What a value in ``Finding.details`` may be."""


class Severity(StrEnum):
    """How bad it is: *error* breaks or corrupts at run time, *warning* will or may, *info* is cosmetic."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return ("error", "warning", "info").index(self.value)


class SubjectKind(StrEnum):
    """What a finding is about; part of the JSON contract."""

    TABLE = "table"
    COLUMN = "column"
    PRIMARY_KEY = "primary-key"
    UNIQUE = "unique-constraint"
    FOREIGN_KEY = "foreign-key"
    CHECK = "check-constraint"
    EXCLUSION = "exclusion-constraint"
    INDEX = "index"
    ENUM = "enum"
    SEQUENCE = "sequence"
    VIEW = "view"
    VERSION_TABLE = "version-table"
    RESPONSE_FIELD = "response-field"
    REQUEST_FIELD = "request-field"
    MIGRATION = "migration"
    OBJECT = "object"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a finding is about.

    ``table`` is the table it belongs to (for a response field: the paired table; for an enum, sequence or migration:
    ``None`` or the owning table). ``name`` is the object's own name; for a table or version table the table's name.
    A constraint or index is named by its database name, or its expected name, or its columns joined by a comma.
    """

    kind: SubjectKind
    schema: str | None
    table: str | None
    name: str


class Safety(StrEnum):
    """What a repair does to a running system, from harmless to final."""

    SAFE = "safe"
    BLOCKS_WRITES = "blocks-writes"
    BLOCKS_READS = "blocks-reads"
    NEEDS_DATA = "needs-data"
    LOSES_DATA = "loses-data"
    IRREVERSIBLE = "irreversible"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Repair:
    """The way out in brief; the plan has the details. ``kind`` is kebab-case, for example ``alter-column``."""

    kind: str
    safety: Safety = Safety.SAFE
    steps: tuple[str, ...] = ()


def fingerprint(code: str, subject: Subject) -> str:
    """Stable identity of a finding: made of code and subject, never of wording or line numbers (16 hex digits)."""
    text = "\x1f".join([code, subject.kind.value, subject.schema or "", subject.table or "", subject.name])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    Attributes:
        code: For example ``CO301``. ``name`` is its kebab-case name.
        message: One sentence: what is wrong and why it breaks at run time.
        expected: The models' spelling for the report, ``None`` where there is nothing.
        actual: The database's spelling.
        note: A short remark shown behind the values, for example what makes a rename likely.
        locations: Places in the user's code, most useful first.
        repair: The way out in brief.
        details: Further facts for programs; constraints and indexes always have ``columns``.
    """

    code: str
    name: str
    severity: Severity
    subject: Subject
    message: str
    expected: str | None = None
    actual: str | None = None
    note: str | None = None
    locations: tuple[Location, ...] = ()
    repair: Repair | None = None
    details: tuple[tuple[str, Detail], ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        """See :func:`fingerprint`."""
        return fingerprint(self.code, self.subject)

    def detail(self, key: str) -> Detail:
        """The value of ``key`` in ``details``, or ``None``."""
        return dict(self.details).get(key)


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A check that did not happen, with the reason and the way to make it happen."""

    code: str
    name: str
    subject: Subject | None
    reason: str
    help: str | None = None


Outcome = Finding | NotChecked
