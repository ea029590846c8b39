"""Three real applications on a real server: exactly the findings that were read from the catalog."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

pytestmark = pytest.mark.skipif(
    not os.environ.get("DRIFT_REAL_APPLICATIONS"), reason="set DRIFT_REAL_APPLICATIONS=1; see tests/realapps/README.md"
)


@pytest.mark.parametrize("application", ["optuna", "mlflow", "prefect"])
def test_the_findings_are_those_of_the_catalog(application: str, database: str) -> None:
    if importlib.util.find_spec(application) is None:
        pytest.skip(f"{application} is not installed")
    environment = {**os.environ, "PYTHONPATH": str(HERE), "NO_COLOR": "1"}
    subprocess.run([sys.executable, str(HERE / f"app_{application}.py"), database], env=environment, check=True)
    arguments = ["--models", f"app_{application}:models", "--database-url", database, "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "drift", "check", *arguments],
        env={**environment, "PYTHONPATH": f"{HERE}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout[done.stdout.index("{") :])
    found = [[f["code"], f["subject"]["table"], f["subject"]["name"]] for f in document["findings"]]
    expected = json.loads((HERE / "expected" / f"{application}.json").read_text(encoding="utf-8"))
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert document["not_checked"] == []
