"""The planner tells which spellings mean the same; what it refuses is said, and nothing runs."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from sqlalchemy import Connection, Engine

from drift.alignment import Question, Unsettled, Usage
from drift.dialects.postgresql import DIALECT
from drift.dialects.postgresql.privileges import watched
from drift.dialects.postgresql.synonyms import folded
from drift.dialects.text import joined, tokens
from drift.schema import QualifiedName
from tests.dialects.postgresql.helpers import Run, role, version

COLUMNS = (
    ("status", "varchar(20)"),
    ("code", "char(4)"),
    ("a", "integer"),
    ("b", "numeric(10,2)"),
    ("at", "timestamp"),
    ("atz", "timestamptz"),
    ("day", "date"),
    ("data", "jsonb"),
    ("Mixed", "text"),
    ("tags", "text[]"),
    ("flag", "boolean"),
    ("user", "text"),
)
TABLE = QualifiedName("public", "things")


def check(sql: str, columns: tuple[tuple[str, str], ...] = COLUMNS, table: QualifiedName = TABLE) -> Question:
    return Question(sql, Usage.CHECK, table, columns)


def default(sql: str, type_: str) -> Question:
    return Question(sql, Usage.DEFAULT, TABLE, COLUMNS, type_)


def type_of(sql: str) -> Question:
    return Question(sql, Usage.TYPE)


def ask(connection: Connection, *questions: Question) -> list[str | Unsettled]:
    answers = DIALECT.canonicaliser(connection)(questions)
    return [answers[question] for question in questions]


SAME = [
    ("status IN ('a','b')", "(status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])"),
    ("status IN ('a','b')", "(status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::varchar)::text])"),
    ("status NOT IN ('a', 'b')", "(status)::text <> ALL ('{a,b}'::text[])"),
    ("status IN ('a', 'b', 'a')", "status IN ('b', 'a')"),
    ("status NOT IN ('a', 'b')", "status NOT IN ('b', 'a')"),
    ("status NOT IN ('a', 'b')", "status <> 'b' AND status <> 'a'"),
    ("a IN (1, -2, 30)", "a = 30 OR a = 1 OR a = -2"),
    ("a = 1 OR a IN (2, 3)", "a IN (3, 2, 1)"),
    ("b IN (0.5, 1)", "b = 1 OR b = 0.5"),
    (
        "status IN ('it''s', 'a,b', '{c}', '', ' ', 'null', 'back\\slash', '\"q\"')",
        "status IN ('\"q\"', 'back\\slash', 'null', ' ', '', '{c}', 'a,b') OR status = 'it''s'",
    ),
    ("a > 0 AND b > 0 AND flag", "flag AND b > 0 AND a > 0"),
    ("a > 0 OR (b > 0 AND flag)", "(flag AND b > 0) OR a > 0"),
    ("status IN ('a')", "(status)::text = 'a'::text"),
    ("a BETWEEN 1 AND 9", "((a >= 1) AND (a <= 9))"),
    ("NOT a = 1", "a <> 1"),
    ("a != 1", "(a <> 1)"),
    ("status LIKE 'a%'", "(status)::text ~~ 'a%'::text"),
    ("status NOT ILIKE '%a_'", "(status)::text !~~* '%a_'::text"),
    ("code = 'ab'", "code = 'ab'::bpchar"),
    ("b > 0", "(b > (0)::numeric)"),
    ("b > 0.5 + 0.5", "b > 1.0"),
    ("CAST(a AS text) = '1'", "(a)::text = '1'::text"),
    ("coalesce(a, 0) > 0", "(COALESCE(a, 0) > 0)"),
    ("CASE WHEN a > 0 THEN true ELSE false END", "CASE WHEN (a > 0) THEN true ELSE false END"),
    ("data->>'k' = 'v'", "((data ->> 'k'::text) = 'v'::text)"),
    ("data @> '{\"k\": 1}'", "(data @> '{\"k\": 1}'::jsonb)"),
    ("'x' = ANY(tags)", "('x'::text = ANY (tags))"),
    ("tags[1] = 'x'", "(tags[1] = 'x'::text)"),
    ("cardinality(tags) > 0", "(cardinality(tags) > 0)"),
    ("a IS DISTINCT FROM 1", "(a IS DISTINCT FROM 1)"),
    ("flag", "(flag)"),
    ("flag IS TRUE", "(flag IS TRUE)"),
    ("flag = true", "flag = 't'"),
    ("\"Mixed\" <> ''", "(\"Mixed\" <> ''::text)"),
    ("\"user\" <> ''", "(\"user\" <> ''::text)"),
    ("status || 'x' = 'yx'", "(((status)::text || 'x'::text) = 'yx'::text)"),
    ("lower(status) = status", "(lower((status)::text) = (status)::text)"),
    ("status ~ '^[a-z]+$'", "((status)::text ~ '^[a-z]+$'::text)"),
    ("at > CURRENT_TIMESTAMP", "at > now()"),
    ("at > CURRENT_TIMESTAMP(3)", "at > now()::timestamptz(3)"),
    ("at > LOCALTIMESTAMP", "at > now()::timestamp"),
    ("day > CURRENT_DATE", "day > now()::date"),
    ("day > CURRENT_DATE", "(day > ('now'::text)::date)"),
    ("at > transaction_timestamp()", "at > now()"),
    ("at AT TIME ZONE 'UTC' > atz", "(timezone('UTC'::text, at) > atz)"),
    ("day AT TIME ZONE 'UTC' > at", "timezone('UTC', day) > at"),
    ("atz AT TIME ZONE 'UTC' AT TIME ZONE 'CET' > atz", "timezone('CET', timezone('UTC', atz)) > atz"),
    ("SUBSTRING(status FROM 1 FOR 3) = 'abc'", "(substring(status, 1, 3) = 'abc')"),
    ("SUBSTRING(status FROM 2) = 'abc'", "(\"substring\"((status)::text, 2) = 'abc'::text)"),
    ("POSITION('a' IN status) > 0", "\"position\"((status)::text, 'a'::text) > 0"),
    ("OVERLAY(status PLACING 'a' FROM 2 FOR 1) = 'b'", "\"overlay\"((status)::text, 'a'::text, 2, 1) = 'b'"),
    ("TRIM(status) = ''", "(btrim((status)::text) = ''::text)"),
    ("TRIM(LEADING 'x' FROM status) = ''", "ltrim(status, 'x') = ''"),
    ("TRIM(TRAILING FROM status) = ''", "rtrim(status) = ''"),
    ("EXTRACT(YEAR FROM at) > 2000", "(EXTRACT(year FROM at) > (2000)::numeric)"),
    ("at > atz - INTERVAL '1 day'", "(at > (atz - '1 day'::interval))"),
    ("things.a > 0", "a > 0"),
    ("things IS NOT NULL", "(things.* IS NOT NULL)"),
    ("a > 0 -- because", "(a > 0)"),
    ("a % 2 = 0", "((a % 2) = 0)"),
    ("CURRENT_USER = status", "current_user = status"),
    ("USER = status", "current_user = status"),
    ("tableoid > 0", "(tableoid > (0)::oid)"),
]
DIFFERENT = [
    ("status IN ('a','b')", "status IN ('a','b','c')"),
    ("status IN ('a', 'b')", "status NOT IN ('a', 'b')"),
    ("a = 1 OR a = 2", "a = 1 AND a = 2"),
    ("a = 1 OR a = 2", "a <> 1 OR a <> 2"),
    ("a = 1 OR b = 2", "a = 2 OR b = 1"),
    ("a > 0 OR (b > 0 AND flag)", "(a > 0 OR b > 0) AND flag"),
    ("status IN ('a', 'b')", "status IN ('a,b')"),
    ("status IN ('a', 'b') OR status IS NULL", "status IN ('a', 'b')"),
    ("a > 0", "a >= 0"),
    ("a > 0", "b > 0"),
    ("a > 0", "(a > 0) IS TRUE"),
    ("a = a", "true"),
    ("lower(status) = 'a'", "upper(status) = 'a'"),
    ("at AT TIME ZONE 'UTC' > atz", "at AT TIME ZONE 'CET' > atz"),
    ("SUBSTRING(status FROM 1 FOR 3) = 'a'", "SUBSTRING(status FROM 1 FOR 4) = 'a'"),
    ("TRIM(LEADING 'x' FROM status) = ''", "TRIM(TRAILING 'x' FROM status) = ''"),
    ("day > CURRENT_DATE", "day > CURRENT_TIMESTAMP"),
    ("status LIKE 'a%'", "status ILIKE 'a%'"),
    ("\"Mixed\" = 'a'", "\"Mixed\" = 'A'"),
]


def test_equal_and_unequal_checks(reading: Connection) -> None:
    answers = ask(reading, *(check(sql) for pair in SAME + DIFFERENT for sql in pair))
    assert not [answer for answer in answers if isinstance(answer, Unsettled)]
    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    assert [pair for pair, (left, right) in zip(SAME, pairs[: len(SAME)], strict=True) if left != right] == []
    assert [pair for pair, (left, right) in zip(DIFFERENT, pairs[len(SAME) :], strict=True) if left == right] == []


def test_extract_is_a_function_of_its_own_since_14(reading: Connection, engine: Engine) -> None:
    left, right = ask(reading, check("EXTRACT(year FROM at) > 1"), check("date_part('year', at) > 1"))
    assert (left != right) is (version(engine) >= 14)


@pytest.mark.parametrize(
    ("left", "right", "type_"),
    [
        ("CURRENT_TIMESTAMP", "now()", "timestamptz"),
        ("CURRENT_TIMESTAMP", "now()", "timestamp"),
        ("LOCALTIMESTAMP", "now()", "timestamp(0)"),
        ("(now() AT TIME ZONE 'utc')", "timezone('utc'::text, now())", "timestamp"),
        ("'x'", "'x'::character varying", "varchar(80)"),
        ("'x'", "'x'::bpchar", "char(4)"),
        ("0", "'0'", "integer"),
        ("0", "(0)::numeric", "numeric(10,2)"),
        ("false", "'f'", "boolean"),
        ("'{}'", "'{}'::jsonb", "jsonb"),
        ("'{}'", "'{}'::text[]", "text[]"),
        ("ARRAY[]::text[]", "'{}'::text[]", "text[]"),
        ("'1 day'", "'1 day'::interval", "interval"),
        ("'ok'", "'ok'::public.mood", "mood"),
        ("nextval('s')", "nextval('public.s'::regclass)", "integer"),
        ("nextval('public.s')", "nextval('s'::regclass)", "bigint"),
        ("NULL", "NULL::character varying", "varchar(3)"),
        ("-1", "'-1'::integer", "integer"),
        ("gen_random_uuid()", "wrapped()", "uuid"),
    ],
)
def test_equal_defaults(run: Run, engine: Engine, left: str, right: str, type_: str) -> None:
    run("CREATE TYPE mood AS ENUM ('ok')", "CREATE SEQUENCE s")
    if version(engine) >= 13:
        run("CREATE FUNCTION wrapped() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'")
    elif "wrapped" in right:
        return
    with DIALECT.read_only(engine) as connection:
        ours, theirs = ask(connection, default(left, type_), default(right, type_))
    assert ours == theirs
    assert isinstance(ours, str)


def test_unequal_defaults(reading: Connection) -> None:
    for left, right, type_ in [
        ("now()", "timezone('utc', now())", "timestamp"),
        ("now()", "clock_timestamp()", "timestamptz"),
        ("'a'", "'b'", "text"),
        ("'a'", "'a '", "text"),
        ("0", "1", "integer"),
        ("'2020-01-01'", "now()", "date"),
    ]:
        ours, theirs = ask(reading, default(left, type_), default(right, type_))
        assert ours != theirs


def test_a_default_is_not_run(run: Run, engine: Engine) -> None:
    run("CREATE SEQUENCE s", "CREATE SEQUENCE r")
    with DIALECT.read_only(engine) as connection:
        ours, theirs = ask(connection, default("nextval('s')", "integer"), default("nextval('r')", "integer"))
        assert ours != theirs
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT s.is_called, r.is_called FROM s, r").one() == (False, False)


def test_types(run: Run, engine: Engine) -> None:
    run(
        "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('ok')",
        "CREATE DOMAIN strict AS varchar(9) NOT NULL CHECK (VALUE <> '')",
        "CREATE EXTENSION citext",
    )
    pairs = [
        ("CHARACTER VARYING(20)", "varchar(20)", True),
        ("VARCHAR(20)", "varchar(21)", False),
        ("NUMERIC(10)", "numeric(10,0)", True),
        ("CITEXT", "public.citext", True),
        ("strict", "public.strict", True),
        ("app.mood[]", '"app"."mood"[]', True),
        ("text", "varchar", False),
        ("timestamp(3) with time zone[]", "timestamptz(3)[]", True),
    ]
    with DIALECT.read_only(engine) as connection:
        answers = ask(connection, *(type_of(sql) for left, right, _ in pairs for sql in (left, right)))
    assert not [answer for answer in answers if isinstance(answer, Unsettled)]
    assert [left == right for left, right in zip(answers[::2], answers[1::2], strict=True)] == [p[2] for p in pairs]


def test_a_lone_constant_is_not_lost(reading: Connection) -> None:
    assert ask(reading, type_of("text")) == ["text"]
    assert ask(reading, default("'x'", "text")) == ["'x'::text"]


def refusals(answers: Iterable[str | Unsettled]) -> list[bool | None]:
    return [answer.rejected if isinstance(answer, Unsettled) else None for answer in answers]


def test_what_the_server_refuses(reading: Connection) -> None:
    answers = ask(
        reading,
        check("a > 0"),
        check("nothere > 0"),
        check("a > > 0"),
        check("nofunction(a)"),
        check("a > 1 / 0"),
        check("a = 'x'"),
        check("a > 0), (b > 0"),
        check("a > 0; SELECT 1"),
        default("'x'", "nosuchtype"),
        type_of("nosuchtype"),
        default("nextval('nosequence')", "integer"),
        check("b > 0"),
    )
    assert refusals(answers) == [None, *[True] * 10, None]


def test_one_bad_column_type_spoils_only_what_mentions_it(reading: Connection) -> None:
    columns = (("a", "integer"), ("m", "nosuchtype"))
    answers = ask(reading, check("a > 0", columns), check("m = 'x'", columns))
    assert refusals(answers) == [None, True]


def test_many_refusals_among_many_questions(reading: Connection) -> None:
    questions = [check(f"a > {n}" if n % 7 else f"missing{n} > 0") for n in range(700)]
    with watched(reading) as seen:
        answers = ask(reading, *questions)
    assert refusals(answers) == [None if n % 7 else True for n in range(700)]
    assert len(seen.statements) < 1000


def test_thousands_of_questions_take_few_statements(reading: Connection) -> None:
    questions = [check(f"a > {n % 3}", table=QualifiedName("public", f"t{n}")) for n in range(2000)]
    with watched(reading) as seen:
        answers = ask(reading, *questions)
    assert set(answers) == {"a > 0", "a > 1", "a > 2"}
    assert len(seen.statements) < 40


def test_tables_of_one_name_in_two_schemas(reading: Connection) -> None:
    questions = [check("things.a > 0", (("a", type_),)) for type_ in ("integer", "bigint")]
    assert ask(reading, *questions, check("a > 0", (("a", "smallint"),))) == ["a > 0"] * 3


def test_functions_that_take_the_row(run: Run, engine: Engine) -> None:
    run(
        "CREATE TABLE things (a int)",
        "CREATE FUNCTION fine(things) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RETURN true; END$$",
    )
    with DIALECT.read_only(engine) as connection:
        ours, theirs, bad = ask(
            connection, check("fine(things)"), check("public.fine(things.*)"), check("notfine(things)")
        )
    assert ours == theirs
    assert isinstance(ours, str)
    assert refusals([bad]) == [True]


def test_domain_checks(reading: Connection) -> None:
    ours, theirs = ask(
        reading,
        Question("VALUE IN ('a', 'b')", Usage.CHECK, None, (), "varchar(9)"),
        Question("(VALUE)::text = ANY ('{a,b}'::text[])", Usage.CHECK, None, (), "varchar(9)"),
    )
    assert ours == theirs


def test_names_mean_what_they_mean_to_the_application(run: Run, engine: Engine) -> None:
    run(
        "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('ok', 'sad')",
        "CREATE FUNCTION app.f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'",
    )
    table, columns = QualifiedName("app", "t"), (("m", "app.mood"), ("a", "integer"))
    with DIALECT.read_only(engine) as connection:
        answers = ask(
            connection,
            check("m = 'ok'", columns, table),
            check("m = 'ok'::mood", columns, table),
            check("m = 'ok'::app.mood", columns, table),
            check("f(a) > 0", columns, table),
            check("app.f(a) > 0", columns, table),
        )
        assert connection.exec_driver_sql("SHOW search_path").scalar_one() == ""
    assert answers[0] == answers[1] == answers[2]
    assert answers[3] == answers[4]


def test_settings_of_the_role_do_not_show(run: Run, engine: Engine, database: str) -> None:
    name = database.rpartition("/")[2]
    questions = [default("'2020-02-01'", "date"), default("'\\xff'", "bytea"), check("a > 0")]
    with DIALECT.read_only(engine) as connection:
        before = ask(connection, *questions)
    for setting in ("quote_all_identifiers = on", "datestyle = 'German, DMY'", "bytea_output = escape"):
        run(f"ALTER DATABASE {name} SET {setting}")
    engine.dispose()
    with DIALECT.read_only(engine) as connection:
        assert ask(connection, *questions) == before


def test_a_type_out_of_reach_is_not_checked(run: Run, engine: Engine) -> None:
    run("CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('ok')")
    columns = (("m", "app.mood"), ("a", "integer"))
    table = QualifiedName("app", "t")
    with role(engine, "drift_test_reach") as other, DIALECT.read_only(other) as connection:
        answers = ask(
            connection,
            check("a > 0", columns, table),
            check("m = 'ok'", columns, table),
            check("m = 'ok'::mood", columns, table),
            check("f(a) > 0", columns, table),
            type_of("app.mood"),
        )
    assert refusals(answers) == [None, False, False, False, False]
    reasons = [answer.reason for answer in answers if isinstance(answer, Unsettled)]
    assert reasons[0] == "permission denied for schema app"


def test_a_timeout_is_not_an_answer(run: Run, engine: Engine) -> None:
    run(
        "CREATE FUNCTION slow(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM pg_sleep(5); RETURN true; END$$"
    )
    with DIALECT.read_only(engine, timeout=0.3) as connection:
        answers = ask(connection, check("slow(1)"), check("a > 0"))
    assert refusals(answers) == [False, None]


def test_random_uuids_of_pgcrypto_are_the_servers_own() -> None:
    def folded_text(sql: str) -> str:
        return joined(folded(tokens(sql)))

    assert folded_text("public.gen_random_uuid()") == folded_text("gen_random_uuid()")
    assert folded_text("app.gen_random_uuid()") != folded_text("gen_random_uuid()")
