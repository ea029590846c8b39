"""One PostgreSQL database for many examples: emptied, filled, checked and migrated on one connection.

A database, a project folder and some connections for each example cost more than what is tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema, DropSchema

import drift
from drift.migration.plan import Plan
from drift.verification.running import run
from tests.servers import Server, fresh_database

EVERYTHING = drift.Config(fail_on="info", select=("ALL", "TB308"))
OWN = "SELECT nspname FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'"


class Bench:
    """A database that holds one example at a time.

    Args:
        connection: To that database; nobody else uses it.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def fill(self, metadata: sa.MetaData, schemas: Sequence[str]) -> None:
        """Throw away what the last example left, and make this one."""
        self.connection.rollback()
        self.connection.execute(sa.text("RESET ALL"))
        for schema in self.connection.scalars(sa.text(OWN)).all():
            self.connection.execute(DropSchema(schema, cascade=True))
            # One transaction for all of them would take more locks than a small server has.
            self.connection.commit()
        for schema in ("public", *schemas):
            self.connection.execute(CreateSchema(schema))
        metadata.create_all(self.connection)
        self.connection.commit()

    def check(self, metadata: sa.MetaData, schemas: Sequence[str]) -> drift.Report:
        """Compare, with every check."""
        report = drift.check(
            metadata, self.connection, config=EVERYTHING, schemas=("public", *schemas), allow_empty=True
        )
        self.connection.rollback()
        return report

    def revision(self, plan: Plan) -> Revision:
        """The plan as a revision of this database."""
        return Revision(plan.to_python(), self.connection)


class Revision:
    """A revision's source, run as Alembic runs a revision.

    Args:
        source: The file's content.
        connection: Where to run it.
    """

    def __init__(self, source: str, connection: sa.Connection) -> None:
        self.source = source
        self.connection = connection
        self.functions: dict[str, Any] = {}
        exec(compile(source, "revision", "exec"), self.functions)

    def upgrade(self) -> None:
        """Run ``upgrade()``."""
        self._run("upgrade")

    def downgrade(self) -> None:
        """Run ``downgrade()``."""
        self._run("downgrade")

    def _run(self, direction: str) -> None:
        """A failure shows the server's words and the revision, not Alembic's stack."""
        try:
            run((self.functions[direction],), self.connection)
        except DBAPIError as error:
            message = f"{direction} failed: {error.orig} [{error.statement}]\n{self.source}"
        else:
            return
        raise AssertionError(message)


@contextmanager
def bench(server: Server) -> Iterator[Bench]:
    """A bench in a database of its own."""
    with (
        fresh_database(server) as url,
        sa.create_engine(url, poolclass=NullPool).connect() as connection,
    ):
        yield Bench(connection)
