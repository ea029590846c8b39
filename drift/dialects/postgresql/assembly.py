"""Catalog rows become nouns."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from drift.dialects.base import NameFilter
from drift.dialects.postgresql.catalog import Catalog
from drift.dialects.postgresql.constraints import Constraints, assemble_constraints
from drift.dialects.postgresql.dependents import dependents
from drift.dialects.postgresql.normal import sequence_of, storage_parameters
from drift.dialects.postgresql.session import Server
from drift.dialects.postgresql.support import PG_CLASS, Support, gather
from drift.dialects.postgresql.types import spell_type
from drift.dialects.text import unparenthesised
from drift.schema import (
    Column,
    Expression,
    Function,
    Identity,
    Persistence,
    QualifiedName,
    Schema,
    Table,
    TableKind,
    Trigger,
)

_KINDS = {
    "r": TableKind.TABLE,
    "p": TableKind.PARTITIONED,
    "f": TableKind.FOREIGN,
    "v": TableKind.VIEW,
    "m": TableKind.MATERIALIZED_VIEW,
}
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_VANISHED = "was dropped or altered while it was being read"


def assemble(
    catalog: Catalog,
    server: Server,
    *,
    source: str,
    schemas: tuple[str, ...],
    include_name: NameFilter | None,
) -> Schema:
    """One reading as a schema, everything sorted by name."""
    support = gather(catalog, server.schemas)
    relations = _Relations(catalog, support, server.version_number)
    constraints = assemble_constraints(catalog, support, relations.names, relations.column_names)
    tables: list[Table] = []
    unreadable: list[tuple[str, str]] = []
    for row in catalog.relations:
        number, _, _, kind, _, is_partition = row[:6]
        name = relations.names[number]
        if kind == "S" or is_partition or (PG_CLASS, number) in support.members:
            continue
        if include_name is not None and not include_name(name.schema, name.name):
            continue
        if number in relations.vanished or number in constraints.vanished:
            unreadable.append((str(name), _VANISHED))
            continue
        tables.append(relations.table(row, constraints))
    tables.sort(key=lambda table: table.name)
    wanted = set(schemas)
    gone = {subject for subject, _ in unreadable}
    return Schema(
        source=source,
        dialect="postgresql",
        server=server.version.split()[0],
        default_schema=server.default_schema,
        schemas=schemas,
        tables=tuple(tables),
        enums=tuple(
            _used(support.enums.values(), wanted, {column.enum for table in tables for column in table.columns})
        ),
        domains=tuple(
            _used(support.domains.values(), wanted, {column.domain for table in tables for column in table.columns})
        ),
        sequences=tuple(sorted(support.sequences, key=lambda sequence: sequence.name)),
        functions=tuple(Function(QualifiedName(schema, name), body=body) for schema, name, body in catalog.functions),
        extensions=tuple(support.extensions),
        relation_names=tuple(sorted(name for name in relations.names.values() if str(name) not in gone)),
        unreadable=tuple(sorted(unreadable)),
        usual_operator_classes=tuple(
            sorted({(method, support.opclasses[number]) for number, method in support.usual_opclasses.items()})
        ),
        dependents=dependents(catalog.dependents),
    )


def _used(types: Iterable[Any], schemas: set[str], used: set[QualifiedName | None]) -> list[Any]:
    """Types of the wanted schemas, and those of other schemas that a column uses; each once, by name."""
    wanted = {type_.name: type_ for type_ in types if type_.name.schema in schemas or type_.name in used}
    return [wanted[name] for name in sorted(wanted)]


class _Relations:
    """Rows grouped by relation, and the nouns made of them."""

    def __init__(self, catalog: Catalog, support: Support, version_number: int) -> None:
        self.support = support
        self.version_number = version_number
        self.names: dict[int, QualifiedName] = {
            row[0]: QualifiedName(support.schemas[row[1]], row[2]) for row in catalog.relations
        }
        self.vanished: set[int] = {
            row[0]
            for row in catalog.relations
            if (row[3] == "p" and row[9] is None) or (row[3] in "vm" and row[10] is None)
        }
        self.column_rows: dict[int, list[tuple[Any, ...]]] = {}
        self.column_names: defaultdict[int, dict[int, str]] = defaultdict(dict)
        for relation, rows in groupby(catalog.columns, itemgetter(0)):
            columns = self.column_rows[relation] = list(rows)
            self.column_names[relation] = {row[1]: row[2] for row in columns}
            if any(row[9] and row[8] is None for row in columns):
                self.vanished.add(relation)
        self.parents: defaultdict[int, list[QualifiedName]] = defaultdict(list)
        for child, schema, parent in catalog.inheritance:
            self.parents[child].append(QualifiedName(schema, parent))
        self.triggers: defaultdict[int, list[Trigger]] = defaultdict(list)
        for relation, name, enabled, schema, function, definition in catalog.triggers:
            self.triggers[relation].append(
                Trigger(name, QualifiedName(schema, function), enabled=enabled != "D", definition=definition)
            )

    def table(self, row: tuple[Any, ...], constraints: Constraints) -> Table:
        """One table with everything in it."""
        number, _, _, kind, persistence, _, row_security, estimate, pages, partition_key, definition, options = row
        primary_key = constraints.primary_keys.get(number)
        key_columns = frozenset(() if primary_key is None else primary_key.columns)
        return Table(
            name=self.names[number],
            kind=_KINDS[kind],
            columns=tuple(self._columns(self.column_rows.get(number, ()), key_columns)),
            primary_key=primary_key,
            uniques=tuple(constraints.uniques.get(number, ())),
            foreign_keys=tuple(constraints.foreign_keys.get(number, ())),
            checks=tuple(constraints.checks.get(number, ())),
            exclusions=tuple(constraints.exclusions.get(number, ())),
            indexes=tuple(constraints.indexes.get(number, ())),
            triggers=tuple(self.triggers.get(number, ())),
            comment=self.support.comments.get((PG_CLASS, number, 0)),
            persistence=Persistence.UNLOGGED if persistence == "u" else Persistence.PERMANENT,
            partition_key=None if partition_key is None else Expression(partition_key),
            inherits=tuple(self.parents.get(number, ())),
            row_security=row_security,
            options=storage_parameters(json.loads(options).items()) if options else (),
            definition=None if definition is None else Expression(definition.strip().removesuffix(";")),
            estimated_rows=_estimate(kind, estimate, pages, self.version_number),
        )

    def _columns(self, rows: Sequence[tuple[Any, ...]], key_columns: frozenset[str]) -> list[Column]:
        support = self.support
        enums, domains, comments = support.enums, support.domains, support.comments
        made: list[Column] = []
        for place, row in enumerate(rows, start=1):
            relation, number, name, type_number, type_, not_null, identity, generated, expression, _, collation = row
            spelled = spell_type(type_)
            default: Expression | None = None
            sequence: QualifiedName | None = None
            auto_increment = bool(identity)
            if expression is not None and not generated:
                default = Expression(expression)
                sequence = _sequence(expression) if spelled in _INTEGERS else None
                if sequence is not None and support.owned.get((relation, number)) == sequence:
                    auto_increment, default = True, None
                elif sequence is not None and (name in key_columns or relation in self.parents):
                    auto_increment = True
                else:
                    sequence = None
            enum = enums.get(type_number) if enums else None
            domain = domains.get(type_number) if domains else None
            # Mostly by position: names cost more than the values.
            made.append(
                Column(
                    name,
                    spelled,
                    not not_null,
                    default,
                    auto_increment,
                    sequence,
                    self._identity(relation, number, identity) if identity else None,
                    Expression(unparenthesised(expression)) if generated and expression is not None else None,
                    generated != "v",
                    None if collation is None else support.collations.get(collation),
                    comments.get((PG_CLASS, relation, number)) if comments else None,
                    place,
                    None,
                    None,
                    None if enum is None else enum.name,
                    None if domain is None else domain.name,
                )
            )
        return made

    def _identity(self, relation: int, number: int, kind: str) -> Identity:
        options = self.support.identities.get((relation, number), Identity())
        if kind != "a":
            return options
        return Identity(
            True,
            options.start,
            options.increment,
            options.minimum,
            options.maximum,
            options.cache,
            options.cycle,
        )


def _sequence(expression: str) -> QualifiedName | None:
    """The sequence of ``nextval('schema.name'::regclass)``, ``None`` for any other expression."""
    found = sequence_of(expression) if expression.startswith("nextval(") else None
    return QualifiedName(*found) if found is not None and found[0] is not None else None


def _estimate(kind: str, estimate: float, pages: int, version_number: int) -> int | None:
    """The planner's row estimate; before PostgreSQL 14 "never analysed" looked like an empty table."""
    if kind not in "rpm" or estimate < 0 or (version_number < 140000 and estimate == 0 and pages == 0):
        return None
    return round(estimate)
