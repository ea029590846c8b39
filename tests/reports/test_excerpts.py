"""Long texts: people see the difference, programs the whole."""

import json
import re
from dataclasses import replace
from time import process_time

import pytest

from drift.policy import Config, judge
from drift.reports import FORMATS, render
from drift.reports.excerpts import LONG, differing
from tests.reports import samples

LABELS = [f"label_{number}" for number in range(10_000)]
ENUM = f"ENUM ({', '.join(LABELS)})"
VIEW = "SELECT\n" + ",\n".join(f"    t.c{number} AS c{number}" for number in range(8_000)) + "\nFROM t"


def _without(*labels: str) -> str:
    return f"ENUM ({', '.join(label for label in LABELS if label not in labels)})"


def _swapped(one: str, other: str) -> str:
    return f"ENUM ({', '.join({one: other, other: one}.get(label, label) for label in LABELS)})"


@pytest.mark.parametrize("format", [*FORMATS])
def test_every_format_for_people_shows_the_difference(format: str) -> None:
    other = _without("label_5", "label_9000")
    found = replace(samples.FINDINGS[0], expected=ENUM, actual=other)
    verdict = judge((found,), Config(), alignment=samples.ALIGNMENT, circumstances=samples.CIRCUMSTANCES)
    shown = render(verdict, format)
    if format == "json":
        finding = json.loads(shown)["findings"][0]
        assert (finding["expected"], finding["actual"]) == (ENUM, other)
        return
    assert "label_42," not in shown
    # In HTML each side is cut into marked pieces.
    plain = re.sub(r"<[^>]+>", "", shown)
    for part in ("label_4, label_5, label_6", "label_8999, label_9000, label_9001", "label_8999, label_9001"):
        assert part in plain


@pytest.mark.parametrize(
    ("expected", "actual", "left", "right"),
    [
        (ENUM, _without("label_77"), "label_76, label_77, label_78", "label_76, label_78"),
        (VIEW, VIEW.replace("c777 AS", "c778 AS"), "t.c777 AS", "t.c778 AS"),
        (
            ENUM,
            ENUM.replace("label_10,", "label_9999,").replace("label_9999)", "label_10)"),
            "label_10,",
            "label_9999,",
        ),
        (ENUM, None, "ENUM (label_0", None),
        ("x > 0", VIEW, "x > 0", "SELECT"),
        ("x" * 200_000, "y" * 200_000, "xxx", "yyy"),
        (VIEW, "".join(reversed(VIEW)), "more differences", "more differences"),
    ],
    ids=["a label", "a word", "the order", "missing", "nothing alike", "one word", "everything"],
)
def test_a_long_text_is_shown_where_it_differs(expected: str, actual: str | None, left: str, right: str | None) -> None:
    started = process_time()
    shown = differing(expected, actual)
    assert process_time() - started < 5
    for text, part in zip(shown, (left, right), strict=True):
        assert (text is None) is (part is None)
        assert part is None or (part in text and len(text) < 2 * LONG)
    assert shown[0] != shown[1]


def test_a_short_text_is_shown_whole() -> None:
    assert differing("x" * LONG, "y") == ("x" * LONG, "y")
