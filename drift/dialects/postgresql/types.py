"""The canonical short spelling of PostgreSQL types.

Models spell a type as SQLAlchemy compiles it (``VARCHAR(80)``, ``TIMESTAMP WITHOUT TIME ZONE``), the catalog as
``format_type`` prints it (``character varying(80)``). Both become one spelling here, which the server also takes:
``varchar(80)``, ``timestamp``. Nothing is asked.
"""

from __future__ import annotations

from functools import lru_cache

from drift.dialects.postgresql.keywords import quote
from drift.dialects.text import Kind, Token, TornTextError, joined, tokens

_WORDS = {
    "int": "integer",
    "int4": "integer",
    "int2": "smallint",
    "int8": "bigint",
    "serial": "integer",
    "serial4": "integer",
    "smallserial": "smallint",
    "serial2": "smallint",
    "bigserial": "bigint",
    "serial8": "bigint",
    "bool": "boolean",
    "float4": "real",
    "float8": "double precision",
    "decimal": "numeric",
    "dec": "numeric",
    "character varying": "varchar",
    "char varying": "varchar",
    "national character varying": "varchar",
    "national char varying": "varchar",
    "nchar varying": "varchar",
    "character": "char",
    "national character": "char",
    "national char": "char",
    "nchar": "char",
    "bit varying": "varbit",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
}
_MULTI_WORD = frozenset({"double precision"})
_INTERVAL_FIELDS = frozenset({"year", "month", "day", "hour", "minute", "second", "to"})


@lru_cache(maxsize=4096)
def spell_type(ddl: str) -> str:
    """The canonical short spelling of a type's DDL, for example ``CHARACTER VARYING(80)[]`` -> ``varchar(80)[]``.

    Arrays keep one pair of brackets, because the server forgets how many were declared. Names of user types keep
    their schema and are quoted where the server would. Text that is no type comes back stripped.
    """
    try:
        parts = tokens(ddl)
    except TornTextError:
        return ddl.strip()
    parts, is_array = _without_array(_without_collation(parts))
    if not parts:
        return ddl.strip()
    words, arguments, rest = _taken_apart(parts)
    spelled = _spelled(words, arguments, rest)
    return spelled + "[]" if is_array else spelled


def _without_collation(parts: list[Token]) -> list[Token]:
    """Cut a ``COLLATE`` clause: the collation is a facet of the column."""
    for place, part in enumerate(parts):
        if part.kind is Kind.WORD and part.text.lower() == "collate":
            return parts[:place]
    return parts


def _without_array(parts: list[Token]) -> tuple[list[Token], bool]:
    """Cut ``[]``, ``[3]``, ``ARRAY``, and ``ARRAY[3]``."""
    for place, part in enumerate(parts):
        if place and (part.text == "[" or (part.kind is Kind.WORD and part.text.lower() == "array")):
            return parts[:place], True
    return parts, False


def _taken_apart(parts: list[Token]) -> tuple[list[Token], str, list[str]]:
    """The tokens before the parenthesis, the arguments, and the words behind it."""
    places = [place for place, part in enumerate(parts) if part.text == "("]
    if not places:
        return parts, "", []
    closing = max((place for place, part in enumerate(parts) if part.text == ")"), default=len(parts))
    arguments = joined(parts[places[0] + 1 : closing]).replace(", ", ",")
    return parts[: places[0]], arguments, [part.text.lower() for part in parts[closing + 1 :]]


def _spelled(words: list[Token], arguments: str, rest: list[str]) -> str:
    if any(part.text == "." for part in words):
        return _qualified(words, arguments, rest)
    if words[0].kind is Kind.QUOTED:
        # "char" is a type of its own, not char(1).
        name = _unquoted(words[0])
        return _with(f'"{name}"' if name == "char" else quote(name), arguments)
    name = " ".join([part.text.lower() for part in words] + rest)
    if name.startswith("interval"):
        return _interval(name, arguments)
    if name in {"float", "double precision"}:
        return "real" if arguments.isdigit() and int(arguments) <= 24 else "double precision"
    name = _WORDS.get(name, name)
    if name in {"char", "bit"} and not arguments:
        arguments = "1"
    if name == "bpchar" and arguments:
        name = "char"
    if name == "numeric" and arguments and "," not in arguments:
        arguments += ",0"
    return _with(name, arguments.lower() if name in _KNOWN else arguments)


_KNOWN = frozenset(_WORDS.values()) | {"bit", "bpchar"} | _MULTI_WORD


def _qualified(words: list[Token], arguments: str, rest: list[str]) -> str:
    """A name with its schema; what is in ``pg_catalog`` loses it."""
    names = [
        _unquoted(part) if part.kind is Kind.QUOTED else part.text.lower()
        for part in words
        if part.kind in {Kind.QUOTED, Kind.WORD}
    ]
    if len(names) == 2 and names[0] == "pg_catalog":
        if names[1] == "char":
            return '"char"'
        return _spelled([Token(Kind.WORD, names[1])], arguments, rest)
    return _with(".".join(quote(name) for name in names), arguments)


def _interval(name: str, arguments: str) -> str:
    """``interval``, its fields, and its precision, which the server prints last: ``interval day to second(3)``."""
    fields = [word for word in name.split()[1:] if word in _INTERVAL_FIELDS]
    return _with(" ".join(["interval", *fields]), arguments)


def _unquoted(part: Token) -> str:
    return part.text[1:-1].replace('""', '"')


def _with(name: str, arguments: str) -> str:
    return f"{name}({arguments})" if arguments else name
