"""Response fields that break on something absent: NULL, no related row, JSON null, a NULL element."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment.observations import Phase, RowAnswer, RowCondition, RowQuestion
from drift.checks.registry import Subjects, check
from drift.checks.response_facts import FieldCase, column_text, consequence, make_finding, place_of
from drift.findings import Outcome, Repair, Safety, Severity

_LATENT = "NULL allowed; no such row now"
_POSSIBLE = "NULL allowed; such a row fails to serialise"


def null_question(case: FieldCase) -> RowQuestion:
    """Is there a row in which one of the columns is NULL, and which fails where other columns decide as well?"""
    table, first = case.facts.qualified(case.table), case.first
    if first.bound:
        name = f"{case.pair.schema}.{case.field}"
        return RowQuestion(table, (*first.columns, *first.bound), RowCondition.NULL_REJECTED, name, first.judge)
    return RowQuestion(table, first.columns, RowCondition.NULL)


def _null_verdict(case: FieldCase) -> tuple[Severity, str, RowAnswer | None] | None:
    """Severity, the database's side in words, and the row that was found; ``None`` when there is nothing to say.

    | models / database | severity |
    |---|---|
    | nullable / NOT NULL | info: it cannot happen now |
    | NOT NULL / NOT NULL | nothing |
    | NOT NULL / nullable | error |
    | nullable / nullable, `--probe` found a row | error, with its primary key |
    | nullable / nullable, `--probe` found none | warning |
    | nullable / nullable, not looked | error where the schema is in use, the column has no default, and is nullable for
      more reason than a circular foreign key; else warning |
    | nullable / unknown | warning; info when the column has a default |

    Where another column decides with it whether such a row fails, nothing is an error without a row that was found.
    """
    facts = case.facts
    if any(o.computed for o in case.observations) or facts.is_absent(case.table, case.first.columns):
        return None
    expected = [column for column in case.expected_columns() if column is not None]
    actual = [column for column in case.actual_columns() if column is not None]
    may_be_null = any(column.nullable for column in expected)
    defaulted = bool(expected) and all(c.default is not None or c.client_default for c in expected if c.nullable)
    if not actual:
        if not may_be_null:
            return None
        return (Severity.INFO if defaulted else Severity.WARNING), "NULL allowed by the models; database unknown", None
    if not any(column.nullable for column in actual):
        if not may_be_null:
            return None
        return Severity.INFO, "NOT NULL; the models allow NULL, the database refuses it", None
    answer = facts.answer(null_question(case))
    if all(o.narrowed for o in case.observations):
        # The table must allow NULL for the other subclasses; this one may well never store it.
        return (Severity.INFO, _POSSIBLE, answer) if may_be_null else None
    if answer is not None and answer.rows:
        key = f", for example {answer.key}" if answer.key else ""
        return case.capped(Severity.ERROR), f"NULL allowed; {rows_text(answer)} with NULL now{key}", answer
    if case.first.bound:
        return Severity.WARNING, f"NULL allowed; decided together with {', '.join(case.first.bound)}", answer
    if not may_be_null:
        return case.capped(Severity.ERROR), _POSSIBLE if answer is None else _LATENT, answer
    if answer is not None:
        return Severity.WARNING, _LATENT, answer
    circular = any(o.circular for o in case.observations)
    return (Severity.WARNING if defaulted or circular else case.if_used()), _POSSIBLE, None


def rows_text(answer: RowAnswer) -> str:
    """``1 row``, ``1000+ rows``."""
    return f"{answer.rows}{'+' if answer.more else ''} row{'' if answer.rows == 1 and not answer.more else 's'}"


def _more(case: FieldCase, answer: RowAnswer | None) -> tuple[tuple[str, str | int | None], ...]:
    rows = () if answer is None else (("rows", answer.rows), ("row", answer.key))
    return (*rows, ("pending", True)) if _is_pending(case) else rows


def _is_pending(case: FieldCase) -> bool:
    """The database refuses NULL as yet, and the repair of its column, as the models have it, lets NULL in."""
    expected = [column for column in case.expected_columns() if column is not None]
    actual = [column for column in case.actual_columns() if column is not None]
    return bool(actual) and any(c.nullable for c in expected) and not any(c.nullable for c in actual)


@check("RS301", "response-field-not-optional", Severity.ERROR, Subjects.OTHER)
def response_field_not_optional(case: FieldCase) -> Iterator[Outcome]:
    """A response field does not accept NULL, and the column behind it may hold it.

    ## Example

        class User(Base):
            email: Mapped[str | None] = mapped_column(String(100))

        class UserResponse(BaseModel):
            model_config = ConfigDict(from_attributes=True)
            email: str

    ## What happens at run time

    Every row works until one holds a NULL; then every page that shows it answers 500:

        1 validation error for UserResponse
        email
          Input should be a valid string [type=string_type, input_value=None]

    A default does not help, nor `default_factory`, `exclude=True` or `response_model_exclude_none`: the attribute is
    there, and it is None. No type checker sees it.

    ## How severe

    An *error* when only the database allows NULL, or when both do and the schema is in use: served by a route, or
    routes were not looked at. A *warning* when no route serves it, when the column has a default or is one of two
    foreign keys that refer to each other (nullable only to break the circle), when `--probe` found no such row, or when
    schema and class are paired by name alone. An *info* when the database refuses NULL.
    With `--probe` the finding says how many such rows there are, and names one.

    ## Way out

    Either the field: `email: str | None = None` (`drift check --fix-schemas` writes it; clients must then expect null).
    Or the column: fill the NULLs, say `nullable=False` in the model, and let `drift revision` write the migration.
    Where a query or the state of the row rules NULL out, say so: `# drift: ignore[RS301]` on the field.
    """
    verdict = _null_verdict(case)
    if verdict is None:
        return
    severity, actual, answer = verdict
    column = column_text(case.first, case.table)
    optional = f"{case.field}: {case.first.annotation} | None = None"
    if "None" in case.first.annotation.split(" | "):
        optional = f"let the validator of {case.field} accept None, as its type says"
    yield make_finding(
        "RS301",
        "response-field-not-optional",
        case,
        severity,
        message=(
            f"{case.pair.name}.{case.field} is {case.first.annotation} and rejects a NULL in {column} "
            f"({case.first.error}): {consequence(case.pair)}."
        ),
        actual=actual,
        repair=Repair(
            "make-optional",
            Safety.NEEDS_DATA,
            (
                f"{place_of(case.first.location)}{optional}",
                f"or fill the NULLs and make {column} NOT NULL (nullable=False in the model, then `drift revision`)",
            ),
        ),
        more=_more(case, answer),
    )


@check("RS302", "response-relation-not-optional", Severity.ERROR, Subjects.OTHER)
def response_relation_not_optional(case: FieldCase) -> Iterator[Outcome]:
    """A response nests a related row that may not exist.

    The foreign key is nullable, or the relationship is the reverse side of a one-to-one, or no foreign key backs the
    join; the nested schema is required.

    ## Example

        class Order(Base):
            customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
            customer: Mapped[Customer | None] = relationship()

        class OrderOut(BaseModel):
            customer: CustomerOut

    ## What happens at run time

        1 validation error for OrderOut
        customer
          Input should be a valid dictionary or object to extract fields from [type=model_attributes_type]

    ## How severe

    A nullable foreign key is judged like a nullable column (see RS301). Where nothing but the application's habits
    guarantees the related row (reverse one-to-one, a join without foreign key, a view-only relationship with a
    condition of its own), it is a *warning*.

    ## Way out

    `customer: CustomerOut | None = None`, or a foreign key that is NOT NULL.
    """
    first = case.first
    if case.facts.is_absent(case.table, first.columns):
        return
    verdict = _null_verdict(case) if first.many_to_one else None
    if verdict is None:
        if first.many_to_one and first.enforced and _is_enforced_live(case):
            return
        severity, answer = Severity.WARNING, None
        actual = "the related row may be missing" if first.many_to_one else "the other side may have no row"
    else:
        severity, actual, answer = verdict
        if severity is Severity.ERROR and not first.enforced and not (answer and answer.rows):
            severity = Severity.WARNING
    target = first.annotation
    yield make_finding(
        "RS302",
        "response-relation-not-optional",
        case,
        severity,
        message=(
            f"{case.pair.name}.{case.field} needs a related row, and {first.attribute} may be None "
            f"({first.error}): {consequence(case.pair)}."
        ),
        actual=actual.replace("such a row", "a row without it"),
        repair=Repair(
            "make-optional",
            Safety.NEEDS_DATA,
            (
                f"{place_of(first.location)}{case.field}: {target} | None = None",
                "or make the foreign key NOT NULL",
            ),
        ),
        more=_more(case, answer),
    )


def _is_enforced_live(case: FieldCase) -> bool:
    """A foreign key in the database guarantees the related row; without a database the models' word counts."""
    if case.facts.actual is None or case.facts.actual_table(case.table) is None:
        return True
    return case.facts.foreign_key(case.table, case.first.columns) is not None


