"""What a type change costs and needs on PostgreSQL: rewrite or not, USING, and which values stand in the way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drift.schema import Column

_SHAPE = re.compile(r"""^((?:"(?:[^"]|"")*"|[^()\[\]"])+?)(?:\(([\d,\s-]*)\))?(\[\])?$""")
_STRINGS = frozenset({"text", "varchar", "char", "bpchar", "citext", "name"})
_INTEGERS = {"smallint": 16, "integer": 32, "bigint": 64}
_TEXT_PATTERNS = {
    "smallint": r"^\s*[+-]?\d{1,5}\s*$",
    "integer": r"^\s*[+-]?\d{1,10}\s*$",
    "bigint": r"^\s*[+-]?\d{1,19}\s*$",
    "numeric": r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$",
    "real": r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$",
    "double precision": r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$",
    "uuid": r"^\{?[0-9a-fA-F]{4}-?([0-9a-fA-F]{4}-?){6}[0-9a-fA-F]{4}\}?$",
    "boolean": r"^\s*(t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|off|0)\s*$",
    "date": r"^\s*\d{4}-\d{2}-\d{2}\s*$",
    "timestamp": r"^\s*\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?",
    "timestamptz": r"^\s*\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?",
}
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_RANGES = ("int4", "int8", "num", "date", "ts", "tstz")
_CASTS: dict[str, frozenset[str]] = {
    "smallint": frozenset({*_NUMBERS, "oid"}),
    "integer": frozenset({*_NUMBERS, "oid", "boolean", "money", "bit"}),
    "bigint": frozenset({*_NUMBERS, "oid", "money", "bit"}),
    "numeric": frozenset({*_NUMBERS, "money"}),
    **dict.fromkeys(("real", "double precision"), frozenset(_NUMBERS)),
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
    "jsonb": frozenset({"json", "boolean", *_NUMBERS}),
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


def _parts(type_: str) -> tuple[str, tuple[int, ...], bool]:
    match = _SHAPE.match(type_)
    if match is None:
        return type_, (), False
    arguments = tuple(int(part) for part in (match[2] or "").split(",") if part.strip())
    return match[1], arguments, match[3] is not None


def base_type(column: Column) -> str:
    """The type without its arguments; an array keeps its brackets."""
    name, _, is_array = _parts(column.type)
    return f"{name}[]" if is_array else name


def same_family(old: Column, new: Column) -> bool:
    """Whether expressions written for one type read the same over the other, so that the server carries them along."""
    names = {_parts(old.type)[0], _parts(new.type)[0]}
    if _parts(old.type)[2] != _parts(new.type)[2]:
        return False
    families = (
        _STRINGS - {"char", "bpchar", "citext"},
        frozenset(_INTEGERS),
        {"numeric"},
        {"timestamp"},
        {"timestamptz"},
    )
    return len(names) == 1 or any(names <= family for family in families)


def cast_for(old: Column, new: Column, name: str) -> Cast:
    """How ``old`` becomes ``new``; ``name`` is the column, quoted."""
    old_name, old_args, old_array = _parts(old.type)
    new_name, new_args, new_array = _parts(new.type)
    if old.type == new.type:
        return Cast(free=old.collation == new.collation)
    if old_array or new_array:
        return _arrays(old, new, name)
    if old_name in _STRINGS and new_name in _STRINGS:
        return _strings(old_name, old_args, new_name, new_args, name)
    if old_name in _INTEGERS and new_name in _INTEGERS:
        return _integers(old_name, new_name, name)
    if {old_name, new_name} == {"numeric"}:
        return _numerics(old_args, new_args, name)
    if {old_name, new_name} <= {"timestamp", "timestamptz"}:
        return _timestamps(old_name, new_name, old_args, new_args, name)
    return _others(old, new, name)


def _arrays(old: Column, new: Column, name: str) -> Cast:
    old_name, _, old_array = _parts(old.type)
    new_name, _, new_array = _parts(new.type)
    target = new.type
    known = _has_cast(old, old_name, new_name) and (new.enum is None or old_name in _STRINGS)
    through = "" if known else "::text"
    if new_array and not old_array:
        using = f"CASE WHEN {name} IS NULL THEN NULL ELSE ARRAY[{name}{through}]::{target} END"
        return Cast(using=using) if known else _no_cast(using, old, new, name)
    if old_array and not new_array:
        obstacle = f"cardinality({name}) > 1 OR array_ndims({name}) > 1"
        using = f"({name})[array_lower({name}, 1)]{through}::{target}"
        if not known:
            return _no_cast(using, old, new, name)
        return Cast(
            using=using,
            obstacle=obstacle if old.nullable else f"{obstacle} OR cardinality({name}) = 0",
            what_fails="they have more than one element" if old.nullable else "they do not have one element each",
        )
    if known:
        return Cast(using=f"{name}::{target}", using_may_fail=True)
    return _no_cast(f"{name}::text[]::{target}", old, new, name)


def _no_cast(using: str, old: Column, new: Column, name: str) -> Cast:
    """Through text: right for an empty column, and for the labels of an enum; any other value needs a person."""
    if new.enum is not None and old.enum is not None:
        return Cast(using=using, using_may_fail=True)
    return Cast(using=using, obstacle=f"{name} IS NOT NULL", no_cast=True, using_may_fail=True)


def _strings(old_name: str, old_args: tuple[int, ...], new_name: str, new_args: tuple[int, ...], name: str) -> Cast:
    fixed = "char" in (old_name, new_name) or "bpchar" in (old_name, new_name)
    if not new_args:
        return Cast(free=not fixed and "citext" not in (old_name, new_name))
    limit = new_args[0]
    if old_args and old_args[0] <= limit:
        return Cast(free=not fixed)
    # A cast to varchar(n) cuts silently: stop where a value is longer, and let the assignment cast check once more.
    return Cast(
        free=False, obstacle=f"char_length({name}) > {limit}", what_fails=f"they are longer than {limit} characters"
    )


def _integers(old_name: str, new_name: str, name: str) -> Cast:
    if _INTEGERS[new_name] >= _INTEGERS[old_name]:
        return Cast()
    bits = _INTEGERS[new_name] - 1
    return Cast(
        obstacle=f"{name} NOT BETWEEN {-(2**bits)} AND {2**bits - 1}", what_fails=f"they are too large for {new_name}"
    )


def _numerics(old_args: tuple[int, ...], new_args: tuple[int, ...], name: str) -> Cast:
    if not new_args:
        return Cast(free=True)
    precision, scale = new_args[0], new_args[1] if len(new_args) > 1 else 0
    old_scale = old_args[1] if len(old_args) > 1 else 0
    if old_args and old_scale == scale and old_args[0] <= precision:
        return Cast(free=True)
    limit = f"1e{precision - scale}"
    conditions = [f"abs({name}) >= {limit}"]
    if not old_args or old_scale > scale:
        conditions.append(f"{name} <> round({name}, {scale})")
    return Cast(
        obstacle=" OR ".join(conditions),
        what_fails=f"they have more than {precision} digits, or more than {scale} behind the point",
    )


def _timestamps(old_name: str, new_name: str, old_args: tuple[int, ...], new_args: tuple[int, ...], name: str) -> Cast:
    precision_kept = not new_args or (bool(old_args) and old_args[0] <= new_args[0])
    if old_name == new_name:
        if precision_kept:
            return Cast(free=True)
        return Cast(hazard="fractions of a second are rounded away")
    # Without AT TIME ZONE the session's time zone decides, and with it every value.
    return Cast(
        using=f"{name} AT TIME ZONE 'UTC'",
        hazard=_UTC,
    )


def _others(old: Column, new: Column, name: str) -> Cast:
    old_name, new_name, target = _parts(old.type)[0], _parts(new.type)[0], new.type
    if new_name in _STRINGS:
        limit = _parts(target)[1]
        if limit:
            return Cast(
                using=f"{name}::{target}",
                obstacle=f"char_length({name}::text) > {limit[0]}",
                what_fails=f"they are longer than {limit[0]} characters as text",
            )
        return Cast(using=f"{name}::{target}")
    if new.enum is not None:
        return Cast(using=f"{name}::text::{target}", using_may_fail=True)
    if new_name == "boolean" and old_name in _NUMBERS:
        return Cast(using=f"{name} <> 0", obstacle=f"{name} NOT IN (0, 1)", what_fails="they are neither 0 nor 1")
    if old_name == "boolean" and new_name in _NUMBERS:
        return Cast(using=f"{name}::integer::{target}")
    if old_name in _STRINGS and new_name in _TEXT_PATTERNS:
        pattern = _TEXT_PATTERNS[new_name]
        operator = "!~*" if new_name == "boolean" else "!~"
        return Cast(
            using=f"{name}::{target}",
            obstacle=f"{name} {operator} '{pattern}'",
            what_fails=f"they do not read as {new_name}",
            using_may_fail=True,
        )
    if new_name in ("smallint", "integer", "bigint") and old_name in ("numeric", "real", "double precision"):
        return Cast(
            using=f"{name}::{target}",
            obstacle=f"{name} <> trunc({name})",
            what_fails="they have a fraction",
            using_may_fail=True,
        )
    if old_name in ("smallint", "integer", "bigint") and new_name == "numeric":
        arguments = _parts(target)[1]
        if arguments:
            scale = arguments[1] if len(arguments) > 1 else 0
            return Cast(obstacle=f"abs({name}) >= 1e{arguments[0] - scale}", what_fails="they have too many digits")
        return Cast()
    if old_name in ("json", "jsonb") and new_name in ("json", "jsonb"):
        return Cast(using=f"{name}::{target}", hazard="jsonb keeps neither key order nor repeated keys")
    if {old_name, new_name} == {"real", "double precision"}:
        return Cast(hazard="digits beyond single precision are lost" if new_name == "real" else None)
    if {old_name, new_name} == {"tsrange", "tstzrange"}:
        return Cast(using=_range(name, new_name), hazard=_UTC)
    if (old_name, new_name) in _WIDER_RANGES:
        return Cast(using=f"{name}::text::{target}")
    if _has_cast(old, old_name, new_name):
        return Cast(using=f"{name}::{target}", using_may_fail=True)
    steps = _CASTS.get(_plain(old_name), frozenset())
    through = next((step for step in _STEPS if step in steps and _plain(new_name) in _CASTS[step]), None)
    if through is not None:
        return Cast(using=f"{name}::{through}::{target}", using_may_fail=True)
    return _no_cast(f"{name}::text::{target}", old, new, name)


def _has_cast(old: Column, old_name: str, new_name: str) -> bool:
    """Whether ``CAST`` reads; of types that the server did not bring along (extensions) nothing is known: yes."""
    old_name, new_name = _plain(old_name), _plain(new_name)
    if old_name == new_name or _STRINGS & {old_name, new_name}:
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
