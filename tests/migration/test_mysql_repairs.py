"""MySQL and MariaDB: what foreign keys, their indexes and character sets need around a repair, there and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

import drift
from drift.migration.options import PlanOptions
from tests.repair import Revision, connected, run_script, told

Models = Callable[[sa.MetaData], object]

UTF8: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}


@dataclass(frozen=True)
class Situation:
    """A database, the models, and what the repair must do.

    Attributes:
        ddl: What makes the database, rows included.
        models: Adds the tables to a metadata.
        statements: How many ALTER TABLE the upgrade runs; ``None`` where it does not matter.
        refuses: Codes of findings that no step answers, and a part of the reason.
        allow_drop: What the plan may do.
        kept: A query whose answer the repair does not change.
        then: A query and its answer after the upgrade.
    """

    ddl: str
    models: Models
    statements: int | None = None
    refuses: dict[str, str] = field(default_factory=dict)
    allow_drop: bool = True
    kept: str | None = None
    then: tuple[str, list[tuple[Any, ...]]] | None = None


CUSTOMERS = "CREATE TABLE customers (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20)) AUTO_INCREMENT = 50;"
ORDERS = "CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, customer_id int, {});"
ROWS = "INSERT INTO customers (id) VALUES (1), (2); INSERT INTO orders (customer_id) VALUES (1), (NULL);"
KEY = "FOREIGN KEY (customer_id) REFERENCES customers (id)"


def _customers(metadata: sa.MetaData, type_: Any = sa.Integer) -> None:
    sa.Table("customers", metadata, sa.Column("id", type_, primary_key=True), sa.Column("name", sa.String(20)))


def _orders(metadata: sa.MetaData, *key: Any, type_: Any = None, more: tuple[Any, ...] = ()) -> None:
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", *([type_] if type_ is not None else []), *key),
        *more,
    )


def _wider(metadata: sa.MetaData) -> None:
    _customers(metadata, sa.BigInteger)
    _orders(metadata, sa.ForeignKey("customers.id", ondelete="CASCADE"), type_=sa.BigInteger)


def _wider_tree(metadata: sa.MetaData) -> None:
    sa.Table(
        "nodes",
        metadata,
        sa.Column("id", mysql.BIGINT(unsigned=True), primary_key=True),
        sa.Column("parent_id", mysql.BIGINT(unsigned=True), sa.ForeignKey("nodes.id")),
    )
    sa.Table(
        "leaves",
        metadata,
        sa.Column("node_id", mysql.BIGINT(unsigned=True), sa.ForeignKey("nodes.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
    )
    sa.Table(
        "veins",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node_id", mysql.BIGINT(unsigned=True)),
        sa.Column("number", sa.Integer),
        sa.ForeignKeyConstraint(["node_id", "number"], ["leaves.node_id", "leaves.number"], name="veins_leaf"),
    )


def _parents_only(metadata: sa.MetaData) -> None:
    _customers(metadata, sa.BigInteger)


def _countries(metadata: sa.MetaData) -> None:
    sa.Table(
        "countries",
        metadata,
        sa.Column("code", sa.String(2), primary_key=True),
        sa.Column("blurb", sa.Text),
        sa.Column("exact", sa.String(9, collation="utf8mb4_bin")),
        **UTF8,
    )
    sa.Table(
        "cities",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(2), sa.ForeignKey("countries.code"), nullable=False),
        **UTF8,
    )


def _longer_code(metadata: sa.MetaData) -> None:
    sa.Table("countries", metadata, sa.Column("code", sa.String(200), primary_key=True))


def _renamed_key(metadata: sa.MetaData) -> None:
    _customers(metadata)
    _orders(metadata, sa.ForeignKey("customers.id", name="fk_orders_customer"))


def _cascading(metadata: sa.MetaData) -> None:
    _customers(metadata)
    _orders(metadata, sa.ForeignKey("customers.id", name="orders_ibfk_1", ondelete="CASCADE"))


def _without_key(metadata: sa.MetaData) -> None:
    _customers(metadata)
    _orders(metadata, type_=sa.Integer)


def _plain_key(metadata: sa.MetaData) -> None:
    _customers(metadata)
    _orders(metadata, sa.ForeignKey("customers.id"), more=(sa.Column("code", sa.String(20)),))


def _another_index(metadata: sa.MetaData) -> None:
    code = sa.Column("code", sa.String(20))
    _customers(metadata)
    _orders(metadata, sa.ForeignKey("customers.id"), more=(code, sa.Index("ix_orders", "customer_id", "code")))


def _numbered(metadata: sa.MetaData) -> None:
    _customers(metadata)


def _new_child(metadata: sa.MetaData) -> None:
    _customers(metadata, mysql.BIGINT(unsigned=True))
    _orders(metadata, sa.ForeignKey("customers.id"), type_=mysql.BIGINT(unsigned=True))
    sa.Table(
        "notes",
        metadata,
        sa.Column("order_id", sa.Integer, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("author", mysql.BIGINT(unsigned=True), sa.ForeignKey("customers.id", name="notes_author")),
    )


def _flags(metadata: sa.MetaData) -> None:
    sa.Table(
        "flags",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("seen", sa.Boolean),
        **UTF8,
    )


def _parent_without_unique(metadata: sa.MetaData) -> None:
    sa.Table("countries", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(2)))
    sa.Table(
        "cities",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(2), sa.ForeignKey("countries.code")),
    )


ON_DELETE = "SELECT DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()"

SITUATIONS = {
    "both ends of a key get another type": Situation(
        CUSTOMERS + ORDERS.format(f"KEY customer_id (customer_id), {KEY} ON DELETE CASCADE") + ROWS,
        _wider,
        statements=4,
        kept="SELECT o.id, c.id FROM orders AS o JOIN customers AS c ON c.id = o.customer_id",
        then=(ON_DELETE, [("CASCADE",)]),
    ),
    "a key to itself, and one below another": Situation(
        "CREATE TABLE nodes (id int PRIMARY KEY AUTO_INCREMENT, parent_id int, FOREIGN KEY (parent_id) "
        "REFERENCES nodes (id)); "
        "CREATE TABLE leaves (node_id int, number int, PRIMARY KEY (node_id, number), FOREIGN KEY (node_id) "
        "REFERENCES nodes (id)); "
        "CREATE TABLE veins (id int PRIMARY KEY AUTO_INCREMENT, node_id int, number int, CONSTRAINT veins_leaf "
        "FOREIGN KEY (node_id, number) REFERENCES leaves (node_id, number)); "
        "INSERT INTO nodes VALUES (1, NULL), (2, 1); INSERT INTO leaves VALUES (2, 7); "
        "INSERT INTO veins VALUES (1, 2, 7)",
        _wider_tree,
        kept="SELECT v.number, n.parent_id FROM veins AS v JOIN nodes AS n ON n.id = v.node_id",
    ),
    "a table that no model maps refers with the old type": Situation(
        CUSTOMERS + ORDERS.format(KEY) + ROWS,
        _parents_only,
        allow_drop=False,
        refuses={"CO301": "the foreign key orders_ibfk_1 of "},
        kept="SELECT * FROM orders",
    ),
    "a table that no model maps refers, and can go on": Situation(
        "CREATE TABLE countries (code varchar(5) PRIMARY KEY); CREATE TABLE cities (code varchar(9), "
        "CONSTRAINT of_country FOREIGN KEY (code) REFERENCES countries (code) ON UPDATE CASCADE); "
        "INSERT INTO countries VALUES ('at'); INSERT INTO cities VALUES ('at');",
        _longer_code,
        allow_drop=False,
        kept="SELECT * FROM cities",
    ),
    "another character set under a text key": Situation(
        "CREATE TABLE countries (code varchar(2) PRIMARY KEY, blurb text, "
        "exact varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin) DEFAULT CHARSET = latin1; "
        "CREATE TABLE cities (id int PRIMARY KEY AUTO_INCREMENT, code varchar(2) NOT NULL, FOREIGN KEY (code) "
        "REFERENCES countries (code)) DEFAULT CHARSET = latin1; "
        "INSERT INTO countries VALUES ('at', 'é', 'ß'), ('de', NULL, NULL); INSERT INTO cities (code) VALUES ('at');",
        _countries,
        statements=4,
        kept="SELECT c.id, k.blurb, k.exact FROM cities AS c JOIN countries AS k ON k.code = c.code",
    ),
    "a key of another name": Situation(
        CUSTOMERS + ORDERS.format(f"CONSTRAINT of_customer {KEY}") + ROWS, _renamed_key, statements=1
    ),
    "a key of another name, and an index called after the column": Situation(
        CUSTOMERS + ORDERS.format(KEY) + ROWS, _renamed_key, statements=1
    ),
    "a key with another action": Situation(
        CUSTOMERS + ORDERS.format(KEY) + ROWS, _cascading, statements=2, then=(ON_DELETE, [("CASCADE",)])
    ),
    "a key too many": Situation(CUSTOMERS + ORDERS.format(KEY) + ROWS, _without_key, statements=2),
    "a key too many, with a name": Situation(
        CUSTOMERS + ORDERS.format(f"CONSTRAINT of_customer {KEY}") + ROWS, _without_key
    ),
    "a key too many, on an index that somebody made": Situation(
        CUSTOMERS + ORDERS.format(f"KEY mine (customer_id, id), {KEY}") + ROWS, _without_key
    ),
    "a unique key that a foreign key rests on": Situation(
        CUSTOMERS + ORDERS.format(f"code varchar(20), UNIQUE KEY uq_orders (customer_id, code), {KEY}") + ROWS,
        _plain_key,
        statements=1,
    ),
    "an index that a foreign key rests on": Situation(
        CUSTOMERS + ORDERS.format(f"code varchar(20), KEY ix (customer_id, code), CONSTRAINT of_customer {KEY}") + ROWS,
        _plain_key,
    ),
    "an index in the place of the one that the server made": Situation(
        CUSTOMERS + ORDERS.format(f"code varchar(20), {KEY}") + ROWS, _another_index
    ),
    "a unique key that a foreign key refers to": Situation(
        "CREATE TABLE countries (id int PRIMARY KEY AUTO_INCREMENT, code varchar(2), UNIQUE KEY uq_code (code)); "
        "CREATE TABLE cities (id int PRIMARY KEY AUTO_INCREMENT, code varchar(2), CONSTRAINT of_country "
        "FOREIGN KEY (code) REFERENCES countries (code)); INSERT INTO countries VALUES (1, 'at')",
        _parent_without_unique,
        refuses={"UQ201": "the foreign key of_country of "},
    ),
    "a key that counts by itself": Situation(
        "CREATE TABLE customers (name varchar(20)); INSERT INTO customers VALUES ('a'), ('b');",
        _numbered,
        statements=1,
        kept="SELECT name FROM customers",
        then=("SELECT id FROM customers ORDER BY 1", [(1,), (2,)]),
    ),
    "new tables that refer to a parent of another type": Situation(
        CUSTOMERS + "INSERT INTO customers VALUES (1, 'a');", _new_child, kept="SELECT name FROM customers"
    ),
    "flags stay flags": Situation(
        "CREATE TABLE flags (id int PRIMARY KEY AUTO_INCREMENT, `on` tinyint(1), seen tinyint(1) DEFAULT 0) "
        "DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin; INSERT INTO flags VALUES (1, 1, 0);",
        _flags,
        statements=1,
        then=("SELECT DISTINCT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
              "AND TABLE_NAME = 'flags' AND COLUMN_NAME <> 'id'", [("tinyint(1)",)]),
    ),
}  # fmt: skip


def _structure(url: str) -> dict[str, list[str]]:
    """SHOW CREATE TABLE of every table; keys come back in another place."""
    with connected(url) as connection:
        tables = connection.exec_driver_sql("SHOW TABLES").scalars().all()
        texts = {name: connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()[1] for name in tables}
    return {name: sorted(line.strip(" ,") for line in text.splitlines()) for name, text in texts.items()}


def _rows(url: str, query: str | None) -> list[tuple[Any, ...]]:
    with connected(url) as connection:
        return [] if query is None else [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.mark.parametrize("server", ["mariadb", "mysql"])
@pytest.mark.parametrize("name", SITUATIONS)
def test_there_and_back(name: str, server: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url: str = request.getfixturevalue(f"{server}_database")
    situation = SITUATIONS[name]
    run_script(url, situation.ddl)
    metadata = sa.MetaData()
    situation.models(metadata)
    before, rows = _structure(url), _rows(url, situation.kept)

    report = drift.check(metadata, url)
    assert [f for f in report.findings if not f.code.startswith("TB2")], "nothing to repair"
    plan = drift.plan(report, PlanOptions(allow_drop=situation.allow_drop))
    refused = {finding.code: reason for finding, reason in plan.unanswered}
    for code, reason in situation.refuses.items():
        assert reason in refused[code]
    revision = Revision(plan, url, tmp_path / "project")
    revision.upgrade()

    if not situation.refuses:
        after = drift.check(metadata, url)
        assert not [f for f in after.findings if not f.code.startswith("TB2")], f"{told(after)}\n{revision.source}"
    assert _rows(url, situation.kept) == rows
    if situation.then is not None:
        assert _rows(url, situation.then[0]) == situation.then[1]
    if situation.statements is not None:
        upgrade = revision.source.split("def downgrade")[0]
        assert upgrade.count('"ALTER TABLE') == situation.statements, revision.source
    revision.downgrade()
    assert _structure(url) == before, revision.source
    assert _rows(url, situation.kept) == rows


def _everything(metadata: sa.MetaData) -> None:
    sa.Table("clients", metadata, sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("title", sa.String(20)))
    sa.Table(
        "orders",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("client_id", sa.BigInteger, sa.ForeignKey("clients.id", name="of_client", ondelete="CASCADE")),
        sa.Column("code", sa.String(20), nullable=False, default="none"),
        sa.Column("note", sa.String(9)),
        sa.Index("ix_code", "code"),
    )
    sa.Table("notes", metadata, sa.Column("client_id", sa.BigInteger, sa.ForeignKey("clients.id"), primary_key=True))


class _StoppedError(Exception):
    pass


def _stopped(run: Callable[[], None], limit: int) -> bool:
    """Run until statement number ``limit`` would be sent; whether it got that far."""
    count = 0

    def hook(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == limit:
            raise _StoppedError

    sa.event.listen(sa.Engine, "before_cursor_execute", hook)
    try:
        run()
    except _StoppedError:
        return True
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hook)
    return False


@pytest.mark.parametrize("server", ["mariadb", "mysql"])
def test_stopped_at_every_place_and_run_again(server: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url: str = request.getfixturevalue(f"{server}_database")
    run_script(
        url,
        "CREATE TABLE clients (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20), title_of varchar(3)); "
        "ALTER TABLE clients DROP COLUMN title_of, RENAME COLUMN name TO titel; "
        "CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, client_id int, code varchar(20), old varchar(3), "
        "CONSTRAINT of_client FOREIGN KEY (client_id) REFERENCES clients (id)); "
        "INSERT INTO clients VALUES (1, 'a'); INSERT INTO orders (client_id) VALUES (1), (NULL)",
    )
    metadata = sa.MetaData()
    _everything(metadata)
    before = _structure(url)
    plan = drift.plan(drift.check(metadata, url), PlanOptions(allow_drop=True))
    revision = Revision(plan, url, tmp_path / "project")
    for run, least in ((revision.upgrade, 12), (revision.downgrade, 8)):
        stops = 0
        # Each stop leaves the database as it is for the next run, which gets one statement further.
        while _stopped(run, stops + 1):
            stops += 1
        assert stops > least, revision.source
        if run == revision.upgrade:
            after = drift.check(metadata, url)
            assert not after.findings, f"{told(after)}\n{revision.source}"
            assert _rows(url, "SELECT client_id, code FROM orders ORDER BY id") == [(1, "none"), (None, "none")]
    assert _structure(url) == before, revision.source
