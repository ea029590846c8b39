"""A synthetic row as the ORM's loader leaves it: no ``__init__``, no events, no session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm.instrumentation import manager_of_class

from drift.sources.responses.mapped import ColumnAttribute, MappedClass, RelationAttribute
from drift.sources.responses.witnesses import Witnesses

DEPTH = 2
"""Many-to-one relations filled from the start: ``order.customer.company``. Deeper ones on demand."""

LIMIT = 5
"""Deeper than this, a related row is left out and errors that cross the place are dropped."""


@dataclass(slots=True)
class Template:
    """The plain values of a class, made once and copied for every row."""

    mapped: MappedClass
    values: dict[str, Any]
    candidates: dict[str, tuple[Any, ...]]
    complete: frozenset[str]
    collections: dict[str, Callable[[], Any]]
    unknown: frozenset[str] = frozenset()


@dataclass(slots=True)
class Row:
    """An instance, its class, and the rows it refers to."""

    instance: Any
    mapped: MappedClass
    depth: int
    related: dict[str, Row] = field(default_factory=dict)

    def put(self, key: str, value: Any) -> None:
        """Set an attribute as loaded."""
        self.instance.__dict__[key] = value

    def get(self, key: str) -> Any:
        """The loaded value."""
        return self.instance.__dict__.get(key)


class Rows:
    """Makes rows of mapped classes."""

    def __init__(self, describe: Callable[[type], MappedClass | None], witnesses: Witnesses) -> None:
        self._describe = describe
        self._witnesses = witnesses
        self._templates: dict[type, Template] = {}

    def template(self, mapped: MappedClass) -> Template:
        """The class's plain values."""
        found = self._templates.get(mapped.cls)
        if found is None:
            found = self._templates[mapped.cls] = self._make_template(mapped)
        return found

    def make(self, mapped: MappedClass, depth: int = 0) -> Row:
        """A row with plain values; many-to-one relations have rows of their own, collections are empty."""
        template = self.template(mapped)
        manager: Any = manager_of_class(mapped.cls)
        if manager is None:
            raise LookupError(f"{mapped.dotted} is not instrumented")
        row = Row(manager.new_instance(), mapped, depth)
        instance_values = row.instance.__dict__
        instance_values.update(template.values)
        for key, empty in template.collections.items():
            instance_values[key] = empty()
        if depth < DEPTH:
            for relation in mapped.relations.values():
                if not relation.collection:
                    self.relate(row, relation)
        return row

    def relate(self, row: Row, relation: RelationAttribute) -> Row | None:
        """Give a row its related row; ``None`` past the limit of depth."""
        target = self._describe(relation.target) if row.depth < LIMIT else None
        if target is None:
            return None
        child = self.make(target, row.depth + 1)
        row.related[relation.key] = child
        row.put(relation.key, child.instance)
        return child

    def loaded(self, mapped: MappedClass, key: str, values: list[Any]) -> list[Any]:
        """What loading makes of database values, where the column's type does something of its own."""
        type_ = mapped.columns[key].type
        if not self._witnesses.is_decorated(type_):
            return []
        made: list[Any] = []
        for value in values:
            try:
                made.append(self._witnesses.loaded(type_, value))
            except Exception:  # noqa: BLE001, RUF100, PERF203 - the project's code; another value may do
                continue
        return made

    def _make_template(self, mapped: MappedClass) -> Template:
        values: dict[str, Any] = {}
        candidates: dict[str, tuple[Any, ...]] = {}
        complete: set[str] = set()
        unknown: set[str] = set()
        for key, attribute in mapped.columns.items():
            found, whole = self._candidates(attribute)
            candidates[key] = found
            if whole and found:
                complete.add(key)
            if not found:
                unknown.add(key)
            values[key] = found[0] if found else None
        collections: dict[str, Callable[[], Any]] = {}
        for key, relation in mapped.relations.items():
            if relation.collection:
                collections[key] = relation.empty
            else:
                values[key] = None
        discriminator = mapped.mapper.polymorphic_identity
        on = mapped.mapper.polymorphic_on
        if discriminator is not None and on is not None:
            for key, attribute in mapped.columns.items():
                if attribute.column is on:
                    values[key] = discriminator
        return Template(mapped, values, candidates, frozenset(complete), collections, frozenset(unknown))

    def _candidates(self, attribute: ColumnAttribute) -> tuple[tuple[Any, ...], bool]:
        try:
            return self._witnesses.of(attribute)
        except Exception:  # noqa: BLE001, RUF100 - a type of the project's own may do anything
            return (), False
