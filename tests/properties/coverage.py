"""``docs/coverage.md``, made from the fault catalogue. Run: ``python -m tests.properties.coverage``."""

from __future__ import annotations

from pathlib import Path

from tests.properties.catalogue import FAULTS, Fault

FILE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"

HEAD = """# What is found, repaired, and left in peace

For each facet of each noun: a change is made to a live PostgreSQL database that was created from models. *Found* means
exactly one finding, with that code, on the right subject. *Repaired* means that the generated migration brings silence,
keeps every row, and its downgrade gives the schema back. *Twin* means that the same facet written in another spelling
raises nothing.
`tests/properties/test_catalogue.py` holds every line to be true on a real server; this page is made from
`tests/properties/catalogue.py`.

| noun | facet | found | repaired | twin quiet |
|---|---|---|---|---|
"""


def page() -> str:
    """The page."""
    notes: list[str] = []
    lines = [_line(fault, notes) for fault in FAULTS]
    explained = "".join(f"{number}. {note[0].upper()}{note[1:]}.\n" for number, note in enumerate(notes, start=1))
    return f"{HEAD}{''.join(lines)}\n## Notes\n\n{explained}"


def _line(fault: Fault, notes: list[str]) -> str:
    found = fault.code or "no drift"
    twin = "yes" if fault.twin else fault.no_twin
    if not fault.sql:
        repaired = "nothing to repair"
    elif reason := fault.unrepaired:
        repaired = f"no{_note(reason, notes)}"
    elif reason := fault.stops:
        repaired = f"stops{_note(reason, notes)}"
    elif reason := fault.no_downgrade:
        repaired = f"yes, one way{_note(reason, notes)}"
    else:
        repaired = "yes"
    server = f" (PostgreSQL {fault.minimum_server}+)" if fault.minimum_server else ""
    return f"| {fault.noun} | {fault.facet}{server} | {found} | {repaired} | {twin} |\n"


def _note(reason: str, notes: list[str]) -> str:
    if reason not in notes:
        notes.append(reason)
    return f" ({notes.index(reason) + 1})"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
