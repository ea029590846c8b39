"""Tables: missing, unexpected, renamed, moved, and what is said about a table as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from drift.alignment import Pair, TablePair
from drift.findings import Finding, Safety
from drift.migration import operations as own
from drift.migration.clone_statements import create_table_statements
from drift.migration.context import PlanContext
from drift.migration.definitions.detaching import Operations, detached
from drift.migration.definitions.mysql_words import foreign_key_name
from drift.migration.definitions.whole import create_index_statement
from drift.migration.definitions.whole import create_table_statements as whole_table_statements
from drift.migration.dependents import Touched, resting_on
from drift.migration.handlers.constraint_steps import foreign_key_operation
from drift.migration.handlers.dependents import stays_because
from drift.migration.handlers.indexes import index_name, storage_statements
from drift.migration.handlers.messages import drop_reason
from drift.migration.handlers.table_facts import made_by_creating, made_by_dropping, needs_of_table
from drift.migration.index_operations import index_operation
from drift.migration.new_tables import dependency_order, made_by_types, table_operations
from drift.migration.order import name_is_free, schema_exists, table_exists
from drift.migration.plan import Change, Lock, Phase, Step
from drift.migration.queries import Queries
from drift.migration.registry import handles
from drift.migration.table_comments import CreateTableComment, DropTableComment
from drift.migration.translate import after_renames, column_after_renames, sequence_after_renames
from drift.schema import Index, Persistence, QualifiedName, Table, TableKind


@handles("TB101")
def create_missing(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A missing table, its indexes, and its foreign keys where those cannot be part of it."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.expected is None:
        context.refuse(finding, "the models do not name it")
        return
    table = pair.expected
    order, late = dependency_order(context)
    queries = Queries(context.quoting)
    name = table.name
    operations = table_operations(context, pair, late=late.get(name, ()))
    made = made_by_types(operations, context.dialect)
    indexes = tuple(
        index_operation(context, name, index_name(context, name, index), index)
        or own.Execute(_create_index(context, table, index))
        for index in table.indexes
        if index.name not in made
    )
    comments = _comments(context, table)
    yield Step(
        f"create table {name} ({len(table.columns)} columns)",
        Phase.TABLE,
        (finding,),
        (*operations, *indexes, *comments),
        (ops.DropTableOp(name.name, schema=context.quoting.schema(name)),),
        Change.ADD,
        hazard=None,
        done=queries.relation_exists(name),
        undone=queries.relation_missing(name),
        order=order.get(name, 0) + 1,
        needs=needs_of_table(context, table, late.get(name, ())),
        makes=made_by_creating(table),
    )
    for key in late.get(name, ()):
        constraint = (
            foreign_key_name(table, key)
            if context.is_mysql
            else context.constraint_name(name, key.name, key.columns, "fkey")
        )
        yield Step(
            f"add foreign key {constraint} on {name}, now that {key.target} is there as it refers to it",
            Phase.FOREIGN_KEY,
            (finding,),
            (foreign_key_operation(context, name, constraint, key),),
            (ops.DropConstraintOp(constraint, name.name, "foreignkey", schema=context.quoting.schema(name)),),
            Change.ADD,
            name,
            Lock.SHARE_ROW_EXCLUSIVE,
            done=None if context.is_sqlite else queries.constraint_exists(name, constraint),
            undone=None if context.is_sqlite else queries.constraint_missing(name, constraint),
        )


def _create_index(context: PlanContext, table: Table, index: Index) -> str:
    if not context.is_postgresql:
        return create_index_statement(table, index, context.quoting)
    return context.ddl.create_index(table.name, index_name(context, table.name, index), index)


def _made_again(context: PlanContext, table: Table) -> list[str]:
    if not context.is_postgresql:
        return whole_table_statements(table, context.quoting)
    return create_table_statements(context, table)


def _comments(context: PlanContext, table: Table) -> tuple[ops.MigrateOperation, ...]:
    """Comments on indexes and constraints; those of tables and columns are part of the table."""
    if not context.is_postgresql:
        return ()
    return tuple(
        own.Execute(
            context.ddl.comment(f"INDEX {context.quoting.qualified(QualifiedName(table.name.schema, name))}", text)
        )
        for name, text in ((index.name, index.comment) for index in table.indexes)
        if name is not None and text is not None
    )


@handles("TB201", "TB202")
def drop_unexpected(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A table that the models do not know. The way back makes it again, empty."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None:
        context.refuse(finding, "it is not there")
        return
    allowed = drop_reason(context.options, "") is None
    why = stays_because(context, pair) if allowed and context.is_postgresql else None
    if why is not None:
        context.refuse(finding, why)
        return
    # On the way back it is made again before the renames are taken back.
    table = replace(
        pair.actual,
        columns=tuple(column_after_renames(context, column) for column in pair.actual.columns),
        foreign_keys=tuple(after_renames(context, pair, key) for key in pair.actual.foreign_keys),
    )
    if table.kind in (TableKind.VIEW, TableKind.MATERIALIZED_VIEW):
        kind = "MATERIALIZED VIEW" if table.kind is TableKind.MATERIALIZED_VIEW else "VIEW"
        drop: ops.MigrateOperation = own.Execute(f"DROP {kind} {context.quoting.qualified(table.name)}")
    else:
        drop = ops.DropTableOp(table.name.name, schema=context.quoting.schema(table.name))
    queries = Queries(context.quoting)
    if not context.is_sqlite and table.foreign_keys and drop_reason(context.options, "") is None:
        # Tables that go together may refer to each other in any order, circles included.
        yield _detach(finding, context, table)
        table = replace(table, foreign_keys=())
    yield Step(
        f"drop table {table.name}",
        Phase.DROP,
        (finding,),
        (drop,),
        _with_what_went_along(context, pair.actual, _made_again(context, table)),
        Change.DROP,
        table.name,
        Lock.ACCESS_EXCLUSIVE,
        safety=Safety.LOSES_DATA,
        hazard="every row is lost; the way back makes the table again, but empty",
        done=queries.relation_missing(table.name),
        undone=queries.relation_exists(table.name),
        commented_out=drop_reason(context.options, "a table and its rows"),
        needs=frozenset(
            name_is_free(one.makes.schema, one.makes.name)
            for one in resting_on(context, [Touched(pair.actual.name, goes=True)])
            if one.makes is not None
        ),
        makes=made_by_dropping(context, table),
    )


def _with_what_went_along(context: PlanContext, table: Table, made: list[str]) -> tuple[ops.MigrateOperation, ...]:
    """The statements, and those that bring back policies, rules, privileges and marks, once each."""
    indexes = [index_name(context, table.name, index) for index in table.indexes]
    indexes += [key.name for key in (*table.uniques, table.primary_key) if key is not None and key.name is not None]
    relations = [table.name, *(QualifiedName(table.name.schema, name) for name in indexes)]
    went_along = resting_on(context, [Touched(name, goes=True) for name in relations])
    here = [one for one in went_along if one.makes is None]
    again = (statement for one in here for statement in one.up if statement not in made)
    return tuple(own.Execute(statement) for statement in (*made, *again))


def _detach(finding: Finding, context: PlanContext, table: Table) -> Step:
    """Drop the foreign keys of a table that will be dropped; they come back after every table has come back."""
    upgrade, downgrade = _detaching(context, table)
    return Step(
        f"drop the foreign keys of {table.name}",
        Phase.DETACH,
        (finding,),
        upgrade,
        downgrade,
        Change.DROP,
        table.name,
        Lock.ACCESS_EXCLUSIVE,
        safety=Safety.LOSES_DATA,
    )


def _detaching(context: PlanContext, table: Table) -> tuple[Operations, Operations]:
    if context.is_mysql:
        return detached(table, context.quoting)
    schema = context.quoting.schema(table.name)
    names = [key.name for key in table.foreign_keys if key.name is not None]
    context.dropped_keys |= {(table.name, name) for name in names}
    bare = _made_again(context, replace(table, foreign_keys=()))
    return (
        tuple(ops.DropConstraintOp(conv(name), table.name.name, "foreignkey", schema=schema) for name in names),
        tuple(own.Execute(statement) for statement in _made_again(context, table) if statement not in bare),
    )


@handles("TB302", "TB303")
def rename_table(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A table under another name or in another schema: rename it, never drop and create."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None or pair.expected is None:
        context.refuse(finding, "one of the two tables is not there")
        return
    yield from rename_steps((finding,), context, pair)


def rename_steps(findings: tuple[Finding, ...], context: PlanContext, pair: TablePair) -> Iterator[Step]:
    """Give a table its expected name and schema, and its owned sequences the names that go with it.

    Indexes and constraints whose names the models give are renamed by the findings on their names; those that the
    server named after the table follow it here, so that a later migration finds them where it expects them.
    """
    assert pair.actual is not None
    assert pair.expected is not None
    old, new = pair.actual.name, pair.expected.name
    quoting = context.quoting
    there: list[ops.MigrateOperation] = []
    back: list[ops.MigrateOperation] = []
    current = old
    if old.schema != new.schema:
        assert old.schema is not None
        assert new.schema is not None
        moved = QualifiedName(new.schema, old.name)
        there.append(own.Execute(f"ALTER TABLE {quoting.qualified(old)} SET SCHEMA {quoting.name(new.schema)}"))
        back.append(own.Execute(f"ALTER TABLE {quoting.qualified(moved)} SET SCHEMA {quoting.name(old.schema)}"))
        current = moved
    if current.name != new.name:
        there.append(own.RenameTable(current.name, new.name, schema=quoting.schema(current)))
        back.append(own.RenameTable(new.name, current.name, schema=quoting.schema(current)))
    if context.is_postgresql:
        for forth, reverse in _followers(context, pair):
            there.append(own.Execute(forth, reverse))
            back.append(own.Execute(reverse, forth))
    queries = Queries(quoting)
    yield Step(
        f"rename table {old} to {new}",
        Phase.RENAME,
        findings,
        tuple(there),
        tuple(reversed(back)),
        Change.RENAME,
        old,
        Lock.ACCESS_EXCLUSIVE,
        hazard="code that is still running under the old name breaks; views and foreign keys follow by themselves",
        done=queries.relation_exists(new),
        undone=queries.relation_exists(old),
        order=10,
        needs=frozenset({schema_exists(new.schema), name_is_free(new.schema, new.name)}),
        makes=frozenset({name_is_free(old.schema, old.name), table_exists(new)}),
    )


def _links_of(constraint: Any) -> tuple[Any, ...]:
    """What a constraint is over, and what it refers to: one with other links is replaced under its old name."""
    links = ("columns", "target", "target_columns")
    return tuple(getattr(constraint, link, ()) for link in links)


def _followers(context: PlanContext, pair: TablePair) -> Iterator[tuple[str, str]]:
    """Renames of what carries the table's old name in its own, where the expected name is left to the server.

    What the models do not know, or know otherwise, keeps its name: under that name it is dropped, or left alone.
    """
    assert pair.actual is not None
    assert pair.expected is not None
    old, new = pair.actual.name, pair.expected.name
    if old.name == new.name:
        return
    quoting = context.quoting
    table = quoting.qualified(new)

    spoken_of = {
        f.subject.name for f in context.findings if (f.subject.schema, f.subject.table) == (new.schema, new.name)
    }

    def follow(name: str | None) -> str | None:
        if name is None or name in spoken_of or not name.startswith(f"{old.name}_"):
            return None
        return context.truncate(new.name + name[len(old.name) :])

    pairs: list[Pair[Any]] = [pair.primary_key, *pair.uniques, *pair.foreign_keys, *pair.checks, *pair.exclusions]
    for constraint in pairs:
        if constraint.actual is None or constraint.expected is None or constraint.expected.name is not None:
            continue
        if _links_of(after_renames(context, pair, constraint.actual)) != _links_of(constraint.expected):
            continue
        if (pair.actual.name, str(constraint.actual.name)) in context.loose_keys:
            continue
        target = follow(constraint.actual.name)
        if target is not None:
            before, after = quoting.name(str(constraint.actual.name)), quoting.name(target)
            prefix = f"ALTER TABLE {table} RENAME CONSTRAINT"
            yield f"{prefix} {before} TO {after}", f"{prefix} {after} TO {before}"
    for index in pair.indexes:
        if index.actual is None or index.expected is None or index.expected.name is not None:
            continue
        target = follow(index.actual.name)
        if target is not None:
            yield _rename_relation(context, "INDEX", QualifiedName(new.schema, str(index.actual.name)), target)
    for sequence in context.alignment.actual.sequences:
        if sequence.owned_by is None or sequence.owned_by[0] != old:
            continue
        target = sequence_after_renames(context, sequence).name
        if target != sequence.name.name:
            yield _rename_relation(context, "SEQUENCE", QualifiedName(new.schema, sequence.name.name), target)


def _rename_relation(context: PlanContext, kind: str, name: QualifiedName, target: str) -> tuple[str, str]:
    quoting = context.quoting
    after = QualifiedName(name.schema, target)
    return (
        f"ALTER {kind} {quoting.qualified(name)} RENAME TO {quoting.name(target)}",
        f"ALTER {kind} {quoting.qualified(after)} RENAME TO {quoting.name(name.name)}",
    )


@handles("TB304")
def change_comment(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """The table's comment."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    table = context.table_name(pair)
    old, new = pair.actual.comment, pair.expected.comment
    yield Step(
        f"change the comment of {table}",
        Phase.COMMENT,
        (finding,),
        (_comment(context, table, new, old),),
        (_comment(context, table, old, new),),
        Change.CHANGE,
        table,
        Lock.SHARE_UPDATE_EXCLUSIVE,
    )


