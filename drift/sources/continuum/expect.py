"""What SQLAlchemy-Continuum expects of the database, added to what the models expect.

Continuum builds ordinary ``Table`` objects, so their columns, keys and indexes are in the expected schema already. What
is added here is the knowledge behind them: which table versions which, what its internal columns are called, which
columns are modification flags, the triggers of native versioning, and what is wrong with the models themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drift.dialects import ServerInfo, dialect_for
from drift.schema import (
    AuditTrigger,
    Column,
    Location,
    QualifiedName,
    Schema,
    Sequence,
    Table,
    VersioningFlaw,
    VersioningRole,
    VersionTable,
)
from drift.sources.continuum import flaws
from drift.sources.continuum.managers import (
    PACKAGE,
    Versioned,
    in_use,
    managers,
    mod_suffix,
    plugin_tables,
    transaction_table,
    versioned_tables,
)
from drift.sources.continuum.naming import Naming
from drift.sources.continuum.native import audit_triggers
from drift.sources.continuum.unbuilt import building

if TYPE_CHECKING:
    import sqlalchemy as sa

    from drift.sources.models.loaded import ExpectOptions, Models


def expect_versioning(models: Models, schema: Schema, info: ServerInfo, options: ExpectOptions | None = None) -> Schema:
    """The expected schema with Continuum's part in it; unchanged when the application does not use Continuum.

    The mappers must have been configured: Continuum builds its tables in that moment. Continuum is never imported
    here unless the application has imported it.

    Args:
        models: The application's models.
        schema: The expected schema, tables that Continuum built included.
        info: The server that the expectation is for.
        options: As they were given to ``expect``.
    """
    if not in_use():
        return schema
    from drift.sources.models.expectation import expect

    translate = options.schema_translate_map if options is not None else {}
    dialect = dialect_for(info.dialect)
    naming = Naming(info.default_schema, dialect.truncate, translate)
    metadata = models.metadata
    busy = managers(metadata)
    found = [(manager, tuple(versioned_tables(manager, metadata))) for manager in busy]
    draft = _Draft(schema, naming)
    with building(one for _, versioned in found for one in versioned) as built:
        if built:
            draft.add_unbuilt(built.values(), expect(models, dialect, info, options))
        for manager, versioned in found:
            draft.add_manager(manager, tuple(built.get(id(one), one) for one in versioned), metadata)
    draft.flaws.extend(flaws.unversioned_models(busy, metadata, naming))
    return draft.finish(info)


class _Draft:
    """Collects what the managers add, and applies it to the schema in one pass."""

    def __init__(self, schema: Schema, naming: Naming) -> None:
        self.schema = schema
        self.naming = naming
        self.roles: dict[QualifiedName, VersioningRole] = {}
        self.sequence_roles: dict[QualifiedName, VersioningRole] = {}
        self.versions: dict[QualifiedName, VersionTable] = {}
        self.triggers: list[AuditTrigger] = []
        self.flaws: list[VersioningFlaw] = []

    def add_unbuilt(self, built: Collection[Versioned], wide: Schema) -> None:
        """Version tables that Continuum does not build itself, from a schema that was read while they were there."""
        known = {table.name for table in self.schema.tables}
        names = {self.naming.table(one.table) for one in built if one.table is not None} - known
        more = tuple(table for table in wide.tables if table.name in names)
        self.schema = replace(
            self.schema,
            tables=tuple(sorted((*self.schema.tables, *more), key=lambda table: table.name)),
            relation_names=tuple(sorted({*self.schema.relation_names, *names})),
        )

    def add_manager(self, manager: Any, found: Collection[Versioned], metadata: Collection[sa.MetaData]) -> None:
        """What one manager versions, its transaction table, its plugins' tables and its triggers."""
        for one in found:
            self._add_version(one)
            self.flaws.extend(flaws.table_flaws(one, self.naming))
        transaction = transaction_table(manager)
        if transaction is not None:
            self._add_own(transaction, VersioningRole.TRANSACTION)
            self.flaws.extend(flaws.transaction_flaws(manager, self.naming))
        for table in plugin_tables(manager):
            self._add_own(table, VersioningRole.PLUGIN)
        self.triggers.extend(audit_triggers(manager, found, metadata, self.naming))

    def _add_version(self, one: Versioned) -> None:
        if one.table is None:
            return
        name = self.naming.table(one.table)
        association = one.model is None
        self.roles[name] = VersioningRole.ASSOCIATION_VERSION if association else VersioningRole.VERSION
        suffix = None if association else mod_suffix(one.manager)
        transaction = transaction_table(one.manager)
        end = one.option("end_transaction_column_name") if one.option("strategy") == "validity" else None
        self.versions[name] = VersionTable(
            table=name,
            parent=self.naming.table(one.parent),
            transaction_column=one.option("transaction_column_name"),
            end_transaction_column=end,
            operation_type_column=one.option("operation_type_column_name"),
            mod_columns=_mod_columns(one.parent, one.table, suffix, self.naming),
            mod_suffix=suffix,
            transaction=None if transaction is None else self.naming.table(transaction),
        )

    def _add_own(self, table: sa.Table, role: VersioningRole) -> None:
        """The transaction table, or a plugin's, and the sequence that numbers it."""
        self.roles[self.naming.table(table)] = role
        for column in table.primary_key.columns:
            default = column.default
            if default is not None and default.is_sequence:
                sequence: Any = default
                self.sequence_roles[self.naming.qualified(sequence.schema, sequence.name)] = role

    def finish(self, info: ServerInfo) -> Schema:
        known = {table.name: table for table in self.schema.tables}
        return replace(
            self.schema,
            tables=tuple(self._table(table, known) for table in self.schema.tables),
            sequences=tuple(self._sequence(sequence) for sequence in self.schema.sequences),
            version_tables=tuple(self.versions[name] for name in sorted(self.versions) if name in known),
            audit_triggers=tuple(one for one in self.triggers if info.dialect == "postgresql" and one.table in known),
            version_flaws=tuple(self._located(flaw, known) for flaw in self.flaws if flaw.table in known),
        )

    def _table(self, table: Table, known: Mapping[QualifiedName, Table]) -> Table:
        role = self.roles.get(table.name)
        if role is None:
            return table
        version = self.versions.get(table.name)
        parent = known.get(version.parent) if version is not None else None
        if version is None or parent is None:
            return _unlocated(replace(table, role=role))
        origins = {flag: column for column, flag in version.mod_columns}
        return replace(
            table,
            role=role,
            location=parent.location,
            columns=tuple(_located_column(column, parent, origins) for column in table.columns),
        )

    def _sequence(self, sequence: Sequence) -> Sequence:
        role = self.sequence_roles.get(sequence.name)
        return sequence if role is None else replace(sequence, role=role)

    def _located(self, flaw: VersioningFlaw, known: Mapping[QualifiedName, Table]) -> VersioningFlaw:
        table = known[flaw.table]
        column = table.column(flaw.column) if flaw.column is not None else None
        return replace(flaw, location=(column.location if column is not None else None) or table.location)


def _unlocated(table: Table) -> Table:
    """Without places inside Continuum's own source, which nobody is to change; columns of a mixin keep theirs."""

    def inside(location: Location | None) -> bool:
        return location is not None and PACKAGE in location.path

    columns = tuple(replace(one, location=None) if inside(one.location) else one for one in table.columns)
    return replace(table, location=None if inside(table.location) else table.location, columns=columns)


def _located_column(column: Column, parent: Table, origins: Mapping[str, str]) -> Column:
    """A version column points at the line of the versioned attribute; that is where a person can change it."""
    origin = parent.column(origins.get(column.name, column.name))
    return replace(column, location=origin.location if origin is not None else parent.location)


def _mod_columns(parent: sa.Table, table: sa.Table, suffix: str | None, naming: Naming) -> tuple[tuple[str, str], ...]:
    """Pairs (column, flag) that the built table really has; names as the server stores them."""
    if suffix is None:
        return ()
    built = {column.name for column in table.columns}
    pairs = ((column.name, column.name + suffix) for column in parent.columns)
    return tuple((naming.truncate(name), naming.truncate(flag)) for name, flag in pairs if flag in built)
