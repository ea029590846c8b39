"""``--format html``: one self-contained page. No network, no script needed to read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift import __version__
from drift.checks.registry import FAMILIES, all_checks
from drift.findings import Finding, Severity
from drift.policy import Verdict
from drift.policy.order import describe, grouped, short_name
from drift.reports import words
from drift.reports.excerpts import differing
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
_MOST = 400
"""Words on one side between which differences are looked for: that takes time with the square of their number."""
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
    _, seen = differing(finding.expected, finding.actual)
    left, right = parts(visible(expected), visible(seen or ""))
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
    """Both values cut into words, those that differ marked. Values with little in common are marked as a whole.

    The work grows with the length of the values: what both begin and end with is cut off first, and of what is left
    only so much is compared word by word.
    """
    words_left, words_right = _WORDS.findall(expected), _WORDS.findall(actual)
    start = _alike(words_left, words_right)
    left, right = words_left[start:], words_right[start:]
    end = _alike(left[::-1], right[::-1])
    left, right = left[: len(left) - end], right[: len(right) - end]
    comparable = len(left) <= _MOST and len(right) <= _MOST
    matcher = SequenceMatcher(None, left, right, autojunk=False) if comparable else None
    matches = [block for block in matcher.get_matching_blocks() if block.size] if matcher else []
    in_common = start + end + sum(block.size for block in matches)
    if 4 * in_common < len(words_left) + len(words_right):
        return [Part(expected, True)], [Part(actual, True)] if actual else []
    return (
        _marked(words_left, start, end, [(block.a, block.size) for block in matches]),
        _marked(words_right, start, end, [(block.b, block.size) for block in matches]),
    )


def _alike(left: list[str], right: list[str]) -> int:
    """How many words both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))


def _marked(words: list[str], start: int, end: int, alike: list[tuple[int, int]]) -> list[Part]:
    """The value in pieces: what is alike, and what differs between that."""
    pieces: list[Part] = []
    done = 0
    for first, size in [(0, start), *((start + first, size) for first, size in alike), (len(words) - end, end)]:
        for text, differs in ("".join(words[done:first]), True), ("".join(words[first : first + size]), False):
            if text and pieces and pieces[-1].differs == differs:
                pieces[-1] = Part(pieces[-1].text + text, differs)
            elif text:
                pieces.append(Part(text, differs))
        done = first + size
    return pieces


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
