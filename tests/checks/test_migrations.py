from __future__ import annotations

from drift.schema import MigrationState
from tests.alignment.build import actual, expected, name, table
from tests.checks.support import codes

VERSIONS = name("alembic_version")


def state(**facts: object) -> list[str]:
    return codes(expected(), actual(), MigrationState(VERSIONS, **facts))  # type: ignore[arg-type]


def test_at_head() -> None:
    assert state(heads=("b",), current=("b",)) == []


def test_behind() -> None:
    assert state(heads=("b",), current=("a",), pending=("b",)) == ["MG101"]


def test_never_stamped_is_said_once() -> None:
    assert state(heads=("b",), pending=("a", "b"), table_exists=False) == ["MG102"]
    assert state(heads=("b",), pending=("a", "b")) == ["MG102"]


def test_unknown_revision() -> None:
    assert state(heads=("b",), current=("x",), unknown=("x",), pending=("b",)) == ["MG201"]


def test_several_heads_are_fine_where_all_are_reached() -> None:
    assert state(heads=("b", "c"), current=("b", "c")) == []
    assert state(heads=("b", "c"), current=("b",), pending=("c",)) == ["MG101", "MG301"]


def test_a_project_without_scripts() -> None:
    assert state() == []


def test_version_tables_of_any_name_are_not_unexpected() -> None:
    right = actual(table("alembic_version", "version_num"), table("revisions", "version_num"), table("other", "a"))
    assert codes(expected(), right, MigrationState(name("revisions"))) == ["TB201"]
