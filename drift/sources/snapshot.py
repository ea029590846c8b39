"""Snapshot files: a live schema as JSON, to be compared where the database cannot be reached.

A file is sorted and holds only what differs from the default of each facet, so that it reads well in a version-control
diff. It holds no rows and no secrets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum as PythonEnum
from pathlib import Path
from typing import Any

from drift.alignment import Question, Unsettled
from drift.errors import DriftError
from drift.schema import Schema
from drift.secrets import scrub
from drift.sources.snapshot_document import Answer, Document, adapter

VERSION = 1
KIND = "drift-snapshot"
_SORTED_BY_NAME = ("tables", "enums", "domains", "sequences", "functions", "extensions", "relation_names")


Answers = Mapping[Question, "str | Unsettled"]
"""What the server said about pieces of SQL when the snapshot was taken."""

NOT_REMEMBERED = Unsettled("the snapshot holds no canonical form")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot file holds.

    Attributes:
        schema: The live schema.
        answers: Canonical forms of what the models and the database spelled differently on that day, so that models
            which have not changed since are compared as well as against the server.
    """

    schema: Schema
    answers: Answers = field(default_factory=dict)


def dump_snapshot(snapshot: Snapshot, *, statistics: bool = False) -> str:
    """The text of a snapshot file.

    Args:
        snapshot: What was read.
        statistics: Keep the server's estimates of row counts; they change from day to day.
    """
    schema = snapshot.schema
    if not statistics:
        schema = replace(
            schema, tables=tuple(replace(table, estimated_rows=None, written=()) for table in schema.tables)
        )
    answers = [
        Answer(question, unsettled=answer) if isinstance(answer, Unsettled) else Answer(question, canonical=answer)
        for question, answer in snapshot.answers.items()
    ]
    answers.sort(key=lambda item: (str(item.question.table), item.question.usage.value, item.question.sql))
    document = _plain(Document(_in_order(schema), tuple(answers)))
    text = json.dumps(_scrubbed({"kind": KIND, "version": VERSION, **document}), indent=1, ensure_ascii=False)
    return text + "\n"


def remembered(answers: Answers) -> Callable[[Iterable[Question]], dict[Question, str | Unsettled]]:
    """Answer questions from a snapshot.

    A remembered answer holds for a question with the same text, as long as the columns that the text names have the
    types which they had then; columns beside them do not matter.
    """
    known: dict[tuple[object, ...], list[tuple[Question, str | Unsettled]]] = {}
    for question, answer in answers.items():
        known.setdefault(_key(question), []).append((question, answer))

    def canonicalise(questions: Iterable[Question]) -> dict[Question, str | Unsettled]:
        return {
            question: next((a for q, a in known.get(_key(question), ()) if _same_columns(q, question)), NOT_REMEMBERED)
            for question in questions
        }

    return canonicalise


def _key(question: Question) -> tuple[object, ...]:
    return question.sql, question.usage, question.table, question.type


def _same_columns(then: Question, now: Question) -> bool:
    words = set(re.findall(r"\w+", then.sql))
    types = dict(now.columns)
    named = [(name, type_) for name, type_ in then.columns if set(re.findall(r"\w+", name)) <= words]
    return all(types.get(name) == type_ for name, type_ in named)


def _scrubbed(value: Any) -> Any:
    """Plain values without passwords; comments and defaults can hold them."""
    if isinstance(value, str):
        return scrub(value, guess=False)
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return {key: _scrubbed(item) for key, item in value.items()} if isinstance(value, dict) else value


def load_snapshot(file: Path) -> Snapshot:
    """Read a snapshot file.

    Raises:
        DriftError: When it cannot be read, is no snapshot, or is of a newer version.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DriftError(
            "the snapshot cannot be read",
            place=str(file),
            details=(error.strerror or str(error),),
            help=("`drift snapshot --output FILE` writes one",),
        ) from error
    except ValueError as error:
        raise _refused(file, "it is not JSON") from error
    if not isinstance(document, dict) or document.pop("kind", None) != KIND:
        raise _refused(file, f'"kind" is not "{KIND}"')
    version = document.pop("version", None)
    if version != VERSION:
        raise DriftError(
            "the snapshot was written by another version of drift",
            place=str(file),
            details=(f"its format is version {version!r}, this drift reads version {VERSION}",),
            help=("write it again with this drift: drift snapshot", "or use the drift that wrote it"),
        )
    from pydantic import ValidationError

    try:
        read: Document = adapter().validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise _refused(file, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return Snapshot(read.schema, {item.question: item.unsettled or item.canonical or "" for item in read.answers})


def _refused(file: Path, reason: str) -> DriftError:
    return DriftError(
        "this is not a snapshot file", place=str(file), details=(reason,), help=("`drift snapshot` writes one",)
    )


def _in_order(schema: Schema) -> Schema:
    ordered: dict[str, Any] = {name: tuple(sorted(getattr(schema, name), key=_sort_key)) for name in _SORTED_BY_NAME}
    return replace(schema, **ordered)


def _sort_key(item: Any) -> str:
    return str(getattr(item, "name", item)) + str(getattr(item, "arguments", ""))


def _plain(value: Any) -> Any:
    """Dataclasses become objects without the keys that hold their default."""
    if isinstance(value, PythonEnum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {
            item.name: _plain(getattr(value, item.name))
            for item in fields(value)
            if getattr(value, item.name) != item.default and not _is_default_factory(item, getattr(value, item.name))
        }
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _is_default_factory(item: Any, value: Any) -> bool:
    return callable(item.default_factory) and item.default_factory() == value
