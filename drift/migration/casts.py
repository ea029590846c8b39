"""What a type change costs and needs on PostgreSQL: rewrite or not, USING, and which values stand in the way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drift.schema import Column

_SHAPE = re.compile(r"^([^()\[\]]+?)(?:\(([\d,\s-]*)\))?(\[\])?$")
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


@dataclass(frozen=True, slots=True)
class Cast:
    """One type change.

    Attributes:
        free: The table is not written again.
        using: The expression behind ``USING``, ``None`` where the server casts by itself.
        obstacle: A condition on rows whose values do not fit, ``None`` where all fit or nothing can be said.
        what_fails: What such a value is like.
        using_may_fail: The cast may fail on values although there is no ``obstacle`` to ask for.
        hazard: What it does to values that fit.
    """

    free: bool = False
    using: str | None = None
    obstacle: str | None = None
    what_fails: str = ""
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
        return _arrays(old_array, new_array, new.type, name)
    if old_name in _STRINGS and new_name in _STRINGS:
        return _strings(old_name, old_args, new_name, new_args, name)
    if old_name in _INTEGERS and new_name in _INTEGERS:
        return _integers(old_name, new_name, name)
    if {old_name, new_name} == {"numeric"}:
        return _numerics(old_args, new_args, name)
    if {old_name, new_name} <= {"timestamp", "timestamptz"}:
        return _timestamps(old_name, new_name, old_args, new_args, name)
    return _others(old_name, new_name, new, name)


def _arrays(old_array: bool, new_array: bool, target: str, name: str) -> Cast:
    if new_array and not old_array:
        return Cast(using=f"CASE WHEN {name} IS NULL THEN NULL ELSE ARRAY[{name}]::{target} END")
    if old_array and not new_array:
        return Cast(
            using=f"{name}[1]::{target}",
            obstacle=f"array_length({name}, 1) > 1",
            what_fails="they have more than one element",
        )
    return Cast(using=f"{name}::{target}", using_may_fail=True)


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
        hazard="the times are taken to be UTC, whatever the session says; change the expression where they are not",
    )


def _others(old_name: str, new_name: str, new: Column, name: str) -> Cast:
    target = new.type
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
    if new_name == "boolean" and old_name in ("smallint", "integer", "bigint", "numeric"):
        return Cast(using=f"{name} <> 0", obstacle=f"{name} NOT IN (0, 1)", what_fails="they are neither 0 nor 1")
    if old_name == "boolean" and new_name in ("smallint", "integer", "bigint", "numeric"):
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
    return Cast(using=f"{name}::{target}", using_may_fail=True)
