import subprocess
import sys
from pathlib import Path

import alembic
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import drift

pytestmark = pytest.mark.skipif(
    tuple(int(part) for part in alembic.__version__.split(".")[:2]) < (1, 18), reason="plugins came with Alembic 1.18"
)

MODELS = """
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("surname", sa.String(40), nullable=False),
    sa.Column("state", sa.Enum("open", "closed", "lost", name="state")),
    sa.CheckConstraint("length(surname) > 1", name="surname_length"),
)
sa.Table("kept_out", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
ENV = """
import os

from alembic import context
from sqlalchemy import create_engine
from plugin_models import metadata

with create_engine(os.environ["PLUGIN_DATABASE"]).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        autogenerate_plugins=["drift"],
        include_object=lambda obj, name, type_, reflected, compare_to: name != "kept_out",
    )
    with context.begin_transaction():
        context.run_migrations()
"""
MAKO = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''
LIVE = (
    "CREATE TYPE state AS ENUM ('open', 'closed')",
    "CREATE TABLE users (id serial PRIMARY KEY, last_name varchar(40) NOT NULL, state state)",
    "INSERT INTO users (last_name, state) VALUES ('Lovelace', 'open')",
)


@pytest.fixture
def project(tmp_path, database, monkeypatch):
    (tmp_path / "plugin_models.py").write_text(MODELS)
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    (folder / "script.py.mako").write_text(MAKO)
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = %(here)s\npath_separator = os\n"
    )
    monkeypatch.setenv("PLUGIN_DATABASE", database)
    monkeypatch.chdir(tmp_path)
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in LIVE:
            connection.execute(sa.text(statement))
    yield tmp_path
    sys.modules.pop("plugin_models", None)


def alembic_in(project, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_autogenerate_gains_renames_checks_and_enum_labels(project, database):
    config = Config(project / "alembic.ini")
    scripts = command.revision(config, "close the gap", autogenerate=True)
    text = Path(scripts.path).read_text()
    assert "ADD VALUE" in text
    assert 'new_column_name="surname"' in text.replace("'", '"')
    assert "surname_length" in text
    assert "kept_out" not in text
    assert "import drift" not in text
    alembic_in(project, "upgrade", "head")
    metadata = sys.modules["plugin_models"].metadata
    drift.assert_in_sync(database, metadata, ignore=["TB101"])
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT surname FROM users")).scalar() == "Lovelace"
    again = command.revision(config, "nothing", autogenerate=True)
    assert "    pass" in Path(again.path).read_text()
    alembic_in(project, "downgrade", "base")
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT last_name FROM users")).scalar() == "Lovelace"
