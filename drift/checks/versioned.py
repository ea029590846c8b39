"""Who judges a table that SQLAlchemy-Continuum works with: the VT family, in place of the general checks.

A drift is reported once. On version, association version, transaction and plugin tables the general checks named in
:data:`REPLACED` and :data:`REPLACED_FAMILIES` are silent, because a VT check says the same in Continuum's vocabulary,
with what happens at run time. General checks that are not named here (comments, row security, an invalid index, ...)
speak for these tables too.
"""

from __future__ import annotations

from collections.abc import Mapping

from drift.alignment import Pair, TablePair
from drift.checks.registry import CheckDefinition
from drift.schema import Sequence, VersioningRole

_TABLES = frozenset({"TB101", "TB302", "TB303"})
_SEQUENCES = frozenset({"SQ101", "SQ301", "SQ302", "SQ303", "SQ304"})
_COLUMNS = frozenset({"CO101", "CO301", "CO302", "CO303", "CO304", "CO310"})

_OF_VERSION_TABLES = (
    _TABLES
    | _COLUMNS
    | {"CO201", "CO305", "CO308", "CO309"}
    | {"IX101", "IX201", "IX301", "IX302", "IX303", "IX304", "IX305", "IX306", "IX307", "IX309", "IX310"}
)
_OF_OWN_TABLES = _TABLES | _COLUMNS | _SEQUENCES | {"FK101"}

REPLACED: Mapping[VersioningRole, frozenset[str]] = {
    VersioningRole.NONE: frozenset(),
    VersioningRole.VERSION: _OF_VERSION_TABLES,
    VersioningRole.ASSOCIATION_VERSION: _OF_VERSION_TABLES,
    VersioningRole.TRANSACTION: _OF_OWN_TABLES,
    VersioningRole.PLUGIN: _OF_OWN_TABLES,
}
"""General checks that have a VT counterpart."""

REPLACED_FAMILIES: Mapping[VersioningRole, frozenset[str]] = {
    VersioningRole.VERSION: frozenset({"PK", "UQ", "FK", "CK"}),
    VersioningRole.ASSOCIATION_VERSION: frozenset({"PK", "UQ", "FK", "CK"}),
}
"""Families whose every check has a VT counterpart: version tables have one key and no other constraint."""


def role_of(pair: TablePair | Pair[Sequence]) -> VersioningRole:
    """What Continuum uses a table or sequence for; the expected side knows."""
    return VersioningRole.NONE if pair.expected is None else pair.expected.role


def speaks_for(definition: CheckDefinition, role: VersioningRole) -> bool:
    """Whether that check judges tables (or sequences) with that role."""
    if definition.family == "VT":
        return role is not VersioningRole.NONE
    return definition.code not in REPLACED[role] and definition.family not in REPLACED_FAMILIES.get(role, ())
