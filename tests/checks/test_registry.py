from __future__ import annotations

from pathlib import Path

import pytest

from drift.checks.registry import FAMILIES, CheckDefinition, all_checks, find_check

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "cases"
OWN = [check for check in all_checks() if check.family not in ("VT", "RS", "RQ")]
WITHOUT_CASES = {
    "MG101": "needs migration scripts: tests/checks/test_migrations.py",
    "MG102": "needs migration scripts: tests/checks/test_migrations.py",
    "MG201": "needs migration scripts: tests/checks/test_migrations.py",
    "MG301": "needs migration scripts: tests/checks/test_migrations.py",
    "TB310": "options of MySQL and SQLite tables: tests/checks/test_facets.py",
    "TB311": "options of MySQL tables: tests/checks/test_facets.py",
    "TB312": "the models alone: tests/checks/test_facets.py",
    "TB313": "what could not be read: tests/checks/test_facets.py",
    "CO311": "MySQL: tests/checks/test_facets.py",
    "CO312": "MySQL: tests/checks/test_facets.py",
    "IX311": "MySQL: tests/checks/test_facets.py",
    "SQ303": "needs a probe: tests/checks/test_facets.py",
    "OT101": "two databases: tests/cli/test_diff_of_everything.py",
    "OT201": "two databases: tests/cli/test_diff_of_everything.py",
    "OT301": "two databases: tests/cli/test_diff_of_everything.py",
    "VW301": "needs a view that carries its query: tests/checks/test_facets.py",
}


@pytest.mark.parametrize("check", OWN, ids=lambda check: check.code)
def test_every_docstring_is_a_page(check: CheckDefinition) -> None:
    lines = check.documentation.splitlines()
    assert lines[0].endswith(".")
    assert lines[1] == ""
    assert "## Repair" in lines
    assert "## Why it breaks at run time" in lines or "## Why it matters" in lines
    assert "## Example" in lines


@pytest.mark.parametrize(
    "check", [check for check in OWN if check.code not in WITHOUT_CASES], ids=lambda check: check.code
)
def test_every_check_has_a_drifted_case(check: CheckDefinition) -> None:
    cases = [folder for folder in CASES.glob(f"*/{check.name}/*") if not folder.name.startswith("clean")]
    assert any(f'"{check.code}"' in (folder / "findings.json").read_text() for folder in cases)


def test_every_family_has_a_clean_twin() -> None:
    for family in (
        "tables",
        "columns",
        "primary-keys",
        "uniques",
        "foreign-keys",
        "check-constraints",
        "exclusions",
        "indexes",
        "enums",
        "sequences",
        "views",
    ):
        clean = [file for file in (CASES / family).rglob("findings.json") if file.read_text().strip() == "[]"]
        assert clean, family


def test_codes_and_names_are_accepted_in_any_case() -> None:
    assert find_check("co301") is find_check("Column-Type-Mismatch") is not None
    assert find_check("XX999") is None


def test_checks_come_in_the_order_of_the_families() -> None:
    families = [check.family for check in all_checks()]
    assert families == sorted(families, key=list(FAMILIES).index)
