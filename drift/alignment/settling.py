"""Let the server decide what differs as text only: one batch of questions, then the leftovers are paired again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import TypeVar

from drift.alignment.judge import Frame, Judge, default_of, spoken
from drift.alignment.matching import rejoin
from drift.alignment.pairs import Alignment, Pair, TablePair
from drift.alignment.renaming import Renaming, identifiers, renaming
from drift.alignment.shapes import exclusion_shape, index_shape
from drift.alignment.verdicts import Question, Settlement, Unsettled, Usage
from drift.schema import Check, Exclusion, Expression, Index, Table

Canonicalise = Callable[[Iterable[Question]], Mapping[Question, "str | Unsettled"]]
T = TypeVar("T")

_NONE = Renaming()


def settle(
    alignment: Alignment, canonicalise: Canonicalise | None = None, *, spell: Callable[[str], str] = str
) -> Alignment:
    """Find out which of the texts that differ mean the same, and pair unnamed leftovers that do.

    Args:
        alignment: From :func:`drift.alignment.align`.
        canonicalise: Answers questions (``Dialect.canonicaliser``); asked once, with everything. ``None`` where nobody
            can be asked: canonical forms that a snapshot holds still count, the rest stays unknown.
        spell: A cheap normal form of an expression's text (``Dialect.spell_expression``), to ask less.
    """
    names = renaming(alignment)
    inquiry = _Inquiry(spell)
    judge = Judge(names, alignment.settlement, inquiry.compare)
    for pair in alignment.tables:
        if pair.expected is not None and pair.actual is not None:
            _inquire(pair, judge)
    for domain in alignment.domains:
        if domain.expected is not None and domain.actual is not None:
            judge.types(domain.expected.type, domain.actual.type)
            judge.domain_checks(domain.expected, domain.actual)
            if domain.expected.default is not None and domain.actual.default is not None:
                judge.loose(domain.expected.default, domain.actual.default, Usage.DEFAULT, domain.actual.type)
    answers = dict(alignment.settlement.answers)
    if canonicalise is not None and inquiry.questions:
        answers.update(canonicalise(tuple(inquiry.questions)))
    settlement = Settlement(answers, alignment.settlement.same | frozenset(inquiry.same))
    settled = Judge(names, settlement)
    tables = tuple(
        _rejoined(pair, settled) if pair.expected is not None and pair.actual is not None else pair
        for pair in alignment.tables
    )
    return replace(alignment, tables=tables, settlement=settlement)


class _Inquiry:
    """Collects what must be asked, and what need not be because the spellings agree."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        self.spell = spell
        self.questions: dict[Question, None] = {}
        self.same: set[tuple[str, str]] = set()

    def compare(self, wanted: Expression, left: Question, actual: Expression, right: Question) -> None:
        """Note a pair of texts that differ."""
        if left.usage is not Usage.TYPE and self.spell(wanted.sql) == self.spell(actual.sql):
            self.same.add((wanted.sql, actual.sql))
            return
        if wanted.canonical is not None and wanted.canonical == actual.canonical:
            return
        self.ask(wanted, left)
        self.ask(actual, right)

    def ask(self, expression: Expression, asked: Question) -> None:
        """Ask, unless the canonical form is known already."""
        if expression.canonical is None:
            self.questions[asked] = None


def _inquire(pair: TablePair, judge: Judge) -> None:
    """Go through everything of a table that is compared as text."""
    frame = Frame(pair, judge.names)
    for column in pair.columns:
        left, right = column.expected, column.actual
        if left is None or right is None:
            continue
        if left.type != right.type:
            judge.types(left.type, right.type)
        if left.default is not None and right.default is not None and left.default != right.default:
            wanted, seen = default_of(left), default_of(right)
            if wanted is not None and seen is not None:
                judge.expressions(frame, wanted, seen, Usage.DEFAULT, right.type)
        if left.generated is not None and right.generated is not None and left.generated != right.generated:
            judge.expressions(frame, left.generated, right.generated, Usage.GENERATED, right.type)
    if not (pair.checks or pair.indexes or pair.exclusions):
        return
    for check in pair.checks:
        if check.expected is not None and check.actual is not None:
            judge.expressions(frame, check.expected.expression, check.actual.expression, Usage.CHECK)
    for index in pair.indexes:
        if index.expected is not None and index.actual is not None:
            _compare_indexes(frame, index.expected, index.actual, judge)
    for exclusion in pair.exclusions:
        if exclusion.expected is not None and exclusion.actual is not None:
            _compare_exclusions(frame, exclusion.expected, exclusion.actual, judge)
    for check_left, check_right in _leftovers(pair.checks):
        judge.expressions(frame, check_left.expression, check_right.expression, Usage.CHECK)
    for index_left, index_right in _leftovers(pair.indexes):
        if _index_frame(index_left, frame, judge.names) == _index_frame(index_right, frame, _NONE):
            _compare_indexes(frame, index_left, index_right, judge)
    for left_exclusion, right_exclusion in _leftovers(pair.exclusions):
        _compare_exclusions(frame, left_exclusion, right_exclusion, judge)


