"""The HTML page: self-contained, hostile names harmless, readable by everybody; looked at in headless Chromium."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path

import pytest

from drift.reports import render
from drift.reports.html import parts
from tests.reports import samples
from tests.reports.browser import Browser, browser

ALL = [samples.sample, samples.clean, samples.hostile]
_VOID = {"meta", "input", "br", "hr", "img", "link"}


class Page(HTMLParser):
    """Tags with their attributes, in order, and the visible text; insists on proper nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


@pytest.mark.parametrize("verdict", ALL)
def test_it_loads_nothing_from_anywhere(verdict):
    text = render(verdict(), "html")
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("img", "link", "iframe", "object", "base")
        assert "src" not in attributes
        assert not (attributes.get("href") or "#").startswith(("http", "//", "javascript"))
    assert not re.search(r"@import|url\(", text)
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("verdict", ALL)
def test_hostile_names_are_text_and_nothing_else(verdict):
    page = Page(render(verdict(), "html"))
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "\x1b" not in "".join(page.text)
    assert "\u202e" not in "".join(page.text)


def test_everything_of_a_finding_is_there():
    text = "".join(Page(render(samples.sample(), "html")).text)
    for finding in samples.FINDINGS:
        assert finding.message in text
        assert finding.code in text
        assert finding.locations[0].path in text
    assert "ALTER TABLE public.users ALTER COLUMN email TYPE varchar(255)" in text
    assert "the snapshot holds no canonical form" in text
    assert "GET /users/{id}" in text


