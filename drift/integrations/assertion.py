"""``assert_in_sync``, for test suites of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drift.policy import Config


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
