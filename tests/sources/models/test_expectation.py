"""What metadata expects of PostgreSQL, facet by facet, without a server."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Enum,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    func,
    literal_column,
    text,
    true,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.schema import conv

from drift.dialects import ServerInfo
from drift.schema import (
    Column as Noun,
)
from drift.schema import (
    Expression,
    IndexKey,
    Persistence,
    QualifiedName,
    TableKind,
)
from drift.schema import (
    ForeignKey as ForeignKeyNoun,
)
from drift.schema import (
    Identity as IdentityNoun,
)
from drift.schema import (
    Index as IndexNoun,
)
from tests.sources.models.support import POSTGRESQL, expected, only_table

CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def _column(*arguments: Any, **more: Any) -> Noun:
    """The noun of one column beside a primary key."""
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("c", *arguments, **more))
    found = only_table(expected(metadata)).column("c")
    assert found is not None
    return found


class _Upper(TypeDecorator[str]):
    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(pg.CITEXT() if dialect.name == "postgresql" else String(20))


@pytest.mark.parametrize(
    ("type_", "spelled"),
    [
        (String(80), "varchar(80)"),
        (String, "varchar"),
        (Text(), "text"),
        (Numeric(10, 2), "numeric(10,2)"),
        (DateTime(timezone=True), "timestamptz"),
        (pg.TIMESTAMP(precision=3), "timestamp(3)"),
        (JSON().with_variant(pg.JSONB(), "postgresql"), "jsonb"),
        (Uuid(), "uuid"),
        (pg.ARRAY(Integer), "integer[]"),
        (pg.ARRAY(String(3), dimensions=2), "varchar(3)[]"),
        (_Upper(), "citext"),
        (_Upper().with_variant(String(7), "postgresql"), "varchar(7)"),
        (Enum("a", "b", native_enum=False), "varchar(1)"),
    ],
)
def test_types(type_: Any, spelled: str) -> None:
    from drift.dialects import dialect_for

    assert _column(type_).type == dialect_for("postgresql").spell_type(spelled)


def test_equal_types_of_different_arguments_are_told_apart() -> None:
    metadata = MetaData()
    Table("t", metadata, *(Column(f"c{n}", String(n)) for n in range(1, 5)), Column("b", Boolean), Column("d", Date))
    assert [c.type for c in only_table(expected(metadata)).columns] == [
        *(f"varchar({n})" for n in range(1, 5)),
        "boolean",
        "date",
    ]


def test_collation() -> None:
    column = _column(String(80, collation="C"))
    assert (column.type, column.collation) == ("varchar(80)", "C")
    assert _column(Text(collation="default")).collation is None


@pytest.mark.parametrize(
    ("default", "sql"),
    [
        ("it's 5%", "'it''s 5%'"),
        (text("5 % 2"), "5 % 2"),
        (func.now(), "now()"),
        (true(), "true"),
        (text("NULL"), None),
        (func.coalesce(literal_column("1"), 2), "coalesce(1, 2)"),
    ],
)
def test_server_defaults(default: Any, sql: str | None) -> None:
    found = _column(Text, server_default=default).default
    assert found == (None if sql is None else Expression(sql))


def test_fetched_value_says_nothing_about_the_default() -> None:
    column = _column(Text, server_default=FetchedValue())
    assert column.default is None
    assert column.ignored == ("CO303",)


def test_a_default_that_cannot_be_expressed_leaves_the_rest() -> None:
    metadata = MetaData()
    Table("t", metadata, Column("a", Integer), Column("j", pg.JSONB, server_default=func.f({1: object()})))
    schema = expected(metadata)
    assert [c.name for c in only_table(schema).columns] == ["a", "j"]
    assert schema.unreadable[0][0] == "public.t.j"


def test_numbering() -> None:
    metadata = MetaData()
    Table("serial", metadata, Column("id", Integer, primary_key=True))
    Table("small", metadata, Column("id", SmallInteger, primary_key=True))
    Table("default", metadata, Column("id", Integer, primary_key=True, server_default=text("7")))
    Table("client", metadata, Column("id", Integer, primary_key=True, default=lambda: 1))
    Table("off", metadata, Column("id", Integer, primary_key=True, autoincrement=False))
    Table("text", metadata, Column("id", String, primary_key=True))
    Table("pair", metadata, Column("a", Integer, primary_key=True), Column("b", Integer, primary_key=True))
    Table("fk", metadata, Column("id", ForeignKey("serial.id"), primary_key=True))
    Table("optional", metadata, Column("id", Integer, Sequence("opt", optional=True), primary_key=True))
    Table("sequence", metadata, Column("id", Integer, Sequence("seq", start=5), primary_key=True))
    schema = expected(metadata)
    numbered = {t.name.name for t in schema.tables if any(c.auto_increment for c in t.columns)}
    assert numbered == {"serial", "small", "optional"}
    assert [(s.name.name, s.start) for s in schema.sequences] == [("seq", 5)]
    supplied = {t.name.name for t in schema.tables if any(c.client_default for c in t.columns)}
    assert supplied == {"client", "sequence"}


def test_identity_and_sequence_options_are_none_where_they_are_the_default() -> None:
    column = _column(Integer, Identity(always=True, start=1, increment=5, minvalue=1, maxvalue=2**31 - 1, cache=1))
    assert column.identity == IdentityNoun(always=True, increment=5)
    assert (column.nullable, column.auto_increment) == (False, True)
    metadata = MetaData()
    Sequence("down", increment=-1, start=-1, metadata=metadata, data_type=SmallInteger)
    (found,) = expected(metadata).sequences
    assert (found.type, found.increment, found.start) == ("smallint", -1, None)


def test_default_from_a_sequence() -> None:
    sequence = Sequence("numbers", schema="app")
    column = _column(Integer, server_default=sequence.next_value())
    assert column.sequence == QualifiedName("app", "numbers")
    assert column.default is not None
    assert "nextval" in column.default.sql


def test_generated() -> None:
    stored = _column(Integer, Computed("id * 2", persisted=True))
    assert (stored.generated, stored.generated_stored) == (Expression("id * 2"), True)
    assert not stored.auto_increment


def test_schema_and_names_are_qualified() -> None:
    metadata = MetaData()
    Table("plain", metadata, Column("id", Integer, primary_key=True))
    Table("explicit", metadata, Column("id", Integer, primary_key=True), schema="public")
    Table("other", metadata, Column("id", ForeignKey("plain.id"), primary_key=True), schema="app")
    schema = expected(metadata, schema_translate_map={None: "tenant1", "app": "app1"})
    assert [str(t.name) for t in schema.tables] == ["app1.other", "public.explicit", "tenant1.plain"]
    assert schema.schemas == ("app1", "public", "tenant1")
    assert schema.tables[0].foreign_keys[0].target == QualifiedName("tenant1", "plain")


def test_naming_convention_and_unnamed_constraints() -> None:
    for convention, names in ((CONVENTION, True), (None, False)):
        metadata = MetaData(naming_convention=convention) if convention else MetaData()
        Table(
            "orders",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("parent", ForeignKey("orders.id")),
            Column("code", String, unique=True),
            CheckConstraint("id > 0", name="positive" if names else None),
            Index(None, "parent"),
        )
        table = only_table(expected(metadata))
        assert table.primary_key is not None
        found = [
            table.primary_key.name,
            table.foreign_keys[0].name,
            table.uniques[0].name,
            table.checks[0].name,
            table.indexes[0].name,
        ]
        assert found == (
            ["pk_orders", "fk_orders_parent_orders", "uq_orders_code", "ck_orders_positive", "ix_orders_parent"]
            if names
            else [None, None, None, None, "ix_orders_parent"]
        )


def test_names_are_shortened_as_sqlalchemy_and_the_server_do() -> None:
    metadata = MetaData(naming_convention=CONVENTION)
    long = "a" * 50
    Table(
        long,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("b" * 30, Integer, index=True),
        Column("ü" * 40, Integer),
        CheckConstraint("id > 0", name=conv("c" * 70)),
        UniqueConstraint("id", name=conv("u" * 64)),
    )
    table = only_table(expected(metadata))
    assert table.indexes[0].name is not None
    assert len(table.indexes[0].name) == 60
    assert table.columns[2].name == "ü" * 31
    assert table.checks[0].name is not None
    assert len(table.checks[0].name) == 60
    plain = MetaData()
    Table("t", plain, Column("id", Integer, primary_key=True), CheckConstraint("id > 0", name="k" * 70))
    assert only_table(expected(plain)).checks[0].name == "k" * 63


def test_foreign_keys() -> None:
    metadata = MetaData()
    Table("users", metadata, Column("id", Integer, primary_key=True), schema="app")
    Table(
        "posts",
        metadata,
        Column("author", Integer),
        ForeignKeyConstraint(
            ["author"],
            ["app.users.id"],
            name="fk",
            ondelete="set  null",
            onupdate="Cascade",
            initially="deferred",
            match="full",
            postgresql_not_valid=True,
        ),
    )
    (found,) = expected(metadata).tables[1].foreign_keys
    assert found == ForeignKeyNoun(
        "fk",
        ("author",),
        QualifiedName("app", "users"),
        ("id",),
        on_delete="SET NULL",
        on_update="CASCADE",
        deferrable=True,
        initially_deferred=True,
        match="FULL",
        validated=False,
    )


def test_a_foreign_key_to_nowhere_costs_only_its_column_type() -> None:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("x", ForeignKey("app.nowhere.id")))
    Table("u", metadata, Column("id", Integer, primary_key=True))
    schema = expected(metadata)
    assert len(schema.tables) == 2
    assert schema.tables[0].columns[1].type == ""
    assert schema.tables[0].foreign_keys[0].target == QualifiedName("app", "nowhere")
    assert [subject for subject, _ in schema.unreadable] == ["public.t.x"]


def test_uniques() -> None:
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("a", Integer),
        Column("b", Integer),
        UniqueConstraint("a", "b", name="uq", deferrable=True, postgresql_nulls_not_distinct=True),
    )
    (found,) = only_table(expected(metadata)).uniques
    assert (found.columns, found.deferrable, found.initially_deferred) == (("a", "b"), True, False)
    assert found.nulls_not_distinct


def test_checks_of_columns_types_and_tables() -> None:
    metadata = MetaData()
    price = Column("price", Integer, CheckConstraint("price < 9", name="low"))
    Table(
        "t",
        metadata,
        price,
        Column("kind", Enum("a", "b", name="kind", native_enum=False, create_constraint=True)),
        Column("flag", Boolean(create_constraint=True, name="flag")),
        Column("mood", Enum("x", name="mood", create_constraint=True)),
        CheckConstraint(price > 1, name="high"),
        CheckConstraint("only here", name="mysql").ddl_if(dialect="mysql"),
        CheckConstraint("there", name="pg", postgresql_not_valid=True).ddl_if(dialect="postgresql"),
    )
    checks = {c.name: c for c in only_table(expected(metadata)).checks}
    assert set(checks) == {"low", "high", "kind", "pg"}
    assert checks["kind"].expression.sql == "kind IN ('a', 'b')"
    assert checks["low"].columns == ("price",)
    assert checks["high"].expression.sql == "price > 1"
    assert not checks["pg"].validated


def test_exclusion() -> None:
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("room", Integer),
        Column("during", pg.TSRANGE),
        pg.ExcludeConstraint(
            ("room", "="),
            (func.coalesce(text("during"), "empty"), "&&"),
            where=text("room > 3"),
            ops={"room": "int4_ops"},
        ),
    )
    (found,) = only_table(expected(metadata)).exclusions
    assert found.name is None
    first, second = found.elements
    assert (first.column, first.operator, first.opclass) == ("room", "=", "int4_ops")
    assert second.expression == Expression("coalesce(during, 'empty')")
    assert (found.method, found.predicate) == ("gist", Expression("room > 3"))


def _index(*keys: Any, **more: Any) -> IndexNoun:
    metadata = MetaData()
    table = Table("t", metadata, Column("a", Text), Column("b", Integer), Column("c", Integer))
    resolved = [key(table) if callable(key) and not hasattr(key, "compile") else key for key in keys]
    Index("ix", *resolved, _table=table, **more)
    (found,) = only_table(expected(metadata)).indexes
    return found


@pytest.mark.parametrize(
    ("key", "noun"),
    [
        ("a", IndexKey("a")),
        (lambda t: t.c.a.desc(), IndexKey("a", descending=True, nulls_first=True)),
        (lambda t: t.c.a.desc().nulls_last(), IndexKey("a", descending=True)),
        (lambda t: t.c.a.asc().nulls_first(), IndexKey("a", nulls_first=True)),
        (lambda t: t.c.a.collate("C"), IndexKey("a", collation="C")),
        (lambda t: func.lower(t.c.a), IndexKey(expression=Expression("lower(a)"))),
        (
            lambda t: func.lower(t.c.a).desc(),
            IndexKey(expression=Expression("lower(a)"), descending=True, nulls_first=True),
        ),
        (lambda _: text("a DESC"), IndexKey("a", descending=True, nulls_first=True)),
        (lambda _: text('"a" desc nulls last'), IndexKey("a", descending=True)),
        (lambda _: text("b NULLS FIRST"), IndexKey("b", nulls_first=True)),
        (lambda _: text("a text_pattern_ops"), IndexKey("a", opclass="text_pattern_ops")),
        (
            lambda _: text("lower(a) text_pattern_ops DESC"),
            IndexKey(expression=Expression("lower(a)"), opclass="text_pattern_ops", descending=True, nulls_first=True),
        ),
        (lambda _: text('a COLLATE "C"'), IndexKey("a", collation="C")),
        (lambda _: text('a COLLATE "C" text_ops'), IndexKey("a", collation="C", opclass="text_ops")),
        (lambda _: text("(a || 'x')"), IndexKey(expression=Expression("(a || 'x')"))),
        (lambda t: t.c.b + 1, IndexKey(expression=Expression("b + 1"))),
    ],
)
def test_index_keys(key: Any, noun: IndexKey) -> None:
    assert _index(key).keys == (noun,)


def test_index_arguments() -> None:
    found = _index(
        "a",
        unique=True,
        postgresql_using="GIN",
        postgresql_where=text("b > 3"),
        postgresql_include=["c"],
        postgresql_ops={"a": "gin_trgm_ops"},
        postgresql_nulls_not_distinct=True,
        postgresql_with={"fastupdate": False},
    )
    assert (found.unique, found.method, found.predicate, found.include) == (True, "gin", Expression("b > 3"), ("c",))
    assert found.keys[0].opclass == "gin_trgm_ops"
    assert found.nulls_not_distinct
    assert found.options == (("fastupdate", "false"),)


def test_an_index_without_keys_is_shown_as_it_is() -> None:
    metadata = MetaData()
    Table("t", metadata, Column("a", Integer), Index("empty"))
    assert only_table(expected(metadata)).indexes[0].keys == ()


def test_enums_and_domains() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metadata = MetaData()
        Table(
            "t",
            metadata,
            Column("mood", Enum("sad", "happy", name="Mood")),
            Column("moods", pg.ARRAY(Enum("x", name="m2", schema="app"))),
            Column("inherited", Enum("x", name="m3", inherit_schema=True)),
            Column("amount", pg.DOMAIN("amount", Numeric(9, 2), check="VALUE > 0", not_null=True, schema="app")),
            schema="shop",
        )
        schema = expected(metadata)
    assert [(str(e.name), e.labels) for e in schema.enums] == [
        ("app.m2", ("x",)),
        ("public.Mood", ("sad", "happy")),
        ("shop.m3", ("x",)),
    ]
    assert [c.type for c in only_table(schema).columns] == ['public."Mood"', "app.m2[]", "shop.m3", "app.amount"]
    (domain,) = schema.domains
    assert (domain.type, domain.nullable, domain.checks[0].expression) == (
        "numeric(9,2)",
        False,
        Expression("VALUE > 0"),
    )
    assert only_table(schema).columns[3].domain == QualifiedName("app", "amount")
    assert set(schema.schemas) == {"app", "public", "shop"}


def test_table_arguments() -> None:
    metadata = MetaData()
    Table(
        "log",
        metadata,
        Column("id", Integer),
        Column("day", Date, comment="when"),
        prefixes=["UNLOGGED"],
        comment="a log",
        postgresql_partition_by="RANGE (day)",
        info={"drift": {"ignore": "CO3"}},
    )
    Table("child", metadata, Column("id", Integer), postgresql_inherits="log")
    Table("temporary", metadata, Column("id", Integer), prefixes=["TEMPORARY"])
    Table("seen", metadata, Column("id", Integer, primary_key=True), info={"is_view": True})
    tables = {table.name.name: table for table in expected(metadata).tables}
    assert set(tables) == {"log", "child", "seen"}
    log = tables["log"]
    assert (log.kind, log.persistence, log.comment) == (TableKind.PARTITIONED, Persistence.UNLOGGED, "a log")
    assert log.partition_key == Expression("RANGE (day)")
    assert log.columns[1].comment == "when"
    assert log.ignored == ("CO3",)
    assert tables["child"].inherits == (QualifiedName("public", "log"),)
    assert (tables["seen"].kind, tables["seen"].primary_key) == (TableKind.VIEW, None)


def test_views_declared_by_sqlalchemy() -> None:
    schema = pytest.importorskip("sqlalchemy.schema")
    if not hasattr(schema, "CreateView"):
        pytest.skip("SQLAlchemy 2.0 has no CreateView")
    from sqlalchemy import select

    metadata = MetaData()
    users = Table("users", metadata, Column("id", Integer, primary_key=True))
    schema.CreateView(select(users.c.id).where(users.c.id > 3), "some_users", metadata=metadata)
    found = expected(metadata).tables[0]
    assert (found.name.name, found.kind) == ("some_users", TableKind.VIEW)
    assert found.definition is not None
    assert "users.id > 3" in found.definition.sql


def test_skipped_and_filtered_objects() -> None:
    metadata = MetaData()
    Table("kept", metadata, Column("id", Integer, primary_key=True), Column("x", Integer), Index("ix_out", "x"))
    Table("skipped", metadata, Column("e", Enum("a", name="of_skipped")), info={"skip_autogenerate": True})
    Table("by_name", metadata, Column("id", Integer, primary_key=True))
    Table("by_object", metadata, Column("id", Integer, primary_key=True))

    def include_object(_item: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
        assert not reflected
        return not (kind == "table" and name == "by_object") and name != "ix_out"

    def include_name(name: str | None, kind: str, _parents: Any) -> bool:
        return not (kind == "table" and name == "by_name")

    schema = expected(metadata, include_object=include_object, include_name=include_name)
    assert [t.name.name for t in schema.tables] == ["kept"]
    assert schema.tables[0].indexes == ()
    assert schema.enums == ()
    assert {n.name for n in schema.relation_names} == {"kept", "skipped", "by_name", "by_object"}


def test_several_metadata_share_a_database() -> None:
    core, auth = MetaData(), MetaData()
    Table("users", core, Column("id", Integer, primary_key=True))
    Table("users", auth, Column("other", Integer, primary_key=True))
    Table("tokens", auth, Column("id", ForeignKey("public.users.id"), primary_key=True))
    schema = expected(core, auth)
    assert [t.name.name for t in schema.tables] == ["tokens", "users"]
    assert schema.tables[1].columns[0].name == "id"


def test_a_condition_that_fails_is_reported() -> None:
    metadata = MetaData()

    def fails(*_: Any, **__: Any) -> bool:
        raise ValueError("no bind")

    Table("t", metadata, Column("id", Integer), CheckConstraint("id > 1", name="c").ddl_if(callable_=fails))
    schema = expected(metadata)
    assert schema.unreadable == (("public.t.c", "its condition (ddl_if) failed: no bind"),)


def test_composite_primary_key_order_and_options() -> None:
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("a", Integer),
        Column("b", BigInteger),
        PrimaryKeyConstraint("b", "a", name="pk", deferrable=True),
    )
    found = only_table(expected(metadata)).primary_key
    assert found is not None
    assert (found.columns, found.deferrable) == (("b", "a"), True)


def test_other_dialects() -> None:
    info = ServerInfo("mysql", "8.0.36", "shop", (8, 0, 36))
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("kind", Enum("a", "b")),
        Column("at", mysql.TIMESTAMP, server_default=text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP")),
        Column("name", String(10, collation="utf8mb4_bin")),
        Index("ix", "name", mysql_length={"name": 4}),
        mysql_engine="InnoDB",
    )
    table = only_table(expected(metadata, info=info))
    assert table.name == QualifiedName("shop", "t")
    columns = {c.name: c for c in table.columns}
    assert columns["id"].auto_increment
    assert columns["kind"].enum_labels == ("a", "b")
    assert (columns["at"].default, columns["at"].on_update) == (Expression("CURRENT_TIMESTAMP"), "CURRENT_TIMESTAMP")
    assert columns["name"].collation == "utf8mb4_bin"
    assert table.indexes[0].keys[0].length == 4
    assert ("engine", "InnoDB") in table.options
    sqlite = only_table(expected(metadata, info=ServerInfo("sqlite", "3.45", "main", (3, 45))))
    assert sqlite.columns[0].auto_increment
    assert sqlite.name == QualifiedName("main", "t")


def test_the_schema_says_what_it_is() -> None:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer))
    schema = expected(metadata)
    assert (schema.dialect, schema.default_schema, schema.server) == (POSTGRESQL.dialect, "public", None)
    hash(schema)
