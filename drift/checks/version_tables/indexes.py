"""Indexes of version tables."""

from __future__ import annotations

from collections.abc import Iterator

from drift.checks.context import SchemaView, TableView
from drift.checks.registry import check
from drift.checks.version_tables.support import VersionPair, finding, located, subject_of, version_pair
from drift.findings import Outcome, Safety, Severity, SubjectKind
from drift.schema import Index


def _spelled(index: Index) -> str:
    keys = ", ".join(
        f"{column}{' DESC' if key.descending else ''}" for key, column in zip(index.keys, index.columns, strict=True)
    )
    return f"{'UNIQUE ' if index.unique else ''}({keys})"


@check("VT107", "version-index-missing", Severity.WARNING)
def version_index_missing(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table lacks an index of Continuum's.

    There is one on each internal column, one for each indexed column of the versioned table, and since Continuum 1.6
    two on key and transaction: `ix_<table>_pk_transaction_id` and, for the strategy `validity`,
    `ix_<table>_pk_validity`.

    ## What happens at run time

    No error. `versions`, `previous`, `next` and the closing of the last version, which happens at every flush, read the
    whole history of a table instead of a few rows.

    ## Way out

    Create the index concurrently. The two since 1.6 can be declined with `{"create_composite_index": False}`.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for one in version.pair.indexes:
        if one.expected is None or one.actual is not None or version.missing_columns() & set(one.expected.columns):
            continue
        index = one.expected
        composite = index.name is not None and index.name.endswith(("_pk_transaction_id", "_pk_validity"))
        yield finding(
            "VT107",
            "version-index-missing",
            Severity.WARNING,
            subject_of(SubjectKind.INDEX, version.expected, index.name, index.columns),
            "Reading and closing versions scans the whole history.",
            expected=_spelled(index),
            note="Continuum builds it since 1.6" if composite else None,
            locations=located(version.parent),
            repair="create-index",
            safety=Safety.SAFE,
            columns=index.columns,
        )


@check("VT210", "version-index-unexpected", Severity.INFO)
def version_index_unexpected(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """A version table has an index that Continuum does not build.

    Continuum copies `index=True` of single columns only, no `Index(...)` of the table. (Unique ones are VT203.)

    ## What happens at run time

    Nothing breaks; each version costs a little more to write.

    ## Way out

    Keep it where it serves a query of yours, and ignore the finding; or drop it with `--allow-drop`.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for one in version.pair.indexes:
        if one.expected is not None or one.actual is None or one.actual.unique:
            continue
        index = one.actual
        yield finding(
            "VT210",
            "version-index-unexpected",
            Severity.INFO,
            subject_of(SubjectKind.INDEX, version.expected, index.name, index.columns),
            "Continuum builds no such index.",
            actual=_spelled(index),
            locations=located(version.parent),
            repair="drop-index",
            safety=Safety.SAFE,
            columns=index.columns,
        )


def _differences(version: VersionPair, expected: Index, actual: Index) -> tuple[str, ...]:
    names = {
        pair.expected.name: pair.actual.name
        for pair in version.pair.columns
        if pair.expected is not None and pair.actual is not None
    }
    wanted = tuple(names.get(column, column) for column in expected.columns)
    facets = (
        ("columns", wanted == actual.columns),
        ("uniqueness", expected.unique == actual.unique),
        ("method", expected.method == actual.method),
        ("order", tuple(k.descending for k in expected.keys) == tuple(k.descending for k in actual.keys)),
        ("predicate", (expected.predicate is None) == (actual.predicate is None)),
        ("included columns", expected.include == actual.include),
    )
    return tuple(name for name, same in facets if not same)


@check("VT313", "version-index-mismatch", Severity.WARNING)
def version_index_mismatch(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """An index of a version table differs from the one that Continuum builds, or has another name.

    ## What happens at run time

    No error unless it is unique (then the second version of a row is rejected). Without `DESC` on the transaction the
    newest version of a row takes a sort. Another name alone is harmless; migrations that name the index fail.

    ## Way out

    Rename the index, or build the right one concurrently and drop the other.
    """
    version = version_pair(table, schema)
    if version is None:
        return
    for one in version.pair.indexes:
        if one.expected is None or one.actual is None:
            continue
        different = _differences(version, one.expected, one.actual)
        # Names follow from the table's own: a misnamed table is told once.
        renamed = one.renamed and not version.pair.renamed
        if not different and not renamed:
            continue
        severity = Severity.INFO if not different else Severity.WARNING
        yield finding(
            "VT313",
            "version-index-mismatch",
            Severity.ERROR if "uniqueness" in different and one.actual.unique else severity,
            subject_of(SubjectKind.INDEX, version.expected, one.expected.name or one.actual.name, one.actual.columns),
            f"The index differs in {', '.join(different)} from the one that Continuum builds."
            if different
            else "The index has another name than the models give it.",
            expected=_spelled(one.expected) if different else one.expected.name,
            actual=_spelled(one.actual) if different else one.actual.name,
            locations=located(version.parent),
            repair="replace-index" if different else "rename-index",
            columns=one.actual.columns,
            differs=different,
        )
