"""For any schema: compared with itself there is silence, and one change is one finding."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drift.alignment import align
from drift.schema import Check, Column, Expression, ForeignKey, Index, IndexKey, PrimaryKey, Schema, Table, Unique
from tests.alignment.build import actual, expected, name
from tests.checks.support import codes, findings

# A busy machine is no failure.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_ \"'ÄÖ%", min_size=1, max_size=12)
TYPES = st.sampled_from(["integer", "bigint", "text", "varchar(80)", "timestamptz", "numeric(10,2)", "jsonb", "uuid"])


@st.composite
def columns(draw: st.DrawFn, text: str, position: int) -> Column:
    default = draw(st.sampled_from([None, Expression("0"), Expression("'x'")]))
    return Column(text, draw(TYPES), draw(st.booleans()), default, position=position)


@st.composite
def tables(draw: st.DrawFn, text: str) -> Table:
    names = draw(st.lists(NAMES, min_size=2, max_size=6, unique_by=str.lower))
    made = tuple(draw(columns(column, place)) for place, column in enumerate(names, start=1))
    return Table(
        name(text),
        columns=(replace(made[0], nullable=False), *made[1:]),
        primary_key=PrimaryKey(f"{text}_pkey", (names[0],)),
        uniques=(Unique("u", (names[1],)),) if draw(st.booleans()) else (),
        checks=(Check("c", Expression("0 < 1"), (names[1],)),) if draw(st.booleans()) else (),
        indexes=(Index("i", tuple(IndexKey(text) for text in names[:2])),) if draw(st.booleans()) else (),
    )


@st.composite
def schemas(draw: st.DrawFn) -> tuple[Table, ...]:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    made = [draw(tables(text)) for text in names]
    target = made[0]
    key = ForeignKey("f", (made[-1].columns[1].name,), target.name, (target.columns[0].name,))
    if draw(st.booleans()):
        made[-1] = replace(made[-1], foreign_keys=(key,))
    return tuple(made)


def without_names(table: Table) -> Table:
    """As models are that never name a constraint."""
    assert table.primary_key is not None
    return replace(
        table,
        primary_key=replace(table.primary_key, name=None),
        uniques=tuple(replace(thing, name=None) for thing in table.uniques),
        checks=tuple(replace(thing, name=None) for thing in table.checks),
        foreign_keys=tuple(replace(thing, name=None) for thing in table.foreign_keys),
    )


@untimed
@given(schemas())
def test_a_schema_compared_with_itself_is_silent(made: tuple[Table, ...]) -> None:
    assert codes(expected(*made), actual(*made)) == []
    assert codes(expected(*map(without_names, made)), actual(*made)) == []


@untimed
@given(schemas(), schemas())
def test_every_object_is_in_one_pair(left: tuple[Table, ...], right: tuple[Table, ...]) -> None:
    alignment = align(expected(*left), actual(*right))
    assert sorted(p.expected.name for p in alignment.tables if p.expected) == sorted(table.name for table in left)
    assert sorted(p.actual.name for p in alignment.tables if p.actual) == sorted(table.name for table in right)
    for pair in alignment.tables:
        if pair.expected is not None and pair.actual is not None:
            assert {c.expected for c in pair.columns if c.expected} == set(pair.expected.columns)
            assert {c.actual for c in pair.columns if c.actual} == set(pair.actual.columns)


@untimed
@given(schemas(), schemas())
def test_fingerprints_are_unique(left: tuple[Table, ...], right: tuple[Table, ...]) -> None:
    found = findings(expected(*left), actual(*right))
    assert len({finding.fingerprint for finding in found}) == len(found)


@untimed
@given(schemas(), st.data())
def test_one_change_is_one_finding(made: tuple[Table, ...], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(made) - 1))
    changed, code = data.draw(st.sampled_from(list(_changes(made[number]))))
    right: Schema = actual(*made[:number], *([] if changed is None else [changed]), *made[number + 1 :])
    assert codes(expected(*made), right) == [code]


def _changes(table: Table):  # type: ignore[no-untyped-def]
    """Ways to change one thing, with the code that must be reported."""
    last = table.columns[-1]
    others = table.columns[:-1]
    other_type = "bytea"
    yield None, "TB101"
    yield replace(table, comment="x"), "TB304"
    yield replace(table, columns=others, **_without(table, last.name)), "CO101"
    yield replace(table, columns=(*table.columns, Column("brand new one", "bytea", position=99))), "CO201"
    yield replace(table, columns=(*others, replace(last, type=other_type))), "CO301"
    yield replace(table, columns=(*others, replace(last, nullable=not last.nullable))), "CO302"
    default = Expression("1") if last.default is None else None
    yield replace(table, columns=(*others, replace(last, default=default))), "CO303"
    yield replace(table, columns=(*others, replace(last, comment="x"))), "CO307"
    yield replace(table, columns=(*others, replace(last, collation="C"))), "CO306"
    yield replace(table, indexes=(*table.indexes, Index("another", (IndexKey(last.name),)))), "IX201"
    yield replace(table, checks=(*table.checks, Check("another", Expression("1 < 2"), (last.name,)))), "CK201"
    for place, index in enumerate(table.indexes):
        kept = table.indexes[:place] + table.indexes[place + 1 :]
        yield replace(table, indexes=kept), "IX101"
        yield replace(table, indexes=(*kept, replace(index, name="renamed"))), "IX309"
        yield replace(table, indexes=(*kept, replace(index, method="hash"))), "IX303"
        yield replace(table, indexes=(*kept, replace(index, predicate=Expression("0 < 1")))), "IX304"
        yield replace(table, indexes=(*kept, replace(index, valid=False))), "IX308"
    for unique in table.uniques:
        yield replace(table, uniques=()), "UQ101"
        yield replace(table, uniques=(replace(unique, deferrable=True),)), "UQ302"
        yield replace(table, uniques=(replace(unique, name="renamed"),)), "UQ305"
    for check in table.checks:
        yield replace(table, checks=()), "CK101"
        yield replace(table, checks=(replace(check, validated=False),)), "CK302"
        yield replace(table, checks=(replace(check, name="renamed"),)), "CK303"
    for key in table.foreign_keys:
        yield replace(table, foreign_keys=()), "FK101"
        yield replace(table, foreign_keys=(replace(key, on_delete="CASCADE"),)), "FK302"
        yield replace(table, foreign_keys=(replace(key, validated=False),)), "FK304"
        yield replace(table, foreign_keys=(replace(key, name="renamed"),)), "FK305"


def _without(table: Table, column: str) -> dict[str, object]:
    """What is left of the constraints when a column is dropped."""
    return {
        "uniques": tuple(thing for thing in table.uniques if column not in thing.columns),
        "checks": tuple(thing for thing in table.checks if column not in thing.columns),
        "indexes": tuple(thing for thing in table.indexes if column not in thing.columns),
        "foreign_keys": tuple(thing for thing in table.foreign_keys if column not in thing.columns),
    }
