"""A row that the schema accepts, found by following Pydantic's own errors through the row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from drift.sources.responses.examples import answers, examples
from drift.sources.responses.reading import WHOLE, Failure, Reader, View
from drift.sources.responses.rows import Row, Rows
from drift.sources.responses.unwrap import schemas_in

_ROUNDS = 120

TYPE_ERRORS = frozenset(
    [
        "string_type",
        "int_type",
        "int_parsing",
        "bool_type",
        "bool_parsing",
        "float_type",
        "float_parsing",
        "decimal_type",
        "decimal_parsing",
        "date_type",
        "datetime_type",
        "time_type",
        "time_delta_type",
        "uuid_type",
        "uuid_parsing",
        "bytes_type",
        "list_type",
        "dict_type",
        "set_type",
        "tuple_type",
        "json_type",
        "mapping_type",
        "timezone_naive",
        "timezone_aware",
        "literal_error",
        "enum",
        "is_instance_of",
        "url_type",
        "string_unicode",
        "date_from_datetime_parsing",
        "datetime_parsing",
        "date_parsing",
        "time_parsing",
        "ip_v4_address",
        "ip_v6_address",
        "ip_any_address",
    ]
)
"""Errors that say: this is not my type, whatever the value."""

NESTED_ERRORS = frozenset(
    ["model_type", "model_attributes_type", "dataclass_type", "dataclass_exact_type", "dict_type", "typed_dict_type"]
)
"""Errors of a nested schema that cannot read an object at all."""


@dataclass(slots=True)
class Baseline:
    """A row with what could not be made valid.

    Attributes:
        broken: Fields that fail on every row tried, with the last error.
        truncated: Fields whose errors lie behind the limit of depth.
        hidden: Attributes whose code breaks on any row.
        exhausted: Attributes all of whose values were tried.
        dumps: The accepted row can be serialised, so that serialisation can be judged.
    """

    row: Row
    broken: dict[str, Failure] = field(default_factory=dict)
    truncated: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    exhausted: set[str] = field(default_factory=set)
    dumps: bool = True

    @property
    def subject(self) -> Any:
        """What is given to the schema."""
        return View(self.row.instance, frozenset(self.hidden)) if self.hidden else self.row.instance


class Finder:
    """Finds a baseline for one pair."""

    def __init__(self, reader: Reader, rows: Rows) -> None:
        self._reader = reader
        self._rows = rows
        self._pools: dict[tuple[int, str], list[Any]] = {}
        self._tried: dict[tuple[int, str], list[Any]] = {}

    def find(self, row: Row) -> Baseline:
        """Repair ``row`` until the schema accepts it, or nothing is left to try."""
        baseline = Baseline(row)
        for _ in range(_ROUNDS):
            failures = self._reader.read(baseline.subject)
            fresh = [f for f in failures if f.field not in baseline.broken and f.field not in baseline.truncated]
            if not fresh:
                break
            if any(f.field == WHOLE for f in fresh) and len(fresh) == 1 and self._hide(baseline, fresh[0]):
                continue
            for failure in fresh:
                self._repair(baseline, failure)
        for failure in self._reader.read(baseline.subject):
            if failure.field not in baseline.truncated:
                baseline.broken.setdefault(failure.field, failure)
        baseline.dumps = not baseline.broken and not baseline.truncated
        return baseline

    def _hide(self, baseline: Baseline, failure: Failure) -> bool:
        """An exception escaped: hide the attributes whose own code raises."""
        culprits = {
            name
            for names in self._reader.reads.values()
            for name in names
            if name not in baseline.hidden and name not in baseline.row.mapped.columns and self._raises(baseline, name)
        }
        for field_name, names in self._reader.reads.items():
            if culprits.intersection(names):
                baseline.broken[field_name] = failure
        baseline.hidden |= culprits
        return bool(culprits)

    def _raises(self, baseline: Baseline, name: str) -> bool:
        try:
            getattr(baseline.row.instance, name)
        except AttributeError:
            return False
        except Exception:  # noqa: BLE001, RUF100 - a property is the project's code
            return True
        return False

    def _repair(self, baseline: Baseline, failure: Failure) -> None:
        target = self._locate(baseline, failure)
        if target is None:
            if failure.field not in baseline.truncated:
                baseline.broken[failure.field] = failure
            return
        row, key = target
        pool = self._pools.get((id(row), key))
        if pool is None:
            pool = self._pools[id(row), key] = list(self._alternatives(row, key, failure))
        else:
            # A later error may ask for something more precise, for example a length after a pattern.
            tried = self._tried.setdefault((id(row), key), [])
            known = [*pool, *tried]
            pool[:0] = [v for v in answers(failure.raw) if _fits(v, row.get(key)) and not _among(v, known)]
        if pool:
            value = pool.pop(0)
            self._tried.setdefault((id(row), key), []).append(value)
            row.put(key, value)
        else:
            baseline.broken[failure.field] = failure
            if row is baseline.row:
                baseline.exhausted.add(key)
                row.put(key, self._rows.template(row.mapped).values.get(key))

    def _alternatives(self, row: Row, key: str, failure: Failure) -> Iterator[Any]:
        template = self._rows.template(row.mapped)
        current = row.get(key)
        tried = [current]
        asked = [value for value in answers(failure.raw) if _fits(value, current)]
        proposals: list[Any] = [*asked, *template.candidates.get(key, ())[1:]]
        if key not in template.complete:
            wanted = self._wanted(failure, row.depth)
            made = list(examples(wanted)) if wanted is not None else []
            proposals.extend(self._rows.loaded(row.mapped, key, made))
            proposals.extend(made)
        for value in proposals:
            if not _among(value, tried):
                tried.append(value)
                yield value

    def _wanted(self, failure: Failure, depth: int) -> Any:
        """The annotation of the field that reads the attribute, ``depth`` related rows down."""
        field = self._reader.schema.model_fields.get(failure.field)
        for step in failure.path[:depth]:
            nested = schemas_in(field.annotation) if field is not None else ()
            field = next((s.model_fields[step] for s in nested if step in s.model_fields), None)
        return field.annotation if field is not None else None

    def _locate(self, baseline: Baseline, failure: Failure) -> tuple[Row, str] | None:
        """The row and the column attribute behind an error's path; relates missing rows on the way."""
        row: Row | None = baseline.row
        names = self._reader.reads.get(failure.field, ())
        steps: list[Any] = [next((n for n in names if n in baseline.row.mapped.names), None), *failure.path]
        for position, step in enumerate(steps):
            assert row is not None
            if not isinstance(step, str):
                return None
            if step in row.mapped.columns:
                return row, step
            relation = row.mapped.relations.get(step)
            if relation is None or relation.collection:
                # A union's branch or a validator's label stands in the path; a property has no value to change.
                return None
            child = row.related.get(step)
            if child is None:
                child = self._rows.relate(row, relation)
                if child is None:
                    baseline.truncated.add(failure.field)
                    return None
                if position == len(steps) - 1:
                    return self._after_relating(row, step)
            row = child
        return None

    def _after_relating(self, row: Row, step: str) -> tuple[Row, str]:
        """The error was the missing related row itself, which is there now: nothing else is to be changed."""
        self._pools[id(row), step] = [row.get(step)]
        return row, step


def _among(value: Any, known: list[Any]) -> bool:
    return any(type(value) is type(old) and value == old for old in known)


def _fits(value: Any, current: Any) -> bool:
    """An answer must be of the kind that the column loads; a column without a known kind takes anything."""
    if current is None or isinstance(current, (dict, list)):
        return True
    if isinstance(current, bool) or isinstance(value, bool):
        return isinstance(current, bool) and isinstance(value, bool)
    if isinstance(current, (int, float)) and isinstance(value, (int, float)):
        return isinstance(current, float) or float(value).is_integer()
    return type(value) is type(current)
