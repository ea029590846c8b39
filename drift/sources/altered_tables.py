"""What ``ALTER TABLE`` in a migration's own SQL changes, as far as it can be told from the words of its clauses."""

from __future__ import annotations

from collections.abc import Sequence

from drift.dialects.text import Kind, Token, TornTextError, split, tokens

Alteration = tuple[str, str, str | None]
"""What is done (``create``, ``drop``, ``alter``, ``rename``), to what kind of object, and its name."""

_INDEXES = (
    ("INDEX",),
    ("KEY",),
    *((kind, word) for kind in ("UNIQUE", "FULLTEXT", "SPATIAL") for word in ("INDEX", "KEY")),
)
_CLAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("ADD", "PRIMARY", "KEY"), "create", "primary key"),
    (("DROP", "PRIMARY", "KEY"), "drop", "primary key"),
    *((("ADD", *words), "create", "index") for words in _INDEXES),
    (("DROP", "INDEX"), "drop", "index"),
    (("DROP", "KEY"), "drop", "index"),
    (("ALTER", "INDEX"), "alter", "index"),
    (("ADD", "CONSTRAINT"), "create", "constraint"),
    *((("DROP", *words), "drop", "constraint") for words in (("FOREIGN", "KEY"), ("CONSTRAINT",), ("CHECK",))),
    (("RENAME", "INDEX"), "rename", "index"),
    (("RENAME", "COLUMN"), "rename", "column"),
    (("ADD", "COLUMN"), "create", "column"),
    (("DROP", "COLUMN"), "drop", "column"),
    *(((word, "COLUMN"), "alter", "column") for word in ("MODIFY", "ALTER")),
    (("MODIFY",), "alter", "column"),
    *(((word,), "alter", "table") for word in ("ENGINE", "ROW_FORMAT", "COMMENT", "DEFAULT")),
    *(((word,), "", "") for word in ("ALGORITHM", "LOCK")),
)
"""How a clause begins, what it does, and to what; the first that fits counts."""


def altered(sql: str) -> tuple[tuple[str | None, str], tuple[Alteration, ...]] | None:
    """The table, behind its schema, and what is changed; ``None`` where the text is not understood to its end."""
    try:
        words = tokens(sql)
    except TornTextError:
        return None
    if [word.text.upper() for word in words[:2]] != ["ALTER", "TABLE"]:
        return None
    path, rest = _path(words[2:])
    found = [_alteration(clause) for clause in split(rest)]
    if not path or not found or None in found:
        return None
    schema = path[-2] if len(path) > 1 else None
    return (schema, path[-1]), tuple(one for one in found if one is not None and one[0])


def _alteration(clause: Sequence[Token]) -> Alteration | None:
    for words, action, kind in _CLAUSES:
        if tuple(token.text.upper() for token in clause[: len(words)]) != words:
            continue
        if kind in ("index", "column", "constraint"):
            names = [_name(token) for token in clause[len(words) :]]
            # The name that is there in the end stands last.
            position = -1 if action == "rename" else 0
            return (action, kind, names[position]) if names else None
        return action, kind, None
    return None


def _path(words: Sequence[Token]) -> tuple[list[str], Sequence[Token]]:
    path: list[str] = []
    while words:
        path.append(_name(words[0]))
        words = words[1:]
        if not words or words[0].text != ".":
            break
        words = words[1:]
    return path, words


def _name(token: Token) -> str:
    if token.kind is not Kind.QUOTED:
        return token.text
    mark = token.text[0]
    return token.text[1:-1].replace(mark * 2, mark)
