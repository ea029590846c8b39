"""A case folder, as ``fixtures/cases/README.md`` describes it."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "fixtures" / "cases"
DIALECTS = ("postgresql", "sqlite", "mariadb", "mysql")
OPTIONS = {
    "config",
    "not_checked",
    "schemas",
    "responses",
    "probe",
    "dialects",
    "minimum_server",
    "minimum_sqlalchemy",
    "findings",
    "repair",
    "remaining",
    "data_changes",
    "no_downgrade",
    "downgrade_stops",
    "reason",
}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """One case on one dialect."""

    folder: Path
    dialect: str
    script: Path
    models: Path
    options: dict[str, Any]
    expected: tuple[dict[str, Any], ...]

    @property
    def id(self) -> str:
        """What ``pytest -k`` finds it by."""
        return f"{self.folder.relative_to(CASES).as_posix()}[{self.dialect}]"

    @property
    def starts_from_models(self) -> bool:
        """Whether the script changes a database made by ``create_all()``."""
        return self.script.name.startswith("drift.")

    def load_models(self) -> ModuleType:
        """Execute ``models.py`` as a module of its own."""
        name = f"drift_case_{next(_numbers)}"
        specification = importlib.util.spec_from_file_location(name, self.models)
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        sys.modules[name] = module
        specification.loader.exec_module(module)
        return module


def all_cases() -> Iterator[Case]:
    """Every case on every dialect for which it has a script."""
    for findings in sorted(CASES.rglob("findings.json")):
        folder = findings.parent
        if not any(_models(folder, dialect) for dialect in DIALECTS):
            continue
        options_file = folder / "options.json"
        options = json.loads(options_file.read_text(encoding="utf-8")) if options_file.exists() else {}
        assert not options.keys() - OPTIONS, f"{options_file}: unknown keys {sorted(options.keys() - OPTIONS)}"
        for dialect in options.get("dialects", DIALECTS):
            script = _script(folder, dialect)
            models = _models(folder, dialect)
            if script is not None and models is not None:
                of_dialect = options.get("findings", {})
                places = (ending.removeprefix(".") for ending in _endings(dialect))
                expected = next((of_dialect[place] for place in places if place in of_dialect), None)
                if expected is None:
                    expected = json.loads(findings.read_text(encoding="utf-8"))
                yield Case(folder, dialect, script, models, options, tuple(expected))


def _models(folder: Path, dialect: str) -> Path | None:
    """The nearest models; in one folder those of the dialect win."""
    for candidate in (folder, *folder.parents):
        if candidate == CASES:
            return None
        files = (candidate / f"models{ending}.py" for ending in (*_endings(dialect), ""))
        if (found := next((file for file in files if file.exists()), None)) is not None:
            return found
    return None


def _script(folder: Path, dialect: str) -> Path | None:
    files = (folder / f"{stem}{ending}.sql" for ending in _endings(dialect) for stem in ("database", "drift"))
    return next((file for file in files if file.exists()), None)


def _endings(dialect: str) -> tuple[str, ...]:
    relatives = {"postgresql": ("",), "mariadb": (".mariadb", ".mysql"), "mysql": (".mysql", ".mariadb")}
    return relatives.get(dialect, (f".{dialect}",))
