"""Boolean queries on the catalog and on rows: what is done already, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drift.migration.ddl.quoting import Quoting
from drift.schema import ForeignKey, QualifiedName

_SHOWN = 40
"""Characters of a value that a message shows."""


class Queries:
    """Writes boolean queries.

    Args:
        quoting: How names are written.
    """

    def __init__(self, quoting: Quoting) -> None:
        self.quoting = quoting

    def _regclass(self, name: QualifiedName) -> str:
        return f"to_regclass({self.quoting.literal(self.quoting.qualified(name))})"

    def schema_exists(self, schema: str) -> str:
        """A schema of that name exists."""
        return f"SELECT to_regnamespace({self.quoting.literal(self.quoting.name(schema))}) IS NOT NULL"

    def relation_exists(self, name: QualifiedName) -> str:
        """A table, view, index, or sequence of that name exists; on MySQL and MariaDB a table or a view."""
        if self._is_mysql:
            return f"SELECT EXISTS (SELECT 1 FROM information_schema.TABLES WHERE {self._of_mysql(name)})"
        if self.quoting.dialect == "sqlite":
            return f"SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = {self.quoting.literal(name.name)})"
        return f"SELECT {self._regclass(name)} IS NOT NULL"

    @property
    def _is_mysql(self) -> bool:
        return self.quoting.dialect in ("mysql", "mariadb")

    def _of_mysql(self, name: QualifiedName) -> str:
        schema = "DATABASE()" if self.quoting.schema(name) is None else self.quoting.literal(str(name.schema))
        return f"TABLE_SCHEMA = {schema} AND TABLE_NAME = {self.quoting.literal(name.name)}"

    def column_exists(self, table: QualifiedName, column: str) -> str:
        """The table has that column."""
        literal = self.quoting.literal
        if self._is_mysql:
            where = f"{self._of_mysql(table)} AND COLUMN_NAME = {literal(column)}"
            return f"SELECT EXISTS (SELECT 1 FROM information_schema.COLUMNS WHERE {where})"
        if self.quoting.dialect == "sqlite":
            rows = f"pragma_table_info({literal(table.name)})"
            return f"SELECT EXISTS (SELECT 1 FROM {rows} WHERE name = {literal(column)})"
        return (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute "
            f"WHERE attrelid = {self._regclass(table)} AND attname = {self.quoting.literal(column)} "
            "AND NOT attisdropped)"
        )

    def column_missing(self, table: QualifiedName, column: str) -> str:
        """The table does not have that column."""
        return self.column_exists(table, column).replace("SELECT EXISTS", "SELECT NOT EXISTS", 1)

    def column_has_type(self, table: QualifiedName, column: str, type_: str) -> str:
        """The column has that type, whatever its arguments."""
        return (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute "
            f"WHERE attrelid = {self._regclass(table)} AND attname = {self.quoting.literal(column)} "
            f"AND atttypid = to_regtype({self.quoting.literal(type_)}))"
        )

    def not_null(self, table: QualifiedName, column: str) -> str:
        """The column is NOT NULL."""
        return (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute "
            f"WHERE attrelid = {self._regclass(table)} AND attname = {self.quoting.literal(column)} AND attnotnull)"
        )

    def constraint_exists(self, table: QualifiedName, name: str) -> str:
        """The table has a constraint of that name. SQLite is not asked: its tables have all of them at once."""
        if self._is_mysql:
            where = f"{self._of_mysql(table)} AND CONSTRAINT_NAME = {self.quoting.literal(name)}"
            return f"SELECT EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS WHERE {where})"
        return (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint "
            f"WHERE conrelid = {self._regclass(table)} AND conname = {self.quoting.literal(name)})"
        )

    def constraint_missing(self, table: QualifiedName, name: str) -> str:
        """The table has no constraint of that name."""
        return self.constraint_exists(table, name).replace("SELECT EXISTS", "SELECT NOT EXISTS", 1)

    def relation_missing(self, name: QualifiedName) -> str:
        """No relation has that name."""
        if self.quoting.dialect == "postgresql":
            return f"SELECT {self._regclass(name)} IS NULL"
        return self.relation_exists(name).replace("SELECT EXISTS", "SELECT NOT EXISTS", 1)

    def index_invalid(self, name: QualifiedName) -> str:
        """The index exists and is the leftover of a build that failed."""
        return (
            f"SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_index WHERE indexrelid = {self._regclass(name)} "
            "AND NOT indisvalid)"
        )

    def type_exists(self, name: QualifiedName) -> str:
        """A type of that name exists."""
        return f"SELECT to_regtype({self.quoting.literal(self.quoting.qualified(name))}) IS NOT NULL"

    def type_missing(self, name: QualifiedName) -> str:
        """No type has that name."""
        return f"SELECT to_regtype({self.quoting.literal(self.quoting.qualified(name))}) IS NULL"

    def label_exists(self, enum: QualifiedName, label: str) -> str:
        """The enum has that label."""
        return (
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_enum "
            f"WHERE enumtypid = to_regtype({self.quoting.literal(self.quoting.qualified(enum))}) "
            f"AND enumlabel = {self.quoting.literal(label)})"
        )

    # rows

    def has_rows(self, table: QualifiedName, condition: str | None = None) -> str:
        """Some row exists (that satisfies the condition)."""
        where = f" WHERE {condition}" if condition else ""
        return f"SELECT EXISTS (SELECT 1 FROM {self.quoting.qualified(table)}{where})"

    def sample(self, table: QualifiedName, condition: str, column: str) -> str:
        """How many rows satisfy the condition, and the beginning of what one of them holds in the (quoted) column."""
        shown = {
            "sqlite": f"substr(quote({column}), 1, {_SHOWN})",
            "postgresql": f"left({column}::text, {_SHOWN})",
        }.get(self.quoting.dialect, f"LEFT(CAST({column} AS CHAR), {_SHOWN})")
        return f"SELECT count(*), min({shown}) FROM {self.quoting.qualified(table)} WHERE {condition}"

    def duplicates(
        self,
        table: QualifiedName,
        columns: Sequence[str],
        *,
        expressions: Iterable[str] = (),
        condition: str | None = None,
        nulls_equal: bool = False,
    ) -> str:
        """Some key occurs twice; rows with a NULL in it do not count unless NULLs are equal."""
        keys = [self.quoting.name(column) for column in columns] + [f"({text})" for text in expressions]
        conditions = [] if nulls_equal else [f"{key} IS NOT NULL" for key in keys]
        if condition:
            conditions.append(f"({condition})")
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return (
            f"SELECT EXISTS (SELECT 1 FROM {self.quoting.qualified(table)}{where} "
            f"GROUP BY {', '.join(keys)} HAVING count(*) > 1)"
        )

    def conflicts(self, table: QualifiedName, elements: Sequence[tuple[str, str]], condition: str | None) -> str:
        """Two rows fulfil all operators at once. Elements: what is compared, and by which operator."""
        values = ", ".join(f"{value} AS e{number}" for number, (value, _) in enumerate(elements))
        where = f" WHERE {condition}" if condition else ""
        rows = f"(SELECT row_number() OVER () AS n, {values} FROM {self.quoting.qualified(table)}{where})"
        both = " AND ".join(f"a.e{number} {operator} b.e{number}" for number, (_, operator) in enumerate(elements))
        return f"SELECT EXISTS (SELECT 1 FROM {rows} AS a JOIN {rows} AS b ON a.n < b.n AND {both})"

    def orphans(
        self,
        table: QualifiedName,
        key: ForeignKey,
        child: Sequence[str] | None = None,
        parent: Sequence[str] | None = None,
    ) -> str:
        """Some row points at nothing. Both ends may be given as expressions over ``child`` and ``parent``."""
        child = child or [f"child.{self.quoting.name(column)}" for column in key.columns]
        parent = parent or [f"parent.{self.quoting.name(column)}" for column in key.target_columns]
        match = " AND ".join(f"{target} = {column}" for target, column in zip(parent, child, strict=True))
        filled = " AND ".join(f"{column} IS NOT NULL" for column in child)
        return (
            f"SELECT EXISTS (SELECT 1 FROM {self.quoting.qualified(table)} AS child WHERE {filled} AND NOT EXISTS "
            f"(SELECT 1 FROM {self.quoting.qualified(key.target)} AS parent WHERE {match}))"
        )
