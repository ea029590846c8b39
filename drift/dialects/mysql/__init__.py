"""MySQL 8 and MariaDB 10.6 and later: read through ``information_schema``."""

from drift.dialects.mysql.dialect import MySQLDialect

DIALECT = MySQLDialect()

__all__ = ["DIALECT", "MySQLDialect"]
