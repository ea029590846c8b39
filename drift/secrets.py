"""Keeping passwords out of everything that is shown. Over-cautious on purpose."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
