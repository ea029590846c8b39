"""Database URLs and connections: reading what the user gave, choosing a driver, and saying why it does not work."""

from drift.sources.connections.engines import engine_for
from drift.sources.connections.failures import failure
from drift.sources.connections.secrets import display, scrub
from drift.sources.connections.urls import parse

__all__ = ["display", "engine_for", "failure", "parse", "scrub"]
