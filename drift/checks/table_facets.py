"""TB: properties of a table that exists on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drift.checks.context import SchemaView, TableView
from drift.checks.registry import Subjects, check
from drift.checks.wording import found, listed, places, repair, table_subject
from drift.findings import Finding, Safety, Severity
from drift.schema import Expression, Persistence, Table, TableKind

_IDENTIFIER_BYTES = {"postgresql": 63}
"""Servers that cut longer names without a word. The others refuse them."""

_COLLATION_OPTIONS = ("collate", "collation", "charset", "default charset")


@check("TB304", "table-comment-mismatch", Severity.INFO)
def table_comment_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The table's comment differs from the model's.

    ## Why it matters

    It does not at run time. Documentation that is generated from the database is out of date.

    ## Example

        models      comment="People who can log in"
        database    comment is "Users"

    ## Repair

    `COMMENT ON TABLE`; harmless.
    """
    if not table.stored or (table.wanted.comment or None) == (table.seen.comment or None):
        return
    yield found(
        "TB304",
        table_subject(table.wanted.name),
        "Documentation that is made from the database is out of date.",
        expected=table.wanted.comment,
        actual=table.seen.comment,
        locations=places(table.wanted),
        repair=repair("comment", "set the comment"),
    )


@check("TB305", "table-persistence-mismatch", Severity.WARNING)
def table_persistence_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The table is unlogged where the models want a permanent one, or the reverse.

    ## Why it matters

    PostgreSQL empties an unlogged table after a crash and does not replicate it: a replica answers
    `cannot access temporary or unlogged relations during recovery`. A permanent table where an unlogged one was meant
    is only slower.

    ## Example

        models      a permanent table
        database    CREATE UNLOGGED TABLE sessions (...)

    ## Repair

    `ALTER TABLE sessions SET LOGGED`. It rewrites the table and blocks it meanwhile.
    """
    if not table.stored or table.wanted.persistence is table.seen.persistence:
        return
    unlogged = table.seen.persistence is Persistence.UNLOGGED
    yield found(
        "TB305",
        table_subject(table.wanted.name),
        "Its rows are gone after a crash, and replicas do not have them."
        if unlogged
        else "Writes go through the write-ahead log although the models do without: it is only slower.",
        severity=Severity.WARNING if unlogged else Severity.INFO,
        expected=table.wanted.persistence.value,
        actual=table.seen.persistence.value,
        locations=places(table.wanted),
        repair=repair("set-persistence", f"set {'logged' if unlogged else 'unlogged'}", safety=Safety.BLOCKS_READS),
    )


@check("TB306", "partition-key-mismatch", Severity.WARNING)
def partition_key_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The table is partitioned in another way than the models say.

    A database that partitions a table whose model says nothing about it is *info*: queries are the same.

    ## Why it matters

    Partitions cannot be attached or dropped by the expected key, retention jobs that drop old partitions fail with
    `table "events" is not partitioned`, and queries read every partition.

    ## Example

        models      postgresql_partition_by="RANGE (created_at)"
        database    PARTITION BY LIST (tenant_id)

    ## Repair

    A table cannot be partitioned in place: create a new one, copy the rows, swap the names. By hand.
    """
    if not table.stored:
        return
    wanted, seen = table.wanted.partition_key, table.seen.partition_key
    if _partition_text(wanted) == _partition_text(seen):
        return
    if wanted is None and table.wanted.kind is TableKind.TABLE:
        severity, message = Severity.INFO, "The database partitions the table; the model does not say so."
    else:
        severity, message = Severity.WARNING, "Partitions cannot be attached or dropped by the key the models expect."
    yield found(
        "TB306",
        table_subject(table.wanted.name),
        message,
        severity=severity,
        expected=f"PARTITION BY {wanted}" if wanted is not None else "not partitioned",
        actual=f"PARTITION BY {seen}" if seen is not None else "not partitioned",
        locations=places(table.wanted),
        repair=repair(
            "repartition", "create a table partitioned as expected, copy the rows, swap the names", safety=Safety.MANUAL
        ),
    )


def _partition_text(key: Expression | None) -> str | None:
    return None if key is None else "".join(key.sql.lower().replace('"', "").split())


