"""SQLite's tokens, as far as reading its own ``CREATE`` statements needs them.

SQLite keeps the text of every statement that made an object, and nothing else about constraint names, CHECK bodies,
collations, or generated expressions. Source: https://www.sqlite.org/lang_createtable.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PATTERN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?(?:\*/|$))
    | (?P<blob>[xX]'[0-9a-fA-F]*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<operator>->>|->|\|\||<<|>>|<=|>=|<>|!=|==|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD = re.compile(r"[^\W\d][\w$]*")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``start`` and ``end`` are offsets into the statement."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word in upper case; empty for anything but a bare word."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def identifier(self) -> str:
        """The name this token denotes, without its quotes; like SQLite, a string is a name where a name must stand."""
        if self.kind in ("quoted", "string"):
            inner, quote = self.text[1:-1], self.text[0]
            return inner if quote == "[" else inner.replace(quote * 2, quote)
        return self.text


def tokenize(sql: str) -> tuple[Token, ...]:
    """All tokens of a statement, white space and comments left out."""
    return tuple(_tokens(sql))


def _tokens(sql: str) -> Iterator[Token]:
    for match in _PATTERN.finditer(sql):
        kind = match.lastgroup or "operator"
        if kind != "space":
            yield Token(kind, match.group(), match.start(), match.end())


def closing(tokens: tuple[Token, ...], start: int) -> int:
    """Index of the parenthesis that closes the one at ``start``; the last index when it is never closed."""
    depth = 0
    for index in range(start, len(tokens)):
        text = tokens[index].text
        if text == "(":
            depth += 1
        elif text == ")":
            depth -= 1
            if depth == 0:
                return index
    return len(tokens) - 1


def split_commas(tokens: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    """The parts between the commas that stand outside parentheses; empty parts are left out."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts if part]


def normal_form(sql: str) -> str:
    """One spelling for texts that differ in white space, letter case of words, quoting, or outer parentheses only.

    Words are folded to lower case since SQLite's identifiers and keywords ignore case; strings are kept as they are.
    """
    tokens = tokenize(sql)
    while len(tokens) > 1 and tokens[0].text == "(" and closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return " ".join(_fold(token) for token in tokens)


def _fold(token: Token) -> str:
    if token.kind == "word":
        return token.text.lower()
    if token.kind == "quoted":
        return _fold_name(token.identifier)
    if token.text in ("==", "<>"):
        return {"==": "=", "<>": "!="}[token.text]
    return token.text


def _fold_name(identifier: str) -> str:
    """Bare where it would read as the same word without quotes, else in double quotes."""
    if _WORD.fullmatch(identifier):
        return identifier.lower()
    return '"' + identifier.lower().replace('"', '""') + '"'
