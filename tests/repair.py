"""What every test that repairs something does: run DDL, check, plan, upgrade, check again, downgrade."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import drift
from drift.migration.plan import Plan
from drift.schema import Schema

ENV = """
from alembic import context

connection = context.config.attributes["connection"]
schema = context.config.attributes["version_table_schema"]
context.configure(connection=connection, version_table_schema=schema, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
"""


def run_script(url: str, script: str) -> None:
    """Run several statements as they stand."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        connection = sqlite3.connect(parsed.database or "")
        try:
            connection.executescript(script)
        finally:
            connection.close()
        return
    arguments: dict[str, Any] = {}
    if parsed.get_backend_name() in ("mysql", "mariadb"):
        from pymysql.constants import CLIENT

        arguments["client_flag"] = CLIENT.MULTI_STATEMENTS
    engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    with engine.connect() as alchemy:
        raw = alchemy.connection.dbapi_connection
        assert raw is not None
        with raw.cursor() as cursor:
            cursor.execute(script)
            while getattr(cursor, "nextset", None) is not None and "client_flag" in arguments and cursor.nextset():
                pass
        raw.commit()


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of its own, closed at the end."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        yield connection


class Revision:
    """A plan written as a revision of a small Alembic project, to be applied to ``url`` and taken back."""

    def __init__(self, plan: Plan, url: str, folder: Path) -> None:
        self.url = url
        self.source = plan.to_python()
        self.folder = folder
        # Out of the way of what the test itself calls alembic_version.
        self.schema = "alembic_of_the_test" if make_url(url).get_backend_name() == "postgresql" else None
        (folder / "versions").mkdir(parents=True)
        (folder / "env.py").write_text(ENV, encoding="utf-8")
        head = 'revision = "repair"\ndown_revision = None\nbranch_labels = None\ndepends_on = None\n'
        (folder / "versions" / "repair.py").write_text(f"{self.source}\n\n{head}", encoding="utf-8")

    def upgrade(self) -> None:
        if self.schema is not None:
            run_script(self.url, f"CREATE SCHEMA {self.schema}")
        self._run(command.upgrade, "head")

    def downgrade(self) -> None:
        """Take it back, and remove Alembic's own table with it."""
        self._run(command.downgrade, "base")
        gone = "TABLE alembic_version" if self.schema is None else f"SCHEMA {self.schema} CASCADE"
        run_script(self.url, f"DROP {gone}")

    def _run(self, what: Callable[[AlembicConfig, str], None], target: str) -> None:
        """Run Alembic; a failure shows the server's words and the revision, not Alembic's stack."""
        try:
            with self._configured() as config:
                what(config, target)
        except DBAPIError as error:
            message = f"{what.__name__} failed: {error.orig} [{error.statement}]\n{self.source}"
        else:
            return
        raise AssertionError(message)

    @contextmanager
    def _configured(self) -> Iterator[AlembicConfig]:
        config = AlembicConfig()
        config.set_main_option("script_location", str(self.folder))
        with connected(self.url) as connection:
            config.attributes["connection"] = connection
            config.attributes["version_table_schema"] = self.schema
            yield config
            connection.commit()


def as_read(report: drift.Report) -> Schema:
    """The live schema of a report, without what says nothing about its definition."""
    actual = report.alignment.actual
    return replace(
        actual,
        source="",
        relation_names=(),
        tables=tuple(
            replace(
                table,
                estimated_rows=None,
                written=(),
                # A column that was dropped and added again stands last; its place is no facet that can be repaired.
                columns=tuple(sorted((replace(c, position=0) for c in table.columns), key=lambda c: c.name)),
            )
            for table in actual.tables
        ),
    )


def differences(before: Schema, after: Schema) -> list[str]:
    """Where two schemas differ, in words, for a failing assertion."""
    found: list[str] = []
    for kind in Schema.__dataclass_fields__:
        old, new = getattr(before, kind), getattr(after, kind)
        if old == new:
            continue
        if isinstance(old, tuple):
            found += [f"{kind}: before {item}" for item in old if item not in new]
            found += [f"{kind}: after  {item}" for item in new if item not in old]
        else:
            found.append(f"{kind}: {old!r} became {new!r}")
    return found


def told(report: drift.Report) -> list[str]:
    """Findings and what was not checked, one line each, for a failing assertion."""
    lines = [f"{f.code} {f.name} {f.subject} expected={f.expected!r} actual={f.actual!r}" for f in report.findings]
    return lines + [f"not checked {n.code} {n.subject} {n.reason}" for n in report.not_checked]


def moved(report: drift.Report) -> dict[str, Any]:
    """What a repair renames and drops, from the report it answers: the arguments of :func:`tests.cases.rows.lost`."""
    pairs = [pair for pair in report.alignment.tables if pair.expected is not None and pair.actual is not None]
    return {
        "renamed_tables": {
            (pair.actual.name.schema, pair.actual.name.name): (pair.expected.name.schema, pair.expected.name.name)
            for pair in pairs
            if pair.expected is not None and pair.actual is not None and pair.expected.name != pair.actual.name
        },
        "renamed_columns": {
            (pair.expected.name.name, column.actual.name): column.expected.name
            for pair in pairs
            for column in pair.columns
            if pair.expected is not None and column.expected is not None and column.actual is not None
        },
        "dropped_tables": frozenset(f.subject.name for f in report.findings if f.code in ("TB201", "TB202")),
    }
