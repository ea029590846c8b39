"""Dictionaries that catalog rows refer to by number."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from drift.dialects.postgresql.catalog import Catalog
from drift.dialects.postgresql.types import spell_type
from drift.dialects.text import unparenthesised
from drift.schema import Check, Domain, Enum, Expression, Extension, Identity, QualifiedName, Sequence

PG_CLASS, PG_CONSTRAINT, PG_TYPE = 1259, 2606, 1247
"""Numbers of the catalogs themselves, fixed in every version."""

DEFAULT_COLLATION = 100

_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


@dataclass(frozen=True, slots=True)
class Support:
    """Names and values by the number under which rows mention them.

    Attributes:
        schemas: Names of the schemas that are read.
        opclasses: Names of operator classes.
        usual_opclasses: The access methods of those that are their type's default.
        collations: Spelled as they stand in a model: quoted nowhere, qualified where the session's path misses them.
        members: What an extension owns: (catalog, object) -> extension.
        comments: (catalog, object, column) -> text.
        enums: Enums by type number, also by the number of their array type.
        domains: Domains likewise.
        owned: The sequence that a column owns by SERIAL or ``OWNED BY``: (relation, column) -> name.
        identities: Options of identity columns: (relation, column) -> options.
    """

    schemas: dict[int, str]
    opclasses: dict[int, str] = field(default_factory=dict)
    usual_opclasses: dict[int, str] = field(default_factory=dict)
    collations: dict[int, str] = field(default_factory=dict)
    members: dict[tuple[int, int], str] = field(default_factory=dict)
    comments: dict[tuple[int, int, int], str] = field(default_factory=dict)
    enums: dict[int, Enum] = field(default_factory=dict)
    domains: dict[int, Domain] = field(default_factory=dict)
    owned: dict[tuple[int, int], QualifiedName] = field(default_factory=dict)
    identities: dict[tuple[int, int], Identity] = field(default_factory=dict)
    extensions: list[Extension] = field(default_factory=list)
    sequences: list[Sequence] = field(default_factory=list)


def gather(catalog: Catalog, path: tuple[str, ...]) -> Support:
    """The dictionaries of one reading; ``path``: the schemas of the session's own search path."""
    support = Support(schemas={int(number): name for number, name in catalog.schemas})
    collations: list[tuple[int, str | None, str]] = []
    for kind, number, name, detail, owner in catalog.support:
        if kind == "operator class":
            support.opclasses[number] = name
            if detail is not None:
                support.usual_opclasses[number] = detail
        elif kind == "collation":
            collations.append((number, detail, name))
        elif kind == "extension":
            schema, _, version = detail.rpartition(" ")
            support.extensions.append(Extension(name, schema, version))
        else:
            support.members[owner, number] = name
    support.collations.update(_collations(collations, path))
    support.extensions.sort(key=lambda extension: extension.name)
    for owner, number, column, text in catalog.comments:
        support.comments[owner, number, column] = text
    _add_types(support, catalog)
    _add_sequences(support, catalog)
    return support


def _collations(found: Iterable[tuple[int, str | None, str]], path: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Names by number: bare where that is what the server finds under it, as ``pg_catalog`` goes before the path."""
    order = {schema: place for place, schema in enumerate((None, *path))}
    by_name: defaultdict[str, list[tuple[int, str | None]]] = defaultdict(list)
    for number, schema, name in found:
        by_name[name].append((number, schema))
    for name, homes in by_name.items():
        first = min((schema for _, schema in homes), key=lambda schema: order.get(schema, len(order)))
        for number, schema in homes:
            yield number, name if schema == first and schema in order else f"{schema}.{name}"


def _add_types(support: Support, catalog: Catalog) -> None:
    checks: defaultdict[int, list[Check]] = defaultdict(list)
    for number, domain, name, body, validated in catalog.domain_checks:
        if body is not None:
            checks[domain].append(
                Check(
                    name,
                    Expression(unparenthesised(body)),
                    validated=validated,
                    comment=support.comments.get((PG_CONSTRAINT, number, 0)),
                )
            )
    for row in catalog.types:
        number, array, schema, name, kind, labels, base, not_null, default, collation, _ = row
        if (PG_TYPE, number) in support.members:
            continue
        qualified = QualifiedName(schema, name)
        comment = support.comments.get((PG_TYPE, number, 0))
        if kind == "e":
            support.enums[number] = Enum(qualified, tuple(json.loads(labels or "[]")), comment=comment)
            support.enums[array] = support.enums[number]
        else:
            support.domains[number] = Domain(
                qualified,
                spell_type(base),
                nullable=not not_null,
                default=None if default is None else Expression(default),
                collation=collation,
                checks=tuple(checks[number]),
                comment=comment,
            )
            support.domains[array] = support.domains[number]


def _add_sequences(support: Support, catalog: Catalog) -> None:
    for row in catalog.sequences:
        number, schema, name, type_, start, increment, minimum, maximum, cache, cycle = row[:10]
        dependency, owner, column, owner_schema, owner_name, owner_column, listed = row[10:]
        qualified = QualifiedName(schema, name)
        options = _options(type_, start, increment, minimum, maximum, cache, cycle)
        if dependency == "i":
            support.identities[owner, column] = Identity(**options)
            continue
        if dependency == "a":
            support.owned[owner, column] = qualified
        if not listed or (PG_CLASS, number) in support.members:
            continue
        support.sequences.append(
            Sequence(
                qualified,
                type=type_,
                **options,
                owned_by=(QualifiedName(owner_schema, owner_name), owner_column) if dependency == "a" else None,
                comment=support.comments.get((PG_CLASS, number, 0)),
            )
        )


def _options(
    type_: str, start: int, increment: int, minimum: int, maximum: int, cache: int, cycle: bool
) -> dict[str, Any]:
    """Sequence options, ``None`` where the server would choose the same for a sequence of this type and direction."""
    limit = _RANGES.get(type_, 2**63)
    usual_minimum, usual_maximum = (1, limit - 1) if increment > 0 else (-limit, -1)
    usual_start = minimum if increment > 0 else maximum
    return {
        "start": None if start == usual_start else start,
        "increment": None if increment == 1 else increment,
        "minimum": None if minimum == usual_minimum else minimum,
        "maximum": None if maximum == usual_maximum else maximum,
        "cache": None if cache == 1 else cache,
        "cycle": True if cycle else None,
    }
