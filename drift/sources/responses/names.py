"""The core of a class name: what is left of ``UserResponse``, ``UserOut``, ``UserModel`` without the role it plays."""

from __future__ import annotations

import re
from collections.abc import Collection
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

_GIVEN_OUT = frozenset(
    ["response", "responses", "out", "output", "read", "public", "private", "view", "detail", "details", "detailed",
     "summary", "result", "results", "db", "return", "returned", "get"]
)  # fmt: skip
"""Those of them that tell that it is given out, whatever stands before."""

_COMPANIONS = frozenset({"with", "without", "for", "by", "and", "including"})
"""What follows one of these is not the subject: ``OrderWithCustomer`` is an order."""

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


def before_companion(name: str) -> tuple[str, ...]:
    """The words of a name up to a *with*, *for*, *by*, or *and*: ``OrderPublicWithCustomer`` -> ``order, public``."""
    found = words(name)
    end = next((place for place, word in enumerate(found) if place and word in _COMPANIONS), len(found))
    return found[:end]


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


def is_request(name: str, subjects: Collection[tuple[str, ...]] = ()) -> bool:
    """Whether a name says that the schema is taken in, not given out.

    A role stands at the end of a name, or at its start, and never in the words of its subject: ``PostOut`` of a class
    ``Post`` is none, nor is ``CheckInOut`` of a class ``CheckIn``.

    Args:
        name: The schema's name.
        subjects: The words of the mapped classes' names.
    """
    found = before_companion(name)
    first, last = _subject(found, subjects)
    for word in reversed(found[last:]):
        if word in REQUEST_WORDS:
            return True
        if word in _GIVEN_OUT:
            return False
        if word not in RESPONSE_WORDS:
            break
    head = found[:first] if last else found
    return bool(head) and head[0] in REQUEST_WORDS


def _subject(found: tuple[str, ...], subjects: Collection[tuple[str, ...]]) -> tuple[int, int]:
    """Where the longest of ``subjects`` stands in the words of a name; an empty place at the start for none."""
    singular = tuple(map(_singular, found))
    places = ((end - size, end) for size in range(len(found), 0, -1) for end in range(len(found), size - 1, -1))
    return next((place for place in places if singular[slice(*place)] in subjects), (0, 0))


def is_create(name: str) -> bool:
    """Whether a name says that the schema describes a whole new row."""
    found = words(name)
    return not CREATE_WORDS.isdisjoint(found) and UPDATE_WORDS.isdisjoint(found)


@lru_cache(maxsize=16384)
def shortenings(name: str, roles: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """The words of ``name``, then without one more role word at a time: the longest that fits is meant.

    ``OrderItemOut`` is first *order item out*, then *order item*, and *order* only when there is no order item. What a
    *with* or *for* brings along is given up last: ``OrderWithCustomer`` is an order where there is no class for both.
    """
    steps: list[tuple[str, ...]] = []
    for found in dict.fromkeys((words(name), before_companion(name))):
        steps.append(found)
        while len(found) > 1 and (found[-1] in roles or found[0] in roles):
            found = found[:-1] if found[-1] in roles else found[1:]
            steps.append(found)
    return tuple(dict.fromkeys(tuple(_singular(word) for word in step) for step in steps))
