"""A plan as JSON and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from drift.findings import Finding
from drift.migration.plan import Change, Lock, Plan, Step
from drift.migration.splitting import WHEN, Link

SIGNS = {Change.ADD: "+", Change.CHANGE: "~", Change.RENAME: ">", Change.DROP: "-", Change.MANUAL: "!"}
"""How ``drift plan`` marks a change."""


def plan_document(plan: Plan, links: Sequence[Link] = ()) -> dict[str, Any]:
    """The plan as plain values, version 1; ``links`` are the revisions of a chain."""
    from drift import __version__

    parts = [
        {"part": link.part.value, "when": WHEN[link.part], "steps": [_step(step) for step in link.plan.steps]}
        for link in links
    ]
    return {
        "version": 1,
        "tool": {"name": "drift", "version": __version__},
        "made_for": plan.made_for,
        "actual": {"dialect": plan.dialect, "server": plan.server},
        "summary": {change.value: plan.count(change) for change in Change},
        "steps": [_step(step) for step in plan.steps],
        "unanswered": [{**_finding(finding), "reason": reason} for finding, reason in plan.unanswered],
        **({"parts": parts} if parts else {}),
    }


def plan_json(plan: Plan, links: Sequence[Link] = ()) -> str:
    """The document as text."""
    return json.dumps(plan_document(plan, links), indent=2, ensure_ascii=False)


def _step(step: Step) -> dict[str, Any]:
    return {
        "title": step.title,
        "change": step.change.value,
        "phase": step.phase.name.lower().replace("_", "-"),
        "findings": [_finding(finding) for finding in step.findings],
        "table": str(step.table) if step.table is not None else None,
        "lock": step.lock.value,
        "hold": step.hold.value if step.lock is not Lock.NONE else None,
        "safety": step.safety.value,
        "hazard": step.hazard,
        "cost": step.cost,
        "guards": [{"query": guard.query, "message": guard.message} for guard in step.guards],
        "autocommit": step.autocommit,
        "commented_out": step.commented_out,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    subject = finding.subject
    return {
        "code": finding.code,
        "name": finding.name,
        "subject": {
            "kind": subject.kind.value,
            "schema": subject.schema,
            "table": subject.table,
            "name": subject.name,
        },
        "fingerprint": finding.fingerprint,
    }


def plan_markdown(plan: Plan, links: Sequence[Link] = ()) -> str:
    """The plan for a pull request; ``links`` are the revisions of a chain."""
    if not plan.steps and not plan.unanswered:
        return "Nothing to do.\n"
    lines = [f"**Plan:** {summary(plan)}", ""]
    for link in links:
        lines += [f"**{link.part.value.capitalize()}**: {WHEN[link.part]}.", "", *_table(link.plan.steps), ""]
    if plan.steps and not links:
        lines += _table(plan.steps)
    if plan.unanswered:
        lines += ["", "Not repaired:", ""]
        lines += [
            f"- {cell(finding.code)} {cell(finding.subject.name)}: {cell(why)}" for finding, why in plan.unanswered
        ]
    return "\n".join(lines) + "\n"


def _table(steps: Sequence[Step]) -> list[str]:
    head = ["| | step | answers | lock | safety | notes |", "|---|---|---|---|---|---|"]
    return [*head, *(_row(step) for step in steps)]


def _row(step: Step) -> str:
    codes = ", ".join(dict.fromkeys(finding.code for finding in step.findings))
    lock = "none" if step.lock is Lock.NONE else f"{step.lock.value}, {step.hold.value}"
    notes = [text for text in (step.hazard, step.cost) if text]
    if step.commented_out is not None:
        notes.append(f"not run: {step.commented_out}")
    sign = "#" if step.commented_out is not None else SIGNS[step.change]
    cells = [f"`{sign}`", step.title, codes, lock, step.safety.value, "; ".join(notes)]
    return "| " + " | ".join([cells[0], *(cell(text) for text in cells[1:])]) + " |"


def cell(text: str) -> str:
    """Text that is safe in a Markdown table cell."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    for special in "\\`*_{}[]<>|#":
        clean = clean.replace(special, f"\\{special}") if special not in "<>" else clean
    return clean.replace("<", "&lt;").replace(">", "&gt;")


def summary(plan: Plan) -> str:
    """``3 to add, 1 to change, 0 to rename, 0 to drop, 1 left to a person``; commented-out drops are named apart."""
    words = {
        Change.ADD: "to add",
        Change.CHANGE: "to change",
        Change.RENAME: "to rename",
        Change.DROP: "to drop",
        Change.MANUAL: "left to a person",
    }
    parts = [f"{plan.count(change)} {word}" for change, word in words.items()]
    kept = sum(1 for step in plan.steps if step.commented_out is not None)
    if kept:
        parts.append(f"{kept} not run without --allow-drop")
    return ", ".join(parts)
