"""The entry point: a group whose commands are imported when they are used, and one place that turns errors into text.

Exit codes: 0 in sync, 1 drift, 2 could not check.
"""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NoReturn

import rich_click as click
from click.exceptions import Exit

from drift import __version__
from drift.cli import streams
from drift.cli.exits import EndedError, refuse_exits
from drift.cli.failures import report_failure
from drift.cli.interrupts import COULD_NOT_CHECK, listen
from drift.errors import DriftError

IN_SYNC, DRIFT = 0, 1

_COMPLETION = "_DRIFT_COMPLETE"
"""The variable with which a shell asks for completions; click answers, and ends the program."""

COMMANDS = {
    "check": "Compare models with the live database; exit code 1 on drift.",
    "plan": "Show how the drift would be repaired, step by step.",
    "revision": "Write an Alembic revision for the drift.",
    "verify": "Prove a revision on a scratch database.",
    "diff": "Compare any two of: models, a database URL, a snapshot, migrations.",
    "snapshot": "Write the live schema as a JSON file: no rows, no secrets.",
    "baseline": "Accept today's findings.",
    "responses": "List response schemas, the mapped class each of them reads, and why.",
    "doctor": "Find out step by step why a check does not work.",
    "explain": "Explain a check: what it means, why it breaks, how to repair it.",
    "checks": "List all checks.",
    "init": "Find the project and write its configuration.",
    "demo": "An incident from start to end on an embedded database.",
}
"""Command names with their one line of help: shown without importing the commands."""


class LazyGroup(click.RichGroup):
    """A group that imports ``drift.cli.<command>`` only for the command that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """All commands, in the order in which they are met."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported; for the list in ``--help`` a stand-in with its one line.

        Raises:
            DriftError: When there is none, with the nearest.
        """
        if cmd_name not in COMMANDS:
            near = get_close_matches(cmd_name, COMMANDS, 1)
            way = f"did you mean `drift {near[0]}`?" if near else "`drift --help` lists the commands"
            raise DriftError(f"there is no command {cmd_name!r}", help=(way,))
        if ctx.meta.get("drift.listing"):
            return click.RichCommand(name=cmd_name, help=COMMANDS[cmd_name])
        command: click.Command = import_module(f"drift.cli.{cmd_name}").command
        return command

    def format_help(self, ctx: click.RichContext, formatter: click.RichHelpFormatter) -> None:  # type: ignore[override]
        """The group's help, without importing any command."""
        ctx.meta["drift.listing"] = True
        super().format_help(ctx, formatter)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 in sync, 1 drift, 2 could not check.",
)
@click.version_option(__version__, prog_name="drift")
@click.pass_context
def cli(context: click.Context) -> None:
    """Schema drift between models and the live database, found before the deploy."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        # Nothing was checked: a gate whose arguments got lost must not pass.
        context.exit(COULD_NOT_CHECK)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line as this process, and leave with its exit code."""
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="backslashreplace")
    listen()
    streams.reserve()
    refuse_exits()
    code = run(sys.argv[1:] if arguments is None else arguments)
    streams.leave()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line; no exception leaves."""
    verbose = any(argument in ("-v", "--verbose") for argument in arguments)
    try:
        with streams.owned():
            if _COMPLETION in os.environ:
                cli.main(args=arguments, prog_name="drift", standalone_mode=False)
            with cli.make_context("drift", list(arguments)) as context:
                result: Any = cli.invoke(context)
    except Exit as error:
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output has gone; whatever it wanted, it has.
        streams.discard()
        return COULD_NOT_CHECK
    except SystemExit as error:
        if _COMPLETION in os.environ:
            return error.code if isinstance(error.code, int) else COULD_NOT_CHECK
        # Nobody but a module of the project ends the program. What it left undone was not checked.
        report_failure(_ended(error), verbose=verbose)
        return COULD_NOT_CHECK
    except BaseException as error:
        # The last line of defence: whatever went wrong, the exit code is never 0.
        report_failure(error, verbose=verbose)
        return COULD_NOT_CHECK
    return result if isinstance(result, int) else IN_SYNC


def _ended(error: SystemExit) -> DriftError:
    call = repr(error) if isinstance(error, EndedError) else f"SystemExit: {error.code}"
    return DriftError(
        "a module of the project ended the program",
        details=(call,),
        help=("run it again with -v to see where", "modules must be importable without starting anything"),
    )
