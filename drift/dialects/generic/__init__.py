"""Any database that SQLAlchemy can inspect, by its bulk ``Inspector``."""

from drift.dialects.generic.dialect import GenericDialect, generic_dialect

__all__ = ["GenericDialect", "generic_dialect"]
