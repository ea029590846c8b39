"""Probing one pair: a row that the schema accepts, then one column changed at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drift.alignment.observations import Judge, Observation, Phase, Trial
from drift.sources.responses.baseline import NESTED_ERRORS, TYPE_ERRORS, Baseline, Finder
from drift.sources.responses.live import LiveLookup
from drift.sources.responses.mapped import ColumnAttribute, MappedClass, RelationAttribute
from drift.sources.responses.places import Places
from drift.sources.responses.reading import WHOLE, Failure, Reader, annotation
from drift.sources.responses.rows import Row, Rows
from drift.sources.responses.trials import Attempt, attempts
from drift.sources.responses.witnesses import Witnesses

_Attempts = tuple[Attempt, ...]

_ALTERNATIVES = 6
"""Values of another column that are tried beside a NULL."""


@dataclass(slots=True)
class Probe:
    """What probing one pair showed.

    Attributes:
        against: Reasons why the schema cannot be filled from the class: missing attributes, types that never fit.
        unprobed: Fields that could not be judged: pairs of (field, reason).
        labels: Attributes with live labels that loading refuses: (attribute, labels, error).
        hits: Fields that read an attribute of the class.
    """

    observations: list[Observation] = field(default_factory=list)
    against: list[Observation] = field(default_factory=list)
    unprobed: list[tuple[str, str]] = field(default_factory=list)
    labels: list[tuple[ColumnAttribute, tuple[str, ...], str]] = field(default_factory=list)
    hits: tuple[str, ...] = ()


class Prober:
    """Probes pairs; keeps what classes have in common."""

    def __init__(self, rows: Rows, witnesses: Witnesses, places: Places, live: LiveLookup) -> None:
        self._rows = rows
        self._witnesses = witnesses
        self._places = places
        self._live = live

    def probe(self, reader: Reader, mapped: MappedClass) -> Probe:
        """Probe one pair."""
        return _Pair(self._rows, self._witnesses, self._places, self._live, reader, mapped).run()


class _Pair:
    """The probing of one pair."""

    def __init__(
        self, rows: Rows, witnesses: Witnesses, places: Places, live: LiveLookup, reader: Reader, mapped: MappedClass
    ) -> None:
        self._rows, self._witnesses, self._places, self._live = rows, witnesses, places, live
        self._reader, self._mapped = reader, mapped
        self._probe = Probe()
        self._seen: set[tuple[Trial, str, str]] = set()

    def run(self) -> Probe:
        row = self._rows.make(self._mapped)
        baseline = Finder(self._reader, self._rows).find(row)
        self._probe.hits = tuple(
            name for name, attributes in self._reader.reads.items() if any(a in self._mapped.names for a in attributes)
        )
        for name, failure in baseline.broken.items():
            self._judge_broken(baseline, name, failure)
        for name in sorted(baseline.truncated):
            self._probe.unprobed.append((name, "the related rows go too deep"))
        tries = {attribute.key: self._attempts(row, attribute) for attribute in self._mapped.columns.values()}
        if self._is_separate():
            tries = self._without_silent(baseline, row, tries)
        for attribute in self._mapped.columns.values():
            self._columns(baseline, row, attribute, tries[attribute.key], path="")
        for relation in self._mapped.relations.values():
            if not relation.collection and relation.key in row.related:
                self._relation(baseline, row, relation)
        if self._has_derived():
            for key, child in row.related.items():
                for attribute in child.mapped.columns.values():
                    self._columns(baseline, child, attribute, self._attempts(child, attribute), path=f"{key}.")
        return self._probe

    def _has_derived(self) -> bool:
        """Whether some field is read through the project's own code: a property, a proxy, a validator."""
        own = self._mapped.columns.keys() | self._mapped.relations.keys()
        return (
            bool(self._reader.computed)
            or self._reader.lenient
            or any(not own.intersection(attributes) for attributes in self._reader.reads.values())
        )

    # --- the baseline's failures

    def _judge_broken(self, baseline: Baseline, name: str, failure: Failure) -> None:
        attributes = self._reader.reads.get(name, ())
        known = [a for a in attributes if a in self._mapped.names]
        if name == WHOLE:
            self._probe.unprobed.append((name, f"no row was found that it accepts: {failure.error}: {failure.message}"))
        elif failure.error == "missing" and not failure.path and not known:
            if self._reader.lenient or self._mapped.dynamic or self._mapped.annotated.intersection(attributes):
                self._probe.unprobed.append((name, "the attribute is set at run time"))
            else:
                self._probe.against.append(self._broken(Trial.MISSING, name, failure))
        elif known and known[0] in self._mapped.relations and failure.error in NESTED_ERRORS:
            self._probe.against.append(self._broken(Trial.NESTED, name, failure, known[0]))
        elif known and known[0] in baseline.exhausted and self._never_fits(known[0], failure):
            self._probe.against.append(self._broken(Trial.TYPE, name, failure, known[0]))
        else:
            self._probe.unprobed.append(
                (name, f"no value was found that it accepts: {failure.error}: {failure.message}")
            )

    def _never_fits(self, key: str, failure: Failure) -> bool:
        if failure.error == "json_type":
            return True
        complete = key in self._rows.template(self._mapped).complete
        return complete and failure.error in TYPE_ERRORS and not self._reader.lenient

    def _broken(self, trial: Trial, name: str, failure: Failure, key: str | None = None) -> Observation:
        column = self._mapped.columns.get(key or "")
        return self._observation(
            trial,
            name,
            failure,
            attribute=key or name,
            table=column.table if column else self._mapped.table,
            columns=(column.column_name,) if column else (),
            value=str(column.type) if column and trial is Trial.TYPE else trial.value,
            direct=True,
        )

    # --- one change at a time

    def _attempts(self, row: Row, attribute: ColumnAttribute) -> tuple[Attempt, ...]:
        live = self._live(attribute.table, attribute.column_name)
        return tuple(attempts(attribute, row.get(attribute.key), self._witnesses, live))

    def _is_separate(self) -> bool:
        """Whether every field reads its columns directly, and is judged without a look at the others."""
        own = self._mapped.columns.keys() | self._mapped.relations.keys()
        read = {name for attributes in self._reader.reads.values() for name in attributes}
        plain = not self._mapped.dynamic and own >= (read & self._mapped.names)
        return plain and self._reader.separate and not self._has_derived()

    def _without_silent(self, baseline: Baseline, row: Row, tries: Mapping[str, _Attempts]) -> dict[str, _Attempts]:
        """The attempts without those that pass together with others: where fields are separate, alone they pass too."""
        left: dict[str, list[Attempt]] = {key: [] for key in tries}
        for turn in range(max(map(len, tries.values()), default=0)):
            changes = {key: each[turn] for key, each in tries.items() if turn < len(each)}
            loud = self._loud(baseline, row, {k: each for k, each in changes.items() if each.failure is None})
            for key, attempt in changes.items():
                if key in loud or attempt.failure is not None:
                    left[key].append(attempt)
        return {key: tuple(each) for key, each in left.items()}

    def _loud(self, baseline: Baseline, row: Row, changes: dict[str, Attempt]) -> set[str]:
        """The attributes whose change is refused when all of them are made at once."""
        loud: set[str] = set()
        while changes:
            before = {key: row.get(key) for key in changes}
            for key, attempt in changes.items():
                row.put(key, attempt.value)
            try:
                failures = self._reader.read(baseline.subject, serialise=baseline.dumps)
            finally:
                for key, value in before.items():
                    row.put(key, value)
            fields = {each.field for each in failures} - baseline.broken.keys() - baseline.truncated
            reading = {name for each in fields for name in self._reader.reads.get(each, ())} & changes.keys()
            if not fields:
                break
            # An error that belongs to none of the changed columns leaves all of them to be tried alone.
            refused = reading or changes.keys()
            loud |= refused
            changes = {key: attempt for key, attempt in changes.items() if key not in refused}
        return loud

    def _columns(
        self, baseline: Baseline, row: Row, attribute: ColumnAttribute, tries: _Attempts, *, path: str
    ) -> None:
        unknown: list[str] = []
        error = ""
        for attempt in tries:
            if path and attempt.trial is not Trial.NULL:
                continue
            if attempt.failure is not None:
                if attempt.trial is Trial.LABEL:
                    unknown.append(attempt.text)
                    error = type(attempt.failure).__name__
                else:
                    self._unloadable(baseline, row, attempt, attribute)
                continue
            for failure in self._change(baseline, row, attribute.key, attempt):
                if path and failure.field in self._fields_reading(path.rstrip(".")):
                    continue
                self._note(baseline, row, attempt, failure, attribute, path)
        if unknown:
            self._probe.labels.append((attribute, tuple(unknown), error))

    def _relation(self, baseline: Baseline, row: Row, relation: RelationAttribute) -> None:
        attempt = Attempt(Trial.RELATION, None, "None")
        for failure in self._change(baseline, row, relation.key, attempt):
            self._probe.observations.append(
                self._observation(
                    Trial.RELATION,
                    failure.field,
                    failure,
                    attribute=relation.key,
                    table=relation.table,
                    columns=relation.columns,
                    value="no related row",
                    direct=relation.key in self._reader.reads.get(failure.field, ()),
                    many_to_one=relation.many_to_one,
                    enforced=relation.enforced,
                )
            )

    def _change(self, baseline: Baseline, row: Row, key: str, attempt: Attempt) -> Iterable[Failure]:
        before = row.get(key)
        row.put(key, attempt.value)
        try:
            failures = self._reader.read(baseline.subject, serialise=attempt.serialise and baseline.dumps)
        finally:
            row.put(key, before)
        return tuple(self._new(baseline, failures, attempt))

    def _new(self, baseline: Baseline, failures: list[Failure], attempt: Attempt) -> Iterator[Failure]:
        reported: set[str] = set()
        for failure in failures:
            if failure.field in baseline.broken or failure.field in baseline.truncated or failure.field in reported:
                continue
            if failure.error in attempt.ignored or (attempt.errors and failure.error not in attempt.errors):
                continue
            reported.add(failure.field)
            yield failure

    def _fields_reading(self, attribute: str) -> frozenset[str]:
        return frozenset(name for name, attributes in self._reader.reads.items() if attribute in attributes)

    def _unloadable(self, baseline: Baseline, row: Row, attempt: Attempt, attribute: ColumnAttribute) -> None:
        """Loading fails whatever the schema; it is reported on the fields that read the attribute."""
        failure_error = attempt.failure
        for name in self._fields_reading(attribute.key):
            message = (str(failure_error).splitlines() or [""])[0][:200]
            failure = Failure(name, (), type(failure_error).__name__, message, Phase.LOADING, {})
            self._note(baseline, row, attempt, failure, attribute, path="")

    def _note(
        self, baseline: Baseline, row: Row, attempt: Attempt, failure: Failure, attribute: ColumnAttribute, path: str
    ) -> None:
        identity = (attempt.trial, failure.field, path + attribute.key)
        if identity in self._seen and attempt.trial not in (Trial.LABEL, Trial.LIVE_TYPE):
            return
        self._seen.add(identity)
        live = self._live(attribute.table, attribute.column_name)
        bound = self._bound(baseline, row, attempt, failure, attribute)
        limit = (failure.raw.get("ctx") or {}).get("max_length") if attempt.trial is Trial.LENGTH else None
        self._probe.observations.append(
            self._observation(
                attempt.trial,
                failure.field,
                failure,
                attribute=path + attribute.key,
                table=attribute.table,
                columns=(attribute.column_name,),
                value=attempt.text,
                tried=attempt.value,
                every=attempt.every,
                direct=not path and attribute.key in self._reader.reads.get(failure.field, ()),
                limit=limit if isinstance(limit, int) else None,
                size=attempt.size,
                narrowed=attribute.narrowed,
                computed=attribute.computed,
                circular=attribute.circular,
                uncertain=live is not None and live.limits.unread,
                bound=tuple(other.column_name for other in bound),
                judge=self._judge(baseline, row, failure, (attribute, *bound)),
            )
        )

    def _bound(
        self, baseline: Baseline, row: Row, attempt: Attempt, failure: Failure, attribute: ColumnAttribute
    ) -> tuple[ColumnAttribute, ...]:
        """The columns without whose present values the schema would accept the change: a validator binds them."""
        if attempt.trial is not Trial.NULL or failure.error in TYPE_ERRORS:
            return ()
        before = {key: row.get(key) for key in row.mapped.columns}
        others = [a for a in row.mapped.columns.values() if a is not attribute and not (a.primary_key or a.computed)]

        def errors(values: Mapping[str, Any]) -> set[str]:
            for key, value in values.items():
                row.put(key, value)
            try:
                failures = self._reader.read(baseline.subject, serialise=attempt.serialise and baseline.dumps)
            finally:
                for key, value in before.items():
                    row.put(key, value)
            known = baseline.broken.keys() | baseline.truncated
            return {each.error for each in failures if each.field not in known}

        changed = {attribute.key: attempt.value}
        for other in others:
            known = self._rows.template(row.mapped).candidates.get(other.key, ())[:_ALTERNATIVES]
            values = [None, *known] if other.nullable else known
            if not all(errors(changed | {other.key: value}) for value in values):
                return (other,)
        # What a field's own type refuses would hide what a validator says of all of them.
        nullable = tuple(o for o in others if o.nullable and not errors({o.key: None}) & TYPE_ERRORS)
        return () if len(nullable) < 2 or errors(changed | {o.key: None for o in nullable}) else nullable

    def _judge(self, baseline: Baseline, row: Row, failure: Failure, attributes: tuple[ColumnAttribute, ...]) -> Judge:
        """Judges real values in place of the accepted ones; NULL in a single column is not its business."""

        def rejects(values: tuple[object, ...]) -> bool:
            before = {attribute.key: row.get(attribute.key) for attribute in attributes}
            if values == (None,):
                return False
            for attribute, value in zip(attributes, values, strict=True):
                row.put(attribute.key, value)
            try:
                failures = self._reader.read(baseline.subject, serialise=baseline.dumps)
            finally:
                for key, value in before.items():
                    row.put(key, value)
            return any(each.field == failure.field for each in failures)

        return Judge(tuple(attribute.type for attribute in attributes), rejects)

    def _observation(self, trial: Trial, name: str, failure: Failure, **facts: Any) -> Observation:
        shown = name
        if name == WHOLE:
            # A validator of the whole model failed: name the field that reads what was changed.
            shown = next(iter(sorted(self._fields_reading(str(facts["attribute"])))), WHOLE)
        schema = self._reader.schema
        known = shown in schema.model_fields
        ignored = (*self._places.ignored(schema, shown), *extra_ignores(schema, shown)) if known else ()
        return Observation(
            trial=trial,
            field=shown,
            annotation=self._annotation(shown),
            error=failure.error,
            message=failure.message,
            phase=failure.phase,
            location=self._places.of_field(schema, shown),
            ignored=ignored,
            **facts,
        )

    def _annotation(self, shown: str) -> str:
        if shown in self._reader.schema.model_fields:
            return annotation(self._reader.schema, shown)
        return "computed" if shown in self._reader.computed else "the whole model"


def extra_ignores(schema: Any, name: str) -> tuple[str, ...]:
    """Codes in ``Field(json_schema_extra={"drift": {"ignore": [...]}})``."""
    extra = schema.model_fields[name].json_schema_extra
    settings = extra.get("drift") if isinstance(extra, dict) else None
    codes = settings.get("ignore") if isinstance(settings, dict) else None
    return tuple(str(code) for code in codes) if isinstance(codes, (list, tuple)) else ()
