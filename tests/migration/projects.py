"""Small Alembic projects on disk, and plans to write into them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import drift
from drift.migration.options import PlanOptions
from drift.migration.plan import Plan
from drift.pipeline import Inputs, Report, run_check

MODELS = """
from sqlalchemy import String, MetaData, Integer
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Shouting(TypeDecorator):
    impl = String
    cache_ok = True

    def __init__(self, length=20):
        super().__init__(length)
        self.length = length


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    motto: Mapped[str | None] = mapped_column(Shouting(30))
"""

DATABASE = "CREATE TABLE users (id serial PRIMARY KEY, name varchar(50) NOT NULL);"

ENV = """
from alembic import context
from sqlalchemy import create_engine
from {models} import Base

def run_online():
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata{more})
        with context.begin_transaction():
            context.run_migrations()

if context.is_offline_mode():
    context.configure(url=context.config.get_main_option("sqlalchemy.url"), target_metadata=Base.metadata,
                      literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_online()
"""

MAKO = '''"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

# written by the project's own template
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command printed."""

    out: str
    err: str


class Project:
    """An Alembic project in a folder, over a database.

    Args:
        folder: Where to lay it.
        url: Its database.
        ini: Further lines of alembic.ini.
        configure: Further arguments of ``context.configure``.
        preamble: Lines at the top of env.py.
        models: Source of the models.
    """

    def __init__(
        self, folder: Path, url: str, *, ini: str = "", configure: str = "", preamble: str = "", models: str = MODELS
    ) -> None:
        self.folder = folder
        self.url = url
        self.environment: dict[str, str] = {}
        self.versions = folder / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        # Modules are cached by name; every project needs one of its own.
        self.models = f"models_{abs(hash(str(folder)))}"
        (folder / f"{self.models}.py").write_text(models)
        (folder / "alembic.ini").write_text(
            "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = %(here)s\n"
            f"sqlalchemy.url = {url.replace('%', '%%')}\n{ini}\n"
        )
        more = f", {configure}" if configure else ""
        (folder / "migrations" / "env.py").write_text(preamble + ENV.format(models=self.models, more=more))
        (folder / "migrations" / "script.py.mako").write_text(MAKO)

    def add(self, revision: str, down: str | None, *, labels: str = "None", folder: Path | None = None) -> Path:
        """An empty revision."""
        path = (folder or self.versions) / f"{revision}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"revision = {revision!r}\ndown_revision = {down!r}\nbranch_labels = {labels}\ndepends_on = None\n"
            "def upgrade():\n    pass\ndef downgrade():\n    pass\n"
        )
        return path

    def alembic(self, *arguments: str) -> str:
        """Run Alembic's command line there."""
        return self._run("alembic", arguments, 0, self.folder).out

    def drift(self, *arguments: str, expect: int = 0, folder: Path | None = None) -> Done:
        """Run drift's command line there, and insist on its exit code."""
        return self._run("drift", arguments, expect, folder or self.folder)

    def _run(self, program: str, arguments: tuple[str, ...], expect: int, folder: Path) -> Done:
        ours = ("DATABASE_URL", "DRIFT_DATABASE_URL", "SCRATCH_URL")
        environment = {name: value for name, value in os.environ.items() if name not in ours}
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **self.environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == expect, f"{program} {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return Done(done.stdout, done.stderr)

    def inputs(self) -> Inputs:
        """What a command line in the project's folder would check."""
        return Inputs(directory=self.folder, discover=True, config=drift.Config(fail_on="info", ignore=("MG",)))

    def check(self) -> Report:
        """The findings."""
        return run_check(self.inputs())

    def plan(self, options: PlanOptions | None = None) -> Plan:
        """The plan for them."""
        return drift.plan(self.check(), options)
