"""Sentences that several handlers say."""

from __future__ import annotations

from drift.migration.options import PlanOptions


def drop_reason(options: PlanOptions, what: str) -> str | None:
    """Why a drop is not run, ``None`` when it is allowed."""
    if options.allow_drop:
        return None
    return f"{what} may be somebody's, or an older release may still rely on it; --allow-drop makes this real."


_NEUTRAL = {
    "boolean": "false",
    "date": "1970-01-01",
    "timestamp": "1970-01-01",
    "timestamptz": "1970-01-01",
    "time": "00:00",
    "timetz": "00:00",
    "interval": "0",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "json": "{}",
    "jsonb": "{}",
    "inet": "0.0.0.0",
    "cidr": "0.0.0.0/0",
    "smallint": "0",
    "integer": "0",
    "bigint": "0",
    "numeric": "0",
    "real": "0",
    "double precision": "0",
    "money": "0",
    "oid": "0",
    "macaddr": "00:00:00:00:00:00",
    "macaddr8": "00:00:00:00:00:00:00:00",
    "point": "(0,0)",
}


def neutral_text(type_: str) -> str:
    """The text of a value of that type that says nothing; the empty string where the type is not known."""
    if type_.endswith("[]"):
        return "{}"
    name = type_.split("(")[0]
    if name == "bit":
        return "0" * int(type_[4:-1] or 1)
    if name.startswith("interval"):
        name = "interval"
    if name.endswith("multirange"):
        return "{}"
    return "empty" if name.endswith("range") else _NEUTRAL.get(name, "")
