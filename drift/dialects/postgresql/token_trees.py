"""Tokens nested by their parentheses: what the folding of spellings works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drift.dialects.text import Kind, Token


@dataclass(frozen=True, slots=True)
class Group:
    """Tokens inside a pair of parentheses or brackets."""

    opening: Token
    inner: tuple[Node, ...]
    closing: Token


Node = Token | Group


def nested(parts: Sequence[Token]) -> tuple[Node, ...]:
    """The tree of tokens whose parentheses match."""
    stack: list[tuple[Token | None, list[Node]]] = [(None, [])]
    for part in parts:
        if part.kind is Kind.OPEN:
            stack.append((part, []))
        elif part.kind is Kind.CLOSE:
            opening, inner = stack.pop()
            if opening is not None:
                stack[-1][1].append(Group(opening, tuple(inner), part))
        else:
            stack[-1][1].append(part)
    return tuple(stack[0][1])


def flat(nodes: Sequence[Node]) -> list[Token]:
    """The tokens of a tree, parentheses included."""
    result: list[Token] = []
    for node in nodes:
        if isinstance(node, Group):
            result += [node.opening, *flat(node.inner), node.closing]
        else:
            result.append(node)
    return result


def text(node: Node | None) -> str | None:
    """What a token says; ``None`` for a group."""
    return node.text if isinstance(node, Token) else None


def split_at(nodes: Sequence[Node], word: str) -> list[tuple[Node, ...]]:
    """The pieces between the occurrences of a word, outside of inner parentheses."""
    pieces: list[tuple[Node, ...]] = [()]
    for node in nodes:
        if text(node) == word:
            pieces.append(())
        else:
            pieces[-1] += (node,)
    return pieces