def _comment(
    context: PlanContext, table: QualifiedName, text: str | None, existing: str | None
) -> ops.MigrateOperation:
    schema = context.quoting.schema(table)
    if text is None:
        return DropTableComment(table.name, schema=schema, existing_comment=existing)
    return CreateTableComment(table.name, text, schema=schema, existing_comment=existing)


@handles("TB305")
def change_persistence(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """UNLOGGED against logged."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    table = context.table_name(pair)

    def statement(persistence: Persistence) -> own.Execute:
        word = "UNLOGGED" if persistence is Persistence.UNLOGGED else "LOGGED"
        return own.Execute(f"ALTER TABLE {context.quoting.qualified(table)} SET {word}")

    yield replace(
        _plain(context, finding, pair, f"make {table} {pair.expected.persistence.value}"),
        upgrade=(statement(pair.expected.persistence),),
        downgrade=(statement(pair.actual.persistence),),
        safety=Safety.BLOCKS_READS,
        hazard="the whole table is written again while readers and writers wait",
    )


def _plain(context: PlanContext, finding: Finding, pair: TablePair, title: str) -> Step:
    return Step(title, Phase.ALTER, (finding,), table=context.table_name(pair), lock=Lock.ACCESS_EXCLUSIVE)


@handles("TB307")
def change_inheritance(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Table inheritance."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    table = context.sql_name(pair)
    quoting = context.quoting
    gone = [parent for parent in pair.actual.inherits if parent not in pair.expected.inherits]
    new = [parent for parent in pair.expected.inherits if parent not in pair.actual.inherits]
    there = [f"ALTER TABLE {table} NO INHERIT {quoting.qualified(parent)}" for parent in gone]
    there += [f"ALTER TABLE {table} INHERIT {quoting.qualified(parent)}" for parent in new]
    back = [f"ALTER TABLE {table} NO INHERIT {quoting.qualified(parent)}" for parent in new]
    back += [f"ALTER TABLE {table} INHERIT {quoting.qualified(parent)}" for parent in gone]
    yield replace(
        _plain(context, finding, pair, f"change the inheritance of {context.table_name(pair)}"),
        upgrade=tuple(map(own.Execute, there)),
        downgrade=tuple(map(own.Execute, back)),
        hazard="the columns that came from the parent stay in the table",
    )


@handles("TB308")
def leave_row_security(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A protection is nothing that models could speak about: no repair switches one off."""
    context.refuse(finding, "no repair switches a protection off; where it is not meant, disable it by hand")
    yield from ()


@handles("TB310")
def change_storage(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """Storage parameters that the models state. They count for pages that are written from then on."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    there, back = storage_statements(f"TABLE {context.sql_name(pair)}", pair.expected.options, pair.actual.options)
    yield replace(
        _plain(context, finding, pair, f"change the storage parameters of {context.table_name(pair)}"),
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        upgrade=there,
        downgrade=back,
    )


@handles("TB309")
def enable_trigger(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A disabled trigger."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None:
        return
    table = context.sql_name(pair)
    names = [t.name for t in pair.actual.triggers if not t.enabled]
    wanted = finding.detail("trigger")
    names = [name for name in names if wanted is None or name == wanted]
    if not names:
        context.refuse(finding, "no trigger of the table is disabled")
        return
    yield replace(
        _plain(context, finding, pair, f"enable trigger {', '.join(names)} on {context.table_name(pair)}"),
        lock=Lock.SHARE_ROW_EXCLUSIVE,
        upgrade=tuple(own.Execute(f"ALTER TABLE {table} ENABLE TRIGGER {context.quoting.name(n)}") for n in names),
        downgrade=tuple(own.Execute(f"ALTER TABLE {table} DISABLE TRIGGER {context.quoting.name(n)}") for n in names),
        hazard="what was written while it was disabled has not been through it",
    )


@handles("TB301")
def needs_a_person(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A view where a table is mapped: only a person knows where its rows are, and who reads it."""
    context.refuse(
        finding,
        "a person must say what becomes of the view: rename it, and the next plan creates the table; then fill the "
        "table from it and drop it, or map the view as what it is",
    )
    yield from ()


@handles("TB306")
def partition_by_hand(finding: Finding, context: PlanContext) -> Iterator[Step]:
    """A partition key cannot be changed: the rows must be moved to a new table, and only a person knows the bounds."""
    pair = context.table_pair(finding.subject)
    if pair is None or pair.actual is None or pair.expected is None:
        return
    quoting, name = context.quoting, context.table_name(pair)
    new = quoting.qualified(QualifiedName(name.schema, f"{name.name[:58]}_new"))
    table, key = quoting.qualified(name), pair.expected.partition_key
    by = f" PARTITION BY {key.sql}" if key is not None else ""
    move = f"INSERT INTO {new} SELECT * FROM {table}"
    if pair.actual.partition_key is None:
        move = f"ALTER TABLE {new} ATTACH PARTITION {table} DEFAULT, under another name and without copying a row"
    context.refuse(
        finding,
        f"the key of {table} cannot be changed in place, and only a person knows the partitions' bounds. By hand: "
        f"CREATE TABLE {new} (LIKE {table} INCLUDING ALL EXCLUDING INDEXES){by}, with the expected keys and its "
        f"partitions; {move}; rename both tables in one transaction; point foreign keys to the new one",
    )
    yield from ()
