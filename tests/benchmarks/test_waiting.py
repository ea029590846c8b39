"""While a slow road runs, nobody waits as long as the lock timeout."""

from __future__ import annotations

from pathlib import Path

from drift.migration.options import Roads
from tests.benchmarks.waiting import measure

LOCK_TIMEOUT = 5.0


def test_nobody_waits_for_the_lock_timeout(database: str, tmp_path: Path) -> None:
    found = measure(database, 20_000, Roads.SLOW, tmp_path / "project")
    assert found["longest wait of readers"] < LOCK_TIMEOUT
    assert found["longest wait of writers"] < LOCK_TIMEOUT
    assert found["statements of readers"] > 10
    assert found["statements of writers"] > 10
