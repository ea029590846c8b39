"""Version tables that Continuum was told not to build (``create_tables=False``), although its triggers write to them.

Nothing is derived here: Continuum's own builder makes each table, for as long as it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from drift.sources.continuum.managers import Versioned


@contextmanager
def building(versioned: Iterable[Versioned]) -> Iterator[dict[int, Versioned]]:
    """Build what is not built; afterwards the application's metadata is as it was.

    Yields:
        The entries with their tables, by ``id()`` of the entry without one.
    """
    missing = [one for one in versioned if one.table is None]
    built: dict[int, Versioned] = {}
    try:
        for one in missing:
            from sqlalchemy_continuum.table_builder import TableBuilder

            table = TableBuilder(one.manager, one.parent, model=one.model)()
            built[id(one)] = replace(one, table=table)
        yield built
    finally:
        for one in built.values():
            if one.table is not None:
                one.table.metadata.remove(one.table)
