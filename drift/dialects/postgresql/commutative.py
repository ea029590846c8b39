"""One order for what has none: the operands of AND and OR, and the elements of ``= ANY (…)``.

``a IN (1, 2)``, ``a IN (2, 1)`` and ``a = 1 OR a = 2`` are the same rule, and a Python enum whose members were sorted
writes its CHECK in another order. The server keeps the order, so it is folded after the server has printed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift.dialects.postgresql.token_trees import Group, Node, flat, nested, split_at, text
from drift.dialects.text import Kind, Token, joined, tokens

_QUANTIFIED = {"OR": ("=", "ANY"), "AND": ("<>", "ALL")}
"""``x = a OR x = b`` is ``x = ANY (…)``, ``x <> a AND x <> b`` is ``x <> ALL (…)``."""
_ELEMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[^,{}"\\]+')
_BARE_ELEMENT = re.compile(r'[^\s,{}"\\]+')


def ordered(group: Group) -> Group:
    """A group whose operands or elements stand in one order, without repetitions."""
    if group.opening.text != "(":
        return group
    for word, (operator, quantifier) in _QUANTIFIED.items():
        operands = split_at(group.inner, word)
        other = "AND" if word == "OR" else "OR"
        if len(operands) > 1 and not any(text(node) == other for node in group.inner):
            return _group(_quantified(operands, operator, quantifier) or _sorted(operands, word))
    return _group(_elements_sorted(group.inner))


def _group(inner: Sequence[Node]) -> Group:
    return Group(Token(Kind.OPEN, "("), tuple(inner), Token(Kind.CLOSE, ")"))


def _sorted(operands: Sequence[tuple[Node, ...]], word: str) -> tuple[Node, ...]:
    spelled = {joined(flat(operand)): operand for operand in operands}
    result: list[Node] = []
    for _, operand in sorted(spelled.items()):
        result += [*([Token(Kind.WORD, word)] if result else []), *operand]
    return tuple(result)


def _quantified(operands: Sequence[tuple[Node, ...]], operator: str, quantifier: str) -> tuple[Node, ...] | None:
    """Comparisons of one thing with several constants of one type, as one comparison with an array of them."""
    subjects: dict[str, tuple[Node, ...]] = {}
    types: set[str] = set()
    elements: list[str] = []
    for operand in operands:
        inner = operand[0].inner if len(operand) == 1 and isinstance(operand[0], Group) else operand
        sides = split_at(inner, operator)
        found = _constants(sides[1], quantifier) if len(sides) == 2 else None
        if found is None:
            return None
        subjects.setdefault(joined(flat(sides[0])), sides[0])
        types.add(found[0])
        elements += found[1]
    if len(subjects) != 1 or len(types) != 1:
        return None
    (subject,) = subjects.values()
    array = nested(tokens(_array_literal(elements) + "::" + types.pop() + "[]"))
    return (*subject, Token(Kind.OPERATOR, operator), Token(Kind.WORD, quantifier), _group(array))


def _constants(side: tuple[Node, ...], quantifier: str) -> tuple[str, list[str]] | None:
    """(type, values) of ``1``, ``'a'::text``, or ``ANY ('{a,b}'::text[])``; ``None`` for anything else."""
    if len(side) == 2 and text(side[0]) == quantifier and isinstance(side[1], Group):
        type_, elements = _array(side[1].inner) or ("", None)
        return None if elements is None else (type_, elements)
    if len(side) == 1 and isinstance(side[0], Token) and side[0].kind is Kind.NUMBER:
        return ("integer" if side[0].text.isdigit() else "numeric", [side[0].text])
    if len(side) > 2 and isinstance(side[0], Token) and side[0].kind is Kind.STRING and text(side[1]) == "::":
        value = _unquoted(side[0].text)
        return None if value is None else (joined(flat(side[2:])), [value])
    return None


def _elements_sorted(inner: tuple[Node, ...]) -> tuple[Node, ...]:
    """``x = ANY ('{b,a}'::text[])`` with its elements in order; whatever else is returned as it is."""
    if len(inner) < 2 or text(inner[-2]) not in ("ANY", "ALL") or not isinstance(inner[-1], Group):
        return inner
    found = _array(inner[-1].inner)
    if found is None:
        return inner
    type_, elements = found
    return (*inner[:-1], _group(nested(tokens(_array_literal(elements) + "::" + type_ + "[]"))))


def _array(nodes: tuple[Node, ...]) -> tuple[str, list[str]] | None:
    """(element type, elements) of ``'{a,b}'::text[]``; ``None`` where it is not such a literal of one dimension."""
    if len(nodes) < 4 or not isinstance(nodes[0], Token) or nodes[0].kind is not Kind.STRING or text(nodes[1]) != "::":
        return None
    brackets = nodes[-1]
    literal = _unquoted(nodes[0].text)
    if not isinstance(brackets, Group) or brackets.opening.text != "[" or brackets.inner or literal is None:
        return None
    elements = _parsed(literal)
    return None if elements is None else (joined(flat(nodes[2:-1])), elements)


def _unquoted(literal: str) -> str | None:
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else None


def _parsed(literal: str) -> list[str] | None:
    """Elements of the text form of an array of one dimension, unquoted; NULL elements are not for us."""
    if not (literal.startswith("{") and literal.endswith("}")):
        return None
    elements: list[str] = []
    place = 1
    while place < len(literal) - 1:
        match = _ELEMENT.match(literal, place)
        if match is None or match.group().upper() == "NULL":
            return None
        word = match.group()
        elements.append(re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL) if word.startswith('"') else word)
        place = match.end()
        if literal[place] not in ",}":
            return None
        place += 1
    return elements


def _array_literal(elements: Sequence[str]) -> str:
    spelled = ",".join(_spelled(element) for element in sorted(set(elements)))
    return "'{" + spelled.replace("'", "''") + "}'"


def _spelled(element: str) -> str:
    """As the server writes it: in double quotes where it would read as something else."""
    if _BARE_ELEMENT.fullmatch(element) and element.upper() != "NULL":
        return element
    return '"' + element.replace("\\", "\\\\").replace('"', '\\"') + '"'
