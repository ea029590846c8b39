"""1,000 schemas of 20 fields: at most 10 s of CPU after import."""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time
from types import ModuleType

from drift.checks.responses import check_responses
from drift.schema import Schema
from drift.sources.models.loading import from_metadata
from drift.sources.responses.discovery import discover
from drift.sources.responses.observing import ObserveOptions, observe
from drift.sources.responses.references import resolve

SCHEMAS, FIELDS = 1000, 20
LIMIT = 10.0
"""Seconds of CPU for discovery and probing together."""


def _source() -> str:
    kinds = ("str", "str", "int", "bool", "datetime", "Decimal", "str | None", "int")
    lines = [
        "from datetime import datetime",
        "from decimal import Decimal",
        "from pydantic import BaseModel, ConfigDict",
        "from sqlalchemy import Numeric, String",
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column",
        "class Base(DeclarativeBase): pass",
    ]
    for number in range(SCHEMAS):
        name = _name(number)
        lines += [f"class {name}(Base):", f"    __tablename__ = 't{number}'"]
        lines.append("    id: Mapped[int] = mapped_column(primary_key=True)")
        for field in range(FIELDS - 1):
            kind = kinds[field % len(kinds)]
            hint = f"{kind} | None" if field % 3 == 0 and "None" not in kind else kind
            lines.append(f"    f{field}: Mapped[{hint}]")
        lines += [f"class {name}Out(BaseModel):", "    model_config = ConfigDict(from_attributes=True)", "    id: int"]
        lines += [f"    f{field}: {kinds[field % len(kinds)]}" for field in range(FIELDS - 1)]
    return "\n".join(lines)


def _name(number: int) -> str:
    letters = "".join(chr(ord("a") + int(digit)) for digit in f"{number:04d}")
    return f"Thing{letters}"


def test_a_thousand_schemas(tmp_path: Path, record_property):
    module = ModuleType("drift_benchmark_schemas")
    path = tmp_path / "schemas.py"
    path.write_text(_source(), encoding="utf-8")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        started = process_time()
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        models = from_metadata([module.Base.metadata], source="benchmark", directory=tmp_path)
        imported = process_time()
        discover(resolve([module], directory=tmp_path))
        discovered = process_time()
        observations = observe([module], models, options=ObserveOptions())
        probed = process_time()
        outcomes = list(check_responses(observations, Schema("models", "postgresql"), None))
        judged = process_time()
    finally:
        del sys.modules[module.__name__]
        module.Base.registry.dispose()
    split = {
        "import": imported - started,
        "discovery": discovered - imported,
        "discovery and probe": probed - discovered,
        "judge": judged - probed,
    }
    print({stage: round(seconds, 2) for stage, seconds in split.items()})
    for stage, seconds in split.items():
        record_property(stage, round(seconds, 3))
    assert len(observations.pairs) == SCHEMAS
    assert observations.fields == SCHEMAS * FIELDS
    assert not outcomes  # no expected table, nothing to judge: only the time counts
    assert split["discovery and probe"] + split["judge"] <= LIMIT
