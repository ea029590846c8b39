"""prefect: an async driver, expression and partial indexes, ``ddl_if``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sqlalchemy


def migrate(url: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    asynchronous = sqlalchemy.make_url(url).set(drivername="postgresql+asyncpg")
    environment = {
        **os.environ,
        "PREFECT_API_DATABASE_CONNECTION_URL": asynchronous.render_as_string(hide_password=False),
    }
    prefect = Path(sys.executable).with_name("prefect")
    subprocess.run([prefect, "server", "database", "upgrade", "-y"], env=environment, check=True)


if __name__ == "__main__":
    migrate(sys.argv[1])
else:
    # Which of its models it shows depends on the database that it is set to.
    os.environ.setdefault("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://localhost/prefect")
    from prefect.server.database.dependencies import provide_database_interface

    models = [provide_database_interface().Base.metadata]
