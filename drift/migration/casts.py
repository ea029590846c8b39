"""What a type change costs and needs on PostgreSQL: rewrite or not, USING, and which values stand in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from drift.migration.losses import Loss
from drift.migration.losses.postgresql import FIXED, INTEGERS, NUMBERS, STRINGS, WITH_TIME, ZONE, loss, shape
from drift.schema import Column

_RANGES = ("int4", "int8", "num", "date", "ts", "tstz")
_CASTS: dict[str, frozenset[str]] = {
    "smallint": frozenset({*NUMBERS, "oid"}),
    "integer": frozenset({*NUMBERS, "oid", "boolean", "money", "bit"}),
    "bigint": frozenset({*NUMBERS, "oid", "money", "bit"}),
    "numeric": frozenset({*NUMBERS, "money"}),
    **dict.fromkeys(("real", "double precision"), frozenset(NUMBERS)),
    "boolean": frozenset({"integer"}),
    "money": frozenset({"numeric"}),
    "oid": frozenset({"integer", "bigint"}),
    "bit": frozenset({"varbit", "integer", "bigint"}),
    "varbit": frozenset({"bit"}),
    "date": frozenset({"timestamp", "timestamptz"}),
    "time": frozenset({"timetz", "interval"}),
    "timetz": frozenset({"time"}),
    "timestamp": frozenset({"date", "time", "timestamptz"}),
    "timestamptz": frozenset({"date", "time", "timetz", "timestamp"}),
    "interval": frozenset({"time"}),
    "json": frozenset({"jsonb"}),
    "jsonb": frozenset({"json", "boolean", *NUMBERS}),
    "inet": frozenset({"cidr"}),
    "cidr": frozenset({"inet"}),
    "macaddr": frozenset({"macaddr8"}),
    "macaddr8": frozenset({"macaddr"}),
    **{f"{of}range": frozenset({f"{of}multirange"}) for of in ("int4", "int8", "num", "date", "ts", "tstz")},
    **dict.fromkeys(
        [f"{of}multirange" for of in ("int4", "int8", "num", "date", "ts", "tstz")]
        + ["uuid", "bytea", "tsvector", "tsquery", "xml", "jsonpath", "pg_lsn"]
        + ["point", "line", "lseg", "box", "path", "polygon", "circle"],
        frozenset[str](),
    ),
}
"""Explicit casts between types that are no strings (pg_cast, PostgreSQL 12); every type casts from and to strings."""

_STEPS = ("numeric", "integer", "jsonb")
"""What two types that have no cast may both be cast to and from."""

_WIDER_RANGES = frozenset(
    {("int4range", "int8range"), ("int4range", "numrange"), ("int8range", "numrange"), ("daterange", "tsrange")}
)
"""Ranges whose text reads as the other one, whatever they hold."""

_UTC = "the times are taken to be UTC, whatever the session says; change the expression where they are not"


@dataclass(frozen=True, slots=True)
class Cast:
    """One type change.

    Attributes:
        free: The table is not written again.
        using: The expression behind ``USING``, ``None`` where the server casts by itself.
        obstacle: A condition on rows whose values do not fit, ``None`` where all fit or nothing can be said.
        what_fails: What such a value is like.
        no_cast: The server has no such cast; ``using`` goes through text, which fails on nearly every value.
        using_may_fail: The cast may fail on values although there is no ``obstacle`` to ask for.
        hazard: What it does to values that fit.
    """

    free: bool = False
    using: str | None = None
    obstacle: str | None = None
    what_fails: str = ""
    no_cast: bool = False
    using_may_fail: bool = False
    hazard: str | None = None


def base_type(column: Column) -> str:
    """The type without its arguments; an array keeps its brackets."""
    parts = shape(column.type)
    return f"{parts.name}[]" if parts.is_array else parts.name


def same_family(old: Column, new: Column) -> bool:
    """Whether expressions written for one type read the same over the other, so that the server carries them along."""
    before, after = shape(old.type), shape(new.type)
    if before.is_array != after.is_array:
        return False
    names = {before.name, after.name}
    families = (STRINGS - FIXED - {"citext"}, frozenset(INTEGERS), {"numeric"}, {"timestamp"}, {"timestamptz"})
    return len(names) == 1 or any(names <= family for family in families)


def cast_for(old: Column, new: Column, name: str, *, labels: Sequence[str] = (), server: tuple[int, ...] = ()) -> Cast:
    """How ``old`` becomes ``new``.

    Args:
        old: The column as it is.
        new: The column as it is to be.
        name: The column, quoted.
        labels: The labels of the new type where it is an enum, as literals.
        server: The server's version.
    """
    if old.type == new.type:
        return Cast(free=old.collation == new.collation)
    cast = _cast(old, new, name)
    found = loss(old, new, name, labels=labels, server=server)
    if found is None or cast.obstacle is not None:
        return cast
    return replace(cast, free=False, obstacle=found.condition, what_fails=found.what)


def _cast(old: Column, new: Column, name: str) -> Cast:
    before, after = shape(old.type), shape(new.type)
    if before.is_array or after.is_array:
        return _arrays(old, new, name)
    if before.name in STRINGS and after.name in STRINGS:
        fixed = {before.name, after.name} & FIXED
        return Cast(free=not fixed and (bool(after.arguments) or "citext" not in (before.name, after.name)))
    if before.name in INTEGERS and after.name in INTEGERS:
        return Cast()
    if before.name == after.name and before.name in ("numeric", *WITH_TIME):
        # Of a numeric, digits behind the point are stored: more of them are written anew.
        scales = [digits[1] for digits in (before.digits, after.digits) if digits is not None]
        return Cast(free=after.digits is None or len(set(scales)) == 1 or before.name != "numeric")
    if {before.name, after.name} == WITH_TIME:
        # Without AT TIME ZONE the session's time zone decides, and with it every value.
        return Cast(using=f"{name} AT TIME ZONE 'UTC'", hazard=_UTC)
    return _others(old, new, name)


def _arrays(old: Column, new: Column, name: str) -> Cast:
    before, after, target = shape(old.type), shape(new.type), new.type
    known = _has_cast(old, before.name, after.name) and (new.enum is None or before.name in STRINGS)
    through = "" if known else "::text"
    if after.is_array and not before.is_array:
        using = f"CASE WHEN {name} IS NULL THEN NULL ELSE ARRAY[{name}{through}]::{target} END"
        return Cast(using=using) if known else _no_cast(using, old, new, name)
    if before.is_array and not after.is_array:
        using = f"({name})[array_lower({name}, 1)]{through}::{target}"
        return Cast(using=using) if known else _no_cast(using, old, new, name)
    if known:
        return Cast(using=f"{name}::{target}", using_may_fail=True)
    return _no_cast(f"{name}::text[]::{target}", old, new, name)


def _no_cast(using: str, old: Column, new: Column, name: str) -> Cast:
    """Through text: right for an empty column, and for the labels of an enum; any other value needs a person."""
    if new.enum is not None and old.enum is not None:
        return Cast(using=using, using_may_fail=True)
    return Cast(using=using, obstacle=f"{name} IS NOT NULL", no_cast=True, using_may_fail=True)


def _others(old: Column, new: Column, name: str) -> Cast:
    old_name, new_name, target = shape(old.type).name, shape(new.type).name, new.type
    if new_name in STRINGS:
        return Cast(using=f"{name}::{target}")
    if new.enum is not None:
        return Cast(using=f"{name}::text::{target}", using_may_fail=True)
    if new_name == "boolean" and old_name in NUMBERS:
        return Cast(using=f"{name} <> 0")
    if old_name == "boolean" and new_name in NUMBERS:
        return Cast(using=f"{name}::integer::{target}")
    if new_name == "timestamptz" and old_name in STRINGS:
        zoned = f"{name} ~ ':[0-9.:]+\\s?{ZONE}\\s*$'"
        using = f"CASE WHEN {zoned} THEN {name}::{target} ELSE {name}::timestamp AT TIME ZONE 'UTC' END"
        return Cast(using=using, using_may_fail=True, hazard=_UTC)
    if old_name in STRINGS or {old_name, new_name} <= {*NUMBERS} or (old_name, new_name) == ("date", "timestamp"):
        return Cast(using=f"{name}::{target}", using_may_fail=old_name in STRINGS)
    if (old_name, new_name) == ("date", "timestamptz"):
        return Cast(using=f"{name}::timestamp AT TIME ZONE 'UTC'", hazard=_UTC)
    if (old_name, new_name) == ("timestamptz", "date"):
        return Cast(using=f"({name} AT TIME ZONE 'UTC')::date", hazard=_UTC)
    if {old_name, new_name} == {"json", "jsonb"}:
        return Cast(using=f"{name}::{target}", hazard="jsonb keeps neither key order nor repeated keys")
    if {old_name, new_name} == {"tsrange", "tstzrange"}:
        return Cast(using=_range(name, new_name), hazard=_UTC)
    if (old_name, new_name) in _WIDER_RANGES:
        return Cast(using=f"{name}::text::{target}")
    steps = _CASTS.get(_plain(old_name), frozenset())
    through = next((step for step in _STEPS if step in steps and _plain(new_name) in _CASTS[step]), None)
    if not _has_cast(old, old_name, new_name) and through is None:
        return _no_cast(f"{name}::text::{target}", old, new, name)
    path = "" if _has_cast(old, old_name, new_name) else f"::{through}"
    found = _there_and_back(old, new, name, path)
    return Cast(
        using=f"{name}{path}::{target}",
        obstacle=found.condition if found is not None else None,
        what_fails=found.what if found is not None else "",
        using_may_fail=True,
    )


def _there_and_back(old: Column, new: Column, name: str, path: str) -> Loss | None:
    """Between types that the server brings along: whether the value returns."""
    old_name, new_name = _plain(shape(old.type).name), _plain(shape(new.type).name)
    known = old_name in _CASTS and new_name in _CASTS and old_name != new_name
    if not known or (not path and old_name not in _CASTS[new_name]):
        return None
    condition = f"{name}{path}::{new.type}{path}::{old.type} IS DISTINCT FROM {name}"
    return Loss(condition, f"they do not come back from {new.type} as they were")


def _has_cast(old: Column, old_name: str, new_name: str) -> bool:
    """Whether ``CAST`` reads; of types that the server did not bring along (extensions) nothing is known: yes."""
    old_name, new_name = _plain(old_name), _plain(new_name)
    if old_name == new_name or STRINGS & {old_name, new_name}:
        return True
    if old.enum is not None:
        return False
    own = _CASTS.get(old_name)
    return own is None or new_name in own or new_name not in _CASTS


def _plain(name: str) -> str:
    """``interval day to second`` is an ``interval``."""
    return "interval" if name.startswith("interval ") else name


def _range(name: str, target: str) -> str:
    """A range of times with the other notion of time zones; its bounds stay open or closed."""
    bounds = f"CASE WHEN lower_inc({name}) THEN '[' ELSE '(' END || CASE WHEN upper_inc({name}) THEN ']' ELSE ')' END"
    ends = f"lower({name}) AT TIME ZONE 'UTC', upper({name}) AT TIME ZONE 'UTC', {bounds}"
    return f"CASE WHEN {name} IS NULL THEN NULL WHEN isempty({name}) THEN 'empty' ELSE {target}({ends}) END"
