"""``--receipt``: what a check did to the server, for whoever must allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from drift.reports.safe import visible

if TYPE_CHECKING:
    from drift.pipeline import Report


def print_receipts(report: Report) -> None:
    """Write the receipts to standard error; servers without one say so."""
    for comparison in report.comparisons:
        receipt = comparison.receipt
        if receipt is None:
            click.echo("receipt: only PostgreSQL can give one", err=True)
            continue
        lines = [
            f"receipt: as role {receipt.role}, in one transaction that the server "
            f"{'refuses to write in' if receipt.read_only else 'would have let write'}",
            f"  strongest lock  {receipt.strongest_lock or 'none'}"
            + (f" on {', '.join(receipt.locked)}" if receipt.locked else " (system catalogs)"),
        ]
        lines += [
            f"  {'held ' if grant.held else 'grant'}  {grant.sql}  -- {grant.purpose}" for grant in receipt.grants
        ]
        lines.append(f"  {len(receipt.statements)} statements:")
        lines += [f"    {' '.join(statement.split())}" for statement in receipt.statements]
        for line in lines:
            click.echo(visible(line), err=True)
