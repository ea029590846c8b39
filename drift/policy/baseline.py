"""The baseline: findings a team has accepted, each with a reason, an owner, and a day on which that ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from drift.errors import DriftError
from drift.findings import Finding
from drift.policy.config import DEFAULT_BASELINE, Config
from drift.policy.order import describe

VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted finding.

    Attributes:
        fingerprint: Of the finding; decides alone what is accepted.
        code: For people.
        subject: For people.
        reason: Why it is accepted.
        owner: Who answers for it.
        expires: The last day on which it is accepted; ``None`` for no end.
    """

    fingerprint: str
    code: str
    subject: str
    reason: str | None = None
    owner: str | None = None
    expires: date | None = None

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Accepted findings, sorted by subject and code. ``name`` is the file's, for the report."""

    entries: tuple[Entry, ...] = ()
    name: str = "the baseline"

    def by_fingerprint(self) -> dict[str, Entry]:
        """Entries by what they accept."""
        return {entry.fingerprint: entry for entry in self.entries}


def accept(
    findings: Iterable[Finding],
    known: Baseline,
    *,
    reason: str | None = None,
    owner: str | None = None,
    expires: date | None = None,
    prune: bool = False,
) -> Baseline:
    """A baseline that accepts ``findings``. What was accepted before keeps its own reason, owner, and date.

    Args:
        findings: Everything found today, already accepted or not.
        known: The baseline so far.
        reason: For new entries, likewise ``owner`` and ``expires``.
        prune: Leave out entries that match nothing any more.
    """
    before = known.by_fingerprint()
    today = {
        finding.fingerprint: before.get(finding.fingerprint)
        or Entry(finding.fingerprint, finding.code, describe(finding.subject), reason, owner, expires)
        for finding in findings
    }
    kept = today if prune else before | today
    return replace(known, entries=tuple(sorted(kept.values(), key=lambda entry: (entry.subject, entry.code))))


def prune(known: Baseline, findings: Iterable[Finding]) -> Baseline:
    """The baseline without its stale entries; nothing new is accepted."""
    found = {finding.fingerprint for finding in findings}
    return replace(known, entries=tuple(entry for entry in known.entries if entry.fingerprint in found))


def to_json(baseline: Baseline) -> str:
    """The file's text: one entry a block, sorted, so that it reads well in a version-control diff."""
    entries = [
        {
            "fingerprint": entry.fingerprint,
            "code": entry.code,
            "subject": entry.subject,
            "reason": entry.reason,
            "owner": entry.owner,
            "expires": entry.expires.isoformat() if entry.expires else None,
        }
        for entry in baseline.entries
    ]
    return json.dumps({"version": VERSION, "entries": entries}, indent=2, ensure_ascii=False) + "\n"


def read_baseline(file: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        DriftError: When it cannot be read or is not a baseline.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DriftError(
            "the baseline cannot be read",
            place=str(file),
            details=(str(error.strerror),),
            help=("`drift baseline` writes one",),
        ) from error
    except ValueError as error:
        raise _not_a_baseline(file, str(error)) from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise _not_a_baseline(file, f'"version" is not {VERSION}')
    try:
        return Baseline(tuple(_entry(item) for item in document["entries"]), file.name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_a_baseline(file, f"an entry is not understood: {error}") from error


def baseline_of(config: Config) -> Baseline | None:
    """The configured baseline, or ``drift-baseline.json`` beside the configuration where there is one.

    Raises:
        DriftError: When a configured file cannot be read.
    """
    if config.baseline is not None:
        return read_baseline(config.path(config.baseline)) if config.baseline else None
    default = config.path(DEFAULT_BASELINE)
    return read_baseline(default) if default.is_file() else None


def _entry(item: Mapping[str, Any]) -> Entry:
    expires = item.get("expires")
    return Entry(
        fingerprint=str(item["fingerprint"]),
        code=str(item.get("code", "?")),
        subject=str(item.get("subject", "?")),
        reason=item.get("reason"),
        owner=item.get("owner"),
        expires=date.fromisoformat(expires) if expires else None,
    )


def _not_a_baseline(file: Path, reason: str) -> DriftError:
    return DriftError(
        "this is not a baseline file",
        place=str(file),
        details=(reason,),
        help=("restore it from version control, or write a new one: drift baseline",),
    )
