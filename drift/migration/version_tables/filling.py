"""What fills Continuum's own columns, in SQLite's and MySQL's words; PostgreSQL's stand with the history itself.

MySQL reads no table that it updates, except behind a join; SQLite below 3.33 joins nothing in an UPDATE.
"""

from __future__ import annotations

from drift.migration.version_tables.history import History


def filling(history: History, column: str) -> str | None:
    """The statement that fills a column which was just added; ``None`` where nothing can be computed."""
    mysql = history.quoting.dialect in ("mysql", "mariadb")
    if column == history.facts.end_transaction_column:
        return _joined_ends(history) if mysql else _looked_up_ends(history)
    if column == history.facts.operation_type_column:
        return _joined_operations(history) if mysql else _looked_up_operations(history)
    return None


def _window(history: History) -> str:
    return f"(PARTITION BY {history.quoting.names(history.key)} ORDER BY {history.transaction})"


def _keys(history: History) -> str:
    return history.quoting.names((*history.key, history.facts.transaction_column))


def _gone(history: History) -> str:
    parent = history.quoting.qualified(history.parent)
    return f"NOT EXISTS (SELECT 1 FROM {parent} AS parent WHERE {history.same('parent', 'version')})"


def _joined_ends(history: History) -> str:
    return (
        f"UPDATE {history.sql} AS version JOIN (SELECT {_keys(history)}, "
        f"lead({history.transaction}) OVER {_window(history)} AS next_transaction FROM {history.sql}) AS successor "
        f"ON {history.same('version', 'successor', transaction=True)} "
        f"SET version.{history.end} = successor.next_transaction"
    )


def _joined_operations(history: History) -> str:
    window = _window(history)
    return (
        f"UPDATE {history.sql} AS version JOIN (SELECT {_keys(history)}, row_number() OVER {window} AS place, "
        f"lead({history.transaction}) OVER {window} IS NULL AS newest FROM {history.sql}) AS derived "
        f"ON {history.same('version', 'derived', transaction=True)} SET version.{history.operation} = "
        f"CASE WHEN derived.place = 1 THEN 0 WHEN derived.newest AND {_gone(history)} THEN 2 ELSE 1 END "
        f"WHERE version.{history.operation} IS NULL"
    )


def _others(history: History, sign: str, selected: str) -> str:
    """Other versions of the same entity: those before it, or after it."""
    return (
        f"SELECT {selected} FROM {history.sql} AS other WHERE {history.same('other', 'version')} "
        f"AND other.{history.transaction} {sign} version.{history.transaction}"
    )


def _looked_up_ends(history: History) -> str:
    selected = f"min(other.{history.transaction})"
    return f"UPDATE {history.sql} AS version SET {history.end} = ({_others(history, '>', selected)})"


def _looked_up_operations(history: History) -> str:
    return (
        f"UPDATE {history.sql} AS version SET {history.operation} = "
        f"CASE WHEN NOT EXISTS ({_others(history, '<', '1')}) THEN 0 "
        f"WHEN NOT EXISTS ({_others(history, '>', '1')}) AND {_gone(history)} THEN 2 ELSE 1 END "
        f"WHERE {history.operation} IS NULL"
    )
