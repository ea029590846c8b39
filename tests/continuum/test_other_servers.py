"""Version tables on SQLite, MariaDB and MySQL: what is missing is found, and put right with every version kept."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

DRIFT = """
ALTER TABLE article_version DROP COLUMN body;
DROP INDEX ix_article_version_operation_type{of_table};
"""


@pytest.mark.parametrize("dialect", ["sqlite", "mariadb", "mysql"])
def test_a_version_table_that_fell_behind(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue(f"{dialect}_database")
    # Continuum listens to every mapper of its process.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        said = pool.submit(_run, url, tmp_path / "project", dialect).result()

    assert said["made"] == []
    assert said["found"] == [("VT102", "body"), ("VT107", "ix_article_version_operation_type")]
    assert said["again"] == [], said["source"]
    assert said["titles"] == ["one", "two", "three"], said["source"]
    assert said["bodies"] == [None, None, "new"]
    assert said["back"] == said["found"], said["source"]


@pytest.mark.parametrize("dialect", ["sqlite", "mariadb", "mysql"])
def test_columns_of_its_own_are_computed(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue(f"{dialect}_database")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        said = pool.submit(_without_its_columns, url, tmp_path / "project", dialect).result()

    assert said["found"] == [("VT103", "end_transaction_id"), ("VT103", "operation_type")]
    assert said["again"] == [], said["source"]
    assert said["after"] == said["before"], said["source"]
    assert said["back"] == said["found"], said["source"]


@pytest.mark.parametrize("dialect", ["sqlite", "mariadb", "mysql"])
def test_two_halves_of_a_history(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue(f"{dialect}_database")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        said = pool.submit(_split_in_two, url, tmp_path / "project").result()

    assert said["found"] == [("VT303", "article_version")]
    assert said["again"] == [], said["source"]
    assert said["after"] == said["before"], said["source"]


def _split_in_two(url: str, folder: Path) -> dict[str, Any]:
    """The older versions lie in a table that somebody renamed, the newer ones where Continuum looks."""
    return _repaired(
        url,
        folder,
        [
            "CREATE TABLE article_history AS SELECT * FROM article_version WHERE transaction_id < 3",
            "DELETE FROM article_version WHERE transaction_id < 3",
        ],
    )


def _without_its_columns(url: str, folder: Path, dialect: str) -> dict[str, Any]:
    of_table = "" if dialect == "sqlite" else " ON article_version"
    script = ["DROP INDEX IF EXISTS ix_article_version_pk_validity"] if dialect == "sqlite" else []
    for column in ("end_transaction_id", "operation_type"):
        script.append(f"DROP INDEX ix_article_version_{column}{of_table}")
        script.append(f"ALTER TABLE article_version DROP COLUMN {column}")
    return _repaired(url, folder, script)


def _repaired(url: str, folder: Path, script: list[str]) -> dict[str, Any]:
    """Three versions of one article and two of one that is gone, before and after a repair of what ``script`` did."""
    import sqlalchemy as sa
    import sqlalchemy_continuum as continuum
    from sqlalchemy.orm import DeclarativeBase, Session, configure_mappers
    from sqlalchemy.pool import NullPool

    import drift
    from tests.repair import Revision, run_script, told

    continuum.make_versioned(user_cls=None)

    class Base(DeclarativeBase):
        pass

    class Article(Base):
        __tablename__ = "article"
        __versioned__: dict[str, Any] = {}  # noqa: RUF012

        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(80), nullable=False)

    configure_mappers()
    engine = sa.create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        kept, lost = Article(title="one"), Article(title="uno")
        session.add_all([kept, lost])
        session.commit()
        for title in ("two", "three"):
            kept.title = title
            session.commit()
        session.delete(lost)
        session.commit()

    def check() -> drift.Report:
        return drift.check(Base, url, config=drift.Config(fail_on="info"))

    def codes(report: drift.Report) -> list[tuple[str, str]]:
        found = (finding for finding in report.findings if finding.code not in ("VT107", "VT313"))
        return sorted((finding.code, finding.subject.name) for finding in found)

    def versions() -> list[tuple[Any, ...]]:
        text = "SELECT id, transaction_id, end_transaction_id, operation_type FROM article_version ORDER BY 1, 2"
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(text))]

    before = versions()
    for statement in script:
        run_script(url, statement)
    report = check()
    revision = Revision(drift.plan(report), url, folder)
    revision.upgrade()
    result = {"before": before, "found": codes(report), "again": told(check()), "after": versions()}
    revision.downgrade()
    return {**result, "back": codes(check()), "source": revision.source}


def _run(url: str, folder: Path, dialect: str) -> dict[str, Any]:
    import sqlalchemy as sa
    import sqlalchemy_continuum as continuum
    from sqlalchemy.orm import DeclarativeBase, Session, configure_mappers
    from sqlalchemy.pool import NullPool

    import drift
    from tests.repair import Revision, run_script, told

    continuum.make_versioned(user_cls=None)

    class Base(DeclarativeBase):
        pass

    class Article(Base):
        __tablename__ = "article"
        __versioned__: dict[str, Any] = {}  # noqa: RUF012

        id = sa.Column(sa.Integer, primary_key=True)
        title = sa.Column(sa.String(80), nullable=False)
        body = sa.Column(sa.String(200))

    configure_mappers()
    engine = sa.create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)

    def check() -> drift.Report:
        return drift.check(Base, url, config=drift.Config(fail_on="info"))

    def codes(report: drift.Report) -> list[tuple[str, str]]:
        return sorted((finding.code, finding.subject.name) for finding in report.findings)

    made = told(check())
    with Session(engine) as session:
        session.add(Article(title="one", body="old"))
        session.commit()
        session.query(Article).one().title = "two"
        session.commit()
    run_script(url, DRIFT.format(of_table=" ON article_version" if dialect != "sqlite" else ""))
    report = check()
    revision = Revision(drift.plan(report), url, folder)
    revision.upgrade()
    again = told(check())
    with Session(engine) as session:
        article = session.query(Article).one()
        article.title, article.body = "three", "new"
        session.commit()
        versions = continuum.version_class(Article)
        rows = session.execute(sa.select(versions.title, versions.body).order_by(versions.transaction_id)).all()
    revision.downgrade()
    return {
        "made": made,
        "found": codes(report),
        "again": again,
        "titles": [row.title for row in rows],
        "bodies": [row.body for row in rows],
        "back": codes(check()),
        "source": revision.source,
    }
