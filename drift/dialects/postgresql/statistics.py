"""What the catalog knows about sizes and values, without reading a row: two statements for any number of tables.

Sources: https://www.postgresql.org/docs/current/catalog-pg-class.html (``reltuples``, ``relpages``) and
https://www.postgresql.org/docs/current/view-pg-stats.html, which shows only columns that the role may read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SIZES = """
SELECT n.nspname, c.relname, c.reltuples::pg_catalog.int8, pg_catalog.pg_relation_size(c.oid)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN ROWS FROM (
    pg_catalog.unnest(CAST(:schemas AS pg_catalog.text[])), pg_catalog.unnest(CAST(:tables AS pg_catalog.text[]))
) AS w (schema_name, table_name)
    ON w.schema_name = n.nspname AND w.table_name = c.relname
WHERE c.relkind IN ('r', 'p', 'm')
"""
_VALUES = """
SELECT s.schemaname, s.tablename, s.attname, s.null_frac, s.n_distinct, s.avg_width, seen.longest, seen.numbers
FROM pg_catalog.pg_stats AS s
JOIN ROWS FROM (
    pg_catalog.unnest(CAST(:schemas AS pg_catalog.text[])), pg_catalog.unnest(CAST(:tables AS pg_catalog.text[]))
) AS w (schema_name, table_name)
    ON w.schema_name = s.schemaname AND w.table_name = s.tablename
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.max(pg_catalog.length(v)) AS longest,
        pg_catalog.bool_and(v OPERATOR(pg_catalog.~) '^[0-9]+$') AS numbers
    FROM pg_catalog.unnest(
        s.most_common_vals::pg_catalog.text::pg_catalog.text[]
        OPERATOR(pg_catalog.||) s.histogram_bounds::pg_catalog.text::pg_catalog.text[]
    ) AS v
) AS seen
"""


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """What ``ANALYZE`` saw of one column.

    Attributes:
        null_fraction: Share of NULLs, 0 to 1.
        distinct: Number of different values; negative: minus its share of the rows.
        width: Average width in bytes.
        longest: Characters of the longest value that was seen, written as text; ``None`` where none was kept.
        numbers: Whether every value that was seen reads as a whole number.
    """

    null_fraction: float
    distinct: float
    width: int
    longest: int | None = None
    numbers: bool = False


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """What is known about one table.

    Attributes:
        rows: The server's estimate; ``None`` when the table was never analysed.
        size: Bytes of the table itself.
        columns: By name; without those that were never analysed or may not be read.
    """

    rows: int | None
    size: int
    columns: dict[str, ColumnStatistics] = field(default_factory=dict)


def read_statistics(connection: Connection, tables: Iterable[QualifiedName]) -> dict[QualifiedName, TableStatistics]:
    """Statistics of these tables; those that do not exist are left out."""
    from sqlalchemy import text

    wanted = sorted(set(tables))
    arguments = {"schemas": [name.schema for name in wanted], "tables": [name.name for name in wanted]}
    columns: dict[QualifiedName, dict[str, ColumnStatistics]] = {}
    for schema, table, column, nulls, distinct, width, longest, numbers in connection.execute(text(_VALUES), arguments):
        known = columns.setdefault(QualifiedName(schema, table), {})
        known[column] = ColumnStatistics(float(nulls), float(distinct), int(width), longest, bool(numbers))
    found = {}
    for schema, table, rows, size in connection.execute(text(_SIZES), arguments):
        name = QualifiedName(schema, table)
        # -1 means never analysed; before PostgreSQL 14 that was 0, which for a table with pages cannot be true.
        estimate = None if rows < 0 or (rows == 0 and size > 0) else int(rows)
        found[name] = TableStatistics(estimate, int(size), columns.get(name, {}))
    return found
