"""PostgreSQL 12 to 18: the catalog by a fixed number of queries, equivalence by asking the planner."""

from drift.dialects.postgresql.dialect import PostgreSQL

DIALECT = PostgreSQL()

__all__ = ["DIALECT", "PostgreSQL"]
