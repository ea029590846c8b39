"""Python source text: strings, comments, indentation."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.sql.compiler import BIND_PARAMS, BIND_PARAMS_ESC

WIDTH = 100
"""Longest piece of a string literal on one line."""


def literal(text: str) -> str:
    """A string literal on one line, in double quotes where that needs no escape, safe for any text."""
    plain = repr(text)
    if plain.startswith("'") and '"' not in text and "\\'" not in plain:
        return f'"{plain[1:-1]}"'
    return plain


def escape_binds(sql: str) -> str:
    """SQL for ``text()``, which takes ``:name`` for a parameter, and ``\\:name`` for one that was escaped."""
    return BIND_PARAMS.sub(r"\\\g<0>", BIND_PARAMS_ESC.sub(r"\\\g<0>", sql))


def python_string(text: str) -> list[str]:
    """A string literal as lines of adjacent literals: indentation of the source never gets into the string."""
    pieces = []
    for line in text.splitlines(keepends=True) or [""]:
        pieces += [literal(piece) for piece in _cut(line)]
    return pieces


def _cut(line: str) -> Iterator[str]:
    while len(line) > WIDTH:
        at = line.rfind(" ", 0, WIDTH) + 1
        if at < WIDTH // 2:
            break
        yield line[:at]
        line = line[at:]
    yield line


def comment_lines(text: str) -> list[str]:
    """Comment lines, wrapped. Control characters are shown escaped: names of a database may hold anything."""
    lines = []
    for paragraph in text.split("\n") if text else []:
        clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in paragraph)
        pieces = list(_cut(clean))
        lines += [f"# {piece}".rstrip() for piece in pieces]
    return lines


def docstring(text: str) -> str:
    """Text that can stand inside a triple-quoted string: no quote can end it, no backslash can change it."""
    clean = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    return clean.replace("\\", "\\\\").replace('"""', "'''")


def indent(text: str, by: int = 4) -> str:
    """Every line that is not empty, indented."""
    return "\n".join(" " * by + line if line.strip() else "" for line in text.split("\n"))
