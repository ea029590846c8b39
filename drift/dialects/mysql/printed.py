"""Undoing what MySQL's information_schema does to the expressions that it shows.

MySQL keeps the text of a CHECK, a generated column, a default, or an index key with every literal behind its character
set, and shows it with quotes and backslashes escaped once more, each byte as a character of its own. MariaDB does
neither. Nothing of this is in the manual; it was seen on 9.7.
"""

from __future__ import annotations

import re

from drift.dialects.mysql.spelling import quote, unquote

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANINGS = {"n": "\n", "r": "\r", "0": "\0", "Z": "\x1a"}
_NAME_OR_LITERAL = re.compile(r"`(?:[^`]|``)*`|_utf8mb[34](?='(?:[^'\\]|''|\\.)*')|'(?:[^'\\]|''|\\.)*'", re.DOTALL)


def as_written(shown: str) -> str:
    """The expression as one would write it: ``_utf8mb4\\'a\\'`` is ``'a'``."""
    text = _ESCAPED.sub(lambda match: _MEANINGS.get(match[1], match[1]), shown)
    text = _decoded(text)
    # The literals of a connection that speaks utf8mb4, as all of ours do, are of that character set anyway.
    return requoted(text)


def requoted(text: str) -> str:
    """The expression with ``''`` for a quote inside of a literal, and no introducer of Unicode."""
    return _NAME_OR_LITERAL.sub(lambda match: _plain(match[0]), text)


def _plain(text: str) -> str:
    if text.startswith("'"):
        return quote(unquote(text))
    return "" if text.startswith("_") else text


def _decoded(text: str) -> str:
    """Bytes of UTF-8 that stand there as one character each, put together."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
