"""Who corresponds to whom."""

from __future__ import annotations

from collections.abc import Collection

from drift.alignment.columns import Truncate, pair_columns
from drift.alignment.interior import pair_interior
from drift.alignment.normal import normal
from drift.alignment.objects import (
    pair_objects,
    rename_by_use,
    rename_enums,
    rename_sequences,
    rename_version_sequences,
)
from drift.alignment.pairs import Alignment, TablePair
from drift.alignment.qualify import qualified
from drift.alignment.renaming import renaming
from drift.alignment.tables import pair_tables
from drift.alignment.unique_indexes import as_the_models_call_them
from drift.schema import Column, QualifiedName, Schema


def align(
    expected: Schema,
    actual: Schema,
    *,
    truncate: Truncate = str,
    excluded: Collection[QualifiedName] = (),
) -> Alignment:
    """Pair what the models expect with what the database holds.

    Pure; the work grows linearly with the size of the two schemas.

    Args:
        expected: What should be there. Names without a schema get the actual side's default schema.
        actual: What is there.
        truncate: What the server makes of a name that is too long (``Dialect.truncate``).
        excluded: Further tables that are neither missing nor unexpected. Tables of ``expected.relation_names`` that
            are not among its tables (left out by the project's filters) are excluded anyway.
    """
    expected = normal(qualified(expected, actual.default_schema), actual)
    actual = as_the_models_call_them(actual, expected)
    known = {table.name for table in expected.tables}
    excluded = frozenset(excluded).union(name for name in expected.relation_names if name not in known)
    enums = rename_enums(pair_objects(expected.enums, actual.enums, truncate))
    domains = pair_objects(expected.domains, actual.domains, truncate)
    sequences = pair_objects(expected.sequences, actual.sequences, truncate)
    names = renaming(Alignment(expected, actual, enums=enums, domains=domains))

    def same_type(left: Column, right: Column) -> bool:
        return left.type == right.type or (bool(names.types) and names.type(left.type) == right.type)

    found, missing, unexpected = pair_tables(expected, actual, truncate, excluded)
    lacking = {table.name for table in missing}
    tables: list[TablePair] = []
    for table in expected.tables:
        twin = found.get(table.name)
        if twin is not None:
            columns = pair_columns(table, twin.table, truncate, same_type)
            tables.append(TablePair(table, twin.table, twin.evidence is not None, twin.evidence, columns))
        elif table.name in lacking:
            tables.append(TablePair(table, None))
    outline = tuple(tables)
    enums = rename_by_use(enums, outline, lambda column: column.enum)
    sequences = rename_version_sequences(sequences, expected, actual)
    sequences = rename_sequences(rename_by_use(sequences, outline, lambda column: column.sequence))
    names = renaming(Alignment(expected, actual, outline, enums, domains))
    paired = [
        pair if pair.expected is None or pair.actual is None else pair_interior(pair, names, truncate)
        for pair in outline
    ]
    paired.extend(TablePair(None, table) for table in unexpected)
    return Alignment(expected, actual, tuple(paired), enums, domains, sequences)
