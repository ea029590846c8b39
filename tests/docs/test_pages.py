import importlib.util
import json
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from drift.policy.config import config_from_mapping
from tests.docs.console import DOCS, pages
from tests.migration.test_losses import EDGES, MYSQL_EDGES, SQLITE_TYPES

ROOT = DOCS.parent


def generator():
    spec = importlib.util.spec_from_file_location("drift_docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current():
    for name, text in generator().pages().items():
        path = DOCS / name
        assert path.is_file(), f"{name} is missing: python docs/generate.py"
        assert path.read_text(encoding="utf-8") == text, f"{name} is not current: python docs/generate.py"


def test_the_types_of_the_conversions_page_are_those_that_run_on_servers():
    page = generator()
    assert set(page.POSTGRESQL_TYPES) == EDGES.keys()
    assert set(page.MYSQL_TYPES) == MYSQL_EDGES.keys()
    assert list(page.SQLITE_TYPES) == SQLITE_TYPES


def test_no_page_of_a_check_that_is_gone():
    wanted = {Path(name).name for name in generator().pages() if name.startswith("checks/")}
    assert {path.name for path in (DOCS / "checks").glob("*.md")} == wanted


@pytest.mark.parametrize("page", [*pages(), DOCS / "configuration.md", DOCS / "commands.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}, target


def test_toml_of_the_configuration_page_is_accepted():
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        config_from_mapping(tomllib.loads(block)["tool"]["drift"], source="page", directory=Path())


def test_the_pages_speak_of_every_output_format():
    text = (DOCS / "ci.md").read_text(encoding="utf-8")
    for ending in (".sarif", ".md", ".html", ".xml", ".json", "gl-code-quality"):
        assert ending in text


def test_files_for_ci_servers_are_valid():
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"])
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"], "inputs belong into env, or they could run as code"
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in hooks] == ["drift-check", "drift-check-live"]
    assert yaml.safe_load((ROOT / "templates" / "gitlab-ci.yml").read_text())["drift"]["script"]


def test_the_page_names_inputs_that_the_action_has():
    known = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    for block in re.findall(r"```yaml\n(.*?)```", (DOCS / "ci.md").read_text(encoding="utf-8"), re.DOTALL):
        for step in yaml.safe_load(block).get("jobs", {}).get("schema", {}).get("steps", []):
            if "sqlalchemy-drift" in step.get("uses", ""):
                assert set(step["with"]) <= set(known)


def test_the_schema_is_a_schema():
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(json.loads((DOCS / "report.schema.json").read_text()))


def test_the_functions_of_the_normal_forms_are_there() -> None:
    page = (DOCS / "comparison.md").read_text(encoding="utf-8")
    rows = [
        line for line in page.splitlines() if line.startswith("|") and line.endswith("` |") and "drift.…" not in line
    ]
    assert len(rows) > 15
    for row in rows:
        for path in re.findall(r"`([\w.]+)`", row.split("|")[-2]):
            module, _, name = path.rpartition(".")
            assert hasattr(import_module(f"drift.{module}"), name), path
