"""For test suites: ``assert_in_sync``, and noting which schemas read which mapped classes (``--drift-record``).

Loaded by pytest through its entry point; imports nothing heavy until it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from drift.policy import Config
    from drift.sources.responses.recorder import Recorder

_recorder: pytest.StashKey[Recorder] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--drift-record``."""
    parser.getgroup("drift").addoption(
        "--drift-record",
        action="store_true",
        help="note which Pydantic models read which mapped classes, for `drift check --responses`",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note."""
    if config.getoption("--drift-record", default=False):
        from drift.sources.responses.recorder import Recorder

        config.stash[_recorder] = Recorder()
        config.stash[_recorder].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Write down what was seen, beside the project's configuration."""
    recorder = config.stash.get(_recorder, None)
    if recorder is not None:
        from drift.sources.responses.recorder import FILE

        recorder.stop()
        recorder.write(config.rootpath / FILE)


def assert_in_sync(
    database: Any,
    models: Any,
    *,
    responses: Sequence[Any] = (),
    config: Config | None = None,
    ignore: Sequence[str] = (),
    schemas: Sequence[str] = (),
) -> None:
    """Fail with a readable report unless models and database agree.

    Args:
        database: Engine, Connection, URL, or path of a snapshot.
        models: Base, MetaData, registry, ``"module:attribute"``, or a list of those.
        responses: FastAPI applications, modules, or Pydantic classes to compare as well.
        config: The team's policy; by default errors and warnings fail.
        ignore: Codes, prefixes, or names to leave out, beside what ``config`` leaves out.
        schemas: Database schemas to compare.

    Raises:
        AssertionError: On drift; the message is what ``drift check`` would print.
        drift.errors.DriftError: When it could not be checked.
    """
    __tracebackhide__ = True
    from dataclasses import replace

    from drift.pipeline import check
    from drift.policy import Config
    from drift.reports import render

    policy = config or Config()
    if ignore:
        policy = replace(policy, ignore=(*policy.ignore, *ignore))
    verdict = check(models, database, responses, policy, schemas=schemas).verdict
    if verdict.fails:
        raise AssertionError("models and database are not in sync\n\n" + render(verdict))


@pytest.fixture(name="assert_in_sync")
def _assert_in_sync() -> Callable[..., None]:
    """The function :func:`assert_in_sync`, without an import."""
    return assert_in_sync
