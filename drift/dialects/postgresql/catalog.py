"""The catalog, fetched by a fixed number of queries: one ``.sql`` file each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from drift.dialects.postgresql.keywords import literal
from drift.dialects.postgresql.session import Rows, Server, configure, rows, undone

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class Catalog:
    """Rows of the catalog queries, in the order of the columns of their ``.sql`` file."""

    schemas: Rows
    relations: Rows
    columns: Rows
    constraints: Rows
    indexes: Rows
    support: Rows
    types: Rows
    domain_checks: Rows
    sequences: Rows
    triggers: Rows
    functions: Rows
    inheritance: Rows
    comments: Rows
    dependents: Rows


_QUERIES = (
    "columns",
    "constraints",
    "indexes",
    "sequences",
    "relations",
    "support",
    "types",
    "domain_checks",
    "triggers",
    "functions",
    "inheritance",
    "comments",
    "dependents",
)
"""The longest first: meanwhile the models are read, and each answer has to wait for a turn of the interpreter."""

_PUBLISHED = """
(
    SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = p.prrelid AND a.attnum = ANY (p.prattrs)
), ' WHERE (' || pg_catalog.pg_get_expr(p.prqual, p.prrelid) || ')'
"""
"""The columns and rows that a publication takes of a table."""


def fetch(connection: Connection, server: Server, schemas: Sequence[str]) -> Catalog:
    """Everything about ``schemas``; the search path is empty, so that names come qualified.

    The number of statements is the same for one table and for ten thousand. Compiling them to machine code, which the
    planner orders from a thousand tables on, takes longer than running them does.
    """
    with undone(connection):
        configure(connection, {"jit": "off"})
        names = f"ARRAY[{', '.join(literal(name) for name in schemas)}]::pg_catalog.text[]"
        found = rows(connection, _query("schemas", {"names": names}))
        placeholders = {
            "namespaces": "'{" + ",".join(str(int(row[0])) for row in found) + "}'::pg_catalog.oid[]",
            "delete_columns": (
                "pg_catalog.array_to_string(con.confdelsetcols, ' ')"
                if server.version_number >= 150000
                else "NULL::pg_catalog.text"
            ),
            "enforced": "con.conenforced" if server.version_number >= 180000 else "true",
            "parsed_body": "p.prosqlbody IS NOT NULL" if server.version_number >= 140000 else "false",
            "published": _PUBLISHED if server.version_number >= 150000 else "''",
            "nulls_not_distinct": "i.indnullsnotdistinct" if server.version_number >= 150000 else "false",
        }
        fetched = {name: rows(connection, _query(name, placeholders)) for name in _QUERIES}
    return Catalog(schemas=found, **fetched)


def _query(name: str, placeholders: dict[str, str]) -> str:
    return _template(name).substitute(placeholders)


@cache
def _template(name: str) -> Template:
    return Template(files("drift.dialects.postgresql").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8"))
