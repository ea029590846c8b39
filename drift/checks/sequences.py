"""SQ: sequences that the models name. Sequences behind SERIAL and IDENTITY belong to their columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drift.alignment import Pair
from drift.checks.context import SchemaView
from drift.checks.numbering import NumberOptions, is_cosmetic, narrower, option_differences
from drift.checks.registry import Subjects, check
from drift.checks.wording import LOOK_AT_ROWS, found, listed, local, object_subject, places, repair, unknown
from drift.findings import Finding, Outcome, Safety, Severity, SubjectKind
from drift.schema import QualifiedName, Sequence, VersioningRole


def _pairs(schema: SchemaView) -> Iterator[Pair[Sequence]]:
    """Sequences that these checks speak for; the versioning checks speak for Continuum's."""
    for pair in schema.sequences:
        if pair.expected is None or pair.expected.role is VersioningRole.NONE:
            yield pair


@check("SQ101", "sequence-missing", Severity.ERROR, Subjects.SCHEMA)
def sequence_missing(schema: SchemaView) -> Iterator[Finding]:
    """A sequence of the models does not exist in the database.

    Where the column that uses it is missing as well, that is reported, and the sequence comes with its repair.

    ## Why it breaks at run time

    The ORM asks for the next number before each INSERT: `UndefinedTable: relation "order_numbers" does not exist`.

    ## Example

        models      Sequence("order_numbers")
        database    no such sequence

    ## Repair

    `CREATE SEQUENCE`, starting above the largest number in use.
    """
    for pair in _pairs(schema):
        sequence = pair.expected
        if sequence is None or pair.actual is not None or _comes_with_column(sequence.name, schema):
            continue
        yield found(
            "SQ101",
            object_subject(SubjectKind.SEQUENCE, sequence.name),
            f'Asking it for a number fails with: relation "{sequence.name.name}" does not exist.',
            expected=f"sequence {local(sequence.name, schema.actual.default_schema)}",
            repair=repair("create-sequence", f"create sequence {sequence.name} above the largest number in use"),
        )


def _comes_with_column(name: QualifiedName, schema: SchemaView) -> bool:
    users = [
        (table, column.name)
        for table in schema.views
        if table.expected is not None
        for column in table.expected.columns
        if column.sequence == name
    ]
    return bool(users) and all(table.actual is None or column in table.missing_columns for table, column in users)


@check("SQ201", "sequence-unexpected", Severity.INFO, Subjects.SCHEMA)
def sequence_unexpected(schema: SchemaView) -> Iterator[Finding]:
    """The database has a sequence that nothing uses and no model names.

    Sequences that belong to a column or stand in a default are not meant.

    ## Why it matters

    It does not, unless raw SQL uses it.

    ## Example

        database    CREATE SEQUENCE old_order_numbers

    ## Repair

    Put it into the models, or drop it.
    """
    used = _used_in_defaults(schema)
    for pair in _pairs(schema):
        sequence = pair.actual
        if sequence is None or pair.expected is not None or sequence.owned_by is not None or sequence.name in used:
            continue
        yield found(
            "SQ201",
            object_subject(SubjectKind.SEQUENCE, sequence.name),
            "Nothing in the models uses it.",
            actual=f"sequence {local(sequence.name, schema.actual.default_schema)}",
            repair=repair("drop-sequence", f"drop sequence {sequence.name}", safety=Safety.LOSES_DATA),
        )


def _used_in_defaults(schema: SchemaView) -> frozenset[QualifiedName]:
    names = {sequence.name for sequence in schema.actual.sequences}
    used = set()
    for table in schema.actual.tables:
        for column in table.columns:
            if column.sequence is not None:
                used.add(column.sequence)
            elif column.default is not None and "nextval" in column.default.sql.lower():
                text = column.default.sql.replace('"', "")
                used.update(name for name in names if name.name in text)
    return frozenset(used)


