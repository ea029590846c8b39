"""What the server said, whichever driver raised it."""

from __future__ import annotations

from typing import Any


def sqlstate(error: BaseException) -> str:
    """The five-character error code, empty when the server gave none."""
    original = getattr(error, "orig", None) or error
    code = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None) or _field(original, "C")
    return str(code or "")


def message(error: BaseException) -> str:
    """The server's primary message: one line, without the statement and without parameters."""
    original = getattr(error, "orig", None) or error
    diagnostics = getattr(original, "diag", None)
    text = getattr(diagnostics, "message_primary", None) or _field(original, "M") or str(original)
    return str(text).strip().split("\n")[0]


def position(error: BaseException) -> int | None:
    """Where in the statement, in characters from 0; ``None`` when the server did not say."""
    original = getattr(error, "orig", None) or error
    diagnostics = getattr(original, "diag", None)
    text = getattr(diagnostics, "statement_position", None) or getattr(original, "position", None)
    text = text or _field(original, "P")
    return int(text) - 1 if text and str(text).isdigit() else None


def _field(original: Any, key: str) -> Any:
    """A field of the error message as pg8000 hands it over."""
    arguments = getattr(original, "args", ())
    return arguments[0].get(key) if arguments and isinstance(arguments[0], dict) else None
