"""What a proof found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drift.findings import Finding
from drift.migration.splitting import place_of


@dataclass(frozen=True, slots=True)
class Proof:
    """A revision that was run on a copy of the live structure.

    Attributes:
        server: Where it ran, for people.
        error: Why the upgrade or the downgrade broke off, with the phase; ``None`` when both ran.
        refused: It broke off because the server refused a statement.
        answered: Findings that were there before the upgrade and are gone after it.
        remaining: Findings that the revision claims to answer and that are still there.
        introduced: Findings that only came with the upgrade.
        in_between: Findings that came with it and that it announces until a later revision of its chain.
        stops: What it said when it stopped on made-up rows, as it should; the proof went on with fewer of them.
        alembic: What Alembic's own comparison sees after the upgrade and did not see before.
        alembic_left: How many differences Alembic's own comparison still sees that it saw before, too.
        differences: How the schema after the downgrade differs from the one before the upgrade.
        not_cloned: Parts of the live structure that the scratch server could not take.
        lacks: What the copies of the tables that the revision is about lack for want of those.
        rows: How many made-up rows were in the tables.
        lost_rows: Tables that held fewer rows after the upgrade: ``(table, before, after)``.
        seconds: How long it took.
        statements: How many statements the upgrade ran.
        strangers: Scratch databases on that server of which nobody here knows whether they are still used.
    """

    server: str
    error: str | None = None
    refused: bool = False
    answered: tuple[Finding, ...] = ()
    remaining: tuple[Finding, ...] = ()
    introduced: tuple[Finding, ...] = ()
    in_between: tuple[Finding, ...] = ()
    stops: tuple[str, ...] = ()
    alembic: tuple[str, ...] = ()
    alembic_left: int = 0
    differences: tuple[str, ...] = ()
    not_cloned: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    rows: int = 0
    lost_rows: tuple[tuple[str, int, int], ...] = ()
    seconds: float = 0.0
    statements: int = 0
    strangers: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """The upgrade ran, answered what it claims, broke nothing new, and the downgrade led back.

        What Alembic's own comparison sees besides is shown and decides nothing: it takes what the server spells
        otherwise, and the indexes of partitions, for drift.
        """
        broken = (self.error, self.remaining, self.introduced, self.differences, self.lost_rows, self.lacks)
        return not any(broken)

    def lines(self) -> tuple[str, ...]:
        """For the revision's docstring and for people."""
        when = datetime.now(UTC).strftime("%Y-%m-%d")
        if self.error is not None:
            return (f"Not proven on {self.server}: {self.error}", *self._details())
        verdict = "Proven" if self.holds else "Not proven"
        return (f"{verdict} on {self.server}, {when}: {self._what()}.", *self._details())

    def _what(self) -> str:
        gone = len(self.answered)
        parts = ["upgrade", f"{gone} finding{'' if gone == 1 else 's'} gone", "downgrade"]
        parts.append("schema as before" if not self.differences else "schema not as before")
        if self.rows:
            parts.insert(2, f"{self.rows} made-up rows kept" if not self.lost_rows else "rows lost")
        return ", ".join(parts)

    def _details(self) -> tuple[str, ...]:
        lines = [f"Still there: {f.code} {f.name} {place_of(f)}" for f in self.remaining]
        lines += [f"New after the upgrade: {f.code} {f.name} {place_of(f)}" for f in self.introduced]
        lines += [f"In between: {f.code} {f.name} {place_of(f)}" for f in self.in_between]
        lines += [f"Stops on {text}" for text in self.stops]
        lines += [f"Alembic's comparison sees what it did not see before: {text}" for text in self.alembic]
        lines += [f"Rows lost: {table} held {before}, then {after}" for table, before, after in self.lost_rows]
        lines += [f"After the downgrade: {text}" for text in self.differences]
        lines += [f"Missing in the copy: {text}" for text in self.lacks]
        lines += [f"Not part of the copy: {text}" for text in self.not_cloned]
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """For ``--format json``."""
        return {
            "holds": self.holds,
            "server": self.server,
            "error": self.error,
            "answered": [finding.fingerprint for finding in self.answered],
            "remaining": [finding.fingerprint for finding in self.remaining],
            "introduced": [finding.fingerprint for finding in self.introduced],
            "in_between": [finding.fingerprint for finding in self.in_between],
            "stops": list(self.stops),
            "alembic": list(self.alembic),
            "alembic_left": self.alembic_left,
            "differences": list(self.differences),
            "not_cloned": list(self.not_cloned),
            "lacks": list(self.lacks),
            "rows": self.rows,
            "lost_rows": [list(entry) for entry in self.lost_rows],
            "statements": self.statements,
            "seconds": round(self.seconds, 3),
        }
