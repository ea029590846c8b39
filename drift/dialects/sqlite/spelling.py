"""How SQLite spells types and expressions. Pure functions.

SQLite keeps a column's declared type as written and enforces only its affinity, so letter case, spaces, and names that
other databases treat as the same type are no difference. Source: https://www.sqlite.org/datatype3.html
"""

from __future__ import annotations

import re
from functools import lru_cache

from drift.dialects.sqlite.tokens import normal_form

_SYNONYMS = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "decimal": "numeric",
    "dec": "numeric",
    "character": "char",
    "character varying": "varchar",
    "char varying": "varchar",
    "varying character": "varchar",
    "national character": "nchar",
    "native character": "nchar",
    "double": "float",
    "double precision": "float",
    "real": "float",
    "timestamp": "datetime",
    "clob": "text",
    "string": "text",
}

_TYPE = re.compile(r"^([^()]*)(?:\(([^)]*)\))?(.*)$", re.DOTALL)
_NUMBER_IN_QUOTES = re.compile(r"^'([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)'$")


@lru_cache(maxsize=4096)
def spell_type(ddl: str) -> str:
    """The canonical short spelling: ``Character Varying ( 80 )`` -> ``varchar(80)``."""
    match = _TYPE.match(ddl.strip())
    if match is None:
        return ddl.strip().lower()
    name = " ".join(f"{match[1]} {match[3]}".lower().split())
    arguments = ",".join(argument.strip() for argument in match[2].split(",")) if match[2] else ""
    name = _SYNONYMS.get(name, name)
    return f"{name}({arguments})" if arguments else name


@lru_cache(maxsize=4096)
def affinity(declared: str) -> str:
    """The affinity that SQLite derives from a declared type (section 3.1 of its manual)."""
    name = declared.upper()
    if "INT" in name:
        return "INTEGER"
    if "CHAR" in name or "CLOB" in name or "TEXT" in name:
        return "TEXT"
    if "BLOB" in name or not name.strip():
        return "BLOB"
    if "REAL" in name or "FLOA" in name or "DOUB" in name:
        return "REAL"
    return "NUMERIC"


def canonical_default(sql: str, declared: str | None) -> str:
    """A default in one spelling: what is stored is what counts, so ``'0'`` and ``0`` agree in a numeric column."""
    form = normal_form(sql)
    if declared is not None and affinity(declared) in ("INTEGER", "NUMERIC", "REAL"):
        match = _NUMBER_IN_QUOTES.match(form.replace(" ", ""))
        form = match[1] if match else form.replace("- ", "-").replace("+ ", "")
    return {
        "true": "1",
        "false": "0",
        "current_timestamp ( )": "current_timestamp",
    }.get(form, form)
