"""SQLAlchemy's dialect objects by name, without a driver."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy.engine.default import DefaultDialect


@lru_cache(maxsize=8)
def native_dialect(name: str) -> DefaultDialect:
    """A dialect that compiles, quotes and renders. MariaDB's own class only exists together with a driver."""
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    classes = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect, "mysql": mysql.dialect}
    chosen = classes.get("mysql" if name == "mariadb" else name, DefaultDialect)
    # What is compiled here ends in a file: percent signs are doubled only on the way to a driver that wants it.
    dialect: DefaultDialect = chosen(paramstyle="named")
    if name == "mariadb":
        dialect.is_mariadb = True  # type: ignore[attr-defined]
    return dialect
