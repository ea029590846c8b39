"""IX: indexes that are missing, unexpected, invalid, called something else, or impossible."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Pair
from drift.checks.causes import columns_of, follows_from_column
from drift.checks.context import VIEWS, SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.uniques import is_implied, stands_for_key
from drift.checks.wording import correct_the_models, found, listed, member_subject, places, repair
from drift.findings import Finding, Repair, Safety, Severity, Subject, SubjectKind
from drift.schema import Index, IndexKey, Table

_WITHOUT_DEFAULT = frozenset(
    {"varchar", "text", "char", "integer", "bigint", "smallint", "uuid", "boolean", "numeric", "date", "timestamp"}
    | {"timestamptz", "real", "double precision", "json", "bytea", "inet", "interval", "time"}
)
_EXTENSION = {"gin": "btree_gin", "gist": "btree_gist"}
_FOR_ALL_BUT_JSON = ("btree", "hash")


def subject_of(table: TableView, *indexes: Index | None) -> Subject:
    """An index by its first name, or its columns."""
    first = next(index for index in indexes if index is not None)
    return member_subject(SubjectKind.INDEX, table.name, *indexes, columns=first.columns)


def both(table: TableView) -> Iterator[tuple[Index, Index, Pair[Index]]]:
    """Indexes that both sides have."""
    if not table.indexed:
        return
    for pair in table.differing_indexes:
        if pair.expected is not None and pair.actual is not None and not follows_from_column(table, pair):
            yield pair.expected, pair.actual, pair


def text_of(index: Index) -> str:
    """An index in SQL, without its name."""
    text = f"{'UNIQUE ' if index.unique else ''}INDEX"
    if index.method != "btree":
        text += f" USING {index.method}"
    text += f" ({listed(key_text(key) for key in index.keys)})"
    if index.include:
        text += f" INCLUDE ({listed(index.include)})"
    if index.nulls_not_distinct:
        text += " NULLS NOT DISTINCT"
    if index.predicate is not None:
        text += f" WHERE {index.predicate}"
    return text


def replaced(index: Index, safety: Safety = Safety.BLOCKS_WRITES) -> Repair:
    """Put the expected index in the place of the one that is there."""
    return repair("replace-index", f"replace it by {text_of(index)}", safety=safety)


def key_text(key: IndexKey) -> str:
    """One key in SQL."""
    text = key.column if key.column is not None else f"({key.expression})"
    if key.length is not None:
        text += f"({key.length})"
    if key.collation is not None:
        text += f" COLLATE {key.collation}"
    if key.opclass is not None:
        text += f" {key.opclass}"
    return text + order_text(key)


def order_text(key: IndexKey) -> str:
    """The order of one key where it is not the default one."""
    text = " DESC" if key.descending else ""
    if key.nulls_first != key.descending:
        text += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
    return text


@check("IX101", "index-missing", Severity.WARNING)
def index_missing(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """An index of the models does not exist in the database.

    A missing unique index is an *error*; one whose keys another index has as well is *info*.

    ## Why it breaks at run time

    Queries that rely on it read the whole table: slow, then timeouts as the table grows. Without a unique index
    duplicates get in, and an upsert fails at once: `there is no unique or exclusion constraint matching the ON CONFLICT
    specification`.

    ## Example

        models      created_by: Mapped[str] = mapped_column(index=True)
        database    no index on issues (created_by)

    ## Repair

    Create it, `CONCURRENTLY` on busy tables. A unique one fails while there are duplicates.
    """
    if not table.indexed:
        return
    present = [pair.actual for pair in table.indexes if pair.actual is not None]
    for pair in table.indexes:
        index = pair.expected
        if index is None or pair.actual is not None or follows_from_column(table, pair):
            continue
        if why_impossible(index, table.wanted, schema) is not None:
            continue
        keys = schema.actual_names(table, index.columns)
        covered = not index.unique and any(
            other.method == index.method and other.predicate is None and other.columns == keys for other in present
        )
        severity = Severity.ERROR if index.unique else Severity.INFO if covered else Severity.WARNING
        if index.unique:
            message = "Duplicates get in, and an upsert on these columns fails."
        elif covered:
            message = "Another index has the same keys."
        else:
            message = "Queries that rely on it read the whole table."
        columns = columns_of(index, table.wanted)
        yield found(
            "IX101",
            subject_of(table, index),
            message,
            severity=severity,
            expected=text_of(index),
            note=pair.evidence,
            locations=places(*map(table.wanted.column, columns), table.wanted),
            repair=repair(
                "create-index",
                *(["remove duplicates"] if index.unique else []),
                f"create {text_of(index)}",
                safety=Safety.NEEDS_DATA if index.unique else Safety.BLOCKS_WRITES,
            ),
            columns=columns,
        )


@check("IX201", "index-unexpected", Severity.INFO)
def index_unexpected(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The database has an index that the models do not know.

    A unique one is a *warning*: it rejects rows. Indexes that a server made by itself for a foreign key are not meant,
    nor those of a materialised view whose model declares none.

    ## Why it matters

    It slows down every write a little, and a database that is made from the models lacks it. A unique one rejects rows
    that the models accept: `duplicate key value violates unique constraint`.

    ## Example

        models      nothing
        database    CREATE INDEX idx_experiments_workspace ON experiments (workspace)

    ## Repair

    Put it into the models (somebody needed it), or drop it.
    """
    if not table.indexed or (table.seen.kind in VIEWS and _unspoken(table, schema)):
        return
    for pair in table.indexes:
        index = pair.actual
        if index is None or pair.expected is not None or index.implicit or follows_from_column(table, pair):
            continue
        if any(label.endswith(f".{index.name}") for label in schema.unreadable):
            continue
        stricter = index.unique and table.stored and not is_implied(table, schema, index.columns)
        if index.unique and index.predicate is None and stands_for_key(table, schema, index.columns):
            continue
        yield found(
            "IX201",
            subject_of(table, index),
            "Rows that the models accept are rejected as duplicates."
            if stricter
            else "Every write (or refresh) pays for an index that the models do not know.",
            severity=Severity.WARNING if stricter else Severity.INFO,
            actual=text_of(index),
            note=None if index.valid else "it is invalid: the remains of a failed concurrent build",
            locations=places(table.wanted),
            repair=repair("drop-index", "put it into the models, or drop it"),
            columns=columns_of(index, table.seen),
        )


