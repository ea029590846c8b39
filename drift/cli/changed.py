"""``--changed``: only what belongs to files that changed in git."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from drift.errors import DriftError
from drift.findings import Finding, NotChecked, Outcome
from drift.policy import Circumstances, Verdict, judge
from drift.schema import Location, QualifiedName, Table

if TYPE_CHECKING:
    from drift.pipeline import Inputs, Report


def changed_files(directory: Path, base: str) -> frozenset[Path]:
    """Files that differ from a commit, with those that git does not know yet; absolute.

    Raises:
        DriftError: When this is no git repository, or there is no such commit.
    """
    root = Path(_git(directory, "rev-parse", "--show-toplevel").strip())
    names = _git(directory, "diff", "--name-only", "-z", "--no-renames", base, "--").split("\0")
    names += _git(root, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    return frozenset((root / name).resolve() for name in names if name)


def _git(directory: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=directory, capture_output=True, text=True, check=False, timeout=60
        )
    except FileNotFoundError as error:
        raise DriftError("git is not installed", place="--changed") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise DriftError(
            "git cannot tell what changed",
            place="--changed",
            details=tuple(lines[:1]),
            help=("name a commit that is here: --changed-since main", "in CI, fetch enough history"),
        )
    return done.stdout


def restrict(report: Report, inputs: Inputs, files: frozenset[Path], base: str) -> Verdict:
    """The verdict on the tables and schema classes that are written in ``files``."""
    verdict = report.verdict
    tables = {
        name
        for comparison in report.comparisons
        for table in comparison.alignment.expected.tables
        if any(_is_in(place, files, inputs.directory) for place in _places(table))
        for name in (table.name,)
    }

    def concerned(outcome: Outcome) -> bool:
        subject = outcome.subject
        if subject is None:
            return True
        if isinstance(outcome, Finding) and any(_is_in(p, files, inputs.directory) for p in outcome.locations):
            return True
        return QualifiedName(subject.schema, subject.table or subject.name) in tables

    everything: tuple[Finding | NotChecked, ...] = (
        *verdict.findings,
        *verdict.accepted,
        *verdict.ignored,
        *verdict.not_checked,
    )
    known = inputs.baseline
    if known is not None:
        wanted = {item.fingerprint for item in everything if isinstance(item, Finding) and concerned(item)}
        known = replace(known, entries=tuple(entry for entry in known.entries if entry.fingerprint in wanted))
    note = f"only what changed in git since {base}: {_listed(tables)}"
    return judge(
        filter(concerned, everything),
        inputs.config,
        known,
        alignment=report.alignment,
        circumstances=Circumstances(
            verdict.compared,
            verdict.expected_source,
            verdict.actual_source,
            verdict.dialect,
            verdict.server,
            verdict.seconds,
            (*verdict.notes, note),
            actual_origin=verdict.actual_origin,
            not_compared=verdict.not_compared,
        ),
        today=date.today(),
    )


def _listed(tables: Iterable[QualifiedName]) -> str:
    names = sorted(str(name) for name in tables)
    if not names:
        return "no table"
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _places(table: Table) -> Iterable[Location]:
    return [place for place in (table.location, *(column.location for column in table.columns)) if place is not None]


def _is_in(place: Location, files: frozenset[Path], directory: Path) -> bool:
    return (directory / place.path).resolve() in files
