"""Every folder of ``fixtures/cases/version-tables``: found, repaired, silent, no row lost, and back."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tests.continuum.conftest import Laboratories
from tests.continuum.lab import ROOT, run_case

CASES = ROOT / "fixtures" / "cases" / "version-tables"
FOLDERS = sorted(path.parent for path in CASES.rglob("findings.json"))


def _named(folder: Path) -> str:
    return folder.relative_to(CASES).as_posix()


def matches(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    subject = {"schema": "public"} | wanted["subject"]
    facets = ("severity", "expected", "actual")
    same = all(found[facet] == wanted[facet] for facet in facets if facet in wanted)
    return wanted["code"] == found["code"] and subject == found["subject"] and same


SLOW = [
    "modification-column-missing/several",
    "modification-column-nullable/nullable",
    "transaction-column-missing/user-id",
    "twin-changes/column-and-flag",
    "version-history-split/both-filled",
    "version-index-mismatch/descending-lost",
    "version-index-missing/basic",
    "version-internal-column-missing/operation-type",
    "version-key-mismatch/only-id",
    "version-key-missing/with-duplicates",
    "version-table-misnamed/with-everything-wrong",
]
"""Cases whose repair takes other roads on a large table."""


@pytest.mark.parametrize("folder", FOLDERS, ids=_named)
def test_case(folder: Path, laboratories: Laboratories, tmp_path: Path) -> None:
    _run(folder, laboratories, tmp_path, "auto")


@pytest.mark.parametrize("name", SLOW)
def test_case_as_if_the_tables_were_large(name: str, laboratories: Laboratories, tmp_path: Path) -> None:
    _run(CASES / name, laboratories, tmp_path, "slow")


def _run(folder: Path, laboratories: Laboratories, tmp_path: Path, roads: str) -> None:
    options_file = folder / "options.json"
    options = json.loads(options_file.read_text()) if options_file.exists() else {}
    needed = options.get("minimum_continuum", "1.4")
    if Version(version("sqlalchemy-continuum")) < Version(needed):
        pytest.skip(f"Continuum {needed} or newer")
    wanted = json.loads((folder / "findings.json").read_text())
    lab = laboratories(options.get("models", "schedule"))

    outcome = lab.submit(run_case, str(folder), str(tmp_path), roads).result()

    unmatched = list(outcome.found)
    for entry in wanted:
        hit = next((found for found in unmatched if matches(entry, found)), None)
        assert hit is not None, f"not found: {entry}\n" + "\n".join(outcome.told)
        unmatched.remove(hit)
    assert not unmatched, "\n".join(outcome.told)
    if options.get("repair") == "none":
        return
    assert outcome.failure is None, outcome.failure
    remaining = set(options.get("remaining", ()))
    assert [line for line in outcome.again if line.split()[0] not in remaining] == [], outcome.source
    assert outcome.lost == [], outcome.source
    assert outcome.back == [], outcome.source
    assert outcome.work is None, f"{outcome.work}\n{outcome.source}"
    if options.get("one_step"):
        codes = sorted(entry["code"] for entry in wanted)
        assert codes in [sorted(codes_of_step) for _, codes_of_step in outcome.plan], outcome.plan
