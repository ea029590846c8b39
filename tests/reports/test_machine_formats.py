"""JSON, SARIF, JUnit, GitLab: against their schemas (schemas/README.md); GitHub: against its grammar."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from drift.findings import fingerprint
from drift.policy import Baseline, Config, Verdict, judge
from drift.policy.baseline import Entry
from drift.reports import format_of, render
from drift.schema import Location
from tests.reports import samples

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(__file__).parent / "schemas"


def everything() -> Verdict:
    """Info, a finding without a place, one outside of the project; stale and expired entries; nothing hidden."""
    first, second, third = samples.FINDINGS
    entries = (
        Entry(first.fingerprint, first.code, "public.users.email", expires=date(2020, 1, 1), owner="ann"),
        Entry("0" * 16, "CO101", "gone"),
    )
    findings = (first, replace(second, locations=()), replace(third, locations=(Location("/elsewhere/models.py"),)))
    return judge(
        (*findings, *samples.NOT_CHECKED),
        Config(severity=((second.code, samples.INFO),)),
        Baseline(entries, "drift-baseline.json"),
        alignment=samples.ALIGNMENT,
        circumstances=samples.CIRCUMSTANCES,
        today=date(2026, 1, 1),
    )


VERDICTS = [samples.sample, samples.clean, samples.hostile, everything]


def schema(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_json_is_what_the_published_schema_says(verdict):
    document = json.loads(render(verdict(), "json"))
    jsonschema.Draft202012Validator(schema(ROOT / "docs" / "report.schema.json")).validate(document)


def test_json_holds_what_programs_rely_on():
    document = json.loads(render(samples.sample(), "json"))
    assert document["version"] == 1
    assert document["tool"]["name"] == "drift"
    assert document["expected"] == {"source": "app.models:Base"}
    assert document["actual"] == {
        "source": "postgresql://shop:***@localhost/shop",
        "origin": "",
        "dialect": "postgresql",
        "server": "15.4",
    }
    summary = {"error": 2, "warning": 1, "info": 0, "accepted": 3, "ignored": 0, "not_checked": 2}
    assert summary.items() <= document["summary"].items()
    first = document["findings"][0]
    assert first["subject"] == {"kind": "column", "schema": "public", "table": "users", "name": "email"}
    assert first["locations"] == [{"path": "app/models/user.py", "line": 17}]
    assert first["repair"]["safety"] == "safe"
    assert first["fingerprint"] == fingerprint("CO301", samples.column("email"))
    assert document["not_checked"][0]["reason"] == "the snapshot holds no canonical form"


@pytest.mark.parametrize("verdict", VERDICTS)
def test_sarif_is_valid(verdict):
    document = json.loads(render(verdict(), "sarif"))
    jsonschema.Draft7Validator(schema(SCHEMAS / "sarif-2.1.0.json")).validate(document)


def test_the_sarif_schema_is_the_official_one():
    official = schema(SCHEMAS / "sarif-2.1.0.json")
    jsonschema.Draft7Validator.check_schema(official)
    assert official["$id"].startswith("https://raw.githubusercontent.com/oasis-tcs/sarif-spec/")
    assert official["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    assert official["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("format", ["sarif", "junit", "gitlab"])
def test_the_schemas_refuse_what_is_wrong(format):
    """A schema that lets everything pass proves nothing."""
    text = render(samples.sample(), format)
    if format == "junit":
        broken = text.replace("<failure ", "<failed ").replace("</failure>", "</failed>")
        assert not xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").is_valid(broken)
        return
    name, old, new = {
        "sarif": ("sarif-2.1.0.json", '"level": "error"', '"level": "fatal"'),
        "gitlab": ("gitlab-code-quality.json", '"path": "', '"path": "./'),
    }[format]
    assert old in text
    kind = jsonschema.validators.validator_for(schema(SCHEMAS / name))
    assert not kind(schema(SCHEMAS / name)).is_valid(json.loads(text.replace(old, new)))


def test_sarif_results_have_rules_places_and_stable_fingerprints():
    run = json.loads(render(samples.sample(), "sarif"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch("[0-9a-f]{16}", result["partialFingerprints"]["drift/v1"])
    column_type = next(rule for rule in rules if rule["id"] == "CO301")
    assert len(column_type["help"]["markdown"]) > 100
    shown = [result for result in run["results"] if "suppressions" not in result]
    assert [result["level"] for result in shown] == ["error", "warning", "error"]
    assert shown[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 17}
    assert len(shown[2]["relatedLocations"]) == 1
    assert len(run["results"]) == 6


@pytest.mark.parametrize("verdict", VERDICTS)
def test_gitlab_is_what_gitlab_reads(verdict):
    issues = json.loads(render(verdict(), "gitlab"))
    jsonschema.Draft202012Validator(schema(SCHEMAS / "gitlab-code-quality.json")).validate(issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_junit_is_valid_and_adds_up(verdict):
    text = render(verdict(), "junit")
    xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").validate(text)
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    assert int(root.get("tests")) == len(root.findall("testsuite/testcase")) > 0
    assert int(root.get("failures")) == len(root.findall("testsuite/testcase/failure"))
    for suite in root:
        assert int(suite.get("tests")) == len(suite)
        assert {"name", "tests", "failures", "errors", "skipped", "time"} <= suite.attrib.keys()
    for case in root.findall("testsuite/testcase"):
        assert {"classname", "name"} <= case.attrib.keys()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_github_lines_are_commands_and_nothing_else(verdict):
    *commands, summary = render(verdict(), "github").splitlines()
    for line in commands:
        assert re.match(r"::(error|warning|notice) [^\n]*::", line)
    assert "::" not in summary


def test_github_annotates_the_line_of_the_model():
    first = render(samples.sample(), "github").splitlines()[0]
    assert first.startswith("::error file=app/models/user.py,line=17,title=CO301 column-type-mismatch::")


def test_github_properties_are_escaped():
    first = render(samples.hostile(), "github").splitlines()[0]
    assert "file=a b %3A%3Ax%2Cy%25.py,line=3" in first


@pytest.mark.parametrize("format", ["github", "gitlab", "sarif"])
def test_platforms_get_paths_from_the_root_of_the_repository(tmp_path, format):
    (tmp_path / ".git").mkdir()
    (tmp_path / "backend").mkdir()
    text = render(samples.sample(), format, directory=tmp_path / "backend")
    assert "backend/app/models/user.py" in text
    assert "backend/app/models/user.py" not in render(samples.sample(), format, directory=tmp_path / "backend" / "..")
    inside = replace(samples.FINDINGS[0], locations=(Location(str(tmp_path / "shared" / "models.py"), 3),))
    shown = render(judge([inside], Config()), format, directory=tmp_path / "backend")
    assert "shared/models.py" in shown
    assert str(tmp_path) not in shown


@pytest.mark.parametrize(
    ("output", "format"),
    [
        ("a/report.sarif", "sarif"),
        ("report.xml", "junit"),
        ("summary.md", "markdown"),
        ("r.html", "html"),
        ("r.json", "json"),
        ("r.txt", "text"),
        ("gl-code-quality-report.json", "gitlab"),
        ("gitlab:quality.json", "gitlab"),
    ],
)
def test_the_ending_decides_the_format(output, format):
    assert format_of(output)[0] == format
