"""The comparison: the one list of its stages, whatever the two sides are and whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drift.alignment import Alignment, align, settle
from drift.alignment.letter_case import respelled
from drift.checks.run import run_checks
from drift.dialects import Canonicalise, Dialect, ServerInfo
from drift.findings import Outcome
from drift.pipeline.events import heard
from drift.pipeline.filters import paired_filter, reflected_filter, without_others
from drift.pipeline.unseen import without_unseen
from drift.schema import MigrationState, Schema

if TYPE_CHECKING:
    from drift.pipeline.targets import Target


def _as_read(expected: Schema, actual: Schema) -> Schema:
    """The actual side, with nothing looked up beside what was read."""
    del expected
    return actual


def _anything(alignment: Alignment) -> None:
    """Every alignment is worth comparing."""
    del alignment


@dataclass(frozen=True, slots=True)
class Setting:
    """What a comparison needs to know beside its two sides.

    Attributes:
        dialect, info: The actual side's database product and server.
        canonicalise: Answers what differs as text; ``None`` where nobody can be asked.
        target: The project whose filters count; ``None`` where neither side is models.
        named: The user named the schemas: whatever lies there takes part.
        migrations: What the version tables say.
        observe: Looks up more about the actual side, once both sides spell names alike.
        require: Raises where the two sides are not worth comparing.
    """

    dialect: Dialect
    info: ServerInfo
    canonicalise: Canonicalise | None = None
    target: Target | None = None
    named: bool = False
    migrations: tuple[MigrationState, ...] = ()
    observe: Callable[[Schema, Schema], Schema] = _as_read
    require: Callable[[Alignment], None] = _anything


def compare(expected: Schema, actual: Schema, setting: Setting) -> tuple[Alignment, tuple[Outcome, ...]]:
    """Both sides, paired and settled, and what the checks say.

    Raises:
        DriftError: The two sides are not worth comparing, or a filter of the project fails.
    """
    dialect, target = setting.dialect, setting.target
    actual = respelled(actual, expected)
    if target is not None:
        actual = reflected_filter(actual, target, setting.info)
    actual = setting.observe(expected, actual)
    expected, actual, unseen = without_unseen(expected, actual, dialect)
    alignment = align(expected, actual, truncate=dialect.truncate)
    if target is not None:
        alignment = paired_filter(alignment, target, setting.info)
        if not setting.named:
            alignment = without_others(alignment)
    setting.require(alignment)
    alignment = settle(alignment, setting.canonicalise, spell=dialect.spell_expression)
    outcomes = heard(run_checks(alignment, setting.migrations), alignment.expected, alignment.actual)
    return alignment, (*outcomes, *unseen)
