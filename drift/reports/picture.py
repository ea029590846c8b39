"""The drift as an entity-relationship picture: drifted tables, their columns marked, and what links them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from drift.alignment import TablePair
from drift.findings import Finding, SubjectKind
from drift.policy import Verdict
from drift.policy.order import qualified
from drift.reports.excerpts import differing
from drift.reports.words import as_called
from drift.schema import Column, QualifiedName

MAX_TABLES = 24
"""Tables in one picture; more cannot be read, and Mermaid refuses to draw them."""
MAX_COLUMNS = 14
"""Columns shown in one table: the marked ones, then keys."""


class Mark(StrEnum):
    """What is wrong with a table or a column."""

    NONE = "same"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column in the picture; ``remark`` says what the database has where that differs."""

    name: str
    type: str
    key: str = ""
    mark: Mark = Mark.NONE
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """A table in the picture; ``hidden`` columns are not drawn."""

    name: str
    attributes: tuple[Attribute, ...] = ()
    mark: Mark = Mark.NONE
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key, from the referencing to the referenced table."""

    source: str
    target: str
    label: str
    mark: Mark = Mark.NONE


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn; ``left_out`` tables did not fit."""

    entities: tuple[Entity, ...] = ()
    links: tuple[Link, ...] = ()
    left_out: int = 0


def picture_of(verdict: Verdict) -> Picture:
    """The picture of the drifted tables. Tables that they refer to appear by name."""
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in verdict.findings:
        if finding.subject.table is not None or finding.subject.kind is SubjectKind.TABLE:
            findings[qualified(finding.subject)].append(finding)
    pairs = verdict.drifted[:MAX_TABLES]
    entities = [_entity(pair, findings) for pair in pairs]
    links = [link for pair in pairs for link in _links(pair, findings)]
    entities = [replace(entity, name=as_called(entity.name, verdict.dialect)) for entity in entities]
    links = [
        replace(link, source=as_called(link.source, verdict.dialect), target=as_called(link.target, verdict.dialect))
        for link in links
    ]
    drawn = {entity.name for entity in entities}
    others = sorted({link.target for link in links} - drawn)
    return Picture(
        (*entities, *(Entity(name) for name in others)), tuple(links), max(0, len(verdict.drifted) - MAX_TABLES)
    )


def _name(pair: TablePair) -> QualifiedName:
    table = pair.expected or pair.actual
    assert table is not None, "a pair has at least one side"
    return table.name


def _entity(pair: TablePair, findings: dict[str, list[Finding]]) -> Entity:
    name = str(_name(pair))
    own = findings.get(name, [])
    mark = _table_mark(own)
    columns = _columns(pair)
    keys = _keys(pair)
    attributes = [_attribute(*columns[column], keys.get(column, ""), own) for column in columns]
    important = sorted(attributes, key=lambda attribute: (attribute.mark is Mark.NONE, attribute.key == ""))
    chosen = {attribute.name for attribute in important[:MAX_COLUMNS]}
    shown = tuple(attribute for attribute in attributes if attribute.name in chosen)
    return Entity(name, shown, mark, len(attributes) - len(shown))


def _columns(pair: TablePair) -> dict[str, tuple[Column | None, Column | None]]:
    """Expected and actual column by the name under which findings know it."""
    if pair.columns:
        found = {}
        for column in pair.columns:
            known = column.expected or column.actual
            if known is not None:
                found[known.name] = (column.expected, column.actual)
        return found
    if pair.expected is not None:
        return {column.name: (column, None) for column in pair.expected.columns}
    return {column.name: (None, column) for column in pair.actual.columns} if pair.actual is not None else {}


def _keys(pair: TablePair) -> dict[str, str]:
    table = pair.expected or pair.actual
    keys: dict[str, str] = {}
    for foreign_key in table.foreign_keys if table else ():
        keys.update(dict.fromkeys(foreign_key.columns, "FK"))
    if table and table.primary_key:
        keys.update(dict.fromkeys(table.primary_key.columns, "PK"))
    return keys


def _attribute(expected: Column | None, actual: Column | None, key: str, findings: Iterable[Finding]) -> Attribute:
    known = expected or actual
    assert known is not None, "a pair has at least one side"
    about = [
        finding
        for finding in findings
        if finding.subject.kind is SubjectKind.COLUMN and finding.subject.name == known.name
    ]
    mark = _mark(about)
    seen = (differing(finding.expected, finding.actual)[1] for finding in about if mark is Mark.CHANGED)
    remark = "; ".join(text for text in seen if text)
    return Attribute(known.name, known.type, key, mark, remark)


def _mark(findings: Iterable[Finding]) -> Mark:
    kinds = {finding.code[2] for finding in findings}
    if "1" in kinds:
        return Mark.MISSING
    if "2" in kinds:
        return Mark.UNEXPECTED
    return Mark.CHANGED if kinds else Mark.NONE


def _table_mark(findings: list[Finding]) -> Mark:
    whole = [f for f in findings if f.subject.kind in (SubjectKind.TABLE, SubjectKind.VIEW, SubjectKind.VERSION_TABLE)]
    mark = _mark(whole)
    return Mark.CHANGED if mark is Mark.NONE and findings else mark


def _links(pair: TablePair, findings: dict[str, list[Finding]]) -> Iterable[Link]:
    name = str(_name(pair))
    about = {f.subject.name: f for f in findings.get(name, []) if f.subject.kind is SubjectKind.FOREIGN_KEY}
    seen = set()
    for table in (pair.expected, pair.actual):
        for foreign_key in table.foreign_keys if table else ():
            label = ", ".join(foreign_key.columns)
            target = str(foreign_key.target)
            if (label, target) in seen:
                continue
            seen.add((label, target))
            finding = about.get(foreign_key.name or "") or about.get(",".join(foreign_key.columns))
            yield Link(name, target, label, _mark([finding] if finding else []))
