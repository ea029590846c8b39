"""A role that may only create in ``public`` plants code wherever code can stand; no command of drift runs any of it.

Rows are looked at, too. The role owns the tables that it spoils, as the role of another application would.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

import drift
from tests.cli.conftest import Drift, Project
from tests.cli.conftest import drift as drift_command
from tests.cli.conftest import project as project_of_its_own
from tests.cli.guarded_server import binaries
from tests.repair import run_script
from tests.security.hostile import EVE, Crime, as_eve, crime, function, own_everything
from tests.servers import fresh_database
from tests.servers.postgresql import local

drift_cli, project = drift_command, project_of_its_own

MODELS = """\
from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owners"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)


class Item(Base):
    __tablename__ = "items"
    __table_args__ = (
        CheckConstraint("price > 0", name="ck_price"),
        CheckConstraint("name <> '' AND length(name) > 0 AND name || 'x' <> 'x'", name="ck_name"),
        CheckConstraint("size IN ('s', 'm') OR size LIKE 'x%'", name="ck_size"),
        Index("ix_name", text("lower(name)"), postgresql_where=text("price > 0")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    price: Mapped[int] = mapped_column(server_default=text("1"))
    net: Mapped[int | None] = mapped_column(Computed("price * 1", persisted=True))
    size: Mapped[str] = mapped_column(String(5))
    owner: Mapped[str] = mapped_column(ForeignKey("owners.code"))
    worth: Mapped[int | None] = mapped_column(server_default=text("2 + 2"))
    span: Mapped[str | None] = mapped_column(server_default=text("'[1,2]'"))
    made: Mapped[datetime | None] = mapped_column(server_default=text("now()"))


class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(5))


class Report(Base):
    __tablename__ = "reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(5))
"""
TABLES = """
CREATE TABLE public.owners (code varchar(20) PRIMARY KEY);
CREATE TABLE public.items (
    id serial PRIMARY KEY, name varchar(20), price int NOT NULL DEFAULT 1, net int GENERATED ALWAYS AS (price) STORED,
    size varchar(50), owner varchar(20), worth int DEFAULT 4, span text, made timestamptz
);
CREATE TABLE public.parts (id int, name varchar(50)) PARTITION BY LIST (id);
CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES IN (1);
INSERT INTO public.owners VALUES ('a');
INSERT INTO public.items (name, size, owner) VALUES ('x', 's', 'a'), ('y', 'mmmmmmmm', 'b');
INSERT INTO public.parts VALUES (1, 'p');
"""


def _operator(name: str, function_name: str, left: str, right: str, more: str = "") -> str:
    return f"CREATE OPERATOR {name} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {function_name}{more});"


# Each stands alone: (what it is, what makes it, what runs it on purpose).
PLANTS = {
    "check": (
        function("theirs.f_check(text)", "0", "int")
        + "ALTER TABLE public.items ADD CONSTRAINT ck_price CHECK (price > theirs.f_check('c'));",
        "INSERT INTO public.items (name, price) VALUES ('q', 5)",
    ),
    "check through a function of the superuser": (
        function("theirs.f_deep(text)", "0", "int")
        + "RESET ROLE; CREATE FUNCTION public.trusted(t text) RETURNS int LANGUAGE sql IMMUTABLE"
        " AS 'SELECT theirs.f_deep(t)'; SET ROLE eve;"
        "ALTER TABLE public.items ADD CONSTRAINT ck_price CHECK (price > public.trusted('c'));",
        "EXPLAIN SELECT public.trusted('c')",
    ),
    "default": (
        function("theirs.f_default(text)", "4", "int")
        + "ALTER TABLE public.items ALTER worth SET DEFAULT theirs.f_default('d');",
        "INSERT INTO public.items (name) VALUES ('q')",
    ),
    "domain": (
        function("theirs.f_domain(int)", "true", "boolean")
        + "CREATE DOMAIN theirs.dom AS int CHECK (theirs.f_domain(VALUE));"
        "ALTER TABLE public.items ALTER worth TYPE theirs.dom, ALTER worth SET DEFAULT 5::theirs.dom;",
        "SELECT 5::theirs.dom",
    ),
    "index expression": (
        function("theirs.f_index(text)", "'i'", "text")
        + "CREATE INDEX ix_name ON public.items ((name::text || theirs.f_index('c')));",
        "EXPLAIN SELECT max(id) FROM public.items",
    ),
    "index predicate": (
        function("theirs.f_predicate(text)", "0", "int")
        + "CREATE INDEX ix_name ON public.items (lower(name)) WHERE price > theirs.f_predicate('c');",
        "EXPLAIN SELECT max(id) FROM public.items",
    ),
    "statistics": (
        function("theirs.f_statistics(text)", "1", "int")
        + "CREATE STATISTICS theirs.st ON (price + theirs.f_statistics('s')), id FROM public.items;"
        "ANALYZE public.items;",
        "EXPLAIN SELECT count(*) FROM public.items GROUP BY price, id",
    ),
    "policy": (
        function("theirs.f_policy(text)", "true", "boolean", kind="VOLATILE")
        + "ALTER TABLE public.items ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON public.items USING (theirs.f_policy(name::text));",
        "SET ROLE reader; SELECT count(*) FROM public.items",
    ),
    "view": (
        function("theirs.f_view()", "1", "int", kind="VOLATILE")
        + "CREATE VIEW public.reports AS SELECT theirs.f_view() AS id, 'n'::varchar(50) AS name;"
        "CREATE VIEW public.alembic_version AS SELECT theirs.f_view()::varchar(32) AS version_num;",
        "SELECT * FROM public.reports",
    ),
    "rule": (
        function("theirs.f_rule()", "1", "int", kind="VOLATILE")
        + "CREATE RULE r AS ON UPDATE TO public.items DO ALSO SELECT theirs.f_rule();",
        "UPDATE public.items SET price = 2",
    ),
    "trigger": (
        function("theirs.f_trigger()", "NEW", "trigger", kind="VOLATILE")
        + "CREATE TRIGGER t BEFORE INSERT ON public.items FOR EACH ROW EXECUTE FUNCTION theirs.f_trigger();",
        "INSERT INTO public.items (name) VALUES ('q')",
    ),
    "generated column": (
        function("theirs.f_generated(int)", "1", "int") + "ALTER TABLE public.items DROP COLUMN net;"
        "ALTER TABLE public.items ADD net int GENERATED ALWAYS AS (theirs.f_generated(1)) STORED;",
        "INSERT INTO public.items (name) VALUES ('q')",
    ),
    "partition key": (
        function("theirs.f_partition(text)", "0", "int") + "DROP TABLE public.parts;"
        "CREATE TABLE public.parts (id int, name varchar(50)) PARTITION BY LIST ((id + theirs.f_partition('p')));"
        "CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES IN (1);",
        "EXPLAIN SELECT max(id) FROM public.parts",
    ),
    "partition's index": (
        function("theirs.f_child(text)", "0", "int") + "CREATE INDEX ON public.parts_1 ((id + theirs.f_child('p')));",
        "EXPLAIN SELECT max(id) FROM public.parts",
    ),
    "cast": (
        "CREATE TYPE theirs.pair AS (a int, b int);"
        + function("theirs.f_cast(theirs.pair)", "'p'", "text")
        + "CREATE CAST (theirs.pair AS text) WITH FUNCTION theirs.f_cast(theirs.pair) AS IMPLICIT;"
        "ALTER TABLE public.items ALTER span TYPE theirs.pair USING NULL,"
        " ALTER span SET DEFAULT '(1,2)'::theirs.pair;"
        "ALTER TABLE public.items ADD CONSTRAINT ck_size CHECK (lower('(1,2)'::theirs.pair) <> 'q');",
        "EXPLAIN SELECT lower('(1,2)'::theirs.pair)",
    ),
    "functions of the same name": (
        function("public.lower(varchar)", "'l'", "text", tag="public.lower")
        + function("public.length(varchar)", "1", "int", tag="public.length")
        + function("public.json_to_record(text)", "NULL", "record", tag="public.json_to_record")
        + function("public.unnest(text[])", "'u'", "text", tag="public.unnest")
        + function("public.count(int)", "1", "int", tag="public.count")
        + function("public.char_length(varchar)", "1", "int", tag="public.char_length"),
        "EXPLAIN SELECT lower('X'::varchar)",
    ),
    "an aggregate of the same name": (
        function("theirs.f_aggregate(text, varchar)", "'m'", "text")
        + "CREATE AGGREGATE public.max(varchar) (SFUNC = theirs.f_aggregate, STYPE = text);",
        "SELECT max(name) FROM public.items",
    ),
    "operators of the same name": (
        function("theirs.o_eq(varchar, varchar)", "true", "boolean")
        + function("theirs.o_ne(varchar, text)", "true", "boolean")
        + function("theirs.o_cat(varchar, text)", "'c'", "text")
        + function("theirs.o_like(varchar, text)", "true", "boolean")
        + function("theirs.o_gt(int, int)", "true", "boolean")
        + function("theirs.o_cats(text[], text[])", "NULL", "text[]")
        + _operator("public.=", "theirs.o_eq", "varchar", "varchar")
        + _operator("public.<>", "theirs.o_ne", "varchar", "text")
        + _operator("public.||", "theirs.o_cat", "varchar", "text")
        + _operator("public.~~", "theirs.o_like", "varchar", "text")
        + _operator("public.>", "theirs.o_gt", "int", "int")
        + _operator("public.||", "theirs.o_cats", "text[]", "text[]"),
        "EXPLAIN SELECT 'a'::varchar = 'b'::varchar",
    ),
    "an operator whose negator it is": (
        function("theirs.n_ne(varchar, varchar)", "true", "boolean")
        + "CREATE FUNCTION theirs.plain(varchar, varchar) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
        + _operator("public.<>", "theirs.n_ne", "varchar", "varchar")
        + _operator("public.=", "theirs.plain", "varchar", "varchar", ", NEGATOR = OPERATOR(public.<>)"),
        "EXPLAIN SELECT 'a'::varchar <> 'b'::varchar",
    ),
    "an operator in a check": (
        function("theirs.o_more(int, int)", "true", "boolean")
        + _operator("public.>>>", "theirs.o_more", "int", "int")
        + "ALTER TABLE public.items ADD CONSTRAINT ck_price CHECK (price > 0 AND 1 OPERATOR(public.>>>) 2);",
        "EXPLAIN SELECT 1 OPERATOR(public.>>>) 2",
    ),
    "an operator behind a function of the superuser": (
        function("theirs.o_inner(varchar, varchar)", "true", "boolean")
        + _operator("public.=", "theirs.o_inner", "varchar", "varchar")
        + "RESET ROLE; CREATE FUNCTION public.is_small(t varchar) RETURNS boolean LANGUAGE sql IMMUTABLE"
        " AS $q$SELECT t = 's'::varchar$q$; SET ROLE eve;"
        "ALTER TABLE public.items ADD CONSTRAINT ck_size CHECK (public.is_small('s'));",
        "EXPLAIN SELECT public.is_small('s')",
    ),
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "check": ("check", "--strict"),
    "check --probe": ("check", "--probe", "--receipt"),
    "plan": ("plan",),
    "plan --probe": ("plan", "--probe"),
    "snapshot": ("snapshot", "--output", "schema.json"),
    "baseline": ("baseline",),
    "diff": ("diff", "models", "database"),
    "doctor": ("doctor",),
}


@pytest.fixture(scope="module")
def scene() -> Iterator[Crime]:
    server = local(binaries())
    try:
        run_script(server.url, f"CREATE ROLE {EVE} LOGIN; CREATE ROLE reader LOGIN;")
        yield crime(server)
    finally:
        server.stop()


@pytest.fixture
def victim(scene: Crime) -> Iterator[str]:
    with fresh_database(scene.server) as url:
        run_script(url, f"GRANT CREATE, USAGE ON SCHEMA public TO {EVE}; CREATE SCHEMA theirs AUTHORIZATION {EVE};")
        run_script(url, as_eve(TABLES))
        run_script(url, "GRANT USAGE ON SCHEMA theirs TO reader;GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;")
        run_script(url, as_eve("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;"))
        yield url


def _plant(url: str, *names: str) -> None:
    for name in names:
        run_script(url, as_eve(PLANTS[name][0]))


def _as(url: str, user: str) -> str:
    return make_url(url).set(username=user).render_as_string(hide_password=False)


@pytest.mark.parametrize("plant", PLANTS)
def test_each_plant_grows_when_it_is_run_on_purpose(scene: Crime, victim: str, plant: str) -> None:
    _plant(victim, plant)
    with scene.recorded() as ran:
        run_script(victim, PLANTS[plant][1])
    assert ran


@pytest.mark.parametrize("user", ["postgres", "reader"])
@pytest.mark.parametrize("plant", PLANTS)
def test_a_check_that_looks_at_rows_runs_none(
    scene: Crime, victim: str, project: Project, plant: str, user: str
) -> None:
    _plant(victim, plant)
    (project.directory / f"{project.module}.py").write_text(MODELS)
    with scene.recorded() as ran:
        report = drift.check(project.models, _as(victim, user), probe=True)
        plan = drift.plan(report)
    assert ran == []
    assert report.comparison.alignment.actual.tables
    assert plan.steps


def _everything_planted(url: str, project: Project) -> None:
    """What shadows the server's own names, and one of each kind that can stand beside the others."""
    _plant(
        url,
        *("functions of the same name", "an aggregate of the same name", "operators of the same name"),
        *("check", "default", "index expression", "statistics", "policy", "view", "generated column", "cast"),
        *("partition key", "trigger", "rule"),
    )
    (project.directory / f"{project.module}.py").write_text(MODELS)


@pytest.mark.parametrize("user", ["postgres", "reader"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_any(
    scene: Crime, victim: str, project: Project, drift_cli: Drift, command: str, user: str
) -> None:
    _everything_planted(victim, project)
    arguments = [*COMMANDS[command], "--database-url", _as(victim, user)]
    with scene.recorded() as ran:
        done = drift_cli(*arguments, "--models", project.models)
    assert ran == []
    assert done.code in (0, 1), done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_any_of_the_databases_owner(
    scene: Crime, victim: str, project: Project, drift_cli: Drift, command: str
) -> None:
    """Who decides on everybody's search path, too."""
    _everything_planted(victim, project)
    shadows = (
        function("first.current_schema()", "NULL", "name"),
        function("first.eq(name, name)", "true", "boolean") + _operator("first.=", "first.eq", "name", "name"),
        function("first.equal(text, text)", "true", "boolean") + _operator("first.=", "first.equal", "text", "text"),
        function("first.lower(text)", "'l'", "text", tag="first.lower"),
    )
    own_everything(victim, *shadows)
    with scene.recorded() as ran:
        done = drift_cli(*COMMANDS[command], "--database-url", victim, "--models", project.models)
    assert ran == []
    assert done.code in (0, 1, 2), done.err
    assert "should not have happened" not in done.err


def test_a_revision_and_its_proof_run_none_on_the_live_server(
    scene: Crime, victim: str, project: Project, drift_cli: Drift
) -> None:
    _everything_planted(victim, project)
    with scene.recorded() as ran:
        done = drift_cli("revision", "--database-url", victim, "--models", project.models)
    assert ran == []
    assert "should not have happened" not in done.err


def test_a_superuser_is_told_that_less_is_enough(victim: str, project: Project, drift_cli: Drift) -> None:
    (project.directory / f"{project.module}.py").write_text(MODELS)
    said = {
        user: drift_cli("doctor", "--models", project.models, "--database-url", _as(victim, user)).out
        for user in ("postgres", "reader")
    }
    assert "a superuser: a check needs none" in said["postgres"]
    assert "superuser" not in said["reader"]


OWN = """
CREATE FUNCTION theirs.minimum(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN 0; END$$;
CREATE DOMAIN theirs.money AS int CHECK (VALUE > theirs.minimum('m'));
ALTER TABLE public.items
    ADD CONSTRAINT ck_price CHECK (price > theirs.minimum('c')), ALTER worth TYPE theirs.money;
"""
"""What the role that checks made itself."""


@pytest.mark.parametrize(("user", "asked"), [(EVE, True), ("postgres", False), ("reader", False)])
def test_its_owner_has_it_compared(victim: str, project: Project, user: str, asked: bool) -> None:
    run_script(victim, as_eve(OWN))
    models = MODELS.replace('price > 0", name', "price > theirs.minimum('c') + 0\", name")
    (project.directory / f"{project.module}.py").write_text(models)
    verdict = drift.check(project.models, _as(victim, user)).verdict
    # Folded, both are the same.
    assert not [finding for finding in verdict.findings if finding.subject.name == "ck_price"]
    reasons = [item.reason for item in verdict.not_checked if item.subject and item.subject.name == "ck_price"]
    assert [("theirs.minimum runs code of the role eve" in reason) for reason in reasons] == ([] if asked else [True])


def test_what_a_superuser_or_an_extension_brought_is_asked(victim: str, project: Project) -> None:
    run_script(
        victim,
        "CREATE EXTENSION citext; CREATE EXTENSION pgcrypto;"
        "CREATE FUNCTION public.floor_of(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';"
        "ALTER TABLE public.items ADD CONSTRAINT ck_price CHECK (price > public.floor_of('c')),"
        " ALTER name TYPE citext, ADD CONSTRAINT ck_name CHECK (name <> ''::citext);",
    )
    (project.directory / f"{project.module}.py").write_text(MODELS)
    verdict = drift.check(project.models, _as(victim, "reader")).verdict
    assert {finding.subject.name for finding in verdict.findings if finding.code == "CK301"} >= {"ck_name"}
    assert not [item for item in verdict.not_checked if "runs code of" in item.reason]
    # Folded, both are the same.
    assert not [finding for finding in verdict.findings if finding.subject.name == "ck_price"]


def test_a_function_that_was_put_into_an_extension_stays_its_owners(
    scene: Crime, victim: str, project: Project
) -> None:
    run_script(
        victim,
        f"GRANT CREATE ON DATABASE {make_url(victim).database} TO {EVE};"
        + as_eve(
            "CREATE EXTENSION citext SCHEMA theirs;"
            + function("theirs.f_member(text)", "0", "int")
            + "ALTER EXTENSION citext ADD FUNCTION theirs.f_member(text);"
            "ALTER TABLE public.items ADD CONSTRAINT ck_price CHECK (price > theirs.f_member('c'));"
        ),
    )
    (project.directory / f"{project.module}.py").write_text(MODELS)
    with scene.recorded() as ran:
        verdict = drift.check(project.models, victim).verdict
    assert ran == []
    assert [item for item in verdict.not_checked if "theirs.f_member" in item.reason]
