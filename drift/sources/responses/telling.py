"""Which schema reads which class, and why, for people."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment.observations import Observations, SchemaPair


def describe_pairs(observations: Observations, *, unpaired: bool = False) -> Iterator[str]:
    """``app.schemas.UserOut <- app.models.User: their names (fitting); GET /users``, one line for each pair.

    Args:
        observations: What was observed.
        unpaired: Also tell why other schemas have no class.
    """
    for pair in observations.pairs:
        yield _line(pair, "<-")
    for pair in observations.requests:
        yield _line(pair, "->")
    for item in observations.unprobed:
        name = f"{item.schema}.{item.field}" if item.field not in (None, "*") else item.schema
        yield f"{name}: not probed: {item.reason}"
    if unpaired:
        for schema, reason in observations.unpaired:
            yield f"{schema}: no class: {reason}"


def _line(pair: SchemaPair, arrow: str) -> str:
    strength = "" if pair.strong else ", weak: never an error"
    routes = f"; {', '.join(map(str, pair.routes))}" if pair.routes else ""
    return f"{pair.schema} {arrow} {pair.model}: {pair.reason} ({pair.evidence.value}{strength}){routes}"