@check("SQ301", "sequence-option-mismatch", Severity.WARNING, Subjects.SCHEMA)
def sequence_option_mismatch(schema: SchemaView) -> Iterator[Finding]:
    """An option of the sequence differs: type, increment, bounds, cycle, start, cache.

    A sequence behind a SERIAL column has the column's type; that alone is left alone, and so are its START and a
    larger range. START and CACHE of other sequences are *info*.

    ## Why it breaks at run time

    A smaller maximum or type ends with `nextval: reached maximum value of sequence "order_numbers"`. With another
    increment, numbers that the application reserves in blocks collide. A sequence that cycles hands out numbers twice.

    ## Example

        models      Sequence("order_numbers", increment=100)
        database    INCREMENT BY 1

    ## Repair

    `ALTER SEQUENCE`: instant.
    """
    for pair in _pairs(schema):
        wanted, seen = pair.expected, pair.actual
        if wanted is None or seen is None:
            continue
        own_type = seen.type if seen.owned_by is not None else wanted.type
        differences = option_differences(NumberOptions.of(wanted, own_type), NumberOptions.of(seen, seen.type))
        if own_type != seen.type:
            differences = [(f"AS {own_type}", f"AS {seen.type}")] + [
                (ours, theirs) for ours, theirs in differences if not ours.startswith(("MAXVALUE", "MINVALUE"))
            ]
        if not differences:
            continue
        yield found(
            "SQ301",
            object_subject(SubjectKind.SEQUENCE, wanted.name),
            "It hands out other numbers than the models expect.",
            severity=Severity.INFO if is_cosmetic(differences) else Severity.WARNING,
            expected=listed(text for text, _ in differences),
            actual=listed(text for _, text in differences),
            repair=repair("alter-sequence", f"alter sequence {seen.name}"),
        )
    yield from _behind_serial_columns(schema)


def _behind_serial_columns(schema: SchemaView) -> Iterator[Finding]:
    """Sequences of columns of which the models say only that the database numbers them."""
    named = {pair.actual.name for pair in schema.sequences if pair.expected is not None and pair.actual is not None}
    sequences = {s.name: s for s in schema.actual.sequences if s.owned_by is not None and s.name not in named}
    for table in schema.views:
        for columns in table.columns if table.stored and sequences else ():
            left, right = columns.expected, columns.actual
            if left is None or right is None or not left.auto_increment or not right.auto_increment:
                continue
            sequence = sequences.get(right.sequence) if right.sequence is not None else None
            if sequence is None or left.identity is not None or right.identity is not None:
                continue
            differences = _odd_options(sequence, narrower(left.type, right.type))
            if differences:
                yield found(
                    "SQ301",
                    object_subject(SubjectKind.SEQUENCE, sequence.name),
                    f"It numbers {table.wanted.name.name}.{left.name} in another way than SERIAL does.",
                    severity=Severity.INFO if is_cosmetic(differences) else Severity.WARNING,
                    expected=listed(text for text, _ in differences),
                    actual=listed(text for _, text in differences),
                    locations=places(left, table.wanted),
                    repair=repair("alter-sequence", f"alter sequence {sequence.name}"),
                )


def _odd_options(sequence: Sequence, type_: str) -> list[tuple[str, str]]:
    """How a sequence differs from what SERIAL makes for a column of that type, where that shows in its numbers.

    Where the column's type differs, CO301 speaks of it, and its repair takes the sequence along.
    """
    seen = NumberOptions.of(sequence, sequence.type)
    wanted = replace(
        NumberOptions.of(Sequence(sequence.name, type_), type_), start=seen.start, minimum=min(seen.minimum, 1)
    )
    if seen.increment > 0:
        wanted = replace(wanted, minimum=seen.minimum, maximum=max(wanted.maximum, seen.maximum))
    return option_differences(wanted, seen)


