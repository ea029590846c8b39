"""Identifiers as PostgreSQL quotes and truncates them."""

from __future__ import annotations

import re

IDENTIFIER_BYTES = 63
"""Longest identifier: ``NAMEDATALEN - 1``, in bytes of UTF-8."""

_SAFE = re.compile(r"[a-z_][a-z0-9_]*\Z")

# Every key word that is not "unreserved" in PostgreSQL 12 to 18 (pg_get_keywords): the server quotes such names.
_NOT_UNRESERVED = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
    char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
    json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
    not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
    primary real references returning right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union unique user using values
    varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""
KEYWORDS = frozenset(_NOT_UNRESERVED.split())


def quote(name: str) -> str:
    """``name`` as the server would print it: quoted only where it must be (``quote_ident``)."""
    if _SAFE.match(name) and name not in KEYWORDS:
        return name
    return always_quote(name)


def always_quote(name: str) -> str:
    """``name`` in double quotes, safe to stand in SQL whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """``text`` as a string literal, valid whatever ``standard_conforming_strings`` is."""
    quoted = "'" + text.replace("'", "''") + "'"
    if "\\" in quoted:
        return " E" + quoted.replace("\\", "\\\\")
    return quoted


def truncate(name: str) -> str:
    """The first 63 bytes of ``name``, without a torn character at the end."""
    encoded = name.encode()
    if len(encoded) <= IDENTIFIER_BYTES:
        return name
    return encoded[:IDENTIFIER_BYTES].decode(errors="ignore")
