"""One EXPLAIN that prints many expressions, and what the server printed.

``EXPLAIN (VERBOSE)`` plans a query over a record with the table's columns and prints its target list, folded and
fully parsed. Nothing is executed, no table is touched, and no privilege on one is needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drift.dialects.postgresql.keywords import always_quote
from drift.dialects.postgresql.synonyms import folded
from drift.dialects.text import Kind, Token, TornTextError, joined, split, tokens, unwrapped

Columns = tuple[tuple[str, str], ...]


_HEAD = "SELECT ROW(pg_catalog.now()"
"""The first field keeps the server from folding a row of constants into one constant."""


@dataclass(frozen=True, slots=True)
class Source:
    """The record that expressions read from.

    Attributes:
        alias: The table's bare name, so that ``table.column`` and whole-row references resolve.
        columns: Names and types; none means that no column is mentioned.
        row_type: Quoted name of the table's own row type, when a function takes the row.
    """

    alias: str = ""
    columns: Columns = ()
    row_type: str | None = None

    def clause(self) -> str:
        """The FROM clause."""
        if self.row_type is not None:
            return f" FROM pg_catalog.json_populate_record(NULL::{self.row_type}, '{{}}') AS {always_quote(self.alias)}"
        if not self.columns:
            return ""
        columns = ", ".join(f"{always_quote(name)} {type_}" for name, type_ in self.columns)
        return f" FROM pg_catalog.json_to_record('{{}}') AS {always_quote(self.alias)}({columns})"


@dataclass(frozen=True, slots=True)
class Statement:
    """The text, and for each expression (source by source) where it starts in it."""

    sql: str
    starts: tuple[int, ...]


def statement(groups: Sequence[tuple[Source, Sequence[str]]]) -> Statement:
    """One EXPLAIN over all expressions; every expression must have passed ``one_expression``."""
    text = "EXPLAIN (VERBOSE, FORMAT JSON, COSTS OFF) "
    starts: list[int] = []
    for number, (source, expressions) in enumerate(groups):
        text += (" UNION ALL " if number else "") + _HEAD
        for expression in expressions:
            text += ", "
            starts.append(len(text))
            text += expression
        text += ")" + source.clause()
    return Statement(text, tuple(starts))


def outputs(answer: Any, counts: Sequence[int]) -> list[str] | None:
    """What was printed for each expression, synonyms folded; ``None`` when the plan has an unexpected shape.

    Args:
        answer: The JSON document of EXPLAIN, as text or already parsed by the driver.
        counts: How many expressions each source had.
    """
    document = json.loads(answer) if isinstance(answer, str | bytes) else answer
    plan = document[0]["Plan"]
    nodes = [plan] if len(counts) == 1 else plan.get("Plans", [])
    if len(nodes) != len(counts):
        return None
    result: list[str] = []
    for node, count in zip(nodes, counts, strict=True):
        printed = _row(node.get("Output", []), node.get("Alias"))
        if printed is None or len(printed) != count:
            return None
        result += printed
    return result


def _row(output: Sequence[str], alias: str | None) -> list[str] | None:
    """The fields of ``ROW(...)`` behind the first."""
    if len(output) != 1:
        return None
    try:
        parts = tokens(output[0])
    except TornTextError:
        return None
    parts = list(unwrapped(parts))
    if len(parts) < 3 or parts[0].text != "ROW":
        return None
    return [joined(unwrapped(folded(_bare(field, alias)))) for field in split(parts[2:-1])[1:]]


def _bare(parts: Sequence[Token], alias: str | None) -> list[Token]:
    """``parts`` without the alias before column names: the server numbers aliases that occur twice."""
    result: list[Token] = []
    skip = False
    for place, part in enumerate(parts):
        if skip:
            skip = False
            continue
        follows = parts[place + 1].text if place + 1 < len(parts) else None
        if alias is not None and follows == "." and _name(part) == alias and not (result and result[-1].text == "."):
            skip = True
            continue
        result.append(part)
    return result


def _name(part: Token) -> str | None:
    if part.kind is Kind.QUOTED:
        return part.text[1:-1].replace('""', '"')
    return part.text if part.kind is Kind.WORD else None
