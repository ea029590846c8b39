"""A project's Alembic environment: found, and its own ``env.py`` asked, without running a migration."""

from drift.sources.alembic_project.capture import capture
from drift.sources.alembic_project.environment import CapturedEnvironment
from drift.sources.alembic_project.project import AlembicProject, find
from drift.sources.alembic_project.state import PendingScript, migration_state, pending_scripts
from drift.sources.alembic_project.unfinished import EnvironmentFailedError, without_the_rest

__all__ = [
    "AlembicProject",
    "CapturedEnvironment",
    "EnvironmentFailedError",
    "PendingScript",
    "capture",
    "find",
    "migration_state",
    "pending_scripts",
    "without_the_rest",
]
