"""Every way to write a type comes down to one spelling, and it is the server's type."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from drift.dialects.postgresql.types import spell_type

SPELLINGS = [
    ("VARCHAR(80)", "varchar(80)"),
    ("character varying(80)", "varchar(80)"),
    ("VARCHAR", "varchar"),
    ('VARCHAR(20) COLLATE "de-x-icu"', "varchar(20)"),
    ("CHAR", "char(1)"),
    ("CHARACTER(4)", "char(4)"),
    ("bpchar", "bpchar"),
    ('"char"', '"char"'),
    ("pg_catalog.int4", "integer"),
    ("TIMESTAMP WITHOUT TIME ZONE", "timestamp"),
    ("TIMESTAMP(0) WITH TIME ZONE", "timestamptz(0)"),
    ("timestamp(3) without time zone", "timestamp(3)"),
    ("TIME WITH TIME ZONE", "timetz"),
    ("time(0) without time zone", "time(0)"),
    ("FLOAT", "double precision"),
    ("FLOAT(24)", "real"),
    ("FLOAT(53)", "double precision"),
    ("DOUBLE PRECISION", "double precision"),
    ("DECIMAL(10, 2)", "numeric(10,2)"),
    ("NUMERIC(10)", "numeric(10,0)"),
    ("NUMERIC", "numeric"),
    ("INT", "integer"),
    ("SERIAL", "integer"),
    ("BIGSERIAL", "bigint"),
    ("SMALLSERIAL", "smallint"),
    ("BOOL", "boolean"),
    ("BIT", "bit(1)"),
    ("BIT VARYING(5)", "varbit(5)"),
    ("INTERVAL DAY TO SECOND (3)", "interval day to second(3)"),
    ("INTERVAL(3)", "interval(3)"),
    ("interval year to month", "interval year to month"),
    ("INTEGER[][]", "integer[]"),
    ("INTEGER[3]", "integer[]"),
    ("INTEGER ARRAY", "integer[]"),
    ("VARCHAR(10)[]", "varchar(10)[]"),
    ("timestamp(3) with time zone[]", "timestamptz(3)[]"),
    ("app.mood", "app.mood"),
    ('app."Mood"', 'app."Mood"'),
    ('"app"."mood"', "app.mood"),
    ('public."user"', 'public."user"'),
    ("Mood", "mood"),
    ('"Mood"[]', '"Mood"[]'),
    ("geometry(Point, 4326)", "geometry(Point,4326)"),
    ("vector(3)", "vector(3)"),
    ("'", "'"),
    ("", ""),
]


@pytest.mark.parametrize(("written", "spelled"), SPELLINGS)
def test_spells(written: str, spelled: str) -> None:
    assert spell_type(written) == spelled
    assert spell_type(spelled) == spelled


def arguments(*shapes: str, **ranges: tuple[int, int]) -> st.SearchStrategy[str]:
    values = st.fixed_dictionaries({name: st.integers(*bounds) for name, bounds in ranges.items()})
    return st.builds(lambda shape, filled: shape.format(**filled), st.sampled_from(shapes), values)


PLAIN_NAMES = """
    int int2 int4 int8 integer smallint bigint bool boolean text varchar char bpchar name uuid json jsonb xml bytea
    date time timetz timestamp timestamptz interval real float float4 float8 numeric decimal dec money inet cidr
    macaddr macaddr8 tsvector tsquery oid regclass int4range tstzrange numrange point box circle bit varbit
    pg_lsn nchar pg_catalog.int4 pg_catalog.varchar PG_CATALOG.TIMESTAMPTZ pg_catalog."char" "char"
"""
LONG_NAMES = (
    "double precision",
    "character varying",
    "bit varying",
    "character",
    "national character",
    "timestamp with time zone",
    "time without time zone",
    "interval year",
    "INTERVAL YEAR TO MONTH",
    "interval day to hour",
)
BUILT_IN = st.one_of(
    arguments(
        "varchar({n})",
        "VARCHAR ({n})",
        "character varying({n})",
        "char({n})",
        "CHARACTER ( {n} )",
        "nchar({n})",
        "national character varying({n})",
        "bit({n})",
        "BIT VARYING ({n})",
        "varbit({n})",
        "bpchar({n})",
        "char varying({n})",
        n=(1, 200),
    ),
    arguments("float({n})", "FLOAT ({n})", n=(1, 53)),
    arguments("numeric({p})", "DECIMAL({p}, {s})", "dec({p},{s})", "NUMERIC ({p},{s})", p=(20, 100), s=(0, 20)),
    arguments(
        "timestamp({n})",
        "timestamptz({n})",
        "TIMESTAMP ({n}) WITH TIME ZONE",
        "timestamp({n}) without time zone",
        "time({n})",
        "timetz({n})",
        "TIME({n}) WITH TIME ZONE",
        "time ({n}) without time zone",
        "interval({n})",
        "interval second({n})",
        "INTERVAL DAY TO SECOND ({n})",
        "interval hour to second({n})",
        "interval minute to second ({n})",
        n=(0, 6),
    ),
    st.sampled_from([*PLAIN_NAMES.split(), *LONG_NAMES]),
)
TYPES = st.builds(
    lambda name, array: name + array, BUILT_IN, st.sampled_from(["", "", "[]", "[][]", "[3]", " ARRAY", " array[4]"])
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=TYPES)
def test_the_spelling_is_what_the_server_prints(reading: Connection, written: str) -> None:
    spelled = spell_type(written)
    explain = f"EXPLAIN (VERBOSE, FORMAT JSON, COSTS OFF) SELECT NULL::{written}, NULL::{spelled}"
    as_written, as_spelled = reading.exec_driver_sql(explain).scalar_one()[0]["Plan"]["Output"]
    assert as_written == as_spelled
    assert spell_type(as_written.removeprefix("NULL::")) == spelled
