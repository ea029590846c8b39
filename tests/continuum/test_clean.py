"""Databases that are as Continuum wants them: every option of its, made by ``create_all`` and by Alembic."""

from __future__ import annotations

import pytest

from tests.continuum.conftest import Laboratories
from tests.continuum.lab import MODELS, run_clean

SETS = sorted(path.stem for path in MODELS.glob("*.py"))
LINTS: dict[str, list[str]] = {"in_schema": ["VT360"]}
"""Findings about models that are nevertheless fine in a database made by ``create_all``."""

NOT_RENDERED: dict[str, list[str]] = {"plain": ["CK101", "VT113"], "uuid_keys": ["CK303"]}
"""What Alembic's renderer leaves out: checks of a column, and what a naming convention makes of their names."""


@pytest.mark.parametrize("models", SETS)
def test_created(models: str, laboratories: Laboratories) -> None:
    outcome = laboratories(models).submit(run_clean, "create_all").result()

    assert [finding["code"] for finding in outcome.found] == LINTS.get(models, []), outcome.told
    assert outcome.work is None


@pytest.mark.parametrize("models", [models for models in SETS if models not in ("native", "in_schema")])
def test_migrated(models: str, laboratories: Laboratories) -> None:
    outcome = laboratories(models).submit(run_clean, "alembic").result()

    assert [finding["code"] for finding in outcome.found] == NOT_RENDERED.get(models, []), outcome.told
    assert outcome.work is None
