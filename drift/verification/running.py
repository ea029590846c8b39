"""Running a revision's functions on a connection, as Alembic would."""

from __future__ import annotations

import importlib.util
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from drift.errors import DriftError
from drift.migration.revision import UNTIL_LATER
from drift.secrets import scrub
from drift.sources.models.importing import describe
from drift.sources.project_code import ENDED, project_code

if TYPE_CHECKING:
    from drift.sources.alembic_project import AlembicProject


@dataclass(frozen=True, slots=True)
class RevisionModule:
    """A revision's module.

    Attributes:
        path: Its file.
        upgrade: Its ``upgrade`` function.
        downgrade: Its ``downgrade`` function.
        made_for: Fingerprint of the schema that it was made for, from its docstring.
        until_later: Places at which its docstring announces drift until a later revision of its chain.
    """

    path: Path
    upgrade: Callable[..., Any]
    downgrade: Callable[..., Any]
    made_for: str | None = None
    until_later: frozenset[str] = frozenset()


def load(path: Path) -> RevisionModule:
    """Import a revision file.

    Raises:
        DriftError: It cannot be imported, or has no ``upgrade()``.
    """
    name = f"drift_revision_{uuid.uuid4().hex}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DriftError("this is no revision file", place=str(path))
    module = importlib.util.module_from_spec(spec)
    written = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        with project_code():
            spec.loader.exec_module(module)
    except ENDED as error:
        raise DriftError(
            "the revision cannot be imported",
            place=f"{path}{_line(error, path)}",
            details=(describe(error),),
        ) from error
    finally:
        sys.dont_write_bytecode = written
    upgrade = getattr(module, "upgrade", None)
    if not callable(upgrade):
        raise DriftError("the revision has no upgrade()", place=str(path))
    downgrade = getattr(module, "downgrade", None) or _without_downgrade(path)
    return RevisionModule(path, upgrade, downgrade, made_for(module), until_later(module))


def _without_downgrade(path: Path) -> Callable[[], None]:
    """Alembic misses it only when it is asked for; so do we."""

    def downgrade() -> None:
        raise DriftError("the revision has no downgrade()", place=str(path))

    return downgrade


def made_for(module: ModuleType) -> str | None:
    """The fingerprint in a docstring that drift wrote."""
    marker = "Made for the live schema "
    for line in (module.__doc__ or "").splitlines():
        if line.strip().startswith(marker):
            return line.strip()[len(marker) :].rstrip(".") or None
    return None


def until_later(module: ModuleType) -> frozenset[str]:
    """The places of a docstring that drift wrote for a revision of a chain."""
    lines = [line.strip() for line in (module.__doc__ or "").splitlines()]
    return frozenset(line[len(UNTIL_LATER) :] for line in lines if line.startswith(UNTIL_LATER))


def _line(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f":{error.lineno}"
    trace = error.__traceback__
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f":{line}" if line is not None else ""


def run(
    functions: Sequence[Callable[..., Any]],
    connection: Connection,
    options: Mapping[str, Any] | None = None,
    config: Config | None = None,
) -> None:
    """Run functions of revisions, each in a transaction of its own where the database has transactional DDL.

    Args:
        functions: ``upgrade`` or ``downgrade`` functions.
        connection: Not in a transaction.
        options: ``context.configure`` arguments that operations depend on, for example ``target_metadata``.
        config: The project's Alembic configuration, for revisions that ask ``alembic.context``.
    """
    chosen = {key: value for key, value in (options or {}).items() if key in _RELEVANT}
    # Without it the loop below has no transaction of Alembic's own, and autocommit_block() fails an assertion.
    chosen["transaction_per_migration"] = True
    for function in functions:
        context = MigrationContext.configure(connection, opts=chosen)
        asked = EnvironmentContext(config or Config(), None)  # type: ignore[arg-type]  # no revision asks for scripts
        asked._migration_context = context
        with asked, context.begin_transaction(_per_migration=True), Operations.context(context):
            function()
        if connection.in_transaction():
            connection.commit()


_RELEVANT = frozenset({"target_metadata", "transactional_ddl", "render_as_batch"})


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that an engine runs."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def inside(project: AlembicProject | None) -> AbstractContextManager[object]:
    """Where the project's own code is to run."""
    return project.inside() if project is not None else nullcontext()


def said(error: BaseException) -> str:
    """What the server, or a script, said, in one line. What stands in the way is often only named in the detail."""
    first, *more = str(getattr(error, "orig", None) or error).strip().split("\n")
    details = (line.removeprefix("DETAIL:").strip() for line in more if line.startswith("DETAIL:"))
    return first + "".join(f" ({detail})" for detail in details)


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a direction broke off.

    Attributes:
        text: For people.
        stopped: What the revision itself said when it stopped.
        refused: The database refused a statement.
    """

    text: str
    stopped: str | None = None
    refused: bool = False


def attempt(phase: str, function: Any, engine: Engine, options: Any) -> Broken | None:
    """Run one direction; why it broke off, if it did."""
    try:
        with engine.connect() as connection:
            run([function], connection, options)
    except Exception as error:  # a revision may raise anything, and all of it is an answer
        message, statement = said(error), getattr(error, "statement", None)
        where = f" in: {' '.join(str(statement).split())[:200]}" if statement else ""
        stopped = scrub(message) if isinstance(error, RuntimeError) else None
        return Broken(scrub(f"the {phase} broke off: {message}{where}"), stopped, isinstance(error, DBAPIError))
    return None
