"""The list of checks. A check is one unit of knowledge; its docstring is its documentation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from drift.findings import Outcome, Severity

CheckFunction = TypeVar("CheckFunction", bound=Callable[..., Iterator[Outcome]])

FAMILIES: dict[str, str] = {
    "MG": "migration history",
    "TB": "tables",
    "CO": "columns",
    "PK": "primary keys",
    "UQ": "unique constraints",
    "FK": "foreign keys",
    "CK": "check constraints",
    "EX": "exclusion constraints",
    "IX": "indexes",
    "EN": "enums",
    "SQ": "sequences",
    "VW": "views",
    "OT": "other objects",
    "VT": "version tables (SQLAlchemy-Continuum)",
    "RS": "response schemas",
    "RQ": "request schemas",
}

_CODE = re.compile(r"^([A-Z]{2})([123])(\d{2})$")


class Subjects(StrEnum):
    """What a check function is called with."""

    TABLE = "table pair, whole alignment"
    COLUMN = "column pair, table pair, whole alignment"
    SCHEMA = "whole alignment"
    OTHER = "its own pipeline"


@dataclass(frozen=True, slots=True)
class CheckDefinition:
    """One check.

    Attributes:
        code: ``<FAMILY><kind><nn>``; kind 1 missing in the database, 2 unexpected there, 3 mismatch.
        name: Kebab-case name, accepted wherever a code is.
        severity: Default severity; a finding may be milder or worse where the facts say so.
        summary: First line of the docstring.
        documentation: The whole docstring, Markdown: what, why it breaks, example, repair.
        function: The check itself.
        subjects: What ``function`` is called with.
        on_request: It takes part only where the team's policy names it: what it sees is usually meant.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    documentation: str
    function: Callable[..., Iterator[Outcome]]
    subjects: Subjects
    on_request: bool = False

    @property
    def family(self) -> str:
        """The two letters."""
        return self.code[:2]


_REGISTRY: dict[str, CheckDefinition] = {}


def check(
    code: str, name: str, severity: Severity, subjects: Subjects = Subjects.TABLE, *, on_request: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a check. Its docstring is its page: summary line, then Markdown sections."""

    def register(function: CheckFunction) -> CheckFunction:
        match = _CODE.match(code)
        if match is None or match[1] not in FAMILIES:
            raise ValueError(f"{code!r} is not a check code")
        if code in _REGISTRY or any(known.name == name for known in _REGISTRY.values()):
            raise ValueError(f"{code} {name} is taken")
        documentation = inspect.cleandoc(function.__doc__ or "")
        if not documentation:
            raise ValueError(f"{code} has no docstring")
        _REGISTRY[code] = CheckDefinition(
            code, name, severity, documentation.splitlines()[0], documentation, function, subjects, on_request
        )
        return function

    return register


def definition_of(code: str) -> CheckDefinition:
    """The check with that code, which must be registered already."""
    return _REGISTRY[code]


def is_on_request(code: str) -> bool:
    """Whether a check takes part only where it is named. A check that nobody has registered has not spoken, either."""
    definition = _REGISTRY.get(code)
    return definition is not None and definition.on_request


def all_checks() -> tuple[CheckDefinition, ...]:
    """Every check, families in reporting order, then by code. Imports the families (standard library only)."""
    from importlib import import_module

    for module in MODULES:
        import_module(f"drift.checks.{module}")
    order = list(FAMILIES)
    return tuple(sorted(_REGISTRY.values(), key=lambda check: (order.index(check.family), check.code)))


MODULES: tuple[str, ...] = (
    "migrations",
    "tables",
    "table_facets",
    "columns",
    "column_types",
    "column_values",
    "column_facets",
    "primary_keys",
    "uniques",
    "foreign_key_rows",
    "foreign_keys",
    "foreign_key_facets",
    "check_constraints",
    "exclusions",
    "indexes",
    "index_facets",
    "index_storage",
    "enums",
    "sequences",
    "views",
    "others",
    "version_tables",
    "responses",
    "requests",
)
"""Modules with checks. Whoever adds a family adds its module here."""


def find_check(code_or_name: str) -> CheckDefinition | None:
    """The check with that code (any case) or name."""
    wanted: Any = code_or_name.strip()
    return next((c for c in all_checks() if wanted.upper() == c.code or wanted.lower() == c.name), None)
