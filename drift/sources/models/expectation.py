"""The expected side: what the models say the database should hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy import Column as NativeColumn
from sqlalchemy import Sequence as NativeSequence
from sqlalchemy import Table as NativeTable
from sqlalchemy.types import TypeEngine

from drift import collector
from drift.dialects.base import Dialect, ServerInfo
from drift.schema import (
    Check,
    Domain,
    Enum,
    Exclusion,
    ForeignKey,
    Index,
    Location,
    PrimaryKey,
    QualifiedName,
    Schema,
    Sequence,
    Table,
    TableKind,
    Unique,
)
from drift.sources.models import sequences
from drift.sources.models.columns import column, first_line, ignored_codes
from drift.sources.models.constraints import (
    all_constraints,
    check,
    exclusion,
    foreign_key,
    is_created,
    is_exclusion,
    primary_key,
    unique,
)
from drift.sources.models.events import made_by_events
from drift.sources.models.filters import Filter
from drift.sources.models.indexes import index
from drift.sources.models.loaded import ExpectOptions, Models
from drift.sources.models.locations import Locations
from drift.sources.models.named_types import domain, enum, named_types_of_metadata
from drift.sources.models.spelling import Spelling
from drift.sources.models.table_facts import TableFacts, table_facts
from drift.sources.models.type_facts import TypeSpeller

T = TypeVar("T")


def expect(models: Models, dialect: Dialect, info: ServerInfo, options: ExpectOptions | None = None) -> Schema:
    """What the models expect of the database that ``info`` describes.

    ``relation_names`` holds every table of the models, also those that the filters leave out: a table of the database
    that is named there, and not among ``tables``, is known and none of the comparison's business.

    Objects that cannot be expressed are left out one by one and listed in ``unreadable``; a column whose type is
    unknown stays, with an empty type.
    """
    options = options or ExpectOptions()
    spelling = Spelling(dialect, info, options.schema_translate_map)
    with collector.paused():
        return _Expectation(models, spelling, options).schema()


@dataclass(slots=True)
class _Objects:
    """Objects beside tables, found on the way; the first of a name counts."""

    enums: dict[QualifiedName, Enum] = field(default_factory=dict)
    domains: dict[QualifiedName, Domain] = field(default_factory=dict)
    sequences: dict[QualifiedName, Sequence] = field(default_factory=dict)


class _Expectation:
    def __init__(self, models: Models, spelling: Spelling, options: ExpectOptions) -> None:
        self._models = models
        self._spelling = spelling
        self._types = TypeSpeller(spelling)
        self._filter = Filter(options, spelling.info.default_schema)
        self._locations = Locations(models, lookup=options.locations)
        self._found = _Objects()
        self._unreadable: list[tuple[str, str]] = []

    def schema(self) -> Schema:
        """The whole."""
        tables: dict[QualifiedName, Table] = {}
        names: set[QualifiedName] = set()
        for native in all_tables(self._models):
            name = self._spelling.qualified(native.schema, native.name)
            if "TEMPORARY" in {str(prefix).upper() for prefix in native._prefixes}:
                continue
            if name not in names and self._filter.wants_table(native):
                tables[name] = self._table(native, name)
            elif name not in names:
                self._remember_types_of_excluded(native)
            names.add(name)
        self._objects_of_metadata()
        info = self._spelling.info
        found = self._found
        schemas = {
            name.schema for name in (*tables, *found.enums, *found.domains, *found.sequences) if name.schema is not None
        }
        return Schema(
            source=self._models.source,
            dialect=info.dialect,
            default_schema=info.default_schema,
            schemas=tuple(sorted(schemas | ({info.default_schema} if info.default_schema else set()))),
            tables=tuple(table for _, table in sorted(tables.items(), key=_by_name)),
            enums=tuple(item for _, item in sorted(found.enums.items(), key=_by_name)),
            domains=tuple(item for _, item in sorted(found.domains.items(), key=_by_name)),
            sequences=tuple(item for _, item in sorted(found.sequences.items(), key=_by_name)),
            relation_names=tuple(sorted(names, key=lambda name: (name.schema or "", name.name))),
            unreadable=tuple(self._unreadable),
            events=made_by_events(self._models, self._spelling),
        )

    def _table(self, native: NativeTable, name: QualifiedName) -> Table:
        facts = table_facts(native, self._spelling, self._complain)
        columns = tuple(self._columns(native))
        location, model = self._locations.table(native)
        if facts.kind in (TableKind.VIEW, TableKind.MATERIALIZED_VIEW):
            return self._assemble(native, name, facts, columns, location, model, indexes=self._indexes(native))
        keys = self._constraints(native)
        return self._assemble(native, name, facts, columns, location, model, **keys)

    def _assemble(
        self,
        native: NativeTable,
        name: QualifiedName,
        facts: TableFacts,
        columns: tuple[Any, ...],
        location: Location | None,
        model: str | None,
        **keys: Any,
    ) -> Table:
        return Table(
            name=name,
            kind=facts.kind,
            columns=columns,
            comment=facts.comment,
            persistence=facts.persistence,
            partition_key=facts.partition_key,
            inherits=facts.inherits,
            definition=facts.definition,
            options=facts.options,
            model=model,
            location=location,
            ignored=ignored_codes(native),
            **keys,
        )

    def _columns(self, native: NativeTable) -> Iterator[Any]:
        numbered: NativeColumn[Any] | None = native._autoincrement_column
        orm_supplied = self._locations.orm_supplied(native)
        filters, spelling, types, complain = self._filter, self._spelling, self._types, self._complain_of_column
        place = self._locations.columns(native)
        position = 0
        for item in native.columns:
            if item.system or not (
                (not filters.active and "info" not in item.__dict__)
                or filters.wants(item, str(item.name), "column", native)
            ):
                continue
            position += 1
            found, facts = column(
                item,
                position,
                spelling,
                types,
                numbered=numbered,
                orm_supplied=orm_supplied,
                location=place(item),
                complain=complain,
            )
            if facts.native is not None:
                self._remember_type(facts.native, found.location)
            if isinstance(item.default, NativeSequence) or found.sequence is not None:
                for sequence in (item.default, sequences.used_by_default(item)):
                    if isinstance(sequence, NativeSequence):
                        self._remember_sequence(sequence)
            yield found

    def _constraints(self, native: NativeTable) -> dict[str, Any]:
        key: PrimaryKey | None = None
        uniques: list[Unique] = []
        foreign_keys: list[ForeignKey] = []
        checks: list[Check] = []
        exclusions: list[Exclusion] = []
        for item in all_constraints(native):
            if not self._is_created(item, native):
                continue
            if item is native.primary_key:
                key = self._part(native, primary_key, native.primary_key)
            elif isinstance(item, UniqueConstraint):
                if len(item.columns) and self._wants(item, "unique_constraint", native):
                    _append(uniques, self._part(native, unique, item))
            elif isinstance(item, ForeignKeyConstraint):
                if self._wants(item, "foreign_key_constraint", native):
                    _append(foreign_keys, self._part(native, foreign_key, item))
            elif isinstance(item, CheckConstraint):
                if self._wants(item, "check_constraint", native):
                    _append(checks, self._part(native, check, item))
            elif is_exclusion(item):
                _append(exclusions, self._part(native, exclusion, item))
        return {
            "primary_key": key,
            "uniques": tuple(uniques),
            "foreign_keys": tuple(foreign_keys),
            "checks": tuple(checks),
            "exclusions": tuple(exclusions),
            "indexes": self._indexes(native),
        }

    def _indexes(self, native: NativeTable) -> tuple[Index, ...]:
        indexes: list[Index] = []
        for found in sorted(native.indexes, key=lambda item: str(item.name)):
            if self._is_created(found, native) and self._wants(found, "index", native):
                _append(indexes, self._part(native, index, found))
        return tuple(indexes)

    def _wants(self, item: Any, kind: str, table: NativeTable) -> bool:
        name = None
        if self._filter.active:
            name = self._try(self._spelling.label(table, kind), self._spelling.constraint_name, item)
        return self._filter.wants(item, name, kind, table)

    def _is_created(self, item: Any, table: NativeTable) -> bool:
        try:
            return is_created(item, self._spelling)
        except Exception as error:
            label = self._spelling.label(table, item.name or item.__visit_name__)
            self._complain(label, f"its condition (ddl_if) failed: {first_line(error)}")
            return False

    def _remember_type(self, native: TypeEngine[Any], location: Location | None) -> None:
        if native.__visit_name__ == "DOMAIN":
            found = self._try(str(getattr(native, "name", "domain")), domain, native, self._spelling, self._types)
            if found is not None:
                self._found.domains.setdefault(found.name, found)
        else:
            label = enum(native, self._spelling, location)
            self._found.enums.setdefault(label.name, label)

    def _remember_sequence(self, native: NativeSequence) -> None:
        if sequences.exists(native, self._spelling):
            found = self._try(str(native.name), sequences.sequence, native, self._spelling)
            if found is not None:
                self._found.sequences.setdefault(found.name, found)

    def _remember_types_of_excluded(self, native: NativeTable) -> None:
        """Named types of a table that is left out must not be expected on behalf of the metadata either."""
        for item in native.columns:
            self._filter.excluded_types.add(id(item.type))

    def _objects_of_metadata(self) -> None:
        """Sequences and named types that are attached to the metadata rather than to a column."""
        for metadata in self._models.metadata:
            for sequence in sequences.of_metadata(metadata):
                self._remember_sequence(sequence)
            for native in named_types_of_metadata(metadata):
                if id(native) in self._filter.excluded_types:
                    continue
                facts = self._try(str(getattr(native, "name", "type")), self._types.facts, native)
                if facts is not None and facts.native is not None:
                    self._remember_type(facts.native, None)

    def _part(self, table: NativeTable, read: Callable[[Any, Spelling], T], item: Any) -> T | None:
        """One constraint or index; when it cannot be expressed it is listed, and the others go on."""
        try:
            return read(item, self._spelling)
        except Exception as error:
            self._complain(self._spelling.label(table, item.name or item.__visit_name__), first_line(error))
            return None

    def _try(self, subject: str, read: Callable[..., T | None], *arguments: Any) -> T | None:
        """One object; when it cannot be expressed it is listed, and the others go on."""
        try:
            return read(*arguments)
        except Exception as error:
            self._complain(subject, first_line(error))
            return None

    def _complain_of_column(self, native: NativeColumn[Any], reason: str) -> None:
        self._complain(self._spelling.label(native.table, str(native.name)), reason)

    def _complain(self, subject: str, reason: str) -> None:
        self._unreadable.append((subject, reason))


def all_tables(models: Models) -> Iterator[NativeTable]:
    """Every table of every metadata, in the order of declaration."""
    for metadata in models.metadata:
        yield from metadata.tables.values()


def _append(items: list[T], item: T | None) -> None:
    if item is not None:
        items.append(item)


def _by_name(item: tuple[QualifiedName, Any]) -> tuple[str, str]:
    return item[0].schema or "", item[0].name
