"""What a test needs from the machine: without it a test is skipped at home, and fails in CI."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(what: str) -> NoReturn:
    """Say that something is not installed."""
    if os.environ.get("CI"):
        pytest.fail(f"needed in CI: {what}", pytrace=False)
    pytest.skip(what)
