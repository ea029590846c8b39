import subprocess
import sys
from importlib.metadata import entry_points

import pytest
import sqlalchemy as sa

import drift
from drift.errors import DriftError


@pytest.fixture
def metadata():
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(80)))
    return metadata


def test_silence_in_sync_and_a_readable_difference_otherwise(metadata, tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    metadata.create_all(engine)
    drift.assert_in_sync(engine, metadata)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE users DROP COLUMN email"))
    with pytest.raises(AssertionError) as caught:
        drift.assert_in_sync(engine, metadata)
    assert "CO101  column-missing                    email" in str(caught.value)
    drift.assert_in_sync(engine, metadata, ignore=["CO101"])


def test_a_connection_sees_what_is_not_committed(metadata, database):
    engine = sa.create_engine(database)
    with engine.connect() as connection:
        metadata.create_all(connection)
        drift.assert_in_sync(connection, metadata)
        connection.rollback()
    with pytest.raises(DriftError):
        drift.assert_in_sync(engine, metadata)
    engine.dispose()


def test_the_fixture_in_a_project_of_its_own(tmp_path):
    (tmp_path / "test_schema.py").write_text(
        "import sqlalchemy as sa\n\n\n"
        "def test_schema(assert_in_sync, tmp_path):\n"
        "    metadata = sa.MetaData()\n"
        "    sa.Table('t', metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
        "    engine = sa.create_engine(f'sqlite:///{tmp_path}/a.db')\n"
        "    metadata.create_all(engine)\n"
        "    assert_in_sync(engine, metadata)\n"
        "    sa.Table('u', metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
        "    assert_in_sync(engine, metadata)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if not any(entry.name == "drift" for entry in entry_points(group="pytest11")):
        command += ["-p", "drift.integrations.pytest_plugin"]
    done = subprocess.run([*command, "test_schema.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "models and database are not in sync" in done.stdout
    assert "TB101  table-missing" in done.stdout


def test_importing_the_plugin_imports_nothing_heavy():
    heavy = "[name for name in ('sqlalchemy', 'pydantic') if name in sys.modules]"
    code = f"import sys, drift.integrations.pytest_plugin; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
