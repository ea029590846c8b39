"""SQL on the rows of version tables (PostgreSQL). Nothing here deletes a version that is not kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drift.alignment.version_twins import recognise
from drift.findings import Finding
from drift.migration.context import PlanContext
from drift.migration.ddl.quoting import Quoting
from drift.schema import QualifiedName, Table, VersioningRole, VersionTable


@dataclass(frozen=True, slots=True)
class History:
    """A version table as it is called after the plan's renames.

    Attributes:
        name: The version table.
        parent: The versioned table.
        key: The versioned table's key columns.
        facts: Names of Continuum's columns.
        table: The expected version table.
    """

    quoting: Quoting
    name: QualifiedName
    parent: QualifiedName
    key: tuple[str, ...]
    facts: VersionTable
    table: Table

    @property
    def sql(self) -> str:
        """The version table in SQL."""
        return self.quoting.qualified(self.name)

    def column(self, name: str) -> str:
        """A column in SQL."""
        return self.quoting.name(name)

    @property
    def transaction(self) -> str:
        """The transaction column in SQL."""
        return self.column(self.facts.transaction_column)

    @property
    def end(self) -> str:
        """The end column in SQL; only with the strategy ``validity``."""
        assert self.facts.end_transaction_column is not None
        return self.column(self.facts.end_transaction_column)

    @property
    def operation(self) -> str:
        """The operation column in SQL."""
        return self.column(self.facts.operation_type_column)

    def same(self, left: str, right: str, *, transaction: bool = False) -> str:
        """Both aliases speak of the same entity (of the same version)."""
        names = (*self.key, self.facts.transaction_column) if transaction else self.key
        return " AND ".join(f"{left}.{self.column(name)} = {right}.{self.column(name)}" for name in names) or "true"

    def _window(self) -> str:
        return f"(PARTITION BY {self.quoting.names(self.key)} ORDER BY {self.transaction})"

    def compute_ends(self) -> str:
        """Each version ends where the next one of the same entity begins."""
        keys = self.quoting.names((*self.key, self.facts.transaction_column))
        return (
            f"UPDATE {self.sql} AS version SET {self.end} = following.next_transaction FROM "
            f"(SELECT {keys}, lead({self.transaction}) OVER {self._window()} AS next_transaction FROM {self.sql}) "
            f"AS following WHERE {self.same('version', 'following', transaction=True)} "
            f"AND version.{self.end} IS DISTINCT FROM following.next_transaction"
        )

    def derive_operations(self) -> str:
        """First version: insert. Newest version of an entity that is gone: delete. Every other: update."""
        keys = self.quoting.names((*self.key, self.facts.transaction_column))
        window = self._window()
        return (
            f"UPDATE {self.sql} AS version SET {self.operation} = CASE WHEN derived.place = 1 THEN 0 "
            f"WHEN derived.newest AND NOT EXISTS (SELECT 1 FROM {self.quoting.qualified(self.parent)} AS parent "
            f"WHERE {self.same('parent', 'version')}) THEN 2 ELSE 1 END FROM "
            f"(SELECT {keys}, row_number() OVER {window} AS place, lead({self.transaction}) OVER {window} IS NULL "
            f"AS newest FROM {self.sql}) AS derived WHERE {self.same('version', 'derived', transaction=True)} "
            f"AND version.{self.operation} IS NULL"
        )

    def _contents(self, alias: str, ignoring: tuple[str, ...]) -> str:
        """A row as one comparable value."""
        if not ignoring:
            return f"to_jsonb({alias})"
        names = ", ".join(self.quoting.literal(name) for name in ignoring)
        return f"(to_jsonb({alias}) - ARRAY[{names}]::text[])"

    def remove_copies(self, ignoring: tuple[str, ...] = ()) -> str:
        """Of rows that are equal in every column (but those ``ignoring``), one stays."""
        copy, kept = self._contents("copy", ignoring), self._contents("kept", ignoring)
        return (
            f"DELETE FROM {self.sql} AS copy USING {self.sql} AS kept WHERE copy.ctid > kept.ctid "
            f"AND {self.same('copy', 'kept', transaction=True)} AND {copy} = {kept}"
        )

    def has_conflicts(self, ignoring: tuple[str, ...] = ()) -> str:
        """Some key has rows with different contents (a boolean query)."""
        keys = self.quoting.names((*self.key, self.facts.transaction_column))
        contents = self._contents("version", ignoring)
        return (
            f"SELECT EXISTS (SELECT 1 FROM (SELECT DISTINCT {keys}, {contents} AS contents FROM {self.sql} "
            f"AS version) AS distinct_versions GROUP BY {keys} HAVING count(*) > 1)"
        )

    def write_baseline(self, transaction: QualifiedName, sequence: QualifiedName, columns: Iterable[str]) -> str:
        """One transaction, and one version for every row of the versioned table that has none."""
        flags = {flag for _, flag in self.facts.mod_columns}
        copied = [name for name in columns if name not in flags]
        missing = f"NOT EXISTS (SELECT 1 FROM {self.sql} AS version WHERE {self.same('version', 'parent')})"
        parent = f"{self.quoting.qualified(self.parent)} AS parent"
        targets = [*copied, self.facts.transaction_column, self.facts.operation_type_column, *sorted(flags)]
        values = [f"parent.{self.column(name)}" for name in copied]
        values += ["baseline.id", "0", *("true" for _ in flags)]
        literal = self.quoting.literal(self.quoting.qualified(sequence))
        return (
            f"WITH baseline AS (INSERT INTO {self.quoting.qualified(transaction)} (id, issued_at) "
            f"SELECT nextval({literal}), timezone('utc', now()) WHERE EXISTS (SELECT 1 FROM {parent} WHERE {missing}) "
            f"RETURNING id) INSERT INTO {self.sql} ({self.quoting.names(targets)}) SELECT {', '.join(values)} "
            f"FROM {parent} CROSS JOIN baseline WHERE {missing}"
        )


def history_of(finding: Finding, context: PlanContext) -> History | None:
    """The history that a finding speaks of, by its version table's expected name."""
    name = QualifiedName(finding.subject.schema, finding.subject.table or finding.subject.name)
    facts = next((one for one in context.alignment.expected.version_tables if one.table == name), None)
    table = context.alignment.expected.table(name)
    if facts is None or table is None or table.primary_key is None:
        return None
    key = tuple(column for column in table.primary_key.columns if column != facts.transaction_column)
    return History(context.quoting, name, facts.parent, key, facts, table)


