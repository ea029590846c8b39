"""``--format html``: one self-contained page. No network, no script needed to read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift import __version__
from drift.checks.registry import FAMILIES, all_checks
from drift.findings import Finding, Severity
from drift.policy import Verdict
from drift.policy.order import describe, grouped, short_name
from drift.reports import words
from drift.reports.picture import picture_of
from drift.reports.safe import visible
from drift.reports.svg import svg

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).resolve()
_FOLDERS = (_HERE.parents[1] / "templates", _HERE.parents[2] / "templates")
"""Inside the installed package, and beside it in a checkout."""

_SAFETY = {
    "safe": "safe to run",
    "blocks-writes": "blocks writes while it runs",
    "blocks-reads": "blocks reads and writes while it runs",
    "needs-data": "needs a decision about existing rows",
    "loses-data": "loses data",
    "irreversible": "cannot be undone",
    "manual": "by hand",
}
_WORDS = re.compile(r"\w+|\W")
_SHORT = 12
"""Lines of a repair that is shown at once; a longer one is folded."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a value; ``differs`` marks what the other side has not."""

    text: str
    differs: bool


def render(verdict: Verdict) -> str:
    """The page."""
    places = words.table_places(verdict)
    scripts = dict(verdict.scripts)
    first = _first_with(verdict.findings, scripts)
    groups = [
        {
            "title": visible(words.title(group, verdict)),
            "place": place and visible(str(place)),
            "findings": [_finding(finding, verdict, scripts.get(finding.fingerprint), first) for finding in findings],
        }
        for group, findings in grouped(verdict.findings)
        for place in [places.get(group.title) or words.class_place(findings)]
    ]
    picture = picture_of(verdict)
    used = dict.fromkeys(finding.code for finding in verdict.findings)
    return (
        _environment()
        .get_template("report.html")
        .render(
            version=__version__,
            status="drift" if verdict.fails else "below" if verdict.findings else "in-sync",
            summary=visible(words.summary(verdict)),
            expected=visible(verdict.expected_source),
            actual=visible(verdict.actual_source),
            server=visible(f"{verdict.dialect} {verdict.server or ''}".strip()),
            compared=visible(words.compared(verdict)),
            counts=[(severity.value, verdict.count(severity)) for severity in Severity],
            not_checked_count=len(verdict.not_checked),
            accepted_count=len(verdict.accepted),
            ignored_count=len(verdict.ignored),
            groups=groups,
            families=[
                (code, name) for code, name in FAMILIES.items() if any(used_code.startswith(code) for used_code in used)
            ],
            picture=svg(picture),
            drawn=f"{words.count(len(picture.entities), 'table')}, as the models and the database have them",
            left_out=picture.left_out,
            not_checked=[
                {
                    "code": g.code,
                    "name": g.name,
                    "what": visible(g.what(verdict.dialect)),
                    "reason": visible(g.reason),
                    "help": g.help and visible(g.help),
                }
                for g in words.skipped(verdict.not_checked)
            ],
            accepted=[
                {"code": f.code, "name": f.name, "subject": visible(called(f, verdict.dialect))}
                for f in verdict.accepted
            ],
            baseline=visible(verdict.baseline or "the baseline"),
            stale=[visible(entry) for entry in verdict.stale],
            expired=[visible(entry) for entry in verdict.expired],
            notes=[visible(note) for note in verdict.notes],
            pages=_pages(used),
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_FOLDERS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _first_with(findings: tuple[Finding, ...], scripts: dict[str, str]) -> dict[str, Finding]:
    """The finding under which each script is shown; others that it repairs, too, refer to that one."""
    first: dict[str, Finding] = {}
    for _, group in grouped(findings):
        for finding in group:
            if finding.fingerprint in scripts:
                first.setdefault(scripts[finding.fingerprint], finding)
    return first


def called(finding: Finding, dialect: str) -> str:
    """The subject in one piece of text, as people write it."""
    return words.as_called(describe(finding.subject), dialect)


def _finding(finding: Finding, verdict: Verdict, script: str | None, first: dict[str, Finding]) -> dict[str, Any]:
    (who, expected), (whose, actual) = words.sides(finding, verdict.labels)
    left, right = parts(visible(expected), visible(finding.actual) if finding.actual is not None else "")
    rest = visible(actual).removeprefix("".join(part.text for part in right))
    right = [*right, Part(rest, not right)] if rest else right
    repair = finding.repair
    steps = script.splitlines() if script else (repair.steps or (repair.kind.replace("-", " "),)) if repair else ()
    shown_at = first[script] if script else finding
    return {
        "code": finding.code,
        "name": finding.name,
        "family": finding.code[:2],
        "severity": finding.severity.value,
        "subject": visible(short_name(finding)),
        "whole": visible(called(finding, verdict.dialect)),
        "message": visible(finding.message),
        "who": who,
        "whose": whose,
        "expected": left,
        "actual": right,
        "places": [visible(str(place)) for place in finding.locations],
        "repair": repair
        and {
            "text": "\n".join(visible(step) for step in steps),
            "short": len(steps) <= _SHORT,
            "safety": _SAFETY[repair.safety.value],
        },
        "together": shown_at is not finding
        and {
            "fingerprint": shown_at.fingerprint,
            "code": shown_at.code,
            "subject": visible(called(shown_at, verdict.dialect)),
        },
        "fingerprint": finding.fingerprint,
        "words": visible(
            f"{called(finding, verdict.dialect)} {finding.code} {finding.name} {expected} {actual} {finding.message}"
        ).lower(),
    }


def parts(expected: str, actual: str) -> tuple[list[Part], list[Part]]:
    """Both values cut into words, those that differ marked. Values with little in common are marked as a whole."""
    words_left, words_right = _WORDS.findall(expected), _WORDS.findall(actual)
    matcher = SequenceMatcher(None, words_left, words_right, autojunk=False)
    if matcher.ratio() < 0.5:
        return [Part(expected, True)], [Part(actual, True)] if actual else []
    left, right = [], []
    for kind, a, b, c, d in matcher.get_opcodes():
        if b > a:
            left.append(Part("".join(words_left[a:b]), kind != "equal"))
        if d > c:
            right.append(Part("".join(words_right[c:d]), kind != "equal"))
    return left, right


def _pages(codes: dict[str, None]) -> list[dict[str, Any]]:
    """The checks' own pages, for the codes that were found. They come with drift, not from a database."""
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    return [
        {"code": check.code, "name": check.name, "html": Markup(markdown.render(check.documentation))}
        for check in all_checks()
        if check.code in codes
    ]
