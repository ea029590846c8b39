"""The actual side: how each database is read, spelled, canonicalised, and what its DDL locks."""

from drift.dialects.base import Canonicalise, Dialect, Scope, ServerInfo
from drift.dialects.registry import dialect_for

__all__ = ["Canonicalise", "Dialect", "Scope", "ServerInfo", "dialect_for"]
