"""PostgreSQL's catalog text in a spelling that reads back as the same text.

The server prints ``title IN ('a', 'b')`` over a ``varchar`` column as
``(title)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])``. Executed again, that text
means the same but is printed in yet another way. Written as ``IN`` it comes back as it was.
"""

from __future__ import annotations

import re

_ITEM = r"'(?:[^']|'')*'"
_LIST = rf"\(\(ARRAY\[(?P<items>{_ITEM}::character varying(?:, {_ITEM}::character varying)*)\]\)::text\[\]\)"
_COLUMN = r'\((?P<column>[a-z_][a-z0-9_]*|"(?:[^"]|"")+")\)::text'
_ANY = re.compile(rf"{_COLUMN} = ANY {_LIST}")
_ALL = re.compile(rf"{_COLUMN} <> ALL {_LIST}")


def restored(sql: str) -> str:
    """``sql`` so that the server prints it as it did."""
    if "::character varying" not in sql:
        return sql
    return _ALL.sub(lambda match: _membership(match, "NOT IN"), _ANY.sub(lambda match: _membership(match, "IN"), sql))


def _membership(match: re.Match[str], operator: str) -> str:
    items = re.findall(rf"({_ITEM})::character varying", match["items"])
    return f"{match['column']} {operator} ({', '.join(items)})"
