"""Names as people and code generators choose them, hostile ones included."""

from __future__ import annotations

from hypothesis import strategies as st

LONGEST = 63
"""PostgreSQL cuts identifiers off after this many bytes."""

PLAIN = ("name", "amount", "created_at", "owner", "kind", "note", "state", "parent", "value", "position")
HOSTILE = (
    "select",
    "user",
    "order",
    "MixedCase",
    "with space",
    'dou"ble',
    "sing'le",
    "per%cent",
    "%s",
    "%(name)s",
    "semi;colon",
    "back\\slash",
    "a.b",
    "Ümläut",
    "名前",
    "emoji😀",
    "tab\there",
    "$1",
    ":bind",
    "{brace}",
    "--comment",
    "/*c*/",
    "1st",
    "x" * LONGEST,
    "é" * (LONGEST // 2),
)
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\x00")


def _fits(name: str) -> bool:
    return 0 < len(name.encode()) <= LONGEST


def names() -> st.SearchStrategy[str]:
    """A name: mostly plain, often hostile, now and then anything that fits."""
    return st.one_of(
        st.sampled_from(PLAIN), st.sampled_from(HOSTILE), st.text(_LETTERS, min_size=1, max_size=20).filter(_fits)
    )
