"""Spellings that the server keeps apart though they mean the same, folded into one.

The server prints SQL-syntax calls the way they were written: ``CURRENT_TIMESTAMP`` or ``now()``, ``x AT TIME ZONE z``
or ``timezone(z, x)``. Both sides of a comparison pass through here, after the server has printed them. Not folded:
what is a different function (``EXTRACT`` gives numeric, ``date_part`` double precision).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drift.dialects.postgresql.commutative import ordered
from drift.dialects.postgresql.token_trees import Group, Node, flat, nested, split_at, text
from drift.dialects.text import Kind, Token, tokens


def folded(parts: Sequence[Token]) -> list[Token]:
    """``parts`` with every synonym replaced by one spelling. Parentheses must match."""
    return flat(_fold(nested(parts)))


def _fold(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Fold from the inside out."""
    inner: list[Node] = [
        ordered(Group(node.opening, _fold(node.inner), node.closing)) if isinstance(node, Group) else node
        for node in nodes
    ]
    result: list[Node] = []
    place = 0
    while place < len(inner):
        used, replacement = _replacement(inner, place)
        result += replacement
        place += used
    return tuple(result)


def _replacement(nodes: Sequence[Node], place: int) -> tuple[int, Sequence[Node]]:
    """How many nodes are replaced at ``place``, and by what."""
    node = nodes[place]
    following = nodes[place + 1] if place + 1 < len(nodes) else None
    if isinstance(node, Group):
        return 1, _time_zone(node) or _legacy_now(node, following) or _cast_twice(node, nodes[place + 1 :]) or (node,)
    before = nodes[place - 1] if place else None
    called = following if isinstance(following, Group) and following.opening.text == "(" else None
    if called is not None and node.text in _BARE_ARGUMENTS and text(before) != ".":
        return 2, _call(node.text, *_arguments(called))
    if called is None and node.text in _VALUES:
        return 1, _VALUES[node.text]
    bare = text(before) != "." or (place > 1 and text(nodes[place - 2]) in _PGCRYPTO)
    if called is not None and node.text in _CALLS and bare:
        replaced = _CALLS[node.text](called)
        if replaced is not None:
            return 2, replaced
    if called is not None and node.text in _PRECISE and text(before) != ".":
        return 2, nested(tokens(_PRECISE[node.text].format("".join(part.text for part in flat(called.inner)))))
    if node.text in _PGCRYPTO and text(following) == "." and _text_at(nodes, place + 2) in _UUID_FUNCTIONS:
        # pgcrypto's function of that name was the only one before PostgreSQL 13, which has its own.
        return 2, ()
    return 1, (node,)


def _text_at(nodes: Sequence[Node], place: int) -> str | None:
    return text(nodes[place]) if place < len(nodes) else None


def _cut(nodes: Sequence[Node], *words: str) -> list[tuple[Node, ...]] | None:
    """``nodes`` cut at the first occurrence of each of ``words``, in order; ``None`` where one is missing."""
    pieces: list[tuple[Node, ...]] = []
    start = 0
    for word in words:
        place = next((at for at in range(start, len(nodes)) if text(nodes[at]) == word), None)
        if place is None:
            return None
        pieces.append(tuple(nodes[start:place]))
        start = place + 1
    pieces.append(tuple(nodes[start:]))
    return pieces


def _call(name: str, *arguments: tuple[Node, ...]) -> tuple[Node, ...]:
    inner: list[Node] = []
    for argument in arguments:
        if inner:
            inner.append(Token(Kind.COMMA, ","))
        inner += _without_implicit(argument) if name in _BARE_ARGUMENTS else argument
    group = Group(Token(Kind.OPEN, "("), tuple(inner), Token(Kind.CLOSE, ")"))
    return (Token(Kind.QUOTED if name.startswith('"') else Kind.WORD, name), group)


def _arguments(group: Group) -> list[tuple[Node, ...]]:
    """What stands between the commas of a call."""
    return split_at(group.inner, ",") if group.inner else []


def _without_implicit(argument: tuple[Node, ...]) -> tuple[Node, ...]:
    """``(x)::text`` -> ``x``: the SQL-syntax spelling hides the cast that the call spelling shows."""
    while argument:
        head = argument[0]
        cast = [text(node) for node in argument[1:]]
        if isinstance(head, Group) and head.opening.text == "(" and (len(argument) == 1 or cast in _IMPLICIT):
            argument = head.inner
        else:
            break
    return argument


