"""SQL text without a database: tokens, and a cheap normal form that the dialects share.

The normal form never makes two different expressions equal; at worst it leaves two equal ones different, and the
server is asked. It folds white space, comments, the case of what is not quoted, and redundant outer parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    QUOTED = auto()
    STRING = auto()
    NUMBER = auto()
    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    END = auto()
    OPERATOR = auto()


class Token(NamedTuple):
    """One token: its kind and its text as written."""

    kind: Kind
    text: str


class TornTextError(ValueError):
    """A string, a quoted name, or a comment that does not end, or parentheses that do not match."""


# The classes are PostgreSQL's own: whatever is not ASCII counts as a letter, and only ASCII white space as space.
_LETTER = "[A-Za-z_\x80-\U0010ffff]"
_TOKEN = re.compile(
    rf"""
    (?P<space>[ \t\r\n\f\v]+|--[^\r\n]*)
    |(?P<comment>/\*)
    |(?P<dollar>\$(?P<tag>(?:{_LETTER}[A-Za-z0-9_\x80-\U0010ffff]*)?)\$)
    |(?P<escaped>[eE]'(?:[^'\\]|''|\\.)*')
    |(?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
    |(?P<quoted>(?:[uU]&)?"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    |(?P<torn>[eE]'|['"`])
    |(?P<number>(?:[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>{_LETTER}[A-Za-z0-9_$\x80-\U0010ffff]*)
    |(?P<open>[(\[])
    |(?P<close>[)\]])
    |(?P<comma>,)
    |(?P<end>;)
    |(?P<operator>::|:=|[-+*/<>=~!@\#%^&|?]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_KINDS = {
    "escaped": Kind.STRING,
    "string": Kind.STRING,
    "quoted": Kind.QUOTED,
    "number": Kind.NUMBER,
    "word": Kind.WORD,
    "open": Kind.OPEN,
    "close": Kind.CLOSE,
    "comma": Kind.COMMA,
    "end": Kind.END,
    "operator": Kind.OPERATOR,
}
_PAIRS = {"(": ")", "[": "]"}
_BARE = re.compile(r"""[^()\[\]'"$/*-]*""")
"""Text without brackets, quotes, and what comments begin with: nothing in it can be unbalanced."""


def tokens(sql: str) -> list[Token]:
    """The tokens of ``sql``, without white space and comments.

    Raises:
        TornTextError: A string, a quoted name, or a comment does not end.
    """
    return list(_tokens(sql))


def _tokens(sql: str) -> Iterator[Token]:
    position = 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        if match is None:  # cannot happen: the last alternative takes any character
            raise TornTextError(f"cannot read {sql[position : position + 20]!r}")
        position = match.end()
        group = match.lastgroup if match.lastgroup != "tag" else "dollar"
        if group == "space":
            continue
        if group == "comment":
            position = _end_of_comment(sql, position)
        elif group == "dollar":
            end = sql.find(match.group(), position)
            if end < 0:
                raise TornTextError("a dollar-quoted string does not end")
            position = end + len(match.group())
            yield Token(Kind.STRING, sql[match.start() : position])
        elif group == "operator" and ("--" in match.group() or "/*" in match.group()):
            # A comment may start in the middle of operator characters; PostgreSQL ends the operator there.
            end = min(at for at in (match.group().find("--"), match.group().find("/*")) if at >= 0)
            position = match.start() + end
            yield Token(Kind.OPERATOR, sql[match.start() : position])
        elif group == "torn":
            raise TornTextError(f"a {match.group()} is not closed")
        else:
            yield Token(_KINDS[str(group)], match.group())


def _end_of_comment(sql: str, position: int) -> int:
    """Where the comment that starts before ``position`` ends; comments nest."""
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(sql, position):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    raise TornTextError("a comment does not end")


def balanced(parts: Sequence[Token]) -> bool:
    """Whether parentheses and brackets match."""
    expected: list[str] = []
    for kind, text in parts:
        if kind is Kind.OPEN:
            expected.append(_PAIRS[text])
        elif kind is Kind.CLOSE and (not expected or expected.pop() != text):
            return False
    return not expected


def one_expression(sql: str) -> bool:
    """Whether ``sql`` can stand inside parentheses without breaking out of them.

    That is: strings and comments end, parentheses match, and no semicolon or comma stands outside of them. Whatever
    is put between parentheses of a statement of ours must pass this first.
    """
    try:
        parts = tokens(sql)
    except TornTextError:
        return False
    if not parts or not balanced(parts) or "\x00" in sql or len(split(parts)) > 1:
        return False
    return not any(_treacherous(before, part) for before, part in zip([None, *parts], parts, strict=False))


def _treacherous(before: Token | None, part: Token) -> bool:
    """What one server reads as the end of something and another does not: better not sent at all."""
    if part.kind is Kind.END or part.text.startswith("`") or part.text == "\\":
        return True
    # PostgreSQL continues E'...' in the next literal, with its backslashes.
    return before is not None and before.text[:2] in {"e'", "E'"} and part.kind is Kind.STRING


def split(parts: Sequence[Token]) -> list[list[Token]]:
    """``parts`` cut at the commas outside of all parentheses."""
    result: list[list[Token]] = [[]]
    depth = 0
    for part in parts:
        if part.kind is Kind.OPEN:
            depth += 1
        elif part.kind is Kind.CLOSE:
            depth -= 1
        elif part.kind is Kind.COMMA and depth == 0:
            result.append([])
            continue
        result[-1].append(part)
    return result


def enclosed(parts: Sequence[Token], opening: int) -> list[Token]:
    """What stands between the parenthesis at ``opening`` and the one that closes it."""
    depth = 0
    for place in range(opening, len(parts)):
        depth += (parts[place].kind is Kind.OPEN) - (parts[place].kind is Kind.CLOSE)
        if depth == 0:
            return list(parts[opening + 1 : place])
    return list(parts[opening + 1 :])


def outermost(parts: Sequence[Token]) -> list[Token]:
    """The tokens outside of all parentheses and brackets."""
    result: list[Token] = []
    depth = 0
    for part in parts:
        depth -= part.kind is Kind.CLOSE
        if depth == 0 and part.kind is not Kind.OPEN and part.kind is not Kind.CLOSE:
            result.append(part)
        depth += part.kind is Kind.OPEN
    return result


def unwrapped(parts: Sequence[Token]) -> Sequence[Token]:
    """``parts`` without parentheses around the whole."""
    while len(parts) > 2 and parts[0].text == "(" and parts[-1].text == ")" and balanced(parts[1:-1]):
        parts = parts[1:-1]
    return parts


def joined(parts: Sequence[Token]) -> str:
    """``parts`` as text with one space where two tokens would otherwise run together or be hard to read."""
    pieces: list[str] = []
    before: Token | None = None
    for part in parts:
        if before is not None and _spaced(before, part):
            pieces.append(" ")
        pieces.append(part.text)
        before = part
    return "".join(pieces)


def _spaced(left: Token, right: Token) -> bool:
    """Whether a space stands between two tokens."""
    if "." in (left.text, right.text) and Kind.NUMBER in (left.kind, right.kind):
        return True
    if right.text in {",", ")", "]", "[", ".", "::", ";"} or left.text in {"(", "[", ".", "::"}:
        return False
    if right.text == "(":
        return left.kind in {Kind.OPERATOR, Kind.COMMA, Kind.STRING, Kind.NUMBER} or (
            left.kind is Kind.WORD and left.text in _BEFORE_PARENTHESIS
        )
    return True


_BEFORE_PARENTHESIS = frozenset(
    {"and", "or", "not", "in", "any", "all", "when", "then", "else", "case", "like", "between", "is", "from", "for"}
    | {"AND", "OR", "NOT", "IN", "WHEN", "THEN", "ELSE", "CASE", "LIKE", "BETWEEN", "IS", "FROM", "FOR"}
) - {"any", "all"}


def unparenthesised(sql: str) -> str:
    """``sql`` as written, without parentheses around the whole."""
    text = sql.strip()
    while text.startswith("(") and text.endswith(")"):
        if not _BARE.fullmatch(text, 1, len(text) - 1):
            try:
                if not balanced(tokens(text[1:-1])):
                    break
            except TornTextError:
                break
        text = text[1:-1].strip()
    return text


def normalised(sql: str) -> str:
    """The cheap normal form of an expression.

    White space and comments are folded, words outside of quotes are lower case, parentheses around the whole are
    taken off. Torn text comes back stripped, otherwise unchanged.
    """
    try:
        parts = tokens(sql)
    except TornTextError:
        return sql.strip()
    folded = [Token(part.kind, part.text.lower()) if part.kind is Kind.WORD else part for part in parts]
    return joined(unwrapped(folded))
