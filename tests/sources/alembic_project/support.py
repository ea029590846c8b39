"""Throw-away Alembic projects."""

from __future__ import annotations

import itertools
from pathlib import Path

from alembic import command
from alembic.config import Config

_NUMBERS = itertools.count()

MODELS = """
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)


other = MetaData()
"""

REVISION = '''"""{message}"""

revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = {depends!r}


def upgrade():
    pass


def downgrade():
    pass
'''


class Project:
    """An Alembic project made by ``alembic init``; its models are a module of a name of its own."""

    def __init__(self, folder: Path, url: str, template: str = "generic") -> None:
        self.folder = folder
        self.models = f"alembic_models_{next(_NUMBERS)}"
        folder.mkdir(parents=True, exist_ok=True)
        command.init(Config(str(folder / "alembic.ini")), str(folder / "migrations"), template=template)
        (folder / f"{self.models}.py").write_text(MODELS, encoding="utf-8")
        self.ini(
            (f"script_location = {folder}/migrations", "script_location = migrations"),
            ("driver://user:pass@localhost/dbname2", url.replace("%", "%%")),
            ("driver://user:pass@localhost/dbname", url.replace("%", "%%")),
        )
        self.env(("target_metadata = None", f"import {self.models}\ntarget_metadata = {self.models}.Base.metadata"))

    def ini(self, *changes: tuple[str, str]) -> None:
        """Replace parts of ``alembic.ini``."""
        self._edit(self.folder / "alembic.ini", changes)

    def env(self, *changes: tuple[str, str]) -> None:
        """Replace parts of ``env.py``."""
        self._edit(self.env_py, changes)

    @property
    def env_py(self) -> Path:
        """The project's ``env.py``."""
        return self.folder / "migrations" / "env.py"

    def revision(self, name: str, down: object = None, message: str = "a change", depends: object = None) -> None:
        """Write a revision."""
        text = REVISION.format(revision=name, down=down, message=message, depends=depends)
        (self.folder / "migrations" / "versions" / f"{name}.py").write_text(text, encoding="utf-8")

    @staticmethod
    def _edit(path: Path, changes: tuple[tuple[str, str], ...]) -> None:
        text = path.read_text(encoding="utf-8")
        for before, after in changes:
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")
