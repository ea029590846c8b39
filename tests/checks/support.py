"""Run all checks over two hand-written schemas."""

from __future__ import annotations

from drift.alignment import align, settle
from drift.checks.run import run_checks
from drift.findings import Finding, NotChecked
from drift.schema import MigrationState, Schema


def findings(expected: Schema, actual: Schema, *migrations: MigrationState) -> list[Finding]:
    return [item for item in run_checks(settle(align(expected, actual)), migrations) if isinstance(item, Finding)]


def codes(expected: Schema, actual: Schema, *migrations: MigrationState) -> list[str]:
    return sorted(item.code for item in findings(expected, actual, *migrations))


def not_checked(expected: Schema, actual: Schema) -> list[NotChecked]:
    return [item for item in run_checks(settle(align(expected, actual))) if isinstance(item, NotChecked)]
