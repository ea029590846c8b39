"""A plan for people, in the manner of ``terraform plan``."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from drift.findings import Safety
from drift.policy.order import describe
from drift.reports.safe import visible
from drift.reports.words import count
from drift.secrets import scrub

if TYPE_CHECKING:
    from drift.migration.plan import Plan, Step
    from drift.migration.splitting import Link

_SIGNS = {
    "add": ("+", "green"),
    "change": ("~", "yellow"),
    "rename": (">", "cyan"),
    "drop": ("-", "red"),
    "manual": ("!", "magenta"),
}
_SAFETY = {
    Safety.SAFE: "safe",
    Safety.BLOCKS_WRITES: "blocks writes",
    Safety.BLOCKS_READS: "blocks reads and writes",
    Safety.NEEDS_DATA: "needs your data: a stub must be filled in",
    Safety.LOSES_DATA: "loses data",
    Safety.IRREVERSIBLE: "cannot be undone",
    Safety.MANUAL: "by hand",
}

Line = list[tuple[str, str]]


def render_plan(
    plan: Plan, target: str, links: Sequence[Link] = (), *, color: bool = False, secrets: tuple[str, ...] = ()
) -> str:
    """The plan as text; ``target`` names the database, ``links`` are the revisions of a chain."""
    lines: list[Line] = []
    if plan.steps:
        lines += [[(f"For {target}:", "bold")], []]
    for link in links:
        lines += [[(link.heading, "bold")], []]
        lines += [line for step in link.plan.steps for line in _step(step)]
        lines.append([])
    if not links:
        lines += [line for step in plan.steps for line in _step(step)]
    if plan.steps and not links:
        lines.append([])
    lines.append([(_totals(plan), "bold")])
    if plan.unanswered:
        lines += [[], [("A migration cannot answer:", "bold")]]
        for finding, reason in plan.unanswered:
            lines.append([(f"  {finding.code}  {describe(finding.subject)}: {reason}", "")])
    if any(step.commented_out for step in plan.steps):
        lines.append([("help: ", "bold"), ("steps in [brackets] stand in the revision as comments", "")])
    if plan.active:
        lines.append([("help: ", "bold"), (_written(links), "")])
    clean = [[(visible_part(scrub(text, secrets)), style) for text, style in line] for line in lines]
    return _colored(clean) if color else "".join("".join(text for text, _ in line) + "\n" for line in clean)


def _written(links: Sequence[Link]) -> str:
    if not links:
        return "`drift revision -m TEXT` writes this as an Alembic revision"
    return f"`drift revision -m TEXT --split` writes this as {count(len(links), 'Alembic revision')}"


def _step(step: Step) -> list[Line]:
    sign, style = _SIGNS[step.change.value]
    codes = " ".join(dict.fromkeys(finding.code for finding in step.findings))
    title = step.title if step.commented_out is None else f"[{step.title}]"
    lines: list[Line] = [
        [
            ("  ", ""),
            (sign, style),
            (f" {title}", "bold" if step.commented_out is None else "dim"),
            (f"  {codes}", "dim"),
        ]
    ]
    if step.commented_out is not None:
        return [*lines, _fact("why not", step.commented_out)]
    if step.lock.value != "none":
        where = f" on {step.table}" if step.table else ""
        lines.append(_fact("lock", f"{step.lock.value}{where}, {step.hold.value}"))
    if step.safety is not Safety.SAFE:
        lines.append(_fact("safety", _SAFETY[step.safety]))
    if step.hazard:
        lines.append(_fact("hazard", step.hazard))
    if step.cost:
        lines.append(_fact("cost", step.cost))
    lines += [_fact("stops if", guard.message) for guard in step.guards]
    return lines


def _fact(label: str, value: str) -> Line:
    return [(f"      {label:<8}  ", "dim"), (value, "")]


def _totals(plan: Plan) -> str:
    counts = {name: sum(1 for step in plan.active if step.change.value == name) for name in _SIGNS}
    waiting = len(plan.steps) - len(plan.active)
    if not plan.steps:
        return "Plan: nothing to do."
    text = ", ".join(f"{counts[name]} to {name}" for name in ("add", "change", "rename", "drop"))
    if counts["manual"]:
        text += f", {counts['manual']} by hand"
    return f"Plan: {text}." + (f" {waiting} left as comments." if waiting else "")


def visible_part(text: str) -> str:
    """:func:`visible`, with spaces at both ends kept."""
    inner = text.strip(" ")
    start = len(text) - len(text.lstrip(" "))
    return text if not inner else " " * start + visible(inner) + " " * (len(text) - start - len(inner))


def _colored(lines: list[Line]) -> str:
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=10_000, legacy_windows=False)
    for line in lines:
        console.print(Text.assemble(*[(text, style) for text, style in line]), soft_wrap=True, highlight=False)
    return out.getvalue()
