"""Response schemas against models and database: observations in, findings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from drift.alignment.observations import (
    Observation,
    Observations,
    Phase,
    RowAnswer,
    RowCondition,
    RowQuestion,
    SchemaPair,
    Trial,
    Unprobed,
)
from drift.checks import response_models, response_nulls, response_types
from drift.checks.response_facts import Facts, FieldCase
from drift.findings import NotChecked, Outcome, Subject, SubjectKind
from drift.schema import Schema

Check = Callable[[FieldCase], Iterator[Outcome]]

_ON_DIRECT: Mapping[Trial, Check] = {
    Trial.NULL: response_nulls.response_field_not_optional,
    Trial.RELATION: response_nulls.response_relation_not_optional,
    Trial.JSON_NULL: response_nulls.response_json_null,
    Trial.ARRAY_NULL: response_nulls.response_array_null,
    Trial.LABEL: response_types.response_enum_label,
    Trial.LENGTH: response_types.response_constraint_mismatch,
    Trial.BOUNDARY: response_types.response_constraint_mismatch,
    Trial.OTHER: response_types.response_constraint_mismatch,
    Trial.LIVE_TYPE: response_types.response_live_type,
    Trial.FRACTION: response_types.response_lossy_type,
    Trial.TIME_OF_DAY: response_types.response_lossy_type,
    Trial.BYTES: response_types.response_serialisation,
    Trial.TYPE: response_types.response_type_mismatch,
    Trial.MISSING: response_types.response_missing_attribute,
    Trial.NESTED: response_types.response_unreadable_nested,
}


def check_responses(
    observations: Observations,
    expected: Schema,
    actual: Schema | None = None,
    answers: Mapping[RowQuestion, RowAnswer] | None = None,
) -> Iterator[Outcome]:
    """Judge what was observed.

    Args:
        observations: What probing showed.
        expected: The models' schema.
        actual: The database's; ``None`` when there is none to look at.
        answers: What ``--probe`` found, to the questions of :func:`row_questions`.
    """
    facts = Facts(expected, actual, answers or {}, observations.schema_translate_map)
    for check, case in _cases(observations.pairs, facts):
        yield from check(case)
    for annotation in observations.annotations:
        yield from response_models.orm_annotation_nullability(annotation, facts)
    for label in observations.labels:
        yield from response_models.orm_enum_label(label, facts)
    yield from not_checked(observations.unprobed, "RS", facts)
    yield from _unanswered(facts)


def row_questions(
    observations: Observations, expected: Schema, actual: Schema | None = None
) -> tuple[RowQuestion, ...]:
    """What to look for in the tables, each once: rows that a response would reject."""
    facts = Facts(expected, actual, schema_translate_map=observations.schema_translate_map)
    found: dict[RowQuestion, None] = {}
    for check, case in _cases(observations.pairs, facts):
        if facts.is_absent(case.table, case.first.columns):
            continue
        found.update(dict.fromkeys(_questions(check, case)))
    for label in observations.labels:
        table = facts.qualified(label.table)
        for text in label.labels:
            found[RowQuestion(table, (label.column,), RowCondition.LABEL, text.strip("'\""))] = None
    return tuple(found)


def _questions(check: Check, case: FieldCase) -> Iterator[RowQuestion]:
    if check is response_types.response_enum_label:
        yield from response_types.label_questions(case)
    elif check is response_types.response_constraint_mismatch:
        question = response_types.length_question(case)
        if question is not None:
            yield question
        yield from response_types.form_questions(case)
    elif check is response_types.response_live_type:
        yield from response_types.form_questions(case)
    elif case.first.trial in (Trial.NULL, Trial.RELATION) and case.first.columns:
        for observation in case.observations:
            single = FieldCase(case.pair, case.field, (observation,), case.facts)
            nullable = any(column.nullable for column in single.actual_columns() if column is not None)
            if nullable and not observation.computed:
                yield response_nulls.null_question(single)
    elif case.first.trial in (Trial.JSON_NULL, Trial.ARRAY_NULL):
        condition = RowCondition.JSON_NULL if case.first.trial is Trial.JSON_NULL else RowCondition.ARRAY_NULL
        yield RowQuestion(case.facts.qualified(case.table), case.first.columns, condition)


def not_checked(unprobed: Iterable[Unprobed], family: str, facts: Facts) -> Iterator[NotChecked]:
    """What could not be probed."""
    kind = SubjectKind.RESPONSE_FIELD if family == "RS" else SubjectKind.REQUEST_FIELD
    code, name = ("RS301", "response-field-not-optional") if family == "RS" else ("RQ301", "request-null")
    for item in unprobed:
        if item.family != family:
            continue
        table = facts.qualified(item.table) if item.table is not None else None
        field = item.field if item.field and item.field != "*" else "*"
        title = f"{item.schema.rpartition('.')[2]}.{field}"
        subject = Subject(kind, table.schema if table else None, table.name if table else None, title)
        yield NotChecked(code, name, subject, item.reason, item.help)


def _unanswered(facts: Facts) -> Iterator[NotChecked]:
    """Tables that could not be looked into."""
    for question, answer in facts.answers.items():
        if answer.rows is None:
            table = question.table
            subject = Subject(SubjectKind.COLUMN, table.schema, table.name, ",".join(question.columns))
            reason = f"no rows could be looked for: {answer.reason}"
            yield NotChecked(
                "RS301", "response-field-not-optional", subject, reason, "grant SELECT, or leave out --probe"
            )


def _cases(pairs: Iterable[SchemaPair], facts: Facts) -> Iterator[tuple[Check, FieldCase]]:
    """One case for each check and field; the labels, lengths, or columns of a field are judged together."""
    cases: list[tuple[Check, FieldCase]] = []
    sharing: Counter[tuple[Check, object, tuple[str, ...]]] = Counter()
    for pair in pairs:
        groups: dict[tuple[Check, str], list[Observation]] = {}
        for observation in pair.observations:
            groups.setdefault((_check_for(observation), observation.field), []).append(observation)
        for (check, field), observations in groups.items():
            case = FieldCase(pair, field, tuple(observations), facts)
            cases.append((check, case))
            sharing[check, case.table, case.first.columns] += 1
    for check, case in cases:
        shared = sharing[check, case.table, case.first.columns] if case.first.columns else 1
        yield check, FieldCase(case.pair, case.field, case.observations, facts, shared)


def _check_for(observation: Observation) -> Check:
    made = not observation.direct or observation.phase is Phase.SERIALISATION
    if observation.trial in (Trial.NULL, Trial.RELATION) and made:
        return response_nulls.response_derived_null
    return _ON_DIRECT[observation.trial]
