"""The benchmark runs everywhere, and the number of statements does not grow with the number of tables."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tests.benchmarks.portable import DIALECTS, create, metadata_of, run
from tests.benchmarks.reading import check, counted
from tests.servers import Server, fresh_database


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_benchmark_runs(dialect: str, request: pytest.FixtureRequest) -> None:
    results = run(request.getfixturevalue(f"{dialect}_database"), 3)
    assert results["check"][2] == 1
    assert results["alembic"][2] >= 1


@pytest.mark.parametrize("dialect", ["mariadb", "mysql"])
def test_statements_do_not_grow_with_tables(dialect: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(f"{dialect}_server")
    statements: list[int] = []
    for tables in (3, 30):
        with fresh_database(server) as url:
            engine = sa.create_engine(url, poolclass=NullPool)
            metadata = metadata_of(tables)
            create(engine, metadata)
            with counted(engine) as seen:
                assert check(engine, metadata)
            statements.append(len(seen))
            engine.dispose()
    assert statements[0] == statements[1]
