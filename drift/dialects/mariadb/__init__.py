"""MariaDB: read as MySQL is, except where the two differ; see :mod:`drift.dialects.mysql`."""

from drift.dialects.mysql.dialect import MariaDBDialect

DIALECT = MariaDBDialect()

__all__ = ["DIALECT", "MariaDBDialect"]