@pytest.mark.parametrize("verdict", ALL)
def test_labels_headings_and_targets(verdict):
    page = Page(render(verdict(), "html"))
    identifiers = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(identifiers) == len(set(identifiers))
    for tag, attributes in page.tags:
        href = attributes.get("href") or ""
        if href.startswith("#d-"):
            assert href[1:] in identifiers
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-labelledby"]
        if tag == "html":
            assert attributes["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_differences_are_marked_to_the_letter():
    left, right = parts("varchar(255)", "varchar(80)")
    assert [part.text for part in left if part.differs] == ["255"]
    assert [part.text for part in right if part.differs] == ["80"]
    assert all(part.differs for side in parts("text", "uuid") for part in side)


def test_differences_keep_every_letter_whatever_the_length():
    labels = [f"label{number}" for number in range(100_000)]
    one_lost = [label for label in labels if label != "label777"]
    two_lost = [label for label in one_lost if label != "label99000"]
    for actual in (one_lost, two_lost, labels[::-1], [], labels):
        left, right = parts(" ".join(labels), " ".join(actual))
        assert "".join(part.text for part in left) == " ".join(labels)
        assert "".join(part.text for part in right) == " ".join(actual)
    left, right = parts(" ".join(labels), " ".join(one_lost))
    assert [part.text for part in left if part.differs] == ["label777 "]
    assert not [part for part in right if part.differs]
    # Too far apart to be looked at word by word.
    left, right = parts(" ".join(labels), " ".join(two_lost))
    assert [part.differs for part in left] == [part.differs for part in right] == [True]


def test_two_differences_are_marked_one_by_one():
    left, right = parts("IN ('a', 'b', 'c', 'd')", "IN ('a', 'x', 'c', 'y')")
    assert [part.text for part in left if part.differs] == ["b", "d"]
    assert [part.text for part in right if part.differs] == ["x", "y"]


def themes() -> dict[str, dict[str, str]]:
    style = (Path(__file__).parents[2] / "templates" / "report.html").read_text(encoding="utf-8")
    light, dark = re.findall(r":root(?:\[data-theme=\"dark\"\])? \{\s*color-scheme: [\w ]+;(.*?)\}", style, re.DOTALL)
    return {name: dict(re.findall(r"--([\w-]+): (#\w+)", text)) for name, text in (("light", light), ("dark", dark))}


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_enough_contrast(theme):
    """At least 4.5 to 1: WCAG 2.2, success criterion 1.4.3."""
    colors = themes()[theme]
    pairs = list(product(("ink", "soft", "accent"), ("page", "card")))
    pairs += [(name, f"{name}-bg") for name in ("error", "warning", "info", "good")]
    pairs += [(name, "card") for name in ("error", "warning", "info", "good")] + [
        ("ink", "error-bg"),
        ("ink", "good-bg"),
    ]
    for front, back in pairs:
        high, low = sorted((luminance(colors[front]), luminance(colors[back])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture
def show(chromium, tmp_path):
    """Open the page of a verdict."""

    def opened(verdict, **options) -> Browser:
        page = tmp_path / "report.html"
        page.write_text(render(verdict(), "html"), encoding="utf-8")
        return chromium.open(page, **options)

    return opened


SHOWN = "document.querySelectorAll('.finding:not([hidden])').length"
STOPS = [
    ("link", "Skip to the findings"),
    ("button", "Switch between light and dark"),
    ("searchbox", "Search the findings"),
    ("checkbox", "error"),
    ("checkbox", "warning"),
    ("combobox", "Family"),
    ("DisclosureTriangle", "2 tables, as the models and the database have them"),
    ("region", "Picture of the drifted tables"),
    ("link", "CO301 column-type-mismatch"),
    ("DisclosureTriangle", "Repair: safe to run"),
    ("region", "Repair of public.users.email"),
    ("button", "Copy the repair of public.users.email"),
    ("link", "CO308 column-renamed"),
    ("DisclosureTriangle", "Repair: blocks reads and writes while it runs"),
    ("region", "Repair of public.users.surname"),
    ("button", "Copy the repair of public.users.surname"),
    ("link", "RS301 response-field-not-optional"),
    ("DisclosureTriangle", "Accepted by drift-baseline.json: 3"),
    ("DisclosureTriangle", "3 of drift's checks"),
]


def test_the_keyboard_reaches_everything_in_reading_order(show):
    page = show(samples.sample)
    met = []
    for _ in STOPS:
        page.press("Tab")
        met.append(page.focused())
        seen = page.run("""(() => { const e = document.activeElement, b = e.getBoundingClientRect(),
            s = getComputedStyle(e); return [b.top >= 0 && b.bottom <= innerHeight || b.height > innerHeight / 2,
            s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2]; })()""")
        assert seen == [True, True], f"{met[-1]} is not to be seen, or its focus is not"
    assert met == STOPS
    page.press("Tab", shift=True)
    assert page.focused() == STOPS[-2]


def test_work_with_the_keyboard_alone(show):
    page = show(samples.sample)
    assert page.run(SHOWN) == 3
    page.press("/")
    assert page.focused() == ("searchbox", "Search the findings")
    page.write("surname")
    assert (page.run(SHOWN), page.run("document.getElementById('shown').textContent")) == (1, "1 of 3 findings")
    page.press("Escape")
    assert page.run(SHOWN) == 3
    page.write("no such thing")
    assert (page.run(SHOWN), page.run("document.getElementById('nothing').hidden")) == (0, False)
    page.press("Escape")
    page.press("Tab")
    page.press(" ")
    assert page.run(SHOWN) == 1, "without errors"
    page.press(" ")
    page.press("Tab")
    page.press("Tab")
    assert page.focused() == ("combobox", "Family")
    for letter in "resp":
        page.type(letter)
    assert page.run("document.getElementById('family').value") == "RS"
    assert page.run(SHOWN) == 1
    page.run("document.querySelector('.finding:not([hidden]) .line a').focus()")
    page.press("Enter")
    assert page.focused()[0] == "article"
    assert page.run("document.getElementById('docs').open && document.activeElement.id") == "d-RS301"


def test_the_skip_link_leads_to_the_findings(show):
    page = show(samples.sample)
    page.press("Tab")
    page.press("Enter")
    page.press("Tab")
    assert page.focused() == ("link", "CO301 column-type-mismatch")


@pytest.mark.parametrize("verdict", ALL)
def test_a_screen_reader_is_told_what_everything_is(show, verdict):
    page = show(verdict)
    told = page.tree()
    roles = [role for role, _ in told]
    assert [roles.count(landmark) for landmark in ("banner", "main", "contentinfo")] == [1, 1, 1]
    for role, name in told:
        if role in ("link", "button", "checkbox", "combobox", "searchbox", "region", "heading", "image", "article"):
            assert name, f"a {role} without a name"
    names = [(role, name) for role, name in told if role in ("button", "region")]
    assert len(names) == len(set(names)), "two things of one kind with one name"
    assert page.run('document.querySelectorAll(\'[tabindex]:not([tabindex="0"]):not([tabindex="-1"])\').length') == 0
    assert page.run("[...document.querySelectorAll('[aria-labelledby]')].every(e => "
                    "e.getAttribute('aria-labelledby').split(' ').every(i => document.getElementById(i)))")  # fmt: skip


def test_the_picture_is_told_in_words(show):
    (told,) = [name for role, name in show(samples.sample).tree() if role == "image"]
    assert "public.users: email different, surname different. public.teams: as expected." in told


@pytest.mark.parametrize("verdict", ALL)
def test_light_and_dark(show, verdict, tmp_path):
    """With DRIFT_SCREENSHOTS=FOLDER the pictures stay, to be looked at."""
    folder = Path(os.environ.get("DRIFT_SCREENSHOTS", tmp_path))
    background = "getComputedStyle(document.body).backgroundColor"
    colors, pictures = [], []
    for dark in (False, True):
        page = show(verdict, dark=dark)
        colors.append(page.run(background))
        pictures.append(page.picture())
        (folder / f"{verdict.__name__}-{'dark' if dark else 'light'}.png").write_bytes(pictures[-1])
    assert colors == ["rgb(246, 247, 249)", "rgb(18, 22, 29)"]
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 10_000 for picture in pictures)
    page.run("document.getElementById('theme').click()")
    assert page.run(background) == colors[0], "the button turns the system's choice round"


@pytest.mark.parametrize("dark", [False, True])
def test_every_shown_text_has_enough_contrast(show, dark):
    """As computed by the browser for each text on its own background: at least 4.5 to 1."""
    page = show(samples.sample, dark=dark)
    page.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    for front, back, text in page.run(TEXTS):
        high, low = sorted((luminance(front), luminance(back)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back, text)


TEXTS = """(() => {
  const hex = c => "#" + c.match(/[\\d.]+/g).slice(0, 3).map(n => (+n).toString(16).padStart(2, "0")).join("");
  const clear = c => c === "transparent" || c.endsWith(", 0)");
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), holder = walk.currentNode.parentElement;
    if (!text || holder.closest("script, svg") || !holder.checkVisibility()) continue;
    let back = holder;
    while (back && clear(getComputedStyle(back).backgroundColor)) back = back.parentElement;
    found.push([hex(getComputedStyle(holder).color), hex(getComputedStyle(back).backgroundColor), text.slice(0, 40)]);
  }
  return found;
})()"""


def test_the_repair_is_copied(show):
    page = show(samples.sample)
    page.run("document.querySelector('.copy').focus()")
    page.press("Enter")
    assert page.run("new Promise(done => setTimeout(() => done(document.querySelector('.copy').textContent), 50))") in (
        "Copied",
        "Selected",
    )


def test_one_repair_of_several_findings_is_shown_once(show):
    first, second, _ = samples.FINDINGS
    script = "op.execute('both')"
    verdict = replace(samples.sample(), scripts=((first.fingerprint, script), (second.fingerprint, script)))
    page = show(lambda: verdict)
    assert page.run("[...document.querySelectorAll('pre')].filter(e => e.textContent.includes('both')).length") == 1
    page.run("document.querySelector('.together a').focus()")
    page.press("Enter")
    assert page.run("document.querySelector(':target').id") == f"f-{first.fingerprint}"


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("verdict", ALL)
def test_no_page_is_wider_than_its_window(show, verdict, width):
    """320 pixels: WCAG 2.2, success criterion 1.4.10."""
    assert show(verdict, width=width).run("document.documentElement.scrollWidth") <= width
