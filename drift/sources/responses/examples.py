"""Example values for a Pydantic type, guided by its own errors: the content of a JSON column, the body of a request."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError

from drift.sources.responses.patterns import sample_of
from drift.sources.responses.unwrap import is_schema, without_optional
from drift.sources.responses.witnesses import STRINGS, instances

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_ROUNDS = 60


def answers(error: dict[str, Any]) -> Iterator[Any]:
    """Values that an error itself asks for, from its type and context."""
    context = error.get("ctx") or {}
    if "ge" in context or "gt" in context:
        low = context.get("ge", context.get("gt"))
        yield low if "ge" in context else _next(low, 1)
    if "le" in context or "lt" in context:
        high = context.get("le", context.get("lt"))
        yield high if "le" in context else _next(high, -1)
    if "multiple_of" in context:
        yield context["multiple_of"]
    if isinstance(context.get("expected"), str):
        yield from _QUOTED.findall(context["expected"])
        yield from (int(number) for number in re.findall(r"(?<![\w'])-?\d+(?![\w'])", context["expected"]))
    if isinstance(context.get("min_length"), int) and error.get("type") == "string_too_short":
        yield "a" * context["min_length"]
    if isinstance(context.get("pattern"), str):
        made = sample_of(context["pattern"])
        if made is not None:
            yield made
    if "pattern" in context or error.get("type") in ("value_error", "string_too_short", "string_too_long"):
        yield from STRINGS
    if str(error.get("type", "")).startswith(
        ("url", "uuid", "date", "time", "int_", "float_", "decimal_", "bool_", "ip_")
    ):
        yield from STRINGS


def _next(value: Any, step: int) -> Any:
    try:
        return value + step
    except TypeError:
        return value


def examples(annotation: Any, depth: int = 0) -> Iterator[Any]:
    """Plain values of a type, likely ones first."""
    if depth > 4:
        return
    annotation, optional = without_optional(annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from examples(get_args(annotation)[0], depth)
    elif origin is Literal:
        yield from get_args(annotation)
    elif is_schema(annotation) and issubclass(annotation, RootModel):
        yield from examples(annotation.model_fields["root"].annotation, depth + 1)
    elif is_schema(annotation):
        payload = example_payload(annotation, depth + 1)
        if payload is not None:
            yield payload
    elif isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        yield from (member.value for member in annotation)
    elif origin in (list, set, frozenset, tuple):
        inner = next(examples(get_args(annotation)[0], depth + 1), None) if get_args(annotation) else None
        yield from ([], [inner])
    elif origin is not None and not isinstance(origin, type):
        for part in get_args(annotation):
            yield from examples(part, depth + 1)
    else:
        yield from instances(annotation)
    if optional:
        yield None


def example_payload(schema: type[BaseModel], depth: int = 0) -> dict[str, Any] | None:
    """A dictionary that ``schema`` accepts, ``None`` when none is found."""
    values: dict[str, Any] = {}
    pools: dict[str, Iterator[Any]] = {}
    keys = {input_key(schema, name): name for name in schema.model_fields}
    for key, name in keys.items():
        field = schema.model_fields[name]
        pools[key] = examples(field.annotation, depth)
        if field.is_required():
            values[key] = next(pools[key], None)
    for _ in range(_ROUNDS):
        try:
            schema.__pydantic_validator__.validate_python(values)
        except ValidationError as failure:
            if not _improve(values, pools, failure):
                return None
        except Exception:  # noqa: BLE001, RUF100 - validators are the project's code
            return None
        else:
            return values
    return None


def _improve(values: dict[str, Any], pools: dict[str, Iterator[Any]], failure: ValidationError) -> bool:
    improved = False
    for error in failure.errors(include_url=False):
        key = error["loc"][0] if error["loc"] else None
        if not isinstance(key, str) or key not in pools:
            return False
        current: Any = values.get(key)
        wanted = list(dict.fromkeys(v for v in answers(dict(error)) if isinstance(v, (str, int, float))))
        if wanted and current not in wanted:
            values[key] = wanted[0]
        elif wanted and wanted.index(current) + 1 < len(wanted):
            values[key] = wanted[wanted.index(current) + 1]
        else:
            following = next(pools[key], values)
            if following is values:
                return False
            values[key] = following
        improved = True
    return improved


def input_key(schema: type[BaseModel], name: str) -> str:
    """The key under which a dictionary gives a field: its plain alias, or its name."""
    alias = schema.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else name
