"""The search path that a statement of ``env.py`` chooses, as a value: the statement itself is never run for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.sql import ClauseElement

from drift.dialects.postgresql.keywords import always_quote
from drift.dialects.text import Kind, Token, TornTextError, tokens

_BIND = re.compile(r"(?<![:\w]):(\w+)|%\((\w+)\)s|%s")
_USE = re.compile(r"\s*USE\s+(?:`((?:[^`]|``)+)`|([\w$]+))\s*;?\s*", re.IGNORECASE)
_IN_A_PATH = (Kind.WORD, Kind.QUOTED, Kind.STRING)


def statements(sql: str) -> list[list[Token]]:
    """The statements of a text, each as its tokens; comments and what is empty are none.

    Raises:
        TornTextError: The text cannot be taken apart.
    """
    found: list[list[Token]] = [[]]
    for token in tokens(sql):
        if token.kind is Kind.END:
            found.append([])
        else:
            found[-1].append(token)
    return [statement for statement in found if statement]


def chosen_path(statement: Any, parameters: Any) -> str | None:
    """The value that PostgreSQL's setting ``search_path`` gets; ``None`` for every other statement.

    Args:
        statement: What was to be executed: a text, or a construct of SQLAlchemy.
        parameters: What was given with it.
    """
    try:
        parts = statements(_written_out(statement, parameters))
    except TornTextError:
        return None
    # A text of several statements does more than to choose: it is not understood.
    return _path_of(parts[0]) if len(parts) == 1 else None


def chosen_database(statement: Any, parameters: Any) -> str | None:
    """The database that MySQL's and MariaDB's ``USE`` chooses; ``None`` for every other statement."""
    found = _USE.fullmatch(_written_out(statement, parameters))
    return None if found is None else found[2] or found[1].replace("``", "`")


def _path_of(parts: Sequence[Token]) -> str | None:
    words = [token.text.lower() for token in parts]
    if words[:1] == ["set"]:
        rest = words[2:] if words[1:2] in (["session"], ["local"]) else words[1:]
        value = parts[len(words) - len(rest) :]
        if rest[:2] in (["search_path", "to"], ["search_path", "="]):
            return _listed(value[2:])
        if rest[:1] == ["schema"]:
            return _listed(value[1:])
        return None
    if words[:3] == ["select", "pg_catalog", "."]:
        parts, words = (*parts[:1], *parts[3:]), [*words[:1], *words[3:]]
    if words[:5] == ["select", "set_config", "(", "'search_path'", ","] and parts[5:6] and words[6:7] == [","]:
        return _content(parts[5]) if parts[5].kind is Kind.STRING else None
    return None


def _listed(parts: Sequence[Token]) -> str | None:
    """Names with commas between them, spelled as the setting's value."""
    names, commas = parts[::2], parts[1::2]
    if len(names) != len(commas) + 1 or any(token.kind is not Kind.COMMA for token in commas):
        return None
    if any(token.kind not in _IN_A_PATH for token in names) or [token.text.lower() for token in names] == ["default"]:
        return None
    return ", ".join(always_quote(_content(token)) if token.kind is Kind.STRING else token.text for token in names)


def _content(string: Token) -> str:
    return string.text[1:-1].replace("''", "'") if string.text.startswith("'") else string.text


def _written_out(statement: Any, parameters: Any) -> str:
    """The text with its parameters as literals, to be read and not to be run."""
    text, named = str(statement), {}
    if isinstance(statement, ClauseElement):
        named = {name: value for name, value in statement.compile().params.items() if value is not None}
    if isinstance(parameters, Mapping):
        named |= parameters
    in_order = iter(() if isinstance(parameters, Mapping | str | None) else parameters)
    return _BIND.sub(lambda match: _literal(match, named, in_order), text)


def _literal(match: re.Match[str], named: Mapping[str, Any], in_order: Iterator[Any]) -> str:
    name = match[1] or match[2]
    value = named.get(name) if name is not None else next(in_order, None)
    return match[0] if value is None else "'" + str(value).replace("'", "''") + "'"
