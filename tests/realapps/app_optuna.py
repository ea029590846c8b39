"""optuna: plain Alembic scripts inside the package."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from optuna.storages import _rdb
from optuna.storages._rdb.models import BaseModel

models = [BaseModel.metadata]


def migrate(url: str) -> None:
    folder = Path(_rdb.__file__).parent
    config = Config(str(folder / "alembic.ini"))
    config.set_main_option("script_location", str(folder / "alembic"))
    config.set_main_option("sqlalchemy.url", url)
    command.upgrade(config, "head")


if __name__ == "__main__":
    migrate(sys.argv[1])
