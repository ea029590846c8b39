"""Keeping secrets out of everything that is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from drift.secrets import HIDDEN
from drift.secrets import scrub as scrub_text

_SECRET_KEY = re.compile(r"passw|pwd|secret|token|credential|api_?key|odbc_connect", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"passw|pwd|secret|token", re.IGNORECASE)
# `passfile` and the like hold the name of a file.
_HARMLESS_KEY = re.compile(r"file$", re.IGNORECASE)
_ASSIGNMENT = re.compile(
    r"(?P<key>[\w.-]*(?:passw|pwd|secret|token)[\w.-]*\s*=\s*)(?P<value>'(?:[^'\\]|\\.)*'|[^\s&;,'\"]*)", re.IGNORECASE
)


def display(url: URL | str) -> str:
    """A URL for people: user, host and database, without password or any other secret.

    Text that SQLAlchemy cannot read as a URL is shown as far as it is certainly harmless.
    """
    if isinstance(url, str):
        text = url
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            return hide_in_text(text)
        if "@" in (url.host or ""):
            return hide_in_text(url.render_as_string(hide_password=False))
    hidden = {key: _hidden_value(key, value) for key, value in url.query.items()}
    shown = url.set(query=hidden).render_as_string(hide_password=True)
    return shown.replace(quote_plus(HIDDEN), HIDDEN)


def hide_in_text(text: str) -> str:
    """Hide secrets in something that was meant to be a URL and is none."""
    text = text.strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        if "=" in text:
            return _hide_assignments(text)
        # A bare word may be a host, but it may as well be a password in the wrong variable.
        is_host = re.fullmatch(r"(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?(/[\w-]*)?", text)
        if is_host or text.startswith(("/", "./", "<", "$", "{")):
            return text
        if "@" in text:
            return f"{HIDDEN}@{text.rpartition('@')[2]}"
        return f"{HIDDEN} ({len(text)} characters)"
    account, at, address = rest.rpartition("@")
    if at:
        user, colon, _ = account.partition(":")
        rest = f"{user}{colon}{HIDDEN if colon else ''}@{address}"
    return f"{scheme}://{_hide_assignments(rest)}"


def scrub(text: str, url: URL | None) -> str:
    """``text`` (a driver's message, say) without the secrets of ``url`` in any spelling."""
    spellings: set[str] = set()
    for secret in _secrets(url) if url is not None else ():
        spellings |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), repr(secret)[1:-1]}
    return _hide_assignments(scrub_text(text, spellings))


def _hide_assignments(text: str) -> str:
    return _ASSIGNMENT.sub(rf"\g<key>{HIDDEN}", text)


def _secrets(url: URL) -> Iterable[str]:
    harmless = {url.username, url.host, url.database, url.drivername, ""}
    if url.password is not None and str(url.password) not in harmless:
        yield str(url.password)
    for key, value in url.query.items():
        if _SECRET_KEY.search(key) and not _HARMLESS_KEY.search(key):
            yield from (item for item in ((value,) if isinstance(value, str) else value) if item not in harmless)


def _hidden_value(key: str, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(str(_hidden_value(key, item)) for item in value)
    if _HARMLESS_KEY.search(key):
        return value
    return HIDDEN if _SECRET_KEY.search(key) or _SECRET_VALUE.search(value) else value
