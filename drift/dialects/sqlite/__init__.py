"""SQLite: read through its pragma functions and the statements it keeps."""

from drift.dialects.sqlite.dialect import SQLiteDialect

DIALECT = SQLiteDialect()

__all__ = ["DIALECT", "SQLiteDialect"]
