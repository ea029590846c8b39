"""What the migration scripts say, and what a version table says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drift.dialects import dialect_for
from drift.errors import DriftError
from drift.schema import MigrationState, QualifiedName
from drift.sources.alembic_project.environment import CapturedEnvironment
from drift.sources.alembic_project.project import AlembicProject, env_failure
from drift.sources.models.blame import relative

if TYPE_CHECKING:
    from alembic.script import Script, ScriptDirectory
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class PendingScript:
    """A revision that the database has not had yet.

    Attributes:
        revision: Its identifier.
        message: First line of its docstring.
        path: Its file.
        script: Alembic's own object.
    """

    revision: str
    message: str
    path: str
    script: Script


def migration_state(project: AlembicProject, env: CapturedEnvironment, connection: Connection) -> MigrationState:
    """Compare the scripts with a version table. Reads only.

    Where the table may not be read, the state says so in ``unreadable`` and knows the scripts' side only.

    Raises:
        DriftError: The scripts cannot be read.
    """
    scripts = _all_scripts(project)
    heads = _heads(scripts)
    dialect = dialect_for(connection.dialect.name)
    info = dialect.info(connection)
    name = QualifiedName(env.version_table_schema or info.default_schema, env.version_table)
    homes = (name.schema,) if env.version_table_schema else info.search_path or (name.schema,)
    try:
        places = [QualifiedName(schema, env.version_table) for schema in homes]
        name, current = _current(connection, places, name, dialect.not_to_read(connection))
    except Exception as error:
        reason = f"{name} cannot be read: {str(getattr(error, 'orig', None) or error).splitlines()[0]}"
        return MigrationState(name, heads, unreadable=reason)
    if current is None:
        return MigrationState(name, heads, pending=tuple(reversed(list(scripts))), table_exists=False)
    unknown = tuple(revision for revision in current if revision not in scripts)
    applied = _with_ancestors([revision for revision in current if revision in scripts], scripts)
    # Behind an unknown revision may stand any of ours: what is pending cannot be told then.
    pending = () if unknown else tuple(revision for revision in reversed(list(scripts)) if revision not in applied)
    return MigrationState(name, heads, current, pending, unknown)


def pending_scripts(project: AlembicProject, state: MigrationState) -> tuple[PendingScript, ...]:
    """The pending revisions, oldest first.

    Raises:
        DriftError: The scripts cannot be read.
    """
    scripts = _all_scripts(project)
    found = (scripts[revision] for revision in state.pending if revision in scripts)
    return tuple(
        PendingScript(script.revision, (script.doc or "").strip(), relative(script.path, project.root), script)
        for script in found
    )


def _all_scripts(project: AlembicProject) -> dict[str, Script]:
    """All revisions by identifier, newest first."""
    config = project.config()
    with project.inside():
        directory = project.scripts(config)
        try:
            return {script.revision: script for script in directory.walk_revisions() if _resolved(directory, script)}
        except Exception as error:
            raise _unreadable_scripts(error, directory, project) from error


def _unreadable_scripts(error: Exception, directory: ScriptDirectory, project: AlembicProject) -> DriftError:
    found = env_failure(error, relative(str(directory.dir), project.root), project)
    return DriftError(
        "the migration scripts cannot be read",
        place=found.place or str(project.place),
        details=found.details,
        help=("Correct the revision; `alembic history` stumbles over the same place.",),
    )


def _resolved(directory: ScriptDirectory, script: Script) -> bool:
    """Resolve the revisions that a script names, so that a dangling one is noticed here."""
    directory.get_revisions(tuple(_parents(script)))
    return True


def _heads(scripts: dict[str, Script]) -> tuple[str, ...]:
    return tuple(sorted(revision for revision, script in scripts.items() if not script.nextrev))


def _current(
    connection: Connection, places: list[QualifiedName], usual: QualifiedName, unread: Mapping[QualifiedName, str]
) -> tuple[QualifiedName, tuple[str, ...] | None]:
    """The version table that is found first, and the revisions recorded there; ``None`` without one."""
    from sqlalchemy import column, inspect, select, table

    inspector = inspect(connection)
    name = next((place for place in places if inspector.has_table(place.name, schema=place.schema)), None)
    if name is None:
        return usual, None
    if name in unread:
        raise DriftError(f"it {unread[name]}")
    versions = table(name.name, column("version_num"), schema=name.schema)
    # A savepoint, because a refusal would end the transaction in which the schema is read.
    with connection.begin_nested():
        rows = connection.execute(select(versions.c.version_num)).scalars().all()
    return name, tuple(sorted(str(row) for row in rows))


def _with_ancestors(revisions: list[str], scripts: dict[str, Script]) -> set[str]:
    found: set[str] = set()
    waiting = list(revisions)
    while waiting:
        revision = waiting.pop()
        if revision not in found and revision in scripts:
            found.add(revision)
            waiting.extend(_parents(scripts[revision]))
    return found


def _parents(script: Script) -> list[str]:
    """Revisions that a script follows or depends on."""
    found: list[str] = []
    for given in (script.down_revision, script._resolved_dependencies):
        found.extend((given,) if isinstance(given, str) else given or ())
    return found