def transaction_sequence(context: PlanContext, transaction: QualifiedName) -> QualifiedName | None:
    """The sequence that numbers a transaction table."""
    for sequence in context.alignment.expected.sequences:
        of_transactions = sequence.role is VersioningRole.TRANSACTION
        if of_transactions and sequence.name.name.startswith(f"{transaction.name}_"):
            return sequence.name
    return None


def numbers_in_use(context: PlanContext, transaction: QualifiedName, *, with_table: bool = True) -> str:
    """A scalar: the largest transaction number that the transaction table or any version table knows, or NULL."""
    quoting = context.quoting
    parts = [f"(SELECT max(id) FROM {quoting.qualified(transaction)})"] if with_table else []
    parts += [
        f"(SELECT max({quoting.name(facts.transaction_column)}) FROM {quoting.qualified(facts.table)})"
        for facts in known_histories(context, transaction)
    ]
    if not parts:
        return "NULL::bigint"
    return f"greatest({', '.join(parts)})" if len(parts) > 1 else parts[0]


def known_histories(context: PlanContext, transaction: QualifiedName) -> list[VersionTable]:
    """Version tables of that transaction table which exist, under their names or as twins, with their numbers."""
    present = {table.name: table for table in context.alignment.actual.tables}
    twins = {
        twin.expected: twin.actual
        for twin in recognise(context.alignment.expected, context.alignment.actual)
        if not twin.split
    }
    found = []
    for facts in context.alignment.expected.version_tables:
        table = present.get(twins.get(facts.table, facts.table))
        if (
            facts.transaction == transaction
            and table is not None
            and table.column(facts.transaction_column) is not None
        ):
            found.append(facts)
    return found
