"""Errors that a user can act on. One place (the command line) turns them into text and exit code 2."""

from __future__ import annotations


class DriftError(Exception):
    """Something could not be done: bad input, no connection, wrong database, import failure, nothing to compare.

    Attributes:
        title: What is wrong, one line without a final full stop.
        place: Where: a file and line, a variable, or a URL with its secrets hidden; ``None`` when unknown.
        details: What was seen, one line each.
        help: Ways out, one line each.
    """

    def __init__(
        self, title: str, *, place: str | None = None, details: tuple[str, ...] = (), help: tuple[str, ...] = ()
    ) -> None:
        super().__init__(title)
        self.title = title
        self.place = place
        self.details = details
        self.help = help

    def __str__(self) -> str:
        """Everything that it says, for whoever logs it or shows a traceback."""
        place = (f"  --> {self.place}",) if self.place else ()
        ways = (f"{'     ' if number else 'help:'} {way}" for number, way in enumerate(self.help))
        return "\n".join((self.title, *place, *(f"  {detail}" for detail in self.details), *ways))
