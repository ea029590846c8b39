"""Repairs of version tables: nothing here drops a table that holds history."""

from drift.migration.version_tables import (
    columns,
    constraints,
    flags,
    models,
    numbering,
    rows,
    tables,
    transactions,
    triggers,
)

__all__ = ["columns", "constraints", "flags", "models", "numbering", "rows", "tables", "transactions", "triggers"]
