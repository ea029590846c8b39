"""PostgreSQL's DDL from nouns. Every function returns one statement or clause, without a final semicolon."""

from __future__ import annotations

from dataclasses import dataclass

from drift.migration.ddl.quoting import Quoting
from drift.migration.ddl.restoring import restored
from drift.schema import (
    Check,
    Column,
    Domain,
    Enum,
    Exclusion,
    ExclusionElement,
    ForeignKey,
    Identity,
    Index,
    IndexKey,
    Persistence,
    PrimaryKey,
    QualifiedName,
    Sequence,
    Table,
    TableKind,
    Unique,
)

Constraint = PrimaryKey | Unique | ForeignKey | Check | Exclusion

_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


def is_serial(column: Column) -> bool:
    """Whether the column is numbered by a sequence that its own definition must make."""
    return column.auto_increment and column.identity is None and column.type in _SERIAL


@dataclass(frozen=True, slots=True)
class PostgresDDL:
    """Writes PostgreSQL's DDL.

    Attributes:
        quoting: How names are written.
        schemas: Schemas that exist, to tell the collation ``app.german`` from ``en_US.utf8``.
    """

    quoting: Quoting
    schemas: tuple[str, ...] = ()

    # columns

    def type(self, column: Column) -> str:
        """The type with its collation."""
        if column.collation is None:
            return column.type
        return f"{column.type} COLLATE {self.collation(column.collation)}"

    def collation(self, name: str) -> str:
        """A collation's name; readers spell it unquoted, and qualified outside of ``pg_catalog``."""
        schema, dot, rest = name.partition(".")
        parts = [schema, rest] if dot and schema in self.schemas else [name]
        return ".".join('"' + part.replace('"', '""') + '"' for part in parts)

    def identity(self, identity: Identity) -> str:
        """``GENERATED ... AS IDENTITY`` with its options."""
        options = self.sequence_options(identity)
        kind = "ALWAYS" if identity.always else "BY DEFAULT"
        return f"GENERATED {kind} AS IDENTITY" + (f" ({' '.join(options)})" if options else "")

    def sequence_options(self, options: Identity | Sequence) -> list[str]:
        """Options that are given; absent ones are the server's default."""
        words = []
        if options.increment is not None:
            words.append(f"INCREMENT BY {options.increment}")
        if options.minimum is not None:
            words.append(f"MINVALUE {options.minimum}")
        if options.maximum is not None:
            words.append(f"MAXVALUE {options.maximum}")
        if options.start is not None:
            words.append(f"START WITH {options.start}")
        if options.cache is not None:
            words.append(f"CACHE {options.cache}")
        if options.cycle is not None:
            words.append("CYCLE" if options.cycle else "NO CYCLE")
        return words

    def default(self, column: Column) -> str | None:
        """The default as it is written behind ``SET DEFAULT``."""
        if column.default is not None:
            return column.default.sql
        if column.auto_increment and column.identity is None and column.sequence is not None:
            return f"nextval({self.quoting.literal(self.quoting.qualified(column.sequence))}::regclass)"
        return None

    def column(self, column: Column, *, nullable: bool | None = None, serial: bool = False) -> str:
        """A column definition. ``serial`` lets the column make its own sequence."""
        words = [self.quoting.name(column.name)]
        if serial and is_serial(column):
            words.append(_SERIAL[column.type])
        else:
            words.append(self.type(column))
            if column.generated is not None:
                stored = "STORED" if column.generated_stored else "VIRTUAL"
                words.append(f"GENERATED ALWAYS AS ({column.generated.sql}) {stored}")
            elif column.identity is not None:
                words.append(self.identity(column.identity))
            elif (default := self.default(column)) is not None:
                words.append(f"DEFAULT {default}")
        if not (column.nullable if nullable is None else nullable):
            words.append("NOT NULL")
        return " ".join(words)

    # constraints

    def clause(self, constraint: Constraint) -> str:
        """The body of a constraint, without its name."""
        if isinstance(constraint, PrimaryKey | Unique):
            return self._key(constraint)
        if isinstance(constraint, ForeignKey):
            return self._foreign_key(constraint)
        if isinstance(constraint, Check):
            return (
                f"CHECK ({restored(constraint.expression.sql)})"
                + (" NO INHERIT" if constraint.no_inherit else "")
                + ("" if constraint.enforced else " NOT ENFORCED")
                + ("" if constraint.validated else " NOT VALID")
            )
        return self._exclusion(constraint)

    def _key(self, key: PrimaryKey | Unique) -> str:
        words = ["PRIMARY KEY" if isinstance(key, PrimaryKey) else "UNIQUE"]
        if isinstance(key, Unique) and key.nulls_not_distinct:
            words.append("NULLS NOT DISTINCT")
        words.append(f"({self.quoting.names(key.columns)})")
        if key.include:
            words.append(f"INCLUDE ({self.quoting.names(key.include)})")
        return " ".join(words) + self.deferrability(key)

    def deferrability(self, constraint: PrimaryKey | Unique | ForeignKey | Exclusion) -> str:
        """``DEFERRABLE ...`` with a leading space, or nothing."""
        if not constraint.deferrable:
            return ""
        return " DEFERRABLE INITIALLY DEFERRED" if constraint.initially_deferred else " DEFERRABLE"

    def _foreign_key(self, key: ForeignKey) -> str:
        words = [
            f"FOREIGN KEY ({self.quoting.names(key.columns)})",
            f"REFERENCES {self.quoting.qualified(key.target)} ({self.quoting.names(key.target_columns)})",
        ]
        if key.match != "SIMPLE":
            words.append(f"MATCH {key.match}")
        if key.on_update != "NO ACTION":
            words.append(f"ON UPDATE {key.on_update}")
        if (action := self.on_delete(key)) is not None:
            words.append(f"ON DELETE {action}")
        text = " ".join(words) + self.deferrability(key)
        if not key.enforced:
            text += " NOT ENFORCED"
        return text if key.validated else text + " NOT VALID"

    def on_delete(self, key: ForeignKey) -> str | None:
        """What happens to a row whose target is deleted; ``None`` where nothing is said."""
        if key.on_delete == "NO ACTION":
            return None
        return f"{key.on_delete} ({self.quoting.names(key.delete_columns)})" if key.delete_columns else key.on_delete

    def _exclusion(self, exclusion: Exclusion) -> str:
        elements = ", ".join(self._element(element) for element in exclusion.elements)
        text = f"EXCLUDE USING {exclusion.method} ({elements})"
        if exclusion.predicate is not None:
            text += f" WHERE ({restored(exclusion.predicate.sql)})"
        return text + self.deferrability(exclusion)

    def _element(self, element: ExclusionElement) -> str:
        text = self._what(element.column, element.expression.sql if element.expression else "")
        return text + (f" {element.opclass}" if element.opclass else "") + f" WITH {element.operator}"

    def _what(self, column: str | None, expression: str) -> str:
        return self.quoting.name(column) if column is not None else f"({expression})"

    def add_constraint(self, table: QualifiedName, name: str, constraint: Constraint) -> str:
        """``ALTER TABLE ... ADD CONSTRAINT``."""
        return (
            f"ALTER TABLE {self.quoting.qualified(table)} "
            f"ADD CONSTRAINT {self.quoting.name(name)} {self.clause(constraint)}"
        )

    def drop_constraint(self, table: QualifiedName, name: str) -> str:
        """``ALTER TABLE ... DROP CONSTRAINT``."""
        return f"ALTER TABLE {self.quoting.qualified(table)} DROP CONSTRAINT {self.quoting.name(name)}"

    # indexes

    def _index_key(self, key: IndexKey) -> str:
        text = self._what(key.column, key.expression.sql if key.expression else "")
        if key.collation is not None:
            text += f" COLLATE {self.collation(key.collation)}"
        if key.opclass is not None:
            text += f" {key.opclass}"
        if key.descending:
            text += " DESC"
        if key.nulls_first != key.descending:
            text += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
        return text

    def create_index(
        self, table: QualifiedName, name: str, index: Index, *, concurrently: bool = False, if_not_exists: bool = False
    ) -> str:
        """``CREATE INDEX``."""
        words = ["CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX"]
        if concurrently:
            words.append("CONCURRENTLY")
        if if_not_exists:
            words.append("IF NOT EXISTS")
        words += [self.quoting.name(name), "ON", self.quoting.qualified(table)]
        if index.method != "btree":
            words.append(f"USING {index.method}")
        words.append(f"({', '.join(self._index_key(key) for key in index.keys)})")
        if index.include:
            words.append(f"INCLUDE ({self.quoting.names(index.include)})")
        if index.nulls_not_distinct:
            words.append("NULLS NOT DISTINCT")
        if index.options:
            words.append("WITH (" + ", ".join(f"{key} = {value}" for key, value in index.options) + ")")
        if index.predicate is not None:
            words.append(f"WHERE {restored(index.predicate.sql)}")
        return " ".join(words)

    def index_name(self, table: QualifiedName, name: str) -> QualifiedName:
        """An index lives in its table's schema."""
        return QualifiedName(table.schema, name)

    # types and sequences

    def create_enum(self, enum: Enum) -> str:
        """``CREATE TYPE ... AS ENUM``."""
        labels = ", ".join(self.quoting.literal(label) for label in enum.labels)
        return f"CREATE TYPE {self.quoting.qualified(enum.name)} AS ENUM ({labels})"

    def create_domain(self, domain: Domain) -> str:
        """``CREATE DOMAIN``."""
        words = [f"CREATE DOMAIN {self.quoting.qualified(domain.name)} AS {domain.type}"]
        if domain.collation is not None:
            words.append(f"COLLATE {self.collation(domain.collation)}")
        if domain.default is not None:
            words.append(f"DEFAULT {domain.default.sql}")
        if not domain.nullable:
            words.append("NOT NULL")
        for check in domain.checks:
            name = f"CONSTRAINT {self.quoting.name(check.name)} " if check.name is not None else ""
            words.append(f"{name}CHECK ({check.expression.sql})")
        return " ".join(words)

    def create_sequence(self, sequence: Sequence) -> str:
        """``CREATE SEQUENCE``, not owned yet."""
        words = [f"CREATE SEQUENCE {self.quoting.qualified(sequence.name)}"]
        if sequence.type != "bigint":
            words.append(f"AS {sequence.type}")
        return " ".join([*words, *self.sequence_options(sequence)])

    def own_sequence(self, sequence: QualifiedName, owner: tuple[QualifiedName, str] | None) -> str:
        """``ALTER SEQUENCE ... OWNED BY``."""
        by = "NONE" if owner is None else f"{self.quoting.qualified(owner[0])}.{self.quoting.name(owner[1])}"
        return f"ALTER SEQUENCE {self.quoting.qualified(sequence)} OWNED BY {by}"

    # tables and views

    def create_table(self, table: Table, *, serial: bool = False) -> str:
        """``CREATE TABLE`` with columns, keys, checks and exclusions; foreign keys and indexes come apart."""
        lines = [self.column(column, serial=serial) for column in table.columns]
        constraints: list[Constraint] = [*table.uniques, *table.checks, *table.exclusions]
        if table.primary_key is not None:
            constraints.insert(0, table.primary_key)
        for constraint in constraints:
            if isinstance(constraint, Check) and not constraint.validated:
                continue  # a new table's checks are valid at once; the caller adds these apart
            name = f"CONSTRAINT {self.quoting.name(constraint.name)} " if constraint.name is not None else ""
            lines.append(name + self.clause(constraint))
        kind = "UNLOGGED TABLE" if table.persistence is Persistence.UNLOGGED else "TABLE"
        body = ",\n    ".join(lines)
        text = f"CREATE {kind} {self.quoting.qualified(table.name)} (\n    {body}\n)"
        if table.inherits:
            text += f" INHERITS ({', '.join(self.quoting.qualified(parent) for parent in table.inherits)})"
        if table.partition_key is not None:
            text += f" PARTITION BY {table.partition_key.sql}"
        if table.options:
            text += " WITH (" + ", ".join(f"{key} = {value}" for key, value in table.options) + ")"
        return text

    def create_view(self, view: Table) -> str:
        """``CREATE [MATERIALIZED] VIEW``."""
        kind = "MATERIALIZED VIEW" if view.kind is TableKind.MATERIALIZED_VIEW else "VIEW"
        query = view.definition.sql.rstrip().rstrip(";") if view.definition is not None else ""
        return f"CREATE {kind} {self.quoting.qualified(view.name)} AS {query}"

    def comment(self, what: str, text: str | None) -> str:
        """``COMMENT ON``; ``what`` is for example ``TABLE users``."""
        return f"COMMENT ON {what} IS {'NULL' if text is None else self.quoting.literal(text)}"