@check("TB307", "inheritance-mismatch", Severity.WARNING)
def inheritance_mismatch(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """The table inherits from other tables than the models say (`INHERITS`).

    ## Why it matters

    A query on the parent returns the rows of its children. A child that no longer inherits is silently missing from
    it; one that inherits unexpectedly adds rows nobody asked for. Parents that no model maps are no concern of a model
    that names none.

    ## Example

        models      postgresql_inherits="events"
        database    a table of its own

    ## Repair

    `ALTER TABLE login_events INHERIT events` (or `NO INHERIT`). The columns must agree.
    """
    if not table.stored:
        return
    wanted = {schema.names.table(parent) for parent in table.wanted.inherits}
    seen = set(table.seen.inherits)
    if not wanted:
        mapped = {view.actual.name for view in schema.views if view.expected is not None and view.actual is not None}
        seen &= mapped
    if wanted == seen:
        return
    yield found(
        "TB307",
        table_subject(table.wanted.name),
        "Queries on the parent return other rows than the models expect.",
        expected=f"inherits {listed(sorted(map(str, wanted)))}" if wanted else "inherits nothing",
        actual=f"inherits {listed(sorted(map(str, seen)))}" if seen else "inherits nothing",
        locations=places(table.wanted),
        repair=repair("inherit", "alter table ... inherit / no inherit", safety=Safety.BLOCKS_WRITES),
    )


@check("TB308", "row-security-enabled", Severity.WARNING, on_request=True)
def row_security_enabled(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """Row-level security is enabled on a mapped table.

    Models cannot say so, and many hosted databases have it on every table: this check takes part only where the
    configuration names it, in `select` or by `severity = { TB308 = "warning" }`.

    ## Why it matters

    Everybody but the owner sees and writes only the rows that a policy lets through, without an error on reading: a
    query returns nothing, and an INSERT fails with `new row violates row-level security policy for table "users"`. With
    no policy at all, no row passes.

    ## Example

        models      cannot say anything about it
        database    ALTER TABLE users ENABLE ROW LEVEL SECURITY

    ## Repair

    If it is meant, ignore the finding on this table: `info={"drift": {"ignore": ["TB308"]}}`. Otherwise
    `ALTER TABLE users DISABLE ROW LEVEL SECURITY`; look at the policies first.
    """
    if not table.complete or table.wanted.row_security or not table.seen.row_security:
        return
    yield found(
        "TB308",
        table_subject(table.wanted.name),
        "Rows that no policy lets through are silently left out of every query, and writing them fails.",
        expected="row-level security off",
        actual="row-level security on",
        locations=places(table.wanted),
        repair=repair(
            "row-security", "disable row-level security, or ignore it on this table if meant", safety=Safety.MANUAL
        ),
    )


@check("TB309", "trigger-disabled", Severity.WARNING)
def trigger_disabled(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A trigger of a mapped table is disabled.

    ## Why it matters

    What the trigger maintains (audit rows, denormalised counters, `updated_at`) silently stops being maintained.
    Bulk loads disable triggers; an aborted one leaves them so.

    ## Example

        database    ALTER TABLE users DISABLE TRIGGER users_audit

    ## Repair

    Enable it again and look at what was written meanwhile: those rows were not seen by the trigger.
    """
    if not table.complete:
        return
    wanted = {trigger.name: trigger for trigger in table.wanted.triggers}
    disabled = [
        trigger
        for trigger in table.seen.triggers
        if not trigger.enabled and (trigger.name not in wanted or wanted[trigger.name].enabled)
    ]
    # Those of Continuum's native versioning are VT319.
    audits = {(one.table, one.trigger) for one in schema.expected.audit_triggers}
    disabled = [trigger for trigger in disabled if (table.wanted.name, trigger.name) not in audits]
    if not disabled:
        return
    names = tuple(trigger.name for trigger in disabled)
    functions = sorted({str(trigger.function) for trigger in disabled if trigger.function is not None})
    yield found(
        "TB309",
        table_subject(table.wanted.name),
        f"What trigger {listed(names)} maintains is not maintained any more, without an error.",
        expected=f"trigger {listed(names)} enabled",
        actual="disabled",
        note=f"runs {listed(functions)}()" if functions else None,
        locations=places(table.wanted),
        repair=repair(
            "enable-trigger",
            *(f"enable trigger {name}" for name in names),
            "look at rows written meanwhile",
            safety=Safety.MANUAL,
        ),
        triggers=names,
    )


@check("TB310", "table-option-mismatch", Severity.WARNING)
def table_option_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """An option of the table differs: storage parameters, storage engine, row format, STRICT, WITHOUT ROWID.

    Only options that the model states are compared.

    ## Why it matters

    A MyISAM table has no transactions and ignores foreign keys. A SQLite table without STRICT stores any value in any
    column. A PostgreSQL table without its `fillfactor` or autovacuum parameters bloats, or is vacuumed at other times.

    ## Example

        models      mysql_engine="InnoDB"
        database    ENGINE=MyISAM

    ## Repair

    PostgreSQL: `ALTER TABLE ... SET (...)`, for rows that are written from then on. MySQL and MariaDB: `ALTER TABLE ...
    ENGINE=InnoDB` (rebuilds the table). SQLite: batch mode.
    """
    if not table.stored:
        return
    differing = _options(table, wanted=lambda name: name not in _COLLATION_OPTIONS)
    if differing:
        yield found(
            "TB310",
            table_subject(table.wanted.name),
            f"The table was made with another {listed(name for name, _, _ in differing)} than the models want.",
            expected=listed(f"{name}={value}" for name, value, _ in differing),
            actual=listed(f"{name}={value}" if value else f"no {name}" for name, _, value in differing),
            locations=places(table.wanted),
            repair=repair(
                "table-option", *(f"set {name} to {value}" for name, value, _ in differing), safety=Safety.BLOCKS_WRITES
            ),
            options=tuple(name for name, _, _ in differing),
        )


def _options(table: TableView, wanted: Callable[[str], bool]) -> list[tuple[str, str, str | None]]:
    """Options that the model states and the database has otherwise: name, expected, actual."""
    seen = dict(table.seen.options)
    return [
        (name, value, seen.get(name))
        for name, value in table.wanted.options
        if wanted(name) and seen.get(name, "").lower() != value.lower()
    ]


@check("TB311", "table-collation-mismatch", Severity.WARNING)
def table_collation_mismatch(table: TableView, _: SchemaView) -> Iterator[Finding]:
    """The table's default character set or collation differs.

    Only where the model states one.

    ## Why it matters

    Comparisons and UNIQUE follow the collation: with another one, `anna` and `Anna` may be duplicates. A `utf8` table
    rejects four-byte characters: `Incorrect string value: '\\xF0\\x9F...'`.

    ## Example

        models      mysql_collate="utf8mb4_bin"
        database    utf8mb4_general_ci

    ## Repair

    `ALTER TABLE ... CONVERT TO CHARACTER SET ... COLLATE ...`. It rewrites the table; unique indexes may fail on
    values that are now equal.
    """
    if not table.stored:
        return
    differing = _options(table, wanted=lambda name: name in _COLLATION_OPTIONS)
    if differing:
        yield found(
            "TB311",
            table_subject(table.wanted.name),
            "Comparisons, sorting and UNIQUE follow another collation or character set than the models expect.",
            expected=listed(f"{name}={value}" for name, value, _ in differing),
            actual=listed(f"{name}={value}" if value else f"no {name}" for name, _, value in differing),
            locations=places(table.wanted),
            repair=repair(
                "table-collation",
                *(f"convert the table to {name} {value}" for name, value, _ in differing),
                safety=Safety.NEEDS_DATA,
            ),
            options=tuple(name for name, _, _ in differing),
        )


@check("TB312", "identifier-collision", Severity.WARNING, Subjects.SCHEMA)
def identifier_collision(schema: SchemaView) -> Iterator[Finding]:
    """Two names of the models become one in the database, because the server cuts long names.

    ## Why it breaks at run time

    PostgreSQL keeps the first 63 bytes of a name. `create_all()` fails with
    `column "..." specified more than once`, or the second constraint with `relation "..." already exists`.

    ## Example

        models      two columns that agree in their first 63 bytes
        database    one column

    ## Repair

    Give one of them a shorter name; a migration cannot help.
    """
    limit = _IDENTIFIER_BYTES.get(schema.actual.dialect)
    if limit is None:
        return
    for table in schema.views:
        if table.expected is None:
            continue
        collisions = [
            (kind, first, second)
            for kind, names in _names(table.expected)
            for first, second in _colliding(names, limit)
        ]
        if collisions:
            yield found(
                "TB312",
                table_subject(table.expected.name),
                f"The server cuts both names to the same {limit} bytes, so only one of them can exist.",
                expected=listed(f"{kind} {first} and {second}" for kind, first, second in collisions),
                actual=listed(first.encode()[:limit].decode(errors="ignore") for _, first, _ in collisions),
                locations=places(table.expected),
                repair=repair("rename-in-models", "give one of them a shorter name", safety=Safety.MANUAL),
            )


def _colliding(names: list[str], limit: int) -> Iterator[tuple[str, str]]:
    if not names or ("".join(names).isascii() and max(map(len, names)) <= limit):
        return
    cut: dict[bytes, str] = {}
    for name in names:
        other = cut.setdefault(name.encode()[:limit], name)
        if other != name:
            yield other, name


def _names(table: Table) -> Iterator[tuple[str, list[str]]]:
    yield "column", [column.name for column in table.columns]
    named: list[str | None] = [unique.name for unique in table.uniques]
    named.extend(thing.name for thing in table.checks)
    named.extend(thing.name for thing in table.foreign_keys)
    named.extend(thing.name for thing in table.exclusions)
    yield "constraint", [name for name in named if name is not None]
    yield "index", [index.name for index in table.indexes if index.name is not None]
