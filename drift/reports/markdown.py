"""``--format markdown``: a pull-request comment, folded, with a Mermaid picture of the drifted tables."""

from __future__ import annotations

import re

from drift.findings import Finding, Severity
from drift.policy import Verdict
from drift.policy.order import grouped, short_name
from drift.reports import words
from drift.reports.picture import Entity, Link, Mark, picture_of
from drift.reports.safe import visible

MAX_LENGTH = 60_000
"""GitHub refuses a comment of more than 65,536 characters."""

_SIGNS = {Severity.ERROR: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~@$&])")
_MARKS = {Mark.MISSING: "missing", Mark.UNEXPECTED: "unexpected", Mark.CHANGED: "changed"}


def render(verdict: Verdict) -> str:
    """The comment. Folded groups at the end are left out, with their number, where it would become too long."""
    head = [_title(verdict), "", text(words.summary(verdict)), ""]
    head += [f"> {text(note)}" for note in verdict.notes] + ([""] if verdict.notes else [])
    places = words.table_places(verdict)
    blocks = [
        _group(verdict.labels, words.title(group, verdict), findings, place)
        for group, findings in grouped(verdict.findings)
        for place in [places.get(group.title) or words.class_place(findings)]
    ]
    tail = _not_checked(verdict) + _baseline(verdict)
    if verdict.findings:
        tail += ["", "`drift explain CODE` tells what a finding means, `drift plan` how to repair it.", ""]
    mermaid = _mermaid(verdict)
    room = MAX_LENGTH - sum(len(line) + 1 for line in (*head, *tail))
    shown: list[str] = []
    for number, block in enumerate(blocks):
        if len(block) > room:
            shown.append(f"… and {words.count(len(blocks) - number, 'more group')}; the full report has them.\n")
            mermaid = ""
            break
        shown.append(block)
        room -= len(block) + 1
    return "\n".join([*head, *shown, *([mermaid] if len(mermaid) < room else []), *tail]).rstrip() + "\n"


def text(value: str) -> str:
    """Text in which nothing is Markdown or HTML, nobody is mentioned, and nothing is invisible."""
    return (
        _SPECIAL.sub(r"\\\1", visible(value))
        .replace("\\<", "&lt;")
        .replace("\\>", "&gt;")
        .replace("\\&", "&amp;")
        .replace("\\@", "@\u200b")
    )


def code(value: str) -> str:
    """An inline code span that no backtick can leave."""
    shown = visible(value).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _title(verdict: Verdict) -> str:
    if verdict.fails:
        return "## 🔴 Schema drift"
    return "## 🟠 Schema drift, below the gate" if verdict.findings else "## 🟢 No schema drift"


def _group(labels: tuple[str, str], title: str, findings: list[Finding], place: object) -> str:
    worst = min(finding.severity.rank for finding in findings)
    sign = next(sign for severity, sign in _SIGNS.items() if severity.rank == worst)
    lines = [
        f"<details{' open' if worst == 0 else ''}><summary>{sign} <b>{_html(title)}</b>: "
        f"{words.count(len(findings), 'finding')}</summary>",
        "",
    ]
    if place is not None:
        lines += [code(str(place)), ""]
    lines += [f"| | check | what | {labels[0]} | {labels[1]} | where |", "|---|---|---|---|---|---|"]
    for finding in findings:
        (_, expected), (_, actual) = words.sides(finding, labels)
        where = code(str(finding.locations[0])) if finding.locations else ""
        lines.append(
            f"| {_SIGNS[finding.severity]} | {finding.code} {finding.name} | {code(short_name(finding))} "
            f"| {code(expected)} | {code(actual)} | {where} |"
        )
    lines += [""] + [
        f"- **{finding.code} {code(short_name(finding))}** {text(finding.message)}" for finding in findings
    ]
    return "\n".join([*lines, "", "</details>", ""])


def _html(value: str) -> str:
    return visible(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def _not_checked(verdict: Verdict) -> list[str]:
    groups = words.skipped(verdict.not_checked)
    if not groups:
        return []
    lines = [f"<details><summary>⚪ not checked: {len(verdict.not_checked)}</summary>", ""]
    for group in groups:
        way = f" *{text(group.help)}*" if group.help else ""
        lines.append(f"- **{group.code} {group.name}** {text(group.what(verdict.dialect))}: {text(group.reason)}.{way}")
    return [*lines, "", "</details>", ""]


def _baseline(verdict: Verdict) -> list[str]:
    lines = [f"- **expired:** {text(entry)}" for entry in verdict.expired]
    lines += [f"- **stale:** {text(entry)} matches nothing any more" for entry in verdict.stale]
    return [*lines, ""] if lines else []


def _mermaid(verdict: Verdict) -> str:
    picture = picture_of(verdict)
    if not picture.entities:
        return ""
    ids = {entity.name: f"t{number}" for number, entity in enumerate(picture.entities)}
    lines = ["<details><summary>The drifted tables as a picture</summary>", "", "```mermaid", "erDiagram"]
    for entity in picture.entities:
        lines += _entity(ids[entity.name], entity)
    lines += [_link(ids, link) for link in picture.links]
    lines += ["```", ""]
    if picture.left_out:
        lines += [f"{words.count(picture.left_out, 'more table')} not drawn.", ""]
    return "\n".join([*lines, "</details>", ""])


def _entity(identifier: str, entity: Entity) -> list[str]:
    mark = f" ({_MARKS[entity.mark]})" if entity.mark in (Mark.MISSING, Mark.UNEXPECTED) else ""
    lines = [f'  {identifier}["{_label(entity.name)}{mark}"] {{']
    for attribute in entity.attributes:
        remark = _MARKS.get(attribute.mark, "")
        if attribute.remark:
            remark += f": {attribute.remark}"
        key = f" {attribute.key}" if attribute.key else ""
        comment = f' "{_label(remark)}"' if remark else ""
        lines.append(f"    {_word(attribute.type)} {_word(attribute.name)}{key}{comment}")
    if entity.hidden:
        lines.append(f'    more columns "{entity.hidden} not shown"')
    return [*lines, "  }"]


def _link(ids: dict[str, str], link: Link) -> str:
    line = ".." if link.mark is not Mark.NONE else "--"
    remark = f" ({_MARKS[link.mark]})" if link.mark in _MARKS else ""
    return f'  {ids[link.source]} }}o{line}|| {ids[link.target]} : "{_label(link.label)}{remark}"'


def _word(value: str) -> str:
    """A word of Mermaid's grammar: letters, digits, brackets; anything else becomes an underscore."""
    word = re.sub(r"[^\w()\[\]]", "_", visible(value), flags=re.ASCII)
    return word if word[:1].isalpha() else f"c{word}"


def _label(value: str) -> str:
    """Text between Mermaid's double quotes."""
    return re.sub(r"[\"\\`<>%;{}#]", "'", visible(value))
