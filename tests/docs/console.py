"""Console blocks of the documentation: what is typed, what must come out, and in which project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<language>console|sh|bash|shell|python)\n(?P<body>.*?)```", re.DOTALL
)
_EXIT = re.compile(r"#\s*exit code (\d)\s*$")


@dataclass(frozen=True, slots=True)
class Command:
    """A line that is typed, its exit code, and lines that must be in its output (``…`` stands for anything)."""

    line: str
    code: int
    output: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A console block with the marker above it, or a piece of Python."""

    page: str
    mark: str | None
    commands: tuple[Command, ...]
    python: str = ""

    @property
    def project(self) -> str | None:
        """The project in which it is run, ``None`` where it is not run."""
        return self.mark.removeprefix("project: ") if self.mark and self.mark.startswith("project: ") else None


def pages() -> list[Path]:
    """Hand-written pages, and the README."""
    found = sorted(path for path in DOCS.glob("*.md") if path.name not in ("configuration.md", "commands.md"))
    return [*found, DOCS.parent / "README.md"]


def blocks(page: Path) -> Iterator[Block]:
    """All blocks of a page."""
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["language"] == "python":
            yield Block(page.name, match["mark"], (), match["body"])
        else:
            yield Block(page.name, match["mark"], tuple(_commands(match["body"])))


def _commands(body: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, *output = part.rstrip("\n").split("\n")
        code = _EXIT.search(line)
        expected = tuple(text for text in output if text.strip() not in ("", "…"))
        yield Command(line, int(code[1]) if code else 0, expected)


def is_in(expected: str, actual: str) -> bool:
    """Whether a line of the page is in the output."""
    pattern = ".*".join(re.escape(part) for part in expected.rstrip().split("…"))
    return re.search(f"^{pattern}", actual, re.MULTILINE) is not None
