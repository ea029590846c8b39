"""``drift explain CODE``: the page of a check."""

from __future__ import annotations

import rich_click as click

from drift.checks.registry import FAMILIES, CheckDefinition, find_check
from drift.cli.options import use_color
from drift.cli.streams import echo, report
from drift.errors import DriftError
from drift.policy.selectors import require_known


@click.command()
@click.argument("code", metavar="CODE")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours.")
def command(code: str, color: str) -> int:
    """Explain a check: what it means, why it breaks at run time, how to repair it.

    CODE is a code (`CO301`) or a name (`column-type-mismatch`).
    """
    check = find_check(code)
    if check is None:
        require_known(code, "drift explain")
        raise DriftError(f"{code} stands for several checks", help=(f"`drift checks {code}` lists them",))
    if use_color(color, report()):
        _render(check)
    else:
        echo(page(check), nl=False)
    return 0


def page(check: CheckDefinition) -> str:
    """The page as Markdown."""
    severity = f"{check.severity.value} · {FAMILIES[check.family]}"
    return f"# {check.code} {check.name}\n\n{severity}\n\n{check.documentation.rstrip()}\n"


def _render(check: CheckDefinition) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=report(), force_terminal=True, width=None).print(Markdown(page(check)))
