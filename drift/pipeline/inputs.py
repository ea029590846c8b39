"""What a check is asked to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from drift.policy import Baseline, Config

Progress = Callable[[str], None]
"""Told which stage begins, in a word or two."""


def silent(stage: str) -> None:
    """A progress collaborator that says nothing."""
    del stage


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a check needs to know. Nothing else is read: no environment, and files only where named here.

    Attributes:
        models: References (``module:attribute``) or objects; empty: taken from the Alembic project.
        database: URL text, SQLAlchemy URL, Engine, Connection, or the path of a snapshot; ``None``: taken from the
            Alembic project.
        origin: Where ``database`` was named, for messages: ``DATABASE_URL``, ``--database-url``.
        ambient: ``origin`` is a variable that other programs read, too, so that it may not be meant.
        responses: Modules, FastAPI apps or Pydantic classes, by reference or as objects.
        directory: The project's directory; modules are imported as if started there.
        alembic: The project's ``alembic.ini`` where it was named.
        discover: Look for an Alembic project from ``directory`` upwards.
        x_arguments: What ``env.py`` shall find behind ``-x``.
        schemas: Schemas to compare; empty: those that the models use.
        config: The team's policy.
        baseline: What has been accepted.
        probe: Also look at rows (bounded, read-only).
        allow_empty: The database may be empty.
        receipt: Keep an account of what is done to the server (PostgreSQL).
        progress: Told which stage begins.
    """

    models: tuple[object, ...] = ()
    database: object | None = None
    origin: str = "database"
    ambient: bool = False
    responses: tuple[object, ...] = ()
    directory: Path = field(default_factory=Path.cwd)
    alembic: Path | None = None
    discover: bool = False
    x_arguments: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    config: Config = field(default_factory=Config)
    baseline: Baseline | None = None
    probe: bool = False
    allow_empty: bool = False
    receipt: bool = False
    progress: Progress = silent