@check("RS303", "response-derived-null", Severity.ERROR, Subjects.OTHER)
def response_derived_null(case: FieldCase) -> Iterator[Outcome]:
    """A property, proxy, validator, serializer or computed field behind a response breaks when a column is NULL.

    ## Example

        class User(Base):
            first_name: Mapped[str | None]

            @property
            def initials(self) -> str:
                return self.first_name[0]

        class UserOut(BaseModel):
            initials: str

    ## What happens at run time

    An AttributeError inside a property counts as an absent attribute (`Field required`); any other exception escapes
    Pydantic as it is. A `computed_field` or a serializer breaks only when the response is dumped. All of them answer
    500.

    ## How severe

    As for a field that reads the column itself (see RS301). Where a validator binds several columns ("a successor needs
    an end"), so that such a row passes with another value beside the NULL, it is a *warning*, and an *error* once
    `--probe` finds a row that fails.

    ## Way out

    Handle None in the property or the serializer, or make the column NOT NULL. `--fix-schemas` leaves it to a person:
    the field accepts None already, or reads it through code.
    """
    found = [(case_, verdict) for case_ in _each(case) if (verdict := _null_verdict(case_)) is not None]
    if not found:
        return
    worst, (severity, actual, answer) = min(found, key=lambda item: item[1][0].rank)
    first = worst.first
    what = ", ".join(dict.fromkeys(column_text(each.first, each.table) for each, _ in found))
    bound = ", ".join(first.bound)
    written = first.direct and first.phase is Phase.SERIALISATION
    name = f"{case.pair.name}.{case.field}"
    does = f"{name} cannot be written as JSON" if written else f"{name} is derived from {what} and breaks"
    when = f"a NULL in {what}" if written else "NULL"
    code_ = f"in the serializer of {case.field}" if written else f"where {case.field} is made"
    yield make_finding(
        "RS303",
        "response-derived-null",
        worst,
        severity,
        message=(
            f"{does} on {when}{f', unless {bound} rules that out' if bound else ''} ({first.error}): "
            f"{consequence(case.pair)}."
        ),
        actual=f"{what}: {actual}",
        repair=Repair("handle-null", Safety.MANUAL, (f"handle None {code_}", f"or make {what} NOT NULL")),
        more=_more(worst, answer),
    )


