"""mlflow: two metadata objects with a version table each, in batch mode."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress

import sqlalchemy
from mlflow.server.auth.db.models import Base as AuthBase
from mlflow.store.db.base_sql_model import Base

for module in ("tracking", "model_registry", "workspace"):
    with suppress(ImportError):
        importlib.import_module(f"mlflow.store.{module}.dbmodels.models")

models = [Base.metadata, AuthBase.metadata]


def migrate(url: str) -> None:
    from mlflow.server.auth.db.utils import migrate as migrate_auth
    from mlflow.store.db.utils import _initialize_tables

    engine = sqlalchemy.create_engine(url)
    _initialize_tables(engine)
    migrate_auth(engine, "head")


if __name__ == "__main__":
    migrate(sys.argv[1])
