"""What an ``env.py`` had set before it failed."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drift.errors import DriftError
from drift.sources.alembic_project.environment import CapturedEnvironment, environment


class EnvironmentFailedError(DriftError):
    """``env.py`` fails.

    Attributes:
        environments: What it had configured, or would have, as far as that was known when it failed.
        missed: Arguments of its ``context.configure(...)`` that nobody knows.
    """

    def __init__(
        self, error: DriftError, environments: tuple[CapturedEnvironment, ...] = (), missed: tuple[str, ...] = ()
    ) -> None:
        super().__init__(error.title, place=error.place, details=error.details, help=error.help)
        self.environments = environments
        self.missed = missed


def without_the_rest(error: DriftError, missed: tuple[str, ...]) -> str:
    """What failed where, in a line, for a report that does without the rest of ``env.py``."""
    place = f" at {error.place}" if error.place else ""
    why = f" ({error.details[0]})" if error.details else ""
    unknown = f"; not known, and not applied: {', '.join(missed)}" if missed else ""
    return f"{error.title}{place}{why}; what it had set before counts{unknown}."


def unfinished(error: BaseException | None, env_py: Path) -> tuple[tuple[CapturedEnvironment, ...], tuple[str, ...]]:
    """The environment that ``env.py`` would have configured, and the arguments of which nobody knows the value.

    Its globals are still there, in the frame that failed; its source says which of them it hands over by which name.

    Args:
        error: What it raised, if it did.
        env_py: The file.
    """
    found = _globals(error, env_py)
    wanted = _configured(env_py)
    known = {name: _value(node, found) for name, node in wanted.items()}
    known.setdefault("target_metadata", found.get("target_metadata"))
    arguments = {name: value for name, value in known.items() if value is not _UNKNOWN and name in _OF_INTEREST}
    missed = tuple(name for name, value in known.items() if value is _UNKNOWN and name in _OF_INTEREST)
    return (environment(arguments, None),), missed


_UNKNOWN = object()
_OF_INTEREST = (
    "target_metadata",
    "include_object",
    "include_name",
    "include_schemas",
    "version_table",
    "version_table_schema",
    "render_item",
    "process_revision_directives",
    "render_as_batch",
    "user_module_prefix",
)


def _globals(error: BaseException | None, env_py: Path) -> Mapping[str, Any]:
    """The globals of ``env.py``, where its own code, or code that it called, raised the error."""
    link = error
    while link is not None:
        trace = link.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            if os.path.realpath(frame.f_code.co_filename) == os.path.realpath(env_py):
                return frame.f_globals
            trace = trace.tb_next
        link = link.__cause__ or link.__context__
    return {}


def _configured(env_py: Path) -> dict[str, ast.expr]:
    """The named arguments of the calls of ``context.configure(...)``; those of the last call count."""
    try:
        tree = ast.parse(env_py.read_bytes())
    except (OSError, SyntaxError):
        return {}
    return {keyword.arg: keyword.value for call in _calls(tree) for keyword in call.keywords if keyword.arg is not None}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "configure":
            yield node


def _value(node: ast.expr, found: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    return found.get(node.id, _UNKNOWN) if isinstance(node, ast.Name) else _UNKNOWN
