"""Types and constants by their text alone."""

from __future__ import annotations

from drift.dialects.text import Kind, TornTextError, joined, normalised, tokens, unwrapped

_STANDARD = {
    "int": "integer",
    "integer": "integer",
    "smallint": "smallint",
    "bigint": "bigint",
    "decimal": "numeric",
    "dec": "numeric",
    "numeric": "numeric",
    "character varying": "varchar",
    "varchar": "varchar",
    "character": "char",
    "char": "char",
    "bool": "boolean",
    "boolean": "boolean",
    "date": "date",
    "timestamp without time zone": "timestamp",
    "real": "real",
    "double": "double precision",
    "double precision": "double precision",
}
"""Names of the SQL standard, whose difference is a difference everywhere."""


def spell_type(ddl: str) -> str:
    """Lower case, standard names in one spelling, no collation; ``DECIMAL(10, 2)`` -> ``numeric(10,2)``."""
    name, arguments = _parts(ddl)
    name = _STANDARD.get(name, name)
    return f"{name}({arguments})" if arguments else name


def comparable_type(ddl: str) -> str | None:
    """The spelling of a standard type; ``None`` where another name could mean the same type."""
    name, _ = _parts(ddl)
    return spell_type(ddl) if name in _STANDARD else None


def _parts(ddl: str) -> tuple[str, str]:
    """Name and arguments."""
    try:
        parts = tokens(ddl)
    except TornTextError:
        return ddl.strip().lower(), ""
    words: list[str] = []
    arguments = ""
    place = 0
    while place < len(parts):
        part = parts[place]
        if part.text.lower() == "collate":
            break
        if part.text == "(":
            end = next((at for at in range(place, len(parts)) if parts[at].text == ")"), len(parts))
            arguments = joined(parts[place + 1 : end]).replace(", ", ",").lower()
            place = end
        else:
            words.append(part.text.lower() if part.kind is Kind.WORD else part.text)
        place += 1
    return " ".join(words), arguments


def constant(sql: str) -> str | None:
    """The value of a number or string literal, quotes and parentheses off; ``None`` for any other expression."""
    try:
        parts = unwrapped(tokens(sql))
    except TornTextError:
        return None
    if len(parts) == 1 and parts[0].kind is Kind.NUMBER:
        return parts[0].text
    if len(parts) == 1 and parts[0].kind is Kind.STRING and parts[0].text.startswith("'"):
        return parts[0].text[1:-1].replace("''", "'")
    if len(parts) == 2 and parts[0].text in {"-", "+"} and parts[1].kind is Kind.NUMBER:
        return normalised(sql).replace(" ", "").removeprefix("+")
    return None
