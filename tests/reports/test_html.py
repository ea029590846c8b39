"""The HTML page: self-contained, hostile names harmless, readable by everybody; looked at in headless Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path

import pytest

from drift.reports import render
from drift.reports.html import parts
from tests.reports import samples

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


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCRIPT = """
<script>addEventListener("load", () => {
  const say = [], find = id => document.getElementById(id), shown = () => document.querySelectorAll(".finding:not([hidden])").length;
  const type = text => { find("search").value = text; find("search").dispatchEvent(new Event("input", {bubbles: true})); };
  say.push("all " + shown());
  type("surname"); say.push("search " + shown());
  type("no such thing"); say.push("none " + shown() + " " + !find("nothing").hidden);
  type(""); document.querySelector("input[value=error]").click(); say.push("without errors " + shown());
  document.querySelector("input[value=error]").click();
  find("family").value = "RS"; find("family").dispatchEvent(new Event("input", {bubbles: true})); say.push("family " + shown());
  const before = getComputedStyle(document.body).backgroundColor; find("theme").click();
  say.push("theme " + (before !== getComputedStyle(document.body).backgroundColor));
  document.dispatchEvent(new KeyboardEvent("keydown", {key: "/"})); say.push("slash " + (document.activeElement === find("search")));
  location.hash = "#d-CO301"; setTimeout(() => { say.push("docs " + find("docs").open);
  say.push("wide " + (document.documentElement.scrollWidth <= innerWidth));
  document.title = "RESULT " + say.join("; "); }, 50);
});</script>
"""  # noqa: E501


def chromium(page: Path, *arguments: str) -> str:
    command = [
        CHROMIUM or "",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={page.parent / 'profile'}",
    ]
    environment = {**os.environ, "HOME": str(page.parent)}
    done = subprocess.run(
        [*command, *arguments, page.as_uri()], capture_output=True, text=True, timeout=120, check=True, env=environment
    )
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_filters_theme_and_keyboard_work_in_a_browser(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(render(samples.sample(), "html").replace("</body>", SCRIPT + "</body>"), encoding="utf-8")
    dumped = chromium(page, "--virtual-time-budget=3000", "--dump-dom")
    title = re.search("<title>RESULT (.*?)</title>", dumped)
    assert title is not None
    assert title[1].split("; ") == [
        "all 3", "search 1", "none 0 true", "without errors 1", "family 1", "theme true", "slash true", "docs true",
        "wide true",
    ]  # fmt: skip


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [1280, 480])
@pytest.mark.parametrize("verdict", ALL)
def test_no_page_is_wider_than_its_window(tmp_path, verdict, width):
    page = tmp_path / "report.html"
    measure = (
        '<script>addEventListener("load", () => { document.title = "W " + document.documentElement.scrollWidth; });'
    )
    page.write_text(render(verdict(), "html").replace("</body>", f"{measure}</script></body>"), encoding="utf-8")
    dumped = chromium(page, f"--window-size={width},900", "--virtual-time-budget=1000", "--dump-dom")
    found = re.search(r"<title>W (\d+)</title>", dumped)
    assert found is not None
    # Headless Chromium has no window narrower than 500.
    assert int(found[1]) <= max(width, 500)
