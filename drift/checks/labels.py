"""What changed between two lists of enum labels."""

from __future__ import annotations

from dataclasses import dataclass

from drift.alignment.similarity import STRONG, similarity, unambiguous


@dataclass(frozen=True, slots=True)
class LabelChanges:
    """Differences of two lists of labels, none of them told twice.

    Attributes:
        missing: Expected labels that the database lacks.
        unexpected: Labels that only the database has.
        renamed: Pairs of expected and actual spelling.
        reordered: What both have is in another order.
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    reordered: bool


def compare_labels(expected: tuple[str, ...], actual: tuple[str, ...]) -> LabelChanges:
    """Compare label lists. One missing and one unexpected label in the same place are one renamed label."""
    common = set(expected) & set(actual)
    missing = [label for label in expected if label not in common]
    unexpected = [label for label in actual if label not in common]
    wanted_places, seen_places = _places(expected, common), _places(actual, common)
    scores: dict[tuple[int, int], float] = {}
    for row, wanted in enumerate(missing):
        for column, seen in enumerate(unexpected):
            alike = similarity(wanted, seen)
            same_place = wanted_places[wanted] == seen_places[seen] != (None, None)
            if same_place or alike >= STRONG:
                scores[row, column] = 1.0 * same_place + 2.0 * alike * (alike >= STRONG)
    renamed = {missing[row]: unexpected[column] for row, column in unambiguous(scores, 0.1)}
    back = {seen: wanted for wanted, seen in renamed.items()}
    ours = [label for label in expected if label in common or label in renamed]
    theirs = [back.get(label, label) for label in actual if label in common or label in back]
    return LabelChanges(
        tuple(label for label in missing if label not in renamed),
        tuple(label for label in unexpected if label not in back),
        tuple((wanted, renamed[wanted]) for wanted in missing if wanted in renamed),
        ours != theirs,
    )


def _places(labels: tuple[str, ...], common: set[str]) -> dict[str, tuple[str | None, str | None]]:
    """For each label: the nearest labels before and after it that both sides have."""
    before: dict[str, str | None] = {}
    last: str | None = None
    for label in labels:
        before[label] = last
        last = label if label in common else last
    places: dict[str, tuple[str | None, str | None]] = {}
    following: str | None = None
    for label in reversed(labels):
        places[label] = (before[label], following)
        following = label if label in common else following
    return places
