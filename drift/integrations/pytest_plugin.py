"""For pytest: the fixture ``assert_in_sync``, and noting which schemas read which mapped classes (``--drift-record``).

Loaded by every pytest of the environment through its entry point: imports nothing until it is used, and asks nothing of
pytest that old versions do not have.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drift.integrations.hosts import harmless

if TYPE_CHECKING:
    from drift.sources.responses.recorder import Recorder


def pytest_addoption(parser: Any) -> None:
    """Add ``--drift-record``."""
    with harmless("--drift-record"):
        parser.getgroup("drift").addoption(
            "--drift-record",
            action="store_true",
            help="note which Pydantic models read which mapped classes, for `drift check --responses`",
        )


def pytest_configure(config: Any) -> None:
    """Begin to note."""
    with harmless("the record of response schemas"):
        if config.getoption("--drift-record", default=False):
            from drift.requirements import require
            from drift.sources.responses.recorder import Recorder

            require()
            recorder = Recorder()
            recorder.start()
            config.pluginmanager.register(_Recording(recorder, Path(config.rootpath)), "drift-recording")


class _Recording:
    """Writes down what was seen, beside the project's configuration."""

    def __init__(self, recorder: Recorder, directory: Path) -> None:
        self._recorder = recorder
        self._directory = directory

    def pytest_unconfigure(self) -> None:
        with harmless("the record of response schemas"):
            from drift.sources.responses.recorder import FILE

            self._recorder.stop()
            self._recorder.write(self._directory / FILE)


@pytest.fixture(name="assert_in_sync")
def _assert_in_sync() -> Callable[..., None]:
    """The function :func:`drift.assert_in_sync`, without an import."""
    import drift

    return drift.assert_in_sync
