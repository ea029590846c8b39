"""Paths as platforms want them: seen from the root of the repository, not from the directory in which drift ran."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drift.findings import Finding
from drift.policy import Verdict
from drift.schema import Location

FROM_ROOT = frozenset({"github", "gitlab", "sarif"})
"""Formats whose readers resolve paths from the repository's root."""


def repository_root(directory: Path) -> Path:
    """The nearest folder above that git manages; the directory itself where there is none."""
    return next((folder for folder in (directory, *directory.parents) if (folder / ".git").exists()), directory)


def from_root(verdict: Verdict, directory: Path) -> Verdict:
    """The verdict with its places seen from the repository's root.

    Args:
        verdict: Its places are relative to ``directory``, or absolute where they lie outside.
        directory: Where drift ran.
    """
    directory = directory.resolve()
    root = repository_root(directory)

    def place(location: Location) -> Location:
        whole = directory / location.path
        return replace(location, path=whole.relative_to(root).as_posix()) if whole.is_relative_to(root) else location

    def finding(item: Finding) -> Finding:
        return replace(item, locations=tuple(map(place, item.locations)))

    return replace(
        verdict, findings=tuple(map(finding, verdict.findings)), accepted=tuple(map(finding, verdict.accepted))
    )