def _each(case: FieldCase) -> Iterator[FieldCase]:
    for observation in case.observations:
        yield FieldCase(case.pair, case.field, (observation,), case.facts, case.shared)


@check("RS308", "response-json-null", Severity.ERROR, Subjects.OTHER)
def response_json_null(case: FieldCase) -> Iterator[Outcome]:
    """A JSON column that is NOT NULL can still come back as None: JSON has a null of its own.

    ## Example

        class Account(Base):
            settings: Mapped[dict] = mapped_column(JSONB, nullable=False)

        class AccountOut(BaseModel):
            settings: dict

    ## What happens at run time

    `account.settings = None` stores JSON `null`, not SQL NULL, unless the type says `none_as_null=True`. NOT NULL does
    not refuse it, the row loads as None, and the response fails with `dict_type`.

    ## How severe

    Nothing but an explicit None stores it, so only `--probe` reports it, which looks for rows `= 'null'::jsonb`: an
    *error* when there is one.

    ## Way out

    `JSONB(none_as_null=True)`, a CHECK `settings <> 'null'`, or a field that accepts None.
    """
    # Where SQL NULL is possible, RS301 says it all.
    if case.facts.is_absent(case.table, case.first.columns) or any(c.nullable for c in case.actual_columns() if c):
        return
    if not any(case.actual_columns()) and any(c.nullable for c in case.expected_columns() if c):
        return
    yield from _only_explicit(
        case,
        "RS308",
        "response-json-null",
        RowCondition.JSON_NULL,
        actual="NOT NULL, but JSON null is a value",
        message=f"{case.pair.name}.{case.field} rejects JSON null, and {column_text(case.first, case.table)} takes it",
    )


@check("RS309", "response-array-null", Severity.ERROR, Subjects.OTHER)
def response_array_null(case: FieldCase) -> Iterator[Outcome]:
    """An array column may hold NULL elements, and the response's list does not accept them.

    ## Example

        class Post(Base):
            tags: Mapped[list[str]] = mapped_column(ARRAY(String))

        class PostOut(BaseModel):
            tags: list[str]

    ## What happens at run time

    PostgreSQL arrays always accept NULL elements, whatever the column says; `{NULL}` loads as `[None]`, and the
    response fails with `string_type` at `tags.0`.

    ## How severe

    Hardly any application stores one, so only `--probe` reports it: an *error* when there is such a row.

    ## Way out

    `CHECK (array_position(tags, NULL) IS NULL)`, or `list[str | None]`.
    """
    if case.facts.is_absent(case.table, case.first.columns):
        return
    yield from _only_explicit(
        case,
        "RS309",
        "response-array-null",
        RowCondition.ARRAY_NULL,
        actual="arrays may hold NULL elements",
        message=f"{case.pair.name}.{case.field} rejects a NULL element of {column_text(case.first, case.table)}",
    )


def _only_explicit(
    case: FieldCase, code: str, name: str, condition: RowCondition, *, actual: str, message: str
) -> Iterator[Outcome]:
    """Something that only an explicit act stores: silence, unless such a row was found."""
    question = RowQuestion(case.facts.qualified(case.table), case.first.columns, condition)
    answer = case.facts.answer(question)
    if answer is None or not answer.rows:
        return
    yield make_finding(
        code,
        name,
        case,
        case.capped(Severity.ERROR),
        message=f"{message} ({case.first.error}): {consequence(case.pair)}.",
        actual=f"{actual}; {rows_text(answer)} now{f', for example {answer.key}' if answer.key else ''}",
        repair=Repair("forbid-null-inside", Safety.MANUAL, ("add a CHECK, or accept None in the field",)),
        more=_more(case, answer),
    )
