"""Whether two spellings mean the same, from what was seen and what the server answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from drift.alignment.pairs import TablePair
from drift.alignment.renaming import Renaming
from drift.alignment.verdicts import Question, Sameness, Settlement, Unsettled, Usage
from drift.schema import Column, Domain, Expression, IndexKey, QualifiedName

_NULL = re.compile(r"\(*\s*null\s*\)*\s*(::.*)?", re.IGNORECASE | re.DOTALL)
_USER_TYPE = re.compile(r'[."]')
NOBODY = "nobody could be asked whether the two spellings mean the same"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of comparing two spellings; ``reason`` says why it is unknown."""

    sameness: Sameness
    reason: str | None = None
    rejected: bool = False

    @property
    def same(self) -> bool:
        """They mean the same."""
        return self.sameness is Sameness.SAME

    @property
    def different(self) -> bool:
        """They mean something else."""
        return self.sameness is Sameness.DIFFERENT

    @property
    def unknown(self) -> bool:
        """Nothing is known."""
        return self.sameness is Sameness.UNKNOWN


SAME = Comparison(Sameness.SAME)
DIFFERENT = Comparison(Sameness.DIFFERENT)


@dataclass(frozen=True)
class Frame:
    """How SQL text of one table is read: under which names, and over which columns.

    Expected text is translated into actual names before it is compared or asked.
    """

    pair: TablePair
    names: Renaming

    @property
    def expected(self) -> QualifiedName:
        """What the models call the table."""
        assert self.pair.expected is not None
        return self.pair.expected.name

    @property
    def actual(self) -> QualifiedName:
        """What the database calls it."""
        assert self.pair.actual is not None
        return self.pair.actual.name

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Names and types that the text may refer to: the actual columns, and the expected ones that are missing."""
        assert self.pair.actual is not None
        own = tuple((column.name, column.type) for column in self.pair.actual.columns)
        lacking = tuple(
            (column.expected.name, self.names.type(column.expected.type))
            for column in self.pair.columns
            if column.expected is not None and column.actual is None
        )
        return own + lacking


@dataclass(frozen=True)
class Judge:
    """Compares types and expressions of the two sides.

    Attributes:
        names: Actual names of what was renamed.
        settlement: What the server answered.
        want: Called with both questions whenever an answer would be needed; collects what to ask.
    """

    names: Renaming
    settlement: Settlement
    want: Callable[[Expression, Question, Expression, Question], None] | None = None

    def types(self, expected: str, actual: str) -> Comparison:
        """Compare two types by their canonical short spelling.

        Where nobody could be asked, the spelling decides for types of the server's own; user types stay unknown.
        """
        if expected == actual:
            return SAME
        expected = self.names.type(expected)
        if expected == actual:
            return SAME
        left, right = Question(expected, Usage.TYPE), Question(actual, Usage.TYPE)
        outcome = self._settled(Expression(expected), left, Expression(actual), right)
        asked = left in self.settlement.answers or right in self.settlement.answers
        if outcome.unknown and not asked and not _USER_TYPE.search(expected + actual):
            return DIFFERENT
        return outcome

    def expressions(
        self, frame: Frame, expected: Expression, actual: Expression, usage: Usage, type: str | None = None
    ) -> Comparison:
        """Compare two expressions of one table; ``type`` is the column's, for defaults and generated columns."""
        if expected == actual and not self.names.columns and not self.names.types:
            return SAME
        if usage is not Usage.DEFAULT or not self.names.nothing:
            return self._expressions(frame, expected, actual, usage, type)
        # No column can occur in a default, so that it means the same in every table.
        key = (expected, actual, type)
        known = self._defaults.get(key)
        if known is None:
            known = self._defaults[key] = self._expressions(frame, expected, actual, usage, type)
        return known

    @cached_property
    def _defaults(self) -> dict[tuple[Expression, Expression, str | None], Comparison]:
        """Defaults that were compared already."""
        return {}

    def _expressions(
        self, frame: Frame, expected: Expression, actual: Expression, usage: Usage, type: str | None
    ) -> Comparison:
        wanted = self.translate(frame, expected)
        if wanted.sql == actual.sql or (wanted.sql, actual.sql) in self.settlement.same:
            return SAME
        left, right = (question(frame, text, usage, type) for text in (wanted, actual))
        return self._settled(wanted, left, actual, right)

    def loose(self, expected: Expression, actual: Expression, usage: Usage, type: str | None) -> Comparison:
        """Compare two expressions that belong to no table: a domain's default and checks."""
        wanted = Expression(self.names.type(expected.sql), expected.canonical)
        if wanted.sql == actual.sql or (wanted.sql, actual.sql) in self.settlement.same:
            return SAME
        return self._settled(
            wanted, Question(wanted.sql, usage, type=type), actual, Question(actual.sql, usage, type=type)
        )

    def domain_checks(self, expected: Domain, actual: Domain) -> Comparison:
        """Whether two domains have the same rules, whatever these are called and in whichever order."""
        outcomes = [
            [self.loose(wanted.expression, seen.expression, Usage.CHECK, actual.type) for seen in actual.checks]
            for wanted in expected.checks
        ]
        if len(expected.checks) != len(actual.checks):
            return DIFFERENT
        rows = [any(outcome.same for outcome in row) for row in outcomes]
        columns = [any(row[place].same for row in outcomes) for place in range(len(actual.checks))]
        if all(rows) and all(columns):
            return SAME
        unknown = next((outcome for row in outcomes for outcome in row if outcome.unknown), None)
        return DIFFERENT if unknown is None else unknown

    def translate(self, frame: Frame, expected: Expression) -> Expression:
        """The expected expression under actual names."""
        sql = self.names.expression(frame.expected, expected.sql)
        canonical = expected.canonical
        if canonical is not None:
            canonical = self.names.expression(frame.expected, canonical)
        return expected if (sql, canonical) == (expected.sql, expected.canonical) else Expression(sql, canonical)

    def _answer(self, expression: Expression, asked: Question) -> str | Unsettled | None:
        answer = self.settlement.answers.get(asked)
        return expression.canonical if answer is None else answer

    def _settled(self, wanted: Expression, left: Question, actual: Expression, right: Question) -> Comparison:
        if self.want is not None:
            self.want(wanted, left, actual, right)
        ours, theirs = self._answer(wanted, left), self._answer(actual, right)
        if isinstance(ours, str) and isinstance(theirs, str):
            return SAME if ours == theirs else DIFFERENT
        if isinstance(ours, Unsettled) and ours.rejected and not (isinstance(theirs, Unsettled) and theirs.rejected):
            return Comparison(Sameness.DIFFERENT, ours.reason, rejected=True)
        reasons = [answer.reason for answer in (ours, theirs) if isinstance(answer, Unsettled)]
        return Comparison(Sameness.UNKNOWN, reasons[0] if reasons else NOBODY)


def question(frame: Frame, expression: Expression, usage: Usage, type: str | None) -> Question:
    """What to ask about an expression. No column can occur in a default, so equal ones are asked once."""
    if usage is Usage.DEFAULT:
        return Question(expression.sql, usage, type=type)
    return Question(expression.sql, usage, frame.actual, frame.columns, type)


def spoken(key: IndexKey) -> Expression:
    """A key as SQL: what is written as an expression over one column may be no more than the column."""
    if key.expression is not None:
        return key.expression
    return Expression('"' + (key.column or "").replace('"', '""') + '"')


def default_of(column: Column) -> Expression | None:
    """The column's default; ``DEFAULT NULL`` is none."""
    default = column.default
    if default is None or _NULL.fullmatch(default.sql.strip()):
        return None
    return default
