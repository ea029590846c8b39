"""``--format junit``: one test case for each finding, table by table, so that any CI server shows them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from drift.findings import Severity
from drift.policy import Verdict
from drift.policy.order import grouped, short_name
from drift.reports import words
from drift.reports.safe import visible

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(verdict: Verdict) -> str:
    """The XML: errors and warnings are failures, info is a passed case with its text, not checked is skipped.

    Places stand in the text: ``file`` and ``line`` attributes are refused by the schema that Jenkins validates with.
    """
    root = ElementTree.Element("testsuites", name="drift")
    for group, findings in grouped(verdict.findings):
        title = words.title(group, verdict)
        suite = ElementTree.SubElement(root, "testsuite", name=_text(title))
        for finding in findings:
            name = f"{finding.code} {finding.name}: {short_name(finding)}"
            case = _case(suite, title, name)
            (who, expected), (whose, actual) = words.sides(finding, verdict.labels)
            body = f"{finding.message}\n{who:<8}  {expected}\n{whose:<8}  {actual}\n"
            body += "".join(f"at        {place}\n" for place in finding.locations)
            if finding.severity is Severity.INFO:
                ElementTree.SubElement(case, "system-out").text = _text(body)
            else:
                failure = ElementTree.SubElement(case, "failure", type=finding.severity.value)
                failure.set("message", _text(finding.message))
                failure.text = _text(body)
    if verdict.not_checked:
        suite = ElementTree.SubElement(root, "testsuite", name="not checked")
        for group_ in words.skipped(verdict.not_checked):
            case = _case(suite, "not checked", f"{group_.code} {group_.name}: {group_.what(verdict.dialect)}")
            ElementTree.SubElement(case, "skipped", message=_text(group_.reason))
    if verdict.expired:
        suite = ElementTree.SubElement(root, "testsuite", name="baseline")
        for entry in verdict.expired:
            case = _case(suite, "baseline", entry)
            ElementTree.SubElement(case, "failure", type="expired", message="accepted until a day that has passed")
    if not len(root):
        _case(ElementTree.SubElement(root, "testsuite", name="drift"), "drift", words.summary(verdict))
    _add_counts(root, verdict.seconds)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, group: str, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=_text(group), name=_text(name), time="0")


def _add_counts(root: ElementTree.Element, seconds: float) -> None:
    """Numbers of tests, failures, and skipped ones, for each suite and for all."""
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in root:
        counts = {
            "tests": len(suite),
            "failures": len(suite.findall("testcase/failure")),
            "errors": 0,
            "skipped": len(suite.findall("testcase/skipped")),
        }
        for key, number in counts.items():
            suite.set(key, str(number))
            totals[key] += number
        suite.set("time", "0")
    for key in ("tests", "failures", "errors"):
        root.set(key, str(totals[key]))
    root.set("time", f"{seconds:.3f}")


def _text(text: str) -> str:
    """Without what XML cannot hold, and without invisible characters; line breaks stay."""
    return _NOT_XML.sub("?", "\n".join(visible(line) for line in text.split("\n")))
