"""Normal forms that the reader and the models' side share. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NEXTVAL = re.compile(r"""\s*nextval\s*\(\s*'(?P<name>(?:[^']|'')+)'\s*(?:::\s*regclass\s*)?\)\s*""", re.IGNORECASE)
_NAME = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')
_BOOLEANS = {"on": "true", "yes": "true", "off": "false", "no": "false"}


def storage_parameters(given: Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    """Storage parameters as sorted pairs; the server keeps each value as it was written (``off``, ``0.10``)."""
    return tuple(sorted((name.lower(), _value(str(value))) for name, value in given))


def _value(text: str) -> str:
    plain = text.strip().strip("'").lower()
    try:
        return format(float(plain), "g") if "." in plain else str(int(plain))
    except ValueError:
        return _BOOLEANS.get(plain, plain)


def sequence_of(default: str) -> tuple[str | None, str] | None:
    """Schema and name of the sequence in ``nextval('schema.name'::regclass)``, ``None`` for any other expression."""
    match = _NEXTVAL.fullmatch(default)
    if match is None:
        return None
    parts = [
        quoted.replace('""', '"') if quoted else plain.lower()
        for quoted, plain in _NAME.findall(match["name"].replace("''", "'"))
    ]
    return (parts[0] if len(parts) == 2 else None, parts[-1]) if 1 <= len(parts) <= 2 else None
