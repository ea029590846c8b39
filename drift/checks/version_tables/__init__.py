"""Version tables of SQLAlchemy-Continuum: what it needs of them, said in its own words.

One module for each aspect. The checks of a version table's columns, keys and indexes take the place of the general
ones there (see :mod:`drift.checks.versioned`), so that each drift is reported once, with what happens at run time.
"""

from drift.checks.version_tables import (
    columns,
    facets,
    fillers,
    indexes,
    keys,
    models,
    rows,
    tables,
    transactions,
    triggers,
)

__all__ = [
    "columns",
    "facets",
    "fillers",
    "indexes",
    "keys",
    "models",
    "rows",
    "tables",
    "transactions",
    "triggers",
]
