"""IX: what an index that exists on both sides does."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment import Comparison
from drift.alignment.judge import DIFFERENT, SAME, spoken
from drift.alignment.normal import operator_class
from drift.alignment.verdicts import Usage
from drift.checks.causes import columns_of
from drift.checks.context import SchemaView, TableView
from drift.checks.indexes import both, key_text, order_text, replaced, subject_of, why_impossible
from drift.checks.registry import check
from drift.checks.uniques import other_columns
from drift.checks.wording import ASK_SERVER, found, listed, places, unknown
from drift.findings import Finding, Outcome, Safety, Severity
from drift.schema import Index, IndexKey


@check("IX301", "index-keys-mismatch", Severity.WARNING)
def index_keys_mismatch(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The index has other columns or expressions than the models say, or in another order.

    *error* for a unique index; the same columns in another order keep the same promise, as those of other keys, and are
    *info* there.

    ## Why it breaks at run time

    Queries that rely on it read the whole table. A unique index on other columns rejects rows that the models
    accept, or lets duplicates in, and `ON CONFLICT` on the expected columns fails.

    ## Example

        models      Index("ix_users_name", func.lower(User.name))
        database    CREATE INDEX ix_users_name ON users (name)

    ## Repair

    Drop it and create the expected one; `CONCURRENTLY` on busy tables.
    """
    for wanted, seen, _pair in both(table):
        if not wanted.keys:
            continue  # a broken model: IX312 speaks of it
        comparison = _compare_keys(wanted, seen, table, schema)
        if comparison.same:
            continue
        subject = subject_of(table, seen, wanted)
        if comparison.unknown:
            yield unknown("IX301", subject, comparison.reason, ASK_SERVER)
            continue
        severity, message = Severity.WARNING, "Queries that rely on the expected keys read the whole table."
        if wanted.unique:
            severity, message = Severity.ERROR, "Duplicates get in, or rows that the models accept are rejected."
            columns = schema.actual_names(table, wanted.columns)
            if columns != seen.columns:
                severity, message = other_columns(columns, seen.columns)
        yield found(
            "IX301",
            subject,
            message,
            severity=severity,
            expected=f"({listed(map(key_text, wanted.keys))})",
            actual=f"({listed(map(key_text, seen.keys))})",
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=replaced(wanted),
            columns=columns_of(wanted, table.wanted),
        )


def _compare_keys(wanted: Index, seen: Index, table: TableView, schema: SchemaView) -> Comparison:
    """Keys without their modifiers."""
    if len(wanted.keys) != len(seen.keys):
        return DIFFERENT
    outcome = SAME
    for left, right in zip(wanted.keys, seen.keys, strict=True):
        comparison = _compare_key(left, right, table, schema)
        if comparison.different:
            return comparison
        outcome = comparison if comparison.unknown else outcome
    return outcome


def _compare_key(left: IndexKey, right: IndexKey, table: TableView, schema: SchemaView) -> Comparison:
    if left.length != right.length:
        return DIFFERENT
    if left.column is not None and right.column is not None:
        return SAME if schema.actual_names(table, (left.column,)) == (right.column,) else DIFFERENT
    return schema.judge.expressions(schema.frame(table), spoken(left), spoken(right), Usage.INDEX_KEY)


def _aligned(wanted: Index, seen: Index, table: TableView, schema: SchemaView) -> bool:
    """Whether keys can be compared one by one: the same columns at the same places. IX301 speaks of the others."""
    return len(wanted.keys) == len(seen.keys) and all(
        left.column is right.column is None or _compare_key(left, right, table, schema).same
        for left, right in zip(wanted.keys, seen.keys, strict=True)
    )


