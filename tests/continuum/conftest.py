"""Processes with versioned models, one at a time for each set, shared by all tests of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import pytest

from tests.continuum.lab import laboratory
from tests.servers import Server

Laboratories = Callable[[str], ProcessPoolExecutor]


@pytest.fixture(scope="session")
def laboratories(postgresql_server: Server) -> Iterator[Laboratories]:
    """Gives the process for a set of models; opened on first use."""
    opened: dict[str, ProcessPoolExecutor] = {}
    with ExitStack() as stack:

        def get(models: str) -> ProcessPoolExecutor:
            if models not in opened:
                opened[models] = stack.enter_context(laboratory(models, postgresql_server.url))
            return opened[models]

        yield get