_IMPLICIT = (["::", "text"], ["::", "timestamp", "with", "time", "zone"])
_BARE_ARGUMENTS = frozenset({'"substring"', '"overlay"', '"position"', "btrim", "ltrim", "rtrim", "timezone"})


def _time_zone(group: Group) -> tuple[Node, ...] | None:
    """``(x AT TIME ZONE z)`` -> ``timezone(z, x)``, ``(x AT LOCAL)`` -> ``timezone(x)``."""
    pieces = _cut(group.inner, "AT", "TIME", "ZONE")
    if pieces is not None and not pieces[1] and not pieces[2]:
        return _call("timezone", pieces[3], pieces[0])
    pieces = _cut(group.inner, "AT", "LOCAL")
    if pieces is not None and not pieces[1] and not pieces[2]:
        return _call("timezone", pieces[0])
    return None


def _legacy_now(group: Group, following: Node | None) -> tuple[Node, ...] | None:
    """``('now'::text)::date``, which is how PostgreSQL stored ``CURRENT_DATE`` before version 10."""
    if text(following) == "::" and [part.text for part in flat(group.inner)] in _LEGACY_NOW:
        return nested(tokens("(now())"))
    return None


def _cast_twice(group: Group, following: Sequence[Node]) -> tuple[Node, ...] | None:
    """``((x)::timestamp without time zone)::timestamp(0) without time zone``: the second cast says it all."""
    inner = [text(node) for node in group.inner]
    outer = [text(node) for node in following[:6]]
    if len(inner) == 6 and isinstance(group.inner[0], Group) and inner[1:] == outer[:2] + outer[3:6]:
        return (group.inner[0],)
    return None


_LEGACY_NOW = (["'now'", "::", "text"], ["'now'", "::", "cstring"])


def _substring(group: Group) -> tuple[Node, ...] | None:
    pieces = _cut(group.inner, "FROM", "FOR") or _cut(group.inner, "FROM")
    return None if pieces is None else _call('"substring"', *pieces)


def _overlay(group: Group) -> tuple[Node, ...] | None:
    pieces = _cut(group.inner, "PLACING", "FROM", "FOR") or _cut(group.inner, "PLACING", "FROM")
    return None if pieces is None else _call('"overlay"', *pieces)


def _position(group: Group) -> tuple[Node, ...] | None:
    pieces = _cut(group.inner, "IN")
    return None if pieces is None else _call('"position"', pieces[1], pieces[0])


_PGCRYPTO = frozenset({"public", "extensions"})
"""Schemas into which pgcrypto and uuid-ossp are installed; a function of that name elsewhere is somebody's own."""

_UUID_FUNCTIONS = frozenset({"gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4"})

_TRIMS = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}


def _trim(group: Group) -> tuple[Node, ...] | None:
    side = text(group.inner[0]) if group.inner else None
    pieces = _cut(group.inner[1:], "FROM")
    if side not in _TRIMS or pieces is None:
        return None
    characters, trimmed = pieces
    return _call(_TRIMS[str(side)], *((trimmed, characters) if characters else (trimmed,)))


def _now(group: Group) -> tuple[Node, ...] | None:
    return None if group.inner else _call("now")


def _length(group: Group) -> tuple[Node, ...] | None:
    return _call("length", group.inner)


_CALLS: dict[str, Callable[[Group], tuple[Node, ...] | None]] = {
    "SUBSTRING": _substring,
    "OVERLAY": _overlay,
    "POSITION": _position,
    "TRIM": _trim,
    "transaction_timestamp": _now,
    "char_length": _length,
    "character_length": _length,
}
_VALUES: dict[str, tuple[Node, ...]] = {
    name: nested(tokens(spelling))
    for name, spelling in {
        "CURRENT_TIMESTAMP": "now()",
        "LOCALTIMESTAMP": "(now())::timestamp without time zone",
        "CURRENT_DATE": "(now())::date",
        "CURRENT_TIME": "(now())::time with time zone",
        "LOCALTIME": "(now())::time without time zone",
        "CURRENT_ROLE": "CURRENT_USER",
        "USER": "CURRENT_USER",
        "CURRENT_CATALOG": "current_database()",
        "CURRENT_SCHEMA": "current_schema()",
    }.items()
}
_PRECISE = {
    "CURRENT_TIMESTAMP": "(now())::timestamp({}) with time zone",
    "LOCALTIMESTAMP": "(now())::timestamp({}) without time zone",
    "CURRENT_TIME": "(now())::time({}) with time zone",
    "LOCALTIME": "(now())::time({}) without time zone",
}
"""With a precision behind the name."""