@check("IX302", "index-uniqueness-mismatch", Severity.ERROR)
def index_uniqueness_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The index is unique on one side only.

    ## Why it breaks at run time

    Unique in the models only: duplicates get in, and an upsert fails with `there is no unique or exclusion constraint
    matching the ON CONFLICT specification`. Unique in the database only (*warning*): rows that the models accept are
    rejected with `duplicate key value violates unique constraint`.

    ## Example

        models      Index("ix_users_email", "email", unique=True)
        database    CREATE INDEX ix_users_email ON users (email)

    ## Repair

    Drop it and create the expected one. A unique one fails while there are duplicates.
    """
    for wanted, seen, _pair in both(table):
        if wanted.unique == seen.unique:
            continue
        yield found(
            "IX302",
            subject_of(table, seen, wanted),
            "Duplicates get in, and an upsert on these columns fails."
            if wanted.unique
            else "Rows that the models accept are rejected as duplicates.",
            severity=Severity.ERROR if wanted.unique else Severity.WARNING,
            expected="UNIQUE" if wanted.unique else "not unique",
            actual="UNIQUE" if seen.unique else "not unique",
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=replaced(wanted, Safety.NEEDS_DATA if wanted.unique else Safety.BLOCKS_WRITES),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX303", "index-method-mismatch", Severity.WARNING)
def index_method_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The index uses another access method than the models say.

    ## Why it matters

    Operators belong to methods: a btree cannot serve `@>` or `%`, a gin cannot serve `<` or ORDER BY. Those queries
    read the whole table.

    ## Example

        models      Index("ix_docs_tags", "tags", postgresql_using="gin")
        database    USING btree (tags)

    ## Repair

    Drop it and create the expected one; `CONCURRENTLY` on busy tables.
    """
    for wanted, seen, _pair in both(table):
        if wanted.method == seen.method:
            continue
        yield found(
            "IX303",
            subject_of(table, seen, wanted),
            f"Queries with operators of {wanted.method} read the whole table.",
            expected=f"USING {wanted.method}",
            actual=f"USING {seen.method}",
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=replaced(wanted),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX304", "index-predicate-mismatch", Severity.WARNING)
def index_predicate_mismatch(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The index is partial in another way than the models say: its WHERE is missing, unexpected, or another one.

    ## Why it breaks at run time

    A unique index that lost its WHERE rejects rows that the models accept: `duplicate key value violates unique
    constraint`. One that gained a WHERE lets duplicates in, and `ON CONFLICT` without the same WHERE fails. An index
    that is not unique serves other queries than expected.

    ## Example

        models      Index("uq_active", "email", unique=True, postgresql_where=text("deleted_at IS NULL"))
        database    CREATE UNIQUE INDEX uq_active ON users (email)

    ## Repair

    Drop it and create the expected one; `CONCURRENTLY` on busy tables.
    """
    for wanted, seen, _pair in both(table):
        if wanted.predicate is None and seen.predicate is None:
            continue
        subject = subject_of(table, seen, wanted)
        comparison = DIFFERENT
        if wanted.predicate is not None and seen.predicate is not None:
            frame = schema.frame(table)
            comparison = schema.judge.expressions(frame, wanted.predicate, seen.predicate, Usage.PREDICATE)
        if comparison.same:
            continue
        if comparison.unknown:
            yield unknown("IX304", subject, comparison.reason, ASK_SERVER)
            continue
        if not wanted.unique:
            message = "It serves other queries than the models expect."
        elif seen.predicate is None:
            message = "Rows that the models accept are rejected as duplicates."
        else:
            message = "Duplicates get in where its WHERE does not hold, and ON CONFLICT fails."
        yield found(
            "IX304",
            subject,
            message,
            expected=f"WHERE {wanted.predicate}" if wanted.predicate is not None else "no WHERE",
            actual=f"WHERE {seen.predicate}" if seen.predicate is not None else "no WHERE",
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=replaced(wanted, Safety.NEEDS_DATA if wanted.unique else Safety.BLOCKS_WRITES),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX305", "index-operator-class-mismatch", Severity.WARNING)
def index_operator_class_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A key of the index has another operator class or collation than the models say.

    ## Why it matters

    The operator class decides which operators the index serves: without `varchar_pattern_ops`, `LIKE 'abc%'` reads the
    whole table; without `gin_trgm_ops`, so does `LIKE '%abc%'`.

    ## Example

        models      Index("ix_name", "name", postgresql_ops={"name": "varchar_pattern_ops"})
        database    CREATE INDEX ix_name ON users (name)

    ## Repair

    Drop it and create the expected one; `CONCURRENTLY` on busy tables.
    """
    for wanted, seen, _pair in both(table):
        if not _aligned(wanted, seen, table, schema) or wanted.method != seen.method:
            continue
        if why_impossible(wanted, table.wanted, schema) is not None:
            continue
        ours = [(operator_class(key.opclass), key.collation) for key in wanted.keys]
        theirs = [(operator_class(key.opclass), key.collation) for key in seen.keys]
        if ours == theirs:
            continue
        yield found(
            "IX305",
            subject_of(table, seen, wanted),
            "It serves other operators than the models expect; such queries read the whole table.",
            expected=f"({listed(map(key_text, wanted.keys))})",
            actual=f"({listed(map(key_text, seen.keys))})",
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=replaced(wanted),
            columns=columns_of(wanted, table.wanted),
        )


@check("IX306", "index-order-mismatch", Severity.WARNING)
def index_order_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A key of the index is sorted in another way than the models say: ASC, DESC, NULLS FIRST, NULLS LAST.

    An index that is reversed as a whole does the same, read backwards: *info*.

    ## Why it matters

    `ORDER BY a, b DESC LIMIT 10` is answered from an index in that very order; from another one the server sorts the
    whole table.

    ## Example

        models      Index("ix_feed", "user_id", text("created_at DESC"))
        database    CREATE INDEX ix_feed ON posts (user_id, created_at)

    ## Repair

    Drop it and create the expected one; `CONCURRENTLY` on busy tables.
    """
    for wanted, seen, _pair in both(table):
        if not _aligned(wanted, seen, table, schema) or wanted.method != "btree" or seen.method != "btree":
            continue
        ours = [(key.descending, key.nulls_first) for key in wanted.keys]
        theirs = [(key.descending, key.nulls_first) for key in seen.keys]
        if ours == theirs:
            continue
        backwards = ours == [(not descending, not nulls_first) for descending, nulls_first in theirs]
        yield found(
            "IX306",
            subject_of(table, seen, wanted),
            "It is the expected one read backwards." if backwards else "Queries in the expected order have to sort.",
            severity=Severity.INFO if backwards else Severity.WARNING,
            expected=_orders(wanted),
            actual=_orders(seen),
            locations=places(*map(table.wanted.column, columns_of(wanted, table.wanted)), table.wanted),
            repair=replaced(wanted),
            columns=columns_of(wanted, table.wanted),
        )


def _orders(index: Index) -> str:
    return listed(f"{key.column or key.expression}{order_text(key) or ' ASC'}" for key in index.keys)
