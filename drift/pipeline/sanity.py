"""Is this the database of these models at all? One error is better than two hundred findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drift.alignment import Alignment
from drift.errors import DriftError
from drift.schema import MigrationState

if TYPE_CHECKING:
    from drift.pipeline.targets import Target

_DEFAULT_VERSION_TABLE = "alembic_version"


def require_comparable(alignment: Alignment, schemas: tuple[str, ...]) -> None:
    """Stop when no table stands on either side: two empty sides are no two sides that agree.

    Raises:
        DriftError: There is nothing to compare.
    """
    if alignment.expected.tables or alignment.actual.tables:
        return
    looked_at = schemas or alignment.actual.schemas
    where = f"in schema {', '.join(looked_at)}" if looked_at else "there"
    raise DriftError(
        "there is nothing to compare",
        place=f"{alignment.expected.source}, {alignment.actual.source}",
        details=(f"neither side has a table {where}",),
        help=("check the names of the databases and schemas: --schema app",),
    )


def require_plausible(
    alignment: Alignment, migrations: tuple[MigrationState, ...], target: Target, *, allow_empty: bool
) -> None:
    """Stop when none of the mapped tables exists and nothing says that they ever did.

    A version table of the project's migrations shows that the database is meant, however little of it is there.

    Raises:
        DriftError: The wrong database, or an empty one.
    """
    expected = alignment.expected.tables
    if not expected:
        raise DriftError(
            "there is nothing to compare",
            place=alignment.expected.source,
            details=("the project's filters leave out every mapped table",),
            help=("Look at include_object and include_name in env.py.",),
        )
    if allow_empty or any(pair.expected is not None and pair.actual is not None for pair in alignment.tables):
        return
    names = {name.name for name in alignment.actual.relation_names} | {t.name.name for t in alignment.actual.tables}
    known = {state.version_table.name for state in migrations} or {_DEFAULT_VERSION_TABLE}
    if known & names or any(state.table_exists for state in migrations):
        return
    if len(expected) == 1:
        tables = "the one mapped table does not exist there"
    else:
        tables = f"none of the {len(expected)} mapped tables exist there"
    version_table = ", ".join(sorted(known))
    raise DriftError(
        "this does not look like the database of these models",
        place=f"{target.source}  (from {target.origin})",
        details=(f"{tables}, and there is no {version_table} table",),
        help=(
            "check the database name, or name the schema: --schema app",
            "If it is meant to be empty, pass --allow-empty.",
        ),
    )