@check("SQ302", "sequence-ownership-mismatch", Severity.INFO, Subjects.SCHEMA)
def sequence_ownership_mismatch(schema: SchemaView) -> Iterator[Finding]:
    """A sequence belongs to another column than the one that it numbers.

    A sequence that belongs to no column is left alone.

    ## Why it matters

    Dropping the owner drops the sequence: the column that it numbers loses its default with `DROP ... CASCADE`, or
    the drop fails with `cannot drop table old_orders because other objects depend on it`.

    ## Example

        database    orders.id DEFAULT nextval('old_orders_id_seq'), which belongs to old_orders.id

    ## Repair

    `ALTER SEQUENCE ... OWNED BY orders.id`: instant.
    """
    owned = {sequence.name: sequence.owned_by for sequence in schema.actual.sequences if sequence.owned_by is not None}
    users: dict[QualifiedName, list[tuple[QualifiedName, str]]] = {}
    for table in schema.actual.tables:
        for column in [column for column in table.columns if column.sequence is not None]:
            if column.sequence in owned:
                users.setdefault(column.sequence, []).append((table.name, column.name))
    mapped = {table.actual.name for table in schema.views if table.complete and table.actual is not None}
    for name, columns in users.items():
        owner = owned[name]
        ours = [(table, column) for table, column in columns if table in mapped]
        if not ours or owner in columns:
            continue
        table_name, column_name = ours[0]
        yield found(
            "SQ302",
            object_subject(SubjectKind.SEQUENCE, name),
            f"Dropping {owner[0]}.{owner[1]} drops the sequence that numbers {table_name}.{column_name}.",
            expected=f"owned by {table_name}.{column_name}",
            actual=f"owned by {owner[0]}.{owner[1]}",
            repair=repair("alter-sequence", f"alter sequence {name} owned by {table_name}.{column_name}"),
        )


@check("SQ303", "sequence-behind", Severity.ERROR, Subjects.SCHEMA)
def sequence_behind(schema: SchemaView) -> Iterator[Outcome]:
    """A sequence will hand out numbers that are in use already. Looked for with `--probe` only.

    ## Why it breaks at run time

    INSERTs fail, one after the other, until the sequence has passed the largest number: `duplicate key value violates
    unique constraint "users_pkey"`. It comes from restoring or copying rows with their numbers.

    ## Example

        database    users.id goes up to 1200, users_id_seq continues with 1

    ## Repair

    `SELECT setval('users_id_seq', (SELECT max(id) FROM users))`.
    """
    for numbers in schema.actual.sequence_numbers:
        if numbers.next_value is None:
            subject = object_subject(SubjectKind.SEQUENCE, numbers.sequence)
            yield unknown("SQ303", subject, numbers.reason, LOOK_AT_ROWS)
            continue
        if numbers.largest is None or numbers.next_value > numbers.largest:
            continue
        yield found(
            "SQ303",
            object_subject(SubjectKind.SEQUENCE, numbers.sequence),
            "INSERTs fail with a duplicate key until the sequence has passed the largest number in use.",
            expected=f"above {numbers.largest}, the largest {numbers.table.name}.{numbers.column}",
            actual=f"continues with {numbers.next_value}",
            repair=repair("set-sequence", f"set {numbers.sequence} to {numbers.largest}"),
            table=str(numbers.table),
            column=numbers.column,
        )


@check("SQ304", "sequence-renamed", Severity.ERROR, Subjects.SCHEMA)
def sequence_renamed(schema: SchemaView) -> Iterator[Finding]:
    """The sequence exists under another name or in another schema.

    Proposed when the same column uses it, or the names are close and nothing else fits.

    ## Why it breaks at run time

    The ORM asks for the next number by name: `UndefinedTable: relation "user_id_seq" does not exist`.

    ## Example

        models      Sequence("user_id_seq")
        database    users_id_seq

    ## Repair

    `ALTER SEQUENCE ... RENAME TO ...`: instant; defaults follow.
    """
    for pair in _pairs(schema):
        wanted, seen = pair.expected, pair.actual
        if wanted is None or seen is None or not pair.renamed:
            continue
        moved = wanted.name.schema != seen.name.schema
        yield found(
            "SQ304",
            object_subject(SubjectKind.SEQUENCE, wanted.name),
            f'Asking it for a number fails with: relation "{wanted.name.name}" does not exist.',
            expected=str(wanted.name) if moved else wanted.name.name,
            actual=str(seen.name) if moved else seen.name.name,
            note=pair.evidence,
            repair=repair("rename-sequence", f"rename sequence {seen.name} to {wanted.name}"),
        )
