"""Response fields that break on values: a type that never fits, a fraction, a label, a length, bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drift.alignment.observations import Observation, RowCondition, RowQuestion, Trial
from drift.checks.registry import Subjects, check
from drift.checks.response_facts import FieldCase, column_text, consequence, make_finding, place_of
from drift.findings import Finding, Outcome, Repair, Safety, Severity

_WHOLE_NUMBER = re.compile(r"^(?:smallint|integer|bigint|numeric\(\d+(?:,0)?\)|decimal\(\d+(?:,0)?\))$")


_KEPT = {Trial.FRACTION: "fractions", Trial.TIME_OF_DAY: "times of day"}


def _live_type(case: FieldCase) -> str | None:
    column = next(iter(case.actual_columns()), None)
    return column.type if column is not None else None


def _gone(case: FieldCase) -> bool:
    return bool(case.first.columns) and case.facts.is_absent(case.table, case.first.columns)


@check("RS101", "response-missing-attribute", Severity.ERROR, Subjects.OTHER)
def response_missing_attribute(case: FieldCase) -> Iterator[Outcome]:
    """A response requires a field for which the mapped class has no attribute.

    Only for pairs that are certain (configured, declared, recorded, annotated, or derived from such a pair): for a pair
    by name a missing attribute is evidence that the schema is filled in another way.

    ## What happens at run time

    Every call answers 500:

        1 validation error for UserOut
        posts_count
          Field required [type=missing]

    ## Way out

    Add the attribute (a column, a property, a `column_property`), give the field a default, or an alias to what the
    class has.
    """
    name = case.pair.model.rpartition(".")[2]
    yield make_finding(
        "RS101",
        "response-missing-attribute",
        case,
        case.if_used(),
        message=f"{case.pair.name}.{case.field} is required and {name} has none: {consequence(case.pair)}.",
        actual=f"no attribute {case.field}",
        repair=Repair("add-attribute", Safety.MANUAL, (f"add {case.field} to {name}, or give the field a default",)),
    )


@check("RS304", "response-type-mismatch", Severity.ERROR, Subjects.OTHER)
def response_type_mismatch(case: FieldCase) -> Iterator[Outcome]:
    """No value of the column fits the response field.

    For a pair by name a warning, as the schema may be filled in another way; the other fields are judged without it.

    ## Example

        class User(Base):
            uid: Mapped[UUID]

        class UserOut(BaseModel):
            uid: str

    ## What happens at run time

    Every call answers 500. Pydantic does not turn an int or a UUID into a str, a plain Enum into a Literal, a decoded
    JSON value into `Json`, an aware datetime into a `NaiveDatetime`.

    ## Way out

    Give the field the column's type; Pydantic writes it as text in JSON anyway.
    """
    if _gone(case):
        return
    first = case.first
    yield make_finding(
        "RS304",
        "response-type-mismatch",
        case,
        case.if_used(),
        message=(
            f"{case.pair.name}.{case.field} is {first.annotation} and accepts no value of "
            f"{column_text(first, case.table)} ({first.error}): {consequence(case.pair)}."
        ),
        actual=_live_type(case) or first.value,
        repair=Repair("change-field-type", Safety.MANUAL, (f"{place_of(first.location)}use the column's type",)),
    )


@check("RS305", "response-lossy-type", Severity.ERROR, Subjects.OTHER)
def response_lossy_type(case: FieldCase) -> Iterator[Outcome]:
    """A response field takes only some values of its column: no fractions, no time of day.

    ## Example

        class Item(Base):
            price: Mapped[Decimal] = mapped_column(Numeric(10, 2))

        class ItemOut(BaseModel):
            price: int

    ## What happens at run time

    `2.00` passes, `1.50` fails with `int_from_float`; a timestamp passes as a date only at midnight
    (`date_from_datetime_inexact`).

    ## Way out

    The field's type must hold what the column holds: `Decimal`, `float`, `datetime`.
    """
    live = _live_type(case)
    if _gone(case) or (live is not None and (live == "date" or _WHOLE_NUMBER.match(live))):
        return
    first = case.first
    yield make_finding(
        "RS305",
        "response-lossy-type",
        case,
        case.if_used(),
        message=(
            f"{case.pair.name}.{case.field} is {first.annotation} and rejects {first.trial} in "
            f"{column_text(first, case.table)} ({first.error}): {consequence(case.pair)}."
        ),
        actual=f"{live or 'the column'} holds {_KEPT[first.trial]}",
        repair=Repair("change-field-type", Safety.MANUAL, (f"{place_of(first.location)}use the column's type",)),
    )


def label_questions(case: FieldCase) -> tuple[RowQuestion, ...]:
    """Is there a row with one of the labels that the field rejects?"""
    table = case.facts.qualified(case.table)
    return tuple(
        RowQuestion(table, o.columns, RowCondition.LABEL, label)
        for o in case.observations
        for label in [_label(o.value)]
    )


def _label(text: str) -> str:
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"" else text


@check("RS306", "response-enum-label", Severity.ERROR, Subjects.OTHER)
def response_enum_label(case: FieldCase) -> Iterator[Outcome]:
    """A label that the column may hold is not among those that the response accepts.

    The labels of an enum count, and the values of a CHECK such as `status IN ('open', 'paid', 'refunded')`.

    ## Example

        class Order(Base):
            status: Mapped[Status]          # open, paid, refunded

        class OrderOut(BaseModel):
            status: Literal["open", "paid"]

    ## What happens at run time

    The first refunded order answers 500 with `literal_error` (or `enum`).

    ## How severe

    An *error* where the schema is in use, a *warning* otherwise, when `--probe` finds no such row, or when another
    CHECK on the column, which drift does not understand, may forbid the label.

    ## Way out

    Add the label to the Literal or Enum of the schema, best by using the model's own Enum.
    """
    if _gone(case):
        return
    labels = tuple(dict.fromkeys(_label(o.value) for o in case.observations))
    answers = [answer for question in label_questions(case) if (answer := case.facts.answer(question)) is not None]
    found = next((a for a in answers if a.rows), None)
    severity = case.if_used()
    if found is not None:
        severity = case.capped(Severity.ERROR)
    elif len(answers) == len(labels) or any(o.uncertain for o in case.observations):
        severity = Severity.WARNING
    quoted = ", ".join(map(repr, labels))
    first = case.first
    yield make_finding(
        "RS306",
        "response-enum-label",
        case,
        severity,
        message=(
            f"{case.pair.name}.{case.field} rejects {quoted}, which {column_text(first, case.table)} may hold "
            f"({first.error}): {consequence(case.pair)}."
        ),
        actual=f"also {quoted}" + (f"; now in {found.key}" if found and found.key else ""),
        repair=Repair("add-label", Safety.SAFE, (f"{place_of(first.location)}accept {quoted}",)),
        more=(("labels", quoted),),
    )


def length_question(case: FieldCase) -> RowQuestion | None:
    """Is there a row with a string longer than the field accepts?"""
    limit = next((o.limit for o in case.observations if o.limit is not None), None)
    if limit is None:
        return None
    return RowQuestion(case.facts.qualified(case.table), case.first.columns, RowCondition.LONGER, limit)


@check("RS307", "response-constraint-mismatch", Severity.WARNING, Subjects.OTHER)
def response_constraint_mismatch(case: FieldCase) -> Iterator[Outcome]:
    """A response field restricts values that its column does not.

    ## Example

        class User(Base):
            nickname: Mapped[str] = mapped_column(String(64))

        class UserOut(BaseModel):
            nickname: str = Field(max_length=32)

    ## What happens at run time

    A nickname of 33 characters answers 500 with `string_too_long`: responses are validated, too.

    ## How severe

    A *warning* when a column with a length is wider than the field, and when a text (or JSON) column takes what the
    field's type or validator does not: a Literal, an Enum, `int`, `UUID`, `datetime`, an email, a URL, a pattern. An
    *info* for lengths and bounds of columns without a limit, which the application usually guards when it writes; so is
    a form when every request schema for the column asks for it as well, or when a CHECK that drift does not understand
    may ask for it. What a CHECK (or a domain's) rules out is not reported.
    With `--probe` rows are looked for that the schema rejects: an *error* when there is one, an *info* when there is
    none.

    ## Way out

    Leave limits to the request schema; a response need not validate what is stored. Or give the column the same limit:
    a type, a length, a CHECK.
    """
    if _gone(case):
        return
    findings = [made for made in (_length(case), _form(case)) if made is not None]
    if findings:
        yield min(findings, key=lambda made: made.severity.rank)


def _length(case: FieldCase) -> Finding | None:
    first = next((o for o in case.observations if o.trial is Trial.LENGTH and o.limit is not None), None)
    if first is None:
        return None
    limit, width = first.limit or 0, first.size
    if width is not None and width <= limit:
        return None
    question = length_question(case)
    answer = case.facts.answer(question) if question is not None else None
    severity = Severity.INFO if width is None else Severity.WARNING
    if answer is not None:
        severity = case.capped(Severity.ERROR) if answer.rows else Severity.INFO
    known = _live_type(case) or (f"varchar({width})" if width else "no limit")
    return make_finding(
        "RS307",
        "response-constraint-mismatch",
        case,
        severity,
        message=(
            f"{case.pair.name}.{case.field} accepts {limit} characters, {column_text(first, case.table)} holds "
            f"{width or 'any number'} ({first.error}): {consequence(case.pair)} for longer ones."
        ),
        actual=f"{known}, the field at most {limit}"
        + (f"; longer now: {answer.key}" if answer and answer.rows and answer.key else ""),
        repair=Repair("widen-field", Safety.SAFE, (f"{place_of(first.location)}drop max_length from the response",)),
        more=(("limit", limit), ("width", width)),
    )


def form_questions(case: FieldCase) -> tuple[RowQuestion, ...]:
    """Is there a row with a value that the field rejects?"""
    return tuple(
        RowQuestion(
            case.facts.qualified(case.table),
            first.columns,
            RowCondition.REJECTED,
            f"{case.pair.schema}.{case.field}",
            first.judge,
        )
        for first in _forms(case)[:1]
        if first.judge is not None and first.columns
    )


def _forms(case: FieldCase) -> list[Observation]:
    return sorted(
        (o for o in case.observations if o.trial is not Trial.LENGTH), key=lambda o: o.trial is not Trial.OTHER
    )


def _form(case: FieldCase) -> Finding | None:
    forms = _forms(case)
    if not forms:
        return None
    first = forms[0]
    answer = next((found for q in form_questions(case) if (found := case.facts.answer(q)) is not None), None)
    severity = Severity.WARNING if first.trial is Trial.OTHER else Severity.INFO
    if first.uncertain or first.guarded or (answer is not None and not answer.rows and not answer.more):
        severity = Severity.INFO
    if answer is not None and answer.rows:
        severity = case.capped(Severity.ERROR)
    now = [part for part in (answer.value, answer.key and f"in {answer.key}") if part] if answer else []
    return make_finding(
        "RS307",
        "response-constraint-mismatch",
        case,
        severity,
        message=(
            f"{case.pair.name}.{case.field} is {first.annotation} and rejects {first.value} ({first.error}), which "
            f"{'nothing that drift can read' if first.uncertain else 'nothing'} in {column_text(first, case.table)} "
            f"forbids: {consequence(case.pair)} for such a row."
        ),
        actual=f"{_live_type(case) or 'the column'} may hold {first.value}"
        + (f"; now {' '.join(now)}" if answer and answer.rows and now else ""),
        repair=Repair(
            "widen-field",
            Safety.MANUAL,
            (
                f"{place_of(first.location)}a type that takes what the column holds",
                f"or a type or CHECK on {column_text(first, case.table)}",
            ),
        ),
        more=(("row", answer.key),) if answer and answer.rows else (),
    )


@check("RS314", "response-live-type", Severity.ERROR, Subjects.OTHER)
def response_live_type(case: FieldCase) -> Iterator[Outcome]:
    """The column's live type is another one than the models' (CO301), and the response rejects what it hands out.

    ## Example

        models      amount: Mapped[int]
        database    amount varchar(20)

        class ItemOut(BaseModel):
            amount: int

    ## What happens at run time

    The driver hands out a text. `'12'` passes, `'twelve'` answers 500 with `int_parsing`; where the model says text and
    the database holds numbers, every row fails with `string_type`.

    ## How severe

    An *error* when no value of the live type passes. A *warning* when some do; with `--probe` an *error* when a row
    does not, an *info* when all do.

    ## Way out

    Repair the column's type (CO301, `drift revision`), or say in the models what the database holds.
    """
    if _gone(case):
        return
    first = next((o for o in case.observations if o.every), case.first)
    answer = next((found for q in form_questions(case) if (found := case.facts.answer(q)) is not None), None)
    severity = case.if_used() if first.every else Severity.WARNING
    if answer is not None and answer.rows:
        severity = case.capped(Severity.ERROR)
    elif answer is not None and not first.every and not answer.more:
        severity = Severity.INFO
    expected = next((column.type for column in case.expected_columns() if column is not None), "another type")
    live = _live_type(case) or "another type"
    column = column_text(first, case.table)
    yield make_finding(
        "RS314",
        "response-live-type",
        case,
        severity,
        message=(
            f"{column} is {live} in the database and {expected} in the models (CO301); {case.pair.name}.{case.field} "
            f"rejects {'every value' if first.every else first.value} ({first.error}): {consequence(case.pair)}."
        ),
        actual=f"{live}, {expected} in the models"
        + (f"; now in {answer.key}" if answer and answer.rows and answer.key else ""),
        repair=Repair("repair-column-type", Safety.NEEDS_DATA, (f"repair the type of {column} (CO301)",)),
        more=(("row", answer.key),) if answer and answer.rows else (),
    )


@check("RS310", "response-serialisation", Severity.ERROR, Subjects.OTHER)
def response_serialisation(case: FieldCase) -> Iterator[Outcome]:
    """A value passes validation and cannot be written as JSON.

    ## Example

        class File(Base):
            digest: Mapped[bytes]

        class FileOut(BaseModel):
            digest: bytes

    ## What happens at run time

    Pydantic writes bytes as UTF-8 text. Bytes that are not UTF-8 fail when the response is dumped:

        PydanticSerializationError: invalid utf-8 sequence

    ## Way out

    `model_config = ConfigDict(ser_json_bytes="base64")`, or `Base64Bytes`, or a serialiser of the field's own.
    """
    if _gone(case):
        return
    first = case.first
    yield make_finding(
        "RS310",
        "response-serialisation",
        case,
        case.if_used(),
        message=(
            f"{case.pair.name}.{case.field} cannot write {first.value} of {column_text(first, case.table)} as JSON "
            f"({first.error}): {consequence(case.pair)}."
        ),
        actual=f"{_live_type(case) or 'the column'} may hold {first.value}",
        repair=Repair("encode-bytes", Safety.MANUAL, (f'{place_of(case.pair.location)}ser_json_bytes="base64"',)),
    )


@check("RS311", "response-unreadable-nested", Severity.ERROR, Subjects.OTHER)
def response_unreadable_nested(case: FieldCase) -> Iterator[Outcome]:
    """A nested type cannot be read from an ORM object: a dataclass, a TypedDict, a schema without `from_attributes`.

    Only for pairs that are certain.

    ## What happens at run time

    Every call answers 500 with `dataclass_type`, `dict_type` or `model_type`. Dataclasses and TypedDicts are never read
    from attributes; a nested model without `from_attributes` works below FastAPI's `response_model`, and fails under
    `model_validate`.

    ## Way out

    A Pydantic model with `ConfigDict(from_attributes=True)` in its place.
    """
    first = case.first
    yield make_finding(
        "RS311",
        "response-unreadable-nested",
        case,
        case.if_used(),
        message=(
            f"{case.pair.name}.{case.field} ({first.annotation}) cannot be read from the related row "
            f"{first.attribute} ({first.error}): {consequence(case.pair)}."
        ),
        actual="a related ORM object",
        repair=Repair("use-model", Safety.MANUAL, ("nest a Pydantic model with from_attributes=True",)),
    )
