"""The plan: ordered steps, each with the findings it answers, its lock, its hazard, and its way back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from drift.findings import Finding, Safety
from drift.migration.options import PlanOptions
from drift.migration.order import Fact
from drift.schema import Dependent, QualifiedName

if TYPE_CHECKING:
    from alembic.operations.ops import MigrateOperation

    from drift.migration.rendering import Rendered


class Phase(IntEnum):
    """When a step runs in the upgrade; the downgrade runs the other way round.

    Guards come before anything, by the names of before. Renames come first, so that every later step knows the
    expected names only.
    """

    RENAME = 10
    ENUM_LABEL = 30
    TYPE = 40
    SEQUENCE = 50
    DETACH = 60
    TABLE = 70
    COLUMN = 80
    ALTER = 90
    BACKFILL = 100
    NOT_NULL = 110
    KEY = 120
    CHECK = 130
    FOREIGN_KEY = 140
    INDEX = 150
    VIEW = 160
    COMMENT = 170
    DROP = 180


class Part(StrEnum):
    """Revisions of a chain that is applied over several deploys (``drift revision --split``), in order."""

    RENAME = "rename"
    EXPAND = "expand"
    BACKFILL = "backfill"
    CONTRACT = "contract"


class Change(StrEnum):
    """What a step does to the schema, for the summary line."""

    ADD = "add"
    CHANGE = "change"
    RENAME = "rename"
    DROP = "drop"
    MANUAL = "manual"


class Lock(StrEnum):
    """The strongest table lock a step takes (PostgreSQL's names)."""

    NONE = "none"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"


class Hold(StrEnum):
    """How long the lock is held."""

    BRIEF = "brief"
    SCAN = "while the table is scanned"
    BUILD = "while the index is built"
    REWRITE = "while the table is rewritten"


@dataclass(frozen=True, slots=True)
class Guard:
    """A question that must be answered with no before anything is changed.

    Attributes:
        query: Selects one boolean; true stops the migration.
        message: What the person who runs the migration reads: what was met, and the way out.
        early: The question by the names of before the plan's renames, where those are other ones.
        asked_if: Selects one boolean: false where an interrupted run has changed already what is asked about.
        late: It cannot be asked by the names of before.
        sample: Selects how many rows stand in the way, and what one of them holds; put into the message.
    """

    query: str
    message: str
    early: str | None = None
    asked_if: str | None = None
    late: bool = False
    sample: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan.

    Attributes:
        title: Imperative, one line, without a final full stop.
        phase: When it runs.
        findings: What it answers.
        upgrade: Alembic operations of the way up, in order.
        downgrade: Alembic operations of the way back, in order.
        change: For the summary.
        table: The table that is locked, ``None`` where none is.
        lock: The strongest lock on an existing table.
        hold: For how long.
        safety: What it does to a running system.
        hazard: What a person should know before running it, one sentence.
        cost: What it costs or would fail on today, from the server's statistics or a probe.
        guards: Data guards of the upgrade.
        guards_down: Data guards of the downgrade, by the names of before it.
        done: A boolean query that is true when the upgrade of this step is in place already; ``None`` where the
            step can simply be run again.
        undone: The same for the downgrade.
        autocommit: The upgrade commits what came before it and runs outside a transaction.
        autocommit_down: The same for the downgrade.
        commented_out: Why the step stands in the file as a comment; ``None`` when it is real.
        order: Place among the steps of its phase.
        column: The column that it is about, by its name in the database of today.
        part: The revision of a chain that it belongs to; ``None`` where that follows from the rest.
        parts: The same work as steps for several revisions of a chain; empty where it is one piece.
        between: What stands there from the first until the last part: the table, and the name of a column,
            constraint, or index.
        needs: What must be so before it runs.
        makes: What is so after it.
        around: What rests on it, and is taken down and put back around the step and those beside it.
    """

    title: str
    phase: Phase
    findings: tuple[Finding, ...]
    upgrade: tuple[MigrateOperation, ...] = ()
    downgrade: tuple[MigrateOperation, ...] = ()
    change: Change = Change.CHANGE
    table: QualifiedName | None = None
    lock: Lock = Lock.NONE
    hold: Hold = Hold.BRIEF
    safety: Safety = Safety.SAFE
    hazard: str | None = None
    cost: str | None = None
    guards: tuple[Guard, ...] = ()
    guards_down: tuple[Guard, ...] = ()
    done: str | None = None
    undone: str | None = None
    autocommit: bool = False
    autocommit_down: bool = False
    commented_out: str | None = None
    order: int = 0
    column: str | None = None
    part: Part | None = None
    parts: tuple[Step, ...] = ()
    between: tuple[tuple[QualifiedName, str], ...] = ()
    around: tuple[Dependent, ...] = ()
    needs: frozenset[Fact] = frozenset()
    makes: frozenset[Fact] = frozenset()

    def is_commented_out(self) -> str | None:
        """The reason, or ``None``."""
        return self.commented_out

    def because(self, *findings: Finding) -> Step:
        """The same step, answering these findings too."""
        return replace(self, findings=(*self.findings, *(f for f in findings if f not in self.findings)))


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps from the live schema to the expected one, and back.

    Attributes:
        steps: In the order of the upgrade.
        unanswered: Findings that a migration cannot answer, each with the reason.
        dialect: SQLAlchemy dialect name of the live database.
        made_for: Fingerprint of the live schema that the plan was made for.
        options: What the plan was allowed to do.
    """

    steps: tuple[Step, ...]
    unanswered: tuple[tuple[Finding, str], ...] = ()
    dialect: str = "postgresql"
    server: str | None = None
    made_for: str = ""
    options: PlanOptions = field(default_factory=PlanOptions)

    @property
    def active(self) -> tuple[Step, ...]:
        """The steps that do something when the migration runs."""
        return tuple(step for step in self.steps if step.commented_out is None)

    @property
    def answered(self) -> tuple[Finding, ...]:
        """The findings that are gone after the upgrade."""
        return tuple(dict.fromkeys(finding for step in self.active for finding in step.findings))

    def count(self, change: Change) -> int:
        """How many active steps make that change."""
        return sum(1 for step in self.active if step.change is change)

    def render(self) -> Rendered:
        """The bodies of ``upgrade()`` and ``downgrade()`` and the imports they need."""
        from drift.migration.rendering import render_plan

        return render_plan(self)

    def to_python(self) -> str:
        """Both functions as Python source, with the imports they need."""
        return self.render().to_python()

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values; the document behind :meth:`to_json`."""
        from drift.migration.documents import plan_document

        return plan_document(self)

    def to_json(self) -> str:
        """The plan as a JSON document, version 1."""
        from drift.migration.documents import plan_json

        return plan_json(self)

    def to_markdown(self) -> str:
        """The plan for a pull request."""
        from drift.migration.documents import plan_markdown

        return plan_markdown(self)
