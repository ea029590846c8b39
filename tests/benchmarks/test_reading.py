"""The benchmark runs, and the number of statements does not grow with the number of tables."""

from __future__ import annotations

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.benchmarks.reading import check, counted, create, metadata_of, report, run


def test_the_benchmark_runs(database: str) -> None:
    results = run(database, tables=5, rounds=1)
    assert results["check"]["found"] >= 1
    assert results["alembic"]["found"] >= 1
    assert "Alembic / check" in report(results)


def test_statements_do_not_grow_with_tables(database: str, second_database: str) -> None:
    statements: list[int] = []
    for url, tables in ((database, 3), (second_database, 60)):
        engine = create_engine(url, poolclass=NullPool)
        metadata = metadata_of(tables)
        create(engine, metadata)
        with counted(engine) as seen:
            assert check(engine, metadata)
        statements.append(len(seen))
        engine.dispose()
    assert statements[0] == statements[1]