def _leftovers(pairs: tuple[Pair[T], ...]) -> Iterator[tuple[T, T]]:
    """Every missing thing with every unexpected one."""
    missing = [pair.expected for pair in pairs if pair.expected is not None and pair.actual is None]
    unexpected = [pair.actual for pair in pairs if pair.actual is not None and pair.expected is None]
    return product(missing, unexpected)


def _index_frame(index: Index, frame: Frame, names: Renaming) -> Hashable:
    """What an index is, its expressions aside."""
    return index_shape(index, frame.expected, names, lambda _: "")


def _exclusion_frame(exclusion: Exclusion, frame: Frame, names: Renaming) -> Hashable:
    return exclusion_shape(exclusion, frame.expected, names, lambda _: "")


def _compare_indexes(frame: Frame, expected: Index, actual: Index, judge: Judge) -> bool:
    """Whether all expressions are the same, where they are comparable at all."""
    same = True
    if len(expected.keys) == len(actual.keys):
        for left, right in zip(expected.keys, actual.keys, strict=True):
            if left.expression is not None or right.expression is not None:
                same &= judge.expressions(frame, spoken(left), spoken(right), Usage.INDEX_KEY).same
    if expected.predicate is not None and actual.predicate is not None:
        same &= judge.expressions(frame, expected.predicate, actual.predicate, Usage.PREDICATE).same
    return same


def _compare_exclusions(frame: Frame, expected: Exclusion, actual: Exclusion, judge: Judge) -> bool:
    """Whether all expressions are the same, where they are comparable at all."""
    same = True
    if len(expected.elements) == len(actual.elements):
        for left, right in zip(expected.elements, actual.elements, strict=True):
            if left.expression is not None and right.expression is not None:
                same &= judge.expressions(frame, left.expression, right.expression, Usage.INDEX_KEY).same
    if expected.predicate is not None and actual.predicate is not None:
        same &= judge.expressions(frame, expected.predicate, actual.predicate, Usage.PREDICATE).same
    return same


def _incomplete(pairs: Iterable[Pair[T]]) -> bool:
    return any(pair.expected is None or pair.actual is None for pair in pairs)


def _rejoined(pair: TablePair, judge: Judge) -> TablePair:
    """The pair with leftovers joined that turned out to be the same thing under another name or none."""
    if not (_incomplete(pair.checks) or _incomplete(pair.indexes) or _incomplete(pair.exclusions)):
        return pair
    frame = Frame(pair, judge.names)
    assert pair.expected is not None
    assert pair.actual is not None
    return replace(
        pair,
        checks=_rejoined_checks(pair.checks, frame, judge, pair.expected, pair.actual),
        indexes=rejoin(
            pair.indexes,
            lambda left, right: (
                _index_frame(left, frame, judge.names) == _index_frame(right, frame, _NONE)
                and _compare_indexes(frame, left, right, judge)
            ),
        ),
        exclusions=_rejoined_exclusions(pair.exclusions, frame, judge),
    )


def _rejoined_checks(
    pairs: tuple[Pair[Check], ...], frame: Frame, judge: Judge, expected: Table, actual: Table
) -> tuple[Pair[Check], ...]:
    pairs = rejoin(
        pairs, lambda left, right: judge.expressions(frame, left.expression, right.expression, Usage.CHECK).same
    )

    def same_columns(left: Check, right: Check) -> bool:
        """An unnamed check over the same columns is the same rule with another body."""
        if left.name is not None:
            return False
        ours = set(judge.names.of_columns(frame.expected, _columns(left, expected)))
        return ours == set(_columns(right, actual)) != set()

    return rejoin(pairs, same_columns, only=True, evidence="the same columns")


def _columns(check: Check, table: Table) -> tuple[str, ...]:
    if check.columns:
        return check.columns
    mentioned = identifiers(check.expression.sql)
    return tuple(column.name for column in table.columns if column.name in mentioned)


def _rejoined_exclusions(pairs: tuple[Pair[Exclusion], ...], frame: Frame, judge: Judge) -> tuple[Pair[Exclusion], ...]:
    pairs = rejoin(
        pairs,
        lambda left, right: (
            _exclusion_frame(left, frame, judge.names) == _exclusion_frame(right, frame, _NONE)
            and _compare_exclusions(frame, left, right, judge)
        ),
    )
    return rejoin(pairs, lambda left, _: left.name is None, only=True, evidence="the only one left")
