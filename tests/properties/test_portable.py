"""Random schemas on SQLite, MariaDB and MySQL: silent when just made, repaired from one to another, and taken back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from sqlalchemy.pool import NullPool

import drift
from drift.migration.options import PlanOptions
from tests.properties.portable import metadata_of, schemas
from tests.repair import Revision, as_read, differences, told
from tests.servers import Server, fresh_database

EVERYTHING = drift.Config(fail_on="info")
Shapes = list[dict[str, Any]]


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/database.sqlite"


def _check(metadata: sa.MetaData, url: str) -> drift.Report:
    return drift.check(metadata, url, config=EVERYTHING, allow_empty=True)


def _silent_when_made(shapes: Shapes, url: str) -> None:
    metadata = metadata_of(shapes)
    metadata.create_all(sa.create_engine(url, poolclass=NullPool))
    assert told(_check(metadata, url)) == []


def _there_and_back(old: Shapes, new: Shapes, url: str) -> None:
    metadata_of(old).create_all(sa.create_engine(url, poolclass=NullPool))
    wanted = metadata_of(new)
    report = _check(wanted, url)
    before = as_read(report)
    with tempfile.TemporaryDirectory() as folder:
        revision = Revision(drift.plan(report, PlanOptions(allow_drop=True)), url, Path(folder) / "project")
        revision.upgrade()
        assert told(_check(wanted, url)) == [], revision.source
        revision.downgrade()
        assert differences(before, as_read(_check(wanted, url))) == [], revision.source


@given(shapes=schemas)
def test_sqlite_is_silent_when_just_made(shapes: Shapes) -> None:
    with _sqlite() as url:
        _silent_when_made(shapes, url)


@given(old=schemas, new=schemas)
def test_sqlite_is_repaired_and_taken_back(old: Shapes, new: Shapes) -> None:
    with _sqlite() as url:
        _there_and_back(old, new, url)


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(shapes=schemas)
def test_mariadb_is_silent_when_just_made(shapes: Shapes, mariadb_server: Server) -> None:
    with fresh_database(mariadb_server) as url:
        _silent_when_made(shapes, url)


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(old=schemas, new=schemas)
def test_mariadb_is_repaired_and_taken_back(old: Shapes, new: Shapes, mariadb_server: Server) -> None:
    with fresh_database(mariadb_server) as url:
        _there_and_back(old, new, url)


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(shapes=schemas)
def test_mysql_is_silent_when_just_made(shapes: Shapes, mysql_server: Server) -> None:
    with fresh_database(mysql_server) as url:
        _silent_when_made(shapes, url)


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(old=schemas, new=schemas)
def test_mysql_is_repaired_and_taken_back(old: Shapes, new: Shapes, mysql_server: Server) -> None:
    with fresh_database(mysql_server) as url:
        _there_and_back(old, new, url)
