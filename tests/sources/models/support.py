"""Expecting models without a server, and writing throw-away projects."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drift.dialects import ServerInfo, dialect_for
from drift.schema import Schema, Table
from drift.sources.models import ExpectOptions, Models, expect

POSTGRESQL = ServerInfo("postgresql", "15.4", "public", (15, 4))
_NUMBERS = itertools.count()


def expected(*metadata: Any, info: ServerInfo = POSTGRESQL, **options: Any) -> Schema:
    """What metadata expects, without locations from files."""
    models = Models(metadata, "models", Path.cwd())
    return expect(models, dialect_for(info.dialect), info, ExpectOptions(**options))


def only_table(schema: Schema) -> Table:
    (table,) = schema.tables
    return table


@contextmanager
def project(folder: Path, files: dict[str, str]) -> Iterator[str]:
    """A package with these files; yields its name, which is new each time, and forgets its modules afterwards."""
    package = f"shop{next(_NUMBERS)}"
    for name, text in {"__init__.py": "", **files}.items():
        path = folder / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("PACKAGE", package), encoding="utf-8")
    try:
        yield package
    finally:
        from sqlalchemy.orm import clear_mappers

        # Mapped classes of one test must not be configured again by the next.
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            if "broken" in files.get("__init__.py", ""):
                clear_mappers()
            del sys.modules[name]