def _unspoken(table: TableView, schema: SchemaView) -> bool:
    """Whether models leave the indexes of a view to the migrations that make it."""
    return not table.wanted.indexes and schema.expected.server is None


@check("IX308", "index-invalid", Severity.WARNING)
def index_invalid(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The index exists but is invalid.

    ## Why it matters

    `CREATE INDEX CONCURRENTLY` that fails (a duplicate, a deadlock, a timeout) leaves an invalid index behind: queries
    do not use it, writes keep it up to date all the same, and `CREATE INDEX IF NOT EXISTS` takes it for done. A unique
    one does not keep duplicates out that are there already.

    ## Example

        database    "ix_users_email" UNIQUE, btree (email) INVALID

    ## Repair

    `REINDEX INDEX CONCURRENTLY`, or drop it and create it again, after removing what made it fail.
    """
    for wanted, seen, _pair in both(table):
        if seen.valid:
            continue
        yield found(
            "IX308",
            subject_of(table, seen, wanted),
            "Queries do not use it, and a unique one keeps no duplicates out that were there before.",
            expected="valid",
            actual="INVALID",
            locations=places(table.wanted),
            repair=repair("rebuild-index", f"rebuild {seen.name}", safety=Safety.NEEDS_DATA),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX309", "index-name-mismatch", Severity.INFO)
def index_name_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The index is called something else than the models say.

    The name that InnoDB gives to an index of its own is no concern of anybody.

    ## Why it matters

    A later migration that drops it by its name fails: `index "ix_users_email" does not exist`. Nothing else does.

    ## Example

        models      ix_users_email
        database    users_email_idx

    ## Repair

    `ALTER INDEX ... RENAME TO ...`: instant.
    """
    for wanted, seen, pair in both(table):
        if not pair.renamed or seen.implicit:
            continue
        yield found(
            "IX309",
            subject_of(table, wanted),
            "Migrations that use the expected name fail; nothing else does.",
            expected=wanted.name,
            actual=seen.name,
            note=pair.evidence,
            locations=places(table.wanted),
            repair=repair("rename-index", f"rename {seen.name} to {wanted.name}"),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX312", "index-model-broken", Severity.WARNING, Subjects.SCHEMA)
def index_model_broken(schema: SchemaView) -> Iterator[Finding]:
    """An index of the models cannot be created on this server.

    It has no columns, or its access method has no default operator class for a column's type. *info* where the database
    has an index of that name that works.

    ## Why it breaks at run time

    `create_all()`, and every migration that is generated from the model, fails: `data type character varying has no
    default operator class for access method "gin"`. Databases that were made by hand-written migrations are not
    affected.

    ## Example

        models      Index("ix_name", "name", postgresql_using="gin")
        database    USING gin (name gin_trgm_ops)

    ## Repair

    Name the operator class in the model: `postgresql_ops={"name": "gin_trgm_ops"}`. A migration cannot help.
    """
    for table in schema.views:
        if table.expected is None:
            continue
        for pair in table.indexes if table.complete else [Pair(index, None) for index in table.expected.indexes]:
            if pair.expected is not None and (reason := why_impossible(pair.expected, table.expected, schema)):
                yield _broken(table, pair.expected, pair.actual, reason)


def _broken(table: TableView, wanted: Index, seen: Index | None, reason: str) -> Finding:
    columns = columns_of(wanted, table.wanted)
    return found(
        "IX312",
        subject_of(table, wanted),
        f"Creating it fails: {reason}.",
        severity=Severity.INFO if seen is not None else Severity.WARNING,
        expected=text_of(wanted),
        actual=text_of(seen) if seen is not None else None,
        locations=places(*map(table.wanted.column, columns), table.wanted),
        repair=correct_the_models("correct the index in the model"),
        columns=columns,
    )


def why_impossible(index: Index, table: Table, schema: SchemaView) -> str | None:
    """Why no server can have this index, ``None`` when it can."""
    if not index.keys:
        return "it has no columns"
    if schema.actual.dialect != "postgresql":
        return None
    if index.method in _FOR_ALL_BUT_JSON and "json" not in [column.type for column in table.columns]:
        return None
    for key in index.keys:
        if key.column is None or key.opclass is not None:
            continue
        column = table.column(key.column)
        if column is not None and _lacks_opclass(column.type, index.method, schema):
            return f'data type {column.type} has no default operator class for access method "{index.method}"'
    return None


def _lacks_opclass(type_: str, method: str, schema: SchemaView) -> bool:
    if type_.endswith("[]"):
        return False
    name = type_.partition("(")[0]
    if method in _FOR_ALL_BUT_JSON:
        return name == "json"
    if method not in _EXTENSION or name not in _WITHOUT_DEFAULT:
        return False
    return all(extension.name != _EXTENSION[method] for extension in schema.actual.extensions)
