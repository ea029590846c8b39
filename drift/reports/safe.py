"""Text from databases is hostile: what each output must do to it before it is shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from drift.findings import Finding, NotChecked, Repair
from drift.policy import Verdict
from drift.secrets import scrub

_HIDDEN_CATEGORIES = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """One line in which nothing is invisible: control, bidirectional, and surrogate characters are spelled out.

    Line breaks with the indentation behind them (view definitions, CHECK bodies) become one space.
    """
    if text.isprintable():
        return text
    joined = " ".join(part.strip() for part in text.splitlines() if part.strip()) if "\n" in text else text
    return "".join(
        character if unicodedata.category(character) not in _HIDDEN_CATEGORIES else _spelled(character)
        for character in joined
    )


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def without_secrets(verdict: Verdict, secrets: Iterable[str] = ()) -> Verdict:
    """The verdict with every text scrubbed; see :func:`drift.secrets.scrub`.

    Names of objects stay as they are: a fingerprint is made of them.
    """
    known = tuple(secrets)

    def clean(text: str | None) -> Any:
        return None if text is None else scrub(text, known)

    def finding(item: Finding) -> Finding:
        return replace(
            item,
            message=clean(item.message),
            expected=clean(item.expected),
            actual=clean(item.actual),
            note=clean(item.note),
            repair=item.repair and Repair(item.repair.kind, item.repair.safety, texts(item.repair.steps)),
            details=tuple((key, detail(value)) for key, value in item.details),
        )

    def detail(value: Any) -> Any:
        if isinstance(value, str):
            return clean(value)
        return texts(value) if isinstance(value, tuple) else value

    def texts(values: Iterable[str]) -> tuple[str, ...]:
        return tuple(clean(value) for value in values)

    def not_checked(item: NotChecked) -> NotChecked:
        return replace(item, reason=clean(item.reason), help=clean(item.help))

    changes: dict[str, Any] = {
        "findings": tuple(map(finding, verdict.findings)),
        "accepted": tuple(map(finding, verdict.accepted)),
        "ignored": tuple(map(finding, verdict.ignored)),
        "not_checked": tuple(map(not_checked, verdict.not_checked)),
        "scripts": tuple((key, clean(script)) for key, script in verdict.scripts),
        "not_compared": tuple((clean(what), clean(why)) for what, why in verdict.not_compared),
        "drifted": tuple(_scrubbed(pair, known) for pair in verdict.drifted),
        **{name: texts(getattr(verdict, name)) for name in ("stale", "expired", "notes")},
        **{name: clean(getattr(verdict, name)) for name in _TEXTS},
    }
    return replace(verdict, **changes)


_TEXTS = ("expected_source", "actual_source", "actual_origin", "server", "baseline")
"""Attributes of a verdict that are one text, or nothing."""


def _scrubbed(value: Any, secrets: tuple[str, ...]) -> Any:
    """A dataclass over plain values and tuples with each text scrubbed."""
    if isinstance(value, str):
        return scrub(value, secrets) if type(value) is str else value
    if isinstance(value, tuple):
        return tuple(_scrubbed(item, secrets) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        return replace(value, **{item.name: _scrubbed(getattr(value, item.name), secrets) for item in fields(value)})
    return value
