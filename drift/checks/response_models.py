"""Mapped classes behind responses whose own declarations mislead."""

from __future__ import annotations

from collections.abc import Iterator

from drift.alignment.observations import AnnotationFact, RowCondition, RowQuestion, UnknownLabel
from drift.checks.registry import Subjects, check
from drift.checks.response_facts import Facts
from drift.findings import Finding, Outcome, Repair, Safety, Severity, Subject, SubjectKind


@check("RS312", "orm-annotation-nullability", Severity.INFO, Subjects.OTHER)
def orm_annotation_nullability(fact: AnnotationFact, facts: Facts) -> Iterator[Outcome]:
    """A mapped attribute is annotated without None, and its column is nullable.

    ## Example

        class User(Base):
            email: Mapped[str] = mapped_column(nullable=True)

    ## What happens at run time

    Nothing by itself; but type checkers now vouch for `user.email.lower()` and for `email: str` in the response, and
    both break on the first NULL. Reported for attributes that a response reads.

    ## How severe

    An *info*: what breaks is reported on its own (RS301, RS303).

    ## Way out

    `Mapped[str | None]`, or `nullable=False` and a migration.
    """
    if facts.is_absent(fact.table, (fact.column,)):
        return
    live = facts.actual_column(fact.table, fact.column)
    expected = facts.expected_column(fact.table, fact.column)
    if expected is not None and not expected.nullable:
        return
    table = facts.qualified(fact.table)
    refuses = live is not None and not live.nullable
    yield Finding(
        code="RS312",
        name="orm-annotation-nullability",
        severity=Severity.INFO,
        subject=Subject(SubjectKind.COLUMN, table.schema, table.name, fact.column),
        message=(
            f"{fact.model.rpartition('.')[2]}.{fact.attribute} is annotated Mapped[{fact.annotation}] and its column "
            "is nullable: type checkers vouch for a value that may be None."
        ),
        expected=f"Mapped[{fact.annotation}]",
        actual="NOT NULL, nullable in the models" if refuses else "NULL allowed",
        locations=tuple(place for place in (fact.location,) if place is not None),
        repair=Repair(
            "annotate-optional", Safety.SAFE, (f"Mapped[{fact.annotation} | None]", "or nullable=False and a migration")
        ),
        details=(("model", fact.model), ("attribute", fact.attribute), ("columns", (fact.column,))),
    )


@check("RS313", "orm-enum-label", Severity.WARNING, Subjects.OTHER)
def orm_enum_label(fact: UnknownLabel, facts: Facts) -> Iterator[Outcome]:
    """The live enum has a label that the models' Enum does not know, and responses read the column.

    ## What happens at run time

    Loading the row fails before Pydantic sees it; the query behind the route answers 500:

        LookupError: 'archived' is not among the defined enum values.

    ## How severe

    A *warning*; with `--probe` an *error* when a row holds the label.

    ## Way out

    Add the label to the Enum in the models, or remove it from the database once no row holds it.
    """
    if facts.is_absent(fact.table, (fact.column,)):
        return
    labels = tuple(text.strip("'\"") for text in fact.labels)
    table = facts.qualified(fact.table)
    questions = [RowQuestion(table, (fact.column,), RowCondition.LABEL, label) for label in labels]
    found = next((a for q in questions if (a := facts.answer(q)) is not None and a.rows), None)
    quoted = ", ".join(map(repr, labels))
    column = facts.expected_column(fact.table, fact.column)
    yield Finding(
        code="RS313",
        name="orm-enum-label",
        severity=Severity.WARNING if found is None else Severity.ERROR,
        subject=Subject(SubjectKind.COLUMN, table.schema, table.name, fact.column),
        message=(
            f"the database knows {quoted}, {fact.model.rpartition('.')[2]}.{fact.attribute} does not: "
            f"loading such a row raises {fact.error}."
        ),
        expected="the Enum's own labels",
        actual=f"also {quoted}" + (f"; now in {found.key}" if found and found.key else ""),
        locations=(column.location,) if column is not None and column.location is not None else (),
        repair=Repair("add-label", Safety.SAFE, (f"add {quoted} to the Enum",)),
        details=(("model", fact.model), ("attribute", fact.attribute), ("columns", (fact.column,)), ("labels", labels)),
    )
