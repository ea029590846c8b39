"""Keeping passwords out of everything that is shown. Over-cautious on purpose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

HIDDEN = "***"
_IN_URL = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.\-]*://[^\s:/@'\"]*):[^\s'\"]*@")
_WITHOUT_HOST = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.\-]*://[^\s:/@'\"\[]*):(?!\d*(?:[/?\s'\"),;]|$))[^\s@'\"]+")
"""What is no port must be the password of a URL that was cut off before its host."""
_WITHOUT_SCHEME = re.compile(r"(?P<start>(?<![\w.+\-])[\w.+\-]+):(?!/|password@host)[^\s'\"@:]+@(?=[\w\[])")
"""Neither a URL that names a user only, nor the form that help texts recommend."""
_AS_ITEM = re.compile(
    r"(?P<start>(['\"])(?:password|passwd|pwd|sslpassword|passphrase|secret)\2\s*:\s*)(?P<quote>['\"])(?:(?!(?P=quote)).)*(?P=quote)",
    re.IGNORECASE,
)
"""As in the representation of a dictionary, or in JSON."""
_AS_PARAMETER = re.compile(
    r"\b(?P<key>password|passwd|pwd|sslpassword|ssl_key_password|passphrase)=(?:'[^']*'|\"[^\"]*\"|[^\s&;,)'\"]+)",
    re.IGNORECASE,
)
_SHORTEST = 3
_NAMED_SO = re.compile(r"PASSWORD|PASSWD|_PWD|SECRET|TOKEN", re.IGNORECASE)
_NO_WORD = re.compile(r"(?=.*[^A-Za-z]).{6,}", re.DOTALL)
"""What no text holds by chance, unlike ``test`` or ``postgres``."""
_INNOCENT = ("postgresql", "mysql", "mariadb", "sqlite")


def scrub(text: str, secrets: Iterable[str] = (), *, guess: bool = True) -> str:
    """``text`` without passwords: those of any URL or connection string in it, and each of ``secrets``.

    Secrets of fewer than three characters are not searched for: they would blank half of every text.

    Args:
        text: What is going to be shown, or stored.
        secrets: Passwords that are known.
        guess: Also hide what only looks like a piece of a URL or an item of settings. Not where the text is compared
            later: it may be an ordinary default.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    text = _IN_URL.sub(rf"\g<start>:{HIDDEN}@", text)
    if guess:
        text = _WITHOUT_HOST.sub(rf"\g<start>:{HIDDEN}", text)
        text = _WITHOUT_SCHEME.sub(rf"\g<start>:{HIDDEN}@", text)
        text = _AS_ITEM.sub(rf"\g<start>\g<quote>{HIDDEN}\g<quote>", text)
    return _AS_PARAMETER.sub(rf"\g<key>={HIDDEN}", text)


def password_of(url: str) -> str | None:
    """The password in the text of a URL, which need not be valid.

    One that is part of the user, the place, or the scheme protects nothing, and hiding it would make the output
    unreadable: ``None``.
    """
    scheme, separator, rest = url.partition("://")
    userinfo, at, place = rest.rpartition("@")
    user, colon, password = userinfo.partition(":")
    if not (separator and at and colon and password):
        return None
    return None if any(password in word for word in (user, place, scheme, *_INNOCENT)) else password


def environment_passwords(environment: Mapping[str, str]) -> frozenset[str]:
    """What the project's own code may know and print: passwords of URLs in variables, and variables named so."""
    found = (password_of(value) for value in environment.values())
    named = (value for name, value in environment.items() if _NAMED_SO.search(name) and _NO_WORD.fullmatch(value))
    return frozenset({*filter(None, found), *named})


class Scrubbed:
    """A text stream in front of another one that lets no password through. Whole lines are looked at."""

    def __init__(self, stream: TextIO, secrets: Iterable[str]) -> None:
        self._stream = stream
        self._secrets = tuple(secrets)
        self._begun = ""

    def write(self, text: str) -> int:
        """Write what is complete, and keep the beginning of a line until the rest comes."""
        lines, newline, self._begun = (self._begun + text).rpartition("\n")
        if newline:
            self._stream.write(scrub(lines, self._secrets) + newline)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several pieces."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Write everything."""
        begun, self._begun = self._begun, ""
        self._stream.write(scrub(begun, self._secrets))
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
