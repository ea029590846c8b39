"""``drift checks``: the list."""

from __future__ import annotations

import json

import rich_click as click

from drift.checks.registry import FAMILIES, all_checks
from drift.cli.streams import echo
from drift.policy.selectors import require_known, specificity


@click.command()
@click.argument("selectors", nargs=-1, metavar="[CODE|PREFIX|NAME]...")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="How to list them.")
def command(selectors: tuple[str, ...], format_: str) -> int:
    """List all checks, or those that the given codes, prefixes or names stand for."""
    for selector in selectors:
        require_known(selector, "drift checks")
    chosen = [
        check
        for check in all_checks()
        if not selectors or any(specificity(selector, check.code, check.name) is not None for selector in selectors)
    ]
    if format_ == "json":
        items = [
            {"code": check.code, "name": check.name, "severity": check.severity.value, "summary": check.summary}
            for check in chosen
        ]
        echo(json.dumps(items, indent=2))
        return 0
    width = max((len(check.name) for check in chosen), default=0)
    family = ""
    for check in chosen:
        if check.family != family:
            echo(("\n" if family else "") + FAMILIES[check.family])
            family = check.family
        echo(f"  {check.code}  {check.name:<{width}}  {check.severity.value:<7}  {check.summary}")
    return 0
