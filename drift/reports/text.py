"""``--format text``: what a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from posixpath import basename

from drift.findings import Finding
from drift.policy import Verdict
from drift.policy.order import describe, group_of, grouped, in_order, short_name
from drift.reports import words
from drift.reports.safe import visible
from drift.schema import Location

_NAME_WIDTH = 32
_SUBJECT_WIDTH = 17
_HEADING_WIDTH = 62
_INDENT = " " * 11
_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}

Piece = tuple[str, str]
"""A text and its style (a rich style, or an empty string)."""


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How the text is written.

    Attributes:
        color: Write terminal colours.
        verbose: Also show messages, repairs, and what was accepted.
        quiet: Only the summary.
        statistics: Also show the number of findings for each check.
    """

    color: bool = False
    verbose: bool = False
    quiet: bool = False
    statistics: bool = False


def render(verdict: Verdict, options: TextOptions | None = None) -> str:
    """The report."""
    options = options or TextOptions()
    lines: list[list[Piece]] = []
    if not options.quiet:
        places = words.table_places(verdict)
        singly, together = (verdict.findings, []) if options.verbose else words.repeated(verdict.findings)
        for group, findings in grouped(in_order(singly)):
            place = places.get(group.title) or words.class_place(findings)
            lines += _heading(words.title(group, verdict), place)
            for finding in findings:
                lines += _finding(finding, options, verdict.labels)
        lines += _together(together)
        lines += _skipped(verdict, options)
        if options.verbose:
            lines += [
                [("not compared", "dim"), (f" {visible(what)} ({visible(why)})", "")]
                for what, why in verdict.not_compared
            ]
        if options.statistics:
            lines += _statistics(verdict)
        if lines:
            lines.append([])
    lines.append([(words.summary(verdict), "bold" if verdict.findings else "bold green")])
    if not options.quiet:
        lines += _closing(verdict)
    return _colored(lines) if options.color else "".join("".join(text for text, _ in line) + "\n" for line in lines)


def _heading(title: str, place: Location | None) -> list[list[Piece]]:
    title = visible(title)
    if place is None:
        return [[(title, "bold underline")]]
    gap = " " * max(2, _HEADING_WIDTH + 2 - len(title))
    return [[(title, "bold underline"), (gap, ""), (visible(str(place)), "dim")]]


def _start(finding: Finding) -> list[Piece]:
    severity = finding.severity.value
    return [
        ("  ", ""),
        (f"{severity:<7}", _STYLES[severity]),
        (f"  {finding.code}  ", "bold"),
        (f"{finding.name:<{_NAME_WIDTH}}", ""),
        ("  ", ""),
    ]


def _together(repeated: list[words.Repeated]) -> list[list[Piece]]:
    """Infos that say the same of many fields: one block for each check, the fields by their class."""
    if not repeated:
        return []
    lines = _heading("infos on fields, each with -v", None)
    for each in repeated:
        lines.append([*_start(each.first), (each.what, "bold")])
        lines += [[(_INDENT, ""), (visible(f"{name}: {', '.join(fields)}"), "")] for name, fields in each.fields]
    return lines


def _finding(finding: Finding, options: TextOptions, labels: tuple[str, str]) -> list[list[Piece]]:
    subject = visible(short_name(finding))
    line = _start(finding)
    if finding.locations:
        place = finding.locations[0]
        line += [
            (f"{subject:<{_SUBJECT_WIDTH}}", "bold"),
            ("  ", ""),
            (visible(str(Location(basename(place.path), place.line))), "dim"),
        ]
    else:
        line.append((subject, "bold"))
    rows = [line]
    if finding.expected is None and finding.actual is None:
        rows += [_row("message", finding.message)]
    for who, value in words.sides(finding, labels):
        rows.append(_row(who, value))
    column = finding.detail("column")
    if isinstance(column, str) and len(finding.locations) > 1:
        # Both places of a response field: the schema's stands above, the column's here.
        rows.append(_row("column", f"{column}  {finding.locations[1]}"))
    scripts = finding.detail("scripts")
    if scripts is not None:
        rows.append(_row("scripts", str(scripts)))
    resolved = finding.detail("resolved_by")
    if resolved is not None:
        rows.append(_row("pending", f"revision {resolved} resolves it"))
    if options.verbose:
        if finding.expected is not None or finding.actual is not None:
            rows.append(_row("why", finding.message))
        if finding.note and finding.note not in " ".join(value for _, value in words.sides(finding, labels)):
            rows.append(_row("note", finding.note))
        if finding.repair is not None:
            steps = "; ".join(finding.repair.steps) or finding.repair.kind
            rows.append(_row("repair", f"{steps} ({finding.repair.safety.value})"))
        rows += [_row("at", str(place)) for place in finding.locations]
    return rows


def _row(label: str, value: str) -> list[Piece]:
    return [(_INDENT, ""), (f"{label:<8}  ", "dim"), (visible(value), "")]


def _skipped(verdict: Verdict, options: TextOptions) -> list[list[Piece]]:
    lines: list[list[Piece]] = []
    indent = " " * 13
    for group in words.skipped(verdict.not_checked):
        what = group.what(verdict.dialect)
        title = f"{group.code} {group.name}" + (f"  {visible(what)}" if what else "")
        lines.append([("not checked", "magenta"), ("  ", ""), (title, "")])
        lines.append([(indent, ""), (visible(group.reason), "")])
        if options.verbose and len(group.items) > 1:
            lines += [
                [(indent, ""), (visible(words.as_called(describe(item.subject), verdict.dialect)), "dim")]
                for item in group.items
                if item.subject
            ]
        if group.help:
            lines.append([(indent, ""), ("help: ", "bold"), (visible(group.help), "")])
    return lines


def _statistics(verdict: Verdict) -> list[list[Piece]]:
    rows = words.statistics(verdict.findings)
    return [[], *([(f"{number:>5}  ", "bold"), (f"{code}  {name}", "")] for number, code, name in rows)]


def _closing(verdict: Verdict) -> list[list[Piece]]:
    lines: list[list[Piece]] = [
        *([("expired: ", "bold red"), (visible(entry), "")] for entry in verdict.expired),
        *([("stale: ", "bold yellow"), (f"{visible(entry)} matches nothing any more", "")] for entry in verdict.stale),
    ]
    if verdict.stale:
        lines.append([("help: ", "bold"), ("`drift baseline --prune` removes stale entries", "")])
    lines += [[("note: ", "bold"), (visible(note), "")] for note in verdict.notes]
    if verdict.findings:
        code = _most_telling(verdict.findings).code
        way = f"`drift explain {code}` for the meaning, `drift plan` for the repair."
        lines.append([("help: ", "bold"), (way, "")])
    between = words.between(verdict)
    return [*lines, [("compared: ", "bold"), (visible(between), "")]] if between else lines


def _most_telling(findings: tuple[Finding, ...]) -> Finding:
    """The worst finding, in reading order; history comes last because its own text explains it."""
    return min(findings, key=lambda f: (group_of(f).section == 0, f.severity.rank))


def _colored(lines: list[list[Piece]]) -> str:
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=10_000, legacy_windows=False)
    for line in lines:
        text = Text()
        for piece, style in line:
            text.append(piece, style or None)
        console.print(text, soft_wrap=True, highlight=False, markup=False)
    return out.getvalue()
