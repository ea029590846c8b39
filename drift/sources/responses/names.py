"""The core of a class name: what is left of ``UserResponse``, ``UserOut``, ``UserModel`` without the role it plays."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

RESPONSE_WORDS = frozenset(
    [
        "response",
        "responses",
        "out",
        "output",
        "read",
        "reader",
        "public",
        "private",
        "schema",
        "schemas",
        "dto",
        "view",
        "detail",
        "details",
        "detailed",
        "summary",
        "list",
        "item",
        "items",
        "info",
        "get",
        "result",
        "results",
        "full",
        "short",
        "brief",
        "minimal",
        "simple",
        "base",
        "basic",
        "resource",
        "serializer",
        "serialiser",
        "representation",
        "presentation",
        "me",
        "db",
        "json",
        "api",
        "with",
        "pydantic",
        "model",
        "models",
        "return",
        "returned",
        "entry",
        "data",
    ]
)
"""Words that tell a response schema's role, not its subject."""

MODEL_WORDS = frozenset(
    ["model", "models", "orm", "table", "entity", "record", "row", "db", "sql", "mapped", "base", "tbl", "sa", "mixin"]
)
"""Words that tell that a class is mapped."""

REQUEST_WORDS = frozenset(
    [
        "create",
        "creation",
        "update",
        "updates",
        "body",
        "bulk",
        "partial",
        "filter",
        "filters",
        "request",
        "requests",
        "patch",
        "put",
        "query",
        "params",
        "param",
        "parameters",
        "input",
        "in",
        "delete",
        "search",
        "form",
        "upsert",
        "insert",
        "new",
        "add",
        "edit",
        "write",
        "post",
        "payload",
        "command",
        "criteria",
        "sort",
        "order_by",
        "signup",
        "register",
        "login",
    ]
)
"""A schema with one of these in its name is never paired as a response by its name."""

CREATE_WORDS = frozenset(["create", "creation", "new", "add", "insert", "register", "signup"])
"""A request schema with one of these describes a whole new row."""

UPDATE_WORDS = frozenset(
    [
        "update",
        "updates",
        "patch",
        "edit",
        "partial",
        "bulk",
        "filter",
        "filters",
        "query",
        "params",
        "search",
        "delete",
        "sort",
    ]
)


@lru_cache(maxsize=16384)
def words(name: str) -> tuple[str, ...]:
    """``UserOAuthToken2Out`` -> ``user, o, auth, token, 2, out``; generic arguments are left out."""
    return tuple(word.lower() for word in _WORD.findall(name.partition("[")[0]))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return word[:-1]
    return word


@lru_cache(maxsize=16384)
def core(name: str, roles: frozenset[str]) -> tuple[str, ...]:
    """The words of ``name`` without those of ``roles`` at both ends, singular; never empty."""
    found = list(words(name))
    while len(found) > 1 and found[-1] in roles:
        found.pop()
    while len(found) > 1 and found[0] in roles:
        found.pop(0)
    return tuple(_singular(word) for word in found)


def is_request(name: str) -> bool:
    """Whether a name says that the schema is taken in, not given out."""
    return not REQUEST_WORDS.isdisjoint(words(name))


def is_create(name: str) -> bool:
    """Whether a name says that the schema describes a whole new row."""
    found = words(name)
    return not CREATE_WORDS.isdisjoint(found) and UPDATE_WORDS.isdisjoint(found)


@lru_cache(maxsize=16384)
def shortenings(name: str, roles: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """The words of ``name``, then without one more role word at a time: the longest that fits is meant.

    ``OrderItemOut`` is first *order item out*, then *order item*, and *order* only when there is no order item.
    """
    found = words(name)
    steps = [found]
    while len(found) > 1 and (found[-1] in roles or found[0] in roles):
        found = found[:-1] if found[-1] in roles else found[1:]
        steps.append(found)
    return tuple(dict.fromkeys(tuple(_singular(word) for word in step) for step in steps))
