"""``drift revision``: the repair as an Alembic revision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from drift.cli.inputs import inputs_for
from drift.cli.options import Settings, takes_settings
from drift.cli.planning import plan_for, takes_plan_options
from drift.cli.progress import progress
from drift.cli.scratch import can_prove, name_strangers
from drift.cli.streams import echo
from drift.policy.order import describe
from drift.reports.safe import visible
from drift.reports.words import count

if TYPE_CHECKING:
    from drift.migration.plan import Plan
    from drift.migration.splitting import Link
    from drift.verification import Proof, Written


@click.command()
@click.option("-m", "--message", required=True, metavar="TEXT", help="What the revision does, in a few words.")
@takes_settings(policy=True)
@takes_plan_options
@click.option("--head", metavar="REVISION", help="The head it follows, where there are several.")
@click.option("--branch-label", metavar="LABEL", help="Label of a new branch.")
@click.option("--version-path", metavar="DIR", help="Which of several version locations takes the file.")
@click.option("--rev-id", metavar="ID", help="Its identifier [default: made up].")
@click.option("--output-dir", metavar="DIR", help="Where to write it in a project without Alembic.")
@click.option("--unverified", is_flag=True, help="Write it without a proof, or although the proof failed.")
@click.option(
    "--rows", type=click.IntRange(min=0), default=0, metavar="N", help="Prove it with N made-up rows a table."
)
@click.option("--split", "chain", is_flag=True, help="A chain of revisions for several deploys: expand, then contract.")
def command(settings: Settings, message: str, unverified: bool, chain: bool, **options: Any) -> int:
    """Write an Alembic revision that repairs the drift.

    It is written in the project's own folder and style, and proven on a scratch database first: upgrade, silence,
    downgrade, the same as before. Nothing is dropped without --allow-drop: drops stand in the file as comments.
    """
    from drift.pipeline import run_check
    from drift.verification import Wishes, write_chain, write_proven

    with progress(settings) as told:
        inputs = inputs_for(settings, told)
        report = run_check(inputs)
        plan = plan_for(report, options)
        if not plan.steps:
            click.echo("Nothing to write: " + _why_nothing(len(plan.unanswered)), err=True)
            for note in _unanswered(plan):
                click.echo(note, err=True)
            return 1 if plan.unanswered else 0
        scratch_url = settings.config.scratch_url
        unprovable = scratch_url is None and not can_prove(plan.dialect)
        wishes = Wishes(
            unverified=unverified or unprovable,
            scratch_url=scratch_url,
            rows=options["rows"],
            directory=_path(options["output_dir"]),
            head=options["head"],
            branch_label=options["branch_label"],
            version_path=_path(options["version_path"]),
            rev_id=options["rev_id"],
        )
        links: tuple[tuple[Link | None, Written], ...]
        if chain:
            links = write_chain(plan, message, report, inputs, wishes)
        else:
            links = ((None, write_proven(plan, message, report, inputs, wishes)),)
    for link, written in links:
        echo(visible(_relative(written.path)))
        if not settings.quiet:
            _explain(written.plan or plan if link is None else link.plan, link, written.proof)
    if not settings.quiet:
        echo("help: read it, then `alembic upgrade head`" if not chain else _next(len(links)))
    if links[0][1].proof is not None:
        name_strangers(links[0][1].proof)
    if unprovable and not unverified:
        echo("note: not proven, there is no scratch database: install sqlalchemy-drift[embedded], or --scratch-url")
    return 0


def _next(revisions: int) -> str:
    if revisions == 1:
        return "help: there is nothing to split; read it, then `alembic upgrade head`"
    return "help: read them; then one at a time, each when its part says so: `alembic upgrade +1`"


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _explain(plan: Plan, link: Link | None, proof: Proof | None) -> None:
    waiting = len(plan.steps) - len(plan.active)
    if link is not None:
        echo(link.heading)
    echo(f"{count(len(plan.active), 'step')}" + (f", {waiting} left as comments" if waiting else "") + ".")
    for line in proof.lines() if proof is not None else ():
        echo(visible(line))
    for note in _unanswered(plan):
        echo(note)


def _unanswered(plan: Plan) -> Iterator[str]:
    for finding, reason in plan.unanswered:
        yield f"note: {finding.code} {visible(describe(finding.subject))} is not answered: {visible(reason)}"


def _why_nothing(unanswered: int) -> str:
    if unanswered:
        return f"a migration can answer none of the {count(unanswered, 'finding')}."
    return "models and database are in sync."


def _relative(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
