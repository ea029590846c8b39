"""What one endpoint does with schemas: what it is annotated to return, and what its code gives to which schema."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from drift.sources.responses.calls import Calls
from drift.sources.responses.functions import hints
from drift.sources.responses.typed import values_of_type
from drift.sources.responses.uses import How, Use, Uses
from drift.sources.responses.values import Thing


@dataclass(frozen=True, slots=True)
class EndpointCode:
    """What was read of one endpoint.

    Attributes:
        annotated: Schemas that read what the endpoint is annotated to return.
        uses: What its code gives to which schema, helpers included.
        written: For each mapped class the attributes that the code itself gives a value.
        present: For each mapped class the attributes without which a row is not asked for, or answered otherwise.
        made: The mapped classes that it makes new rows of.
    """

    annotated: tuple[Use, ...] = ()
    uses: tuple[Use, ...] = ()
    written: Mapping[type, frozenset[str]] = field(default_factory=dict)
    present: Mapping[type, frozenset[str]] = field(default_factory=dict)
    made: frozenset[type] = frozenset()


def read_endpoint(endpoint: Any, response: Any) -> EndpointCode:
    """Read an endpoint's annotation and code. What cannot be followed is left out.

    Args:
        endpoint: The function behind a route; it is not run.
        response: The type that the route answers with, ``None`` without one.
    """
    function = inspect.unwrap(endpoint.func if isinstance(endpoint, partial) else endpoint)
    owner = Thing(function.__self__) if isinstance(function, MethodType) else None
    function = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(function, FunctionType):
        return EndpointCode()
    place = (function.__code__.co_filename, function.__code__.co_firstlineno)
    promised, calls = Uses(), Calls()
    promised.flow(values_of_type(hints(function).get("return")), response, place)
    try:
        calls.uses.flow(calls.run(function, owner=owner), response, place)
    except Exception:  # noqa: BLE001, RUF100 - code can be written in any way; what cannot be followed is unknown
        calls = Calls()
    return EndpointCode(
        tuple(use for use in promised.found if use.how is How.READ),
        tuple(calls.uses.found),
        {cls: frozenset(names) for cls, names in calls.written.items()},
        {cls: frozenset(names) for cls, names in calls.present.items()},
        frozenset(calls.made),
    )
