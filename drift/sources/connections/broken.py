"""Recognising, in an exception of the user's own code, that a database URL is broken (incident I8)."""

from __future__ import annotations

import linecache
import re
import traceback
from types import FrameType

from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from drift.errors import DriftError
from drift.sources.connections.urls import parse

_VARIABLE = re.compile(r"""(?:environ(?:\.get)?|getenv)\s*[\[(]\s*["'](\w+)["']""")
_LINES = 4


def broken_url(error: BaseException, place: str | None) -> DriftError | None:
    """What is wrong with the URL that SQLAlchemy refused, ``None`` when it did not refuse one.

    Args:
        error: As raised by code that calls ``create_engine``.
        place: The user's line.
    """
    # A ValueError is what is said of a port that is no number.
    if not isinstance(error, (ArgumentError, NoSuchModuleError, ValueError)):
        return None
    text: str | None = None
    origin = "the database URL"
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = frame.f_code.co_filename.replace("\\", "/")
        if path.endswith("sqlalchemy/engine/url.py"):
            found = _refused(frame)
            text = text if found is None else found
        elif "/sqlalchemy/" not in path:
            code = "".join(linecache.getline(frame.f_code.co_filename, number) for number in range(line, line + _LINES))
            variable = _VARIABLE.search(code)
            origin = variable[1] if variable is not None else origin
    if text is None:
        return None
    try:
        parse(text, origin=origin)
    except DriftError as found_error:
        # Its own text may quote a piece of the URL, and a traceback would show it.
        error.args = (found_error.title,)
        return DriftError(found_error.title, place=place or origin, details=found_error.details, help=found_error.help)
    return None


def _refused(frame: FrameType) -> str | None:
    """The URL that a function of SQLAlchemy's module for URLs was given."""
    owner = frame.f_locals.get("self")
    if isinstance(owner, URL):
        return owner.render_as_string(hide_password=False)
    value = frame.f_locals.get("name_or_url", frame.f_locals.get("name"))
    return value if isinstance(value, str) else None
