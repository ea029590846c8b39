"""Options that several commands share, and what they come down to: one :class:`Settings`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TextIO, TypeVar

import rich_click as click

from drift.cli.environment import database_url
from drift.cli.streams import aside, report
from drift.policy import Config, load_config
from drift.policy.config import expand_variables
from drift.policy.selectors import EVERYTHING, require_known
from drift.policy.settings import FAIL_ON, FORMATS

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command works with: file, environment and options, merged.

    Attributes:
        config: Configuration with the options applied.
        database: The live database's URL, ``None`` when nothing names one.
        origin: What named it, for messages: an option, a variable, a file.
        x_arguments: Alembic's ``-x`` arguments.
        verbose, quiet: How much is said.
        color: ``auto``, ``always``, ``never``.
    """

    config: Config
    database: str | None = None
    origin: str = ""
    x_arguments: tuple[str, ...] = ()
    verbose: bool = False
    quiet: bool = False
    color: str = "auto"

    @property
    def directory(self) -> Path:
        """Where paths start."""
        return self.config.directory


_TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Longest duration, 0 for any [default: 300].",
)
_INPUTS = (
    click.option(
        "--models",
        multiple=True,
        metavar="MODULE:ATTR",
        help="Models: a Base, MetaData, registry, or list. Repeatable.",
    ),
    click.option("--database-url", metavar="URL", help="The live database. Its password is never shown."),
    click.option("--snapshot", metavar="FILE", help="A file written by `drift snapshot`, instead of a live database."),
    click.option("--config", "alembic", metavar="FILE", help="alembic.ini, where it is not found by itself."),
    click.option(
        "--responses",
        multiple=True,
        metavar="MODULE[:APP]",
        help="A FastAPI app or a module of Pydantic models. Repeatable.",
    ),
    click.option("--schema", "schemas", multiple=True, metavar="NAME", help="Database schema to read. Repeatable."),
    click.option("--scratch-url", metavar="URL", help="A server on which throw-away databases may be created."),
    click.option(
        "--trust-schema",
        is_flag=True,
        default=None,
        help="Make the scratch copy with all rights of its server's login.",
    ),
    click.option("--allow-empty", is_flag=True, default=None, help="Compare even when no mapped table exists there."),
    click.option("--probe", is_flag=True, default=None, help="Also look at rows, read-only and bounded."),
    _TIMEOUT,
    click.option(
        "-x", "x_arguments", multiple=True, metavar="KEY=VALUE", help="Argument for Alembic's env.py. Repeatable."
    ),
    click.option("--settings", metavar="FILE", help="drift.toml or pyproject.toml, where it is not found by itself."),
)
_POLICY = (
    click.option(
        "--select",
        multiple=True,
        metavar="CODES",
        help="Only these checks: codes, prefixes, names; commas or repeated.",
    ),
    click.option("--ignore", multiple=True, metavar="CODES", help="Not these checks."),
    click.option(
        "--fail-on", type=click.Choice(FAIL_ON), default=None, help="Mildest severity that fails [default: warning]."
    ),
    click.option("--strict", is_flag=True, default=None, help="Fail also when something could not be checked."),
    click.option("--baseline", metavar="FILE", help="Accepted findings [default: drift-baseline.json if there]."),
    click.option("--no-baseline", is_flag=True, help="Show accepted findings too."),
)
_OUTPUT = (
    click.option(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        default=None,
        help="What standard output gets [default: text].",
    ),
    click.option(
        "--output",
        "-o",
        multiple=True,
        metavar="FILE",
        help="Also write this file; its ending decides the format, or FORMAT:FILE. Repeatable.",
    ),
    click.option("--statistics", is_flag=True, default=None, help="Also count findings for each check."),
)
_VERBOSITY = (
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours."),
    click.option("-q", "--quiet", is_flag=True, help="Only the summary."),
    click.option("-v", "--verbose", is_flag=True, help="Say more; tracebacks for errors."),
)


def takes_settings(*, policy: bool = False, output: bool = False, timeout: bool = True) -> Callable[[F], F]:
    """Add the shared options to a command, which then gets one ``settings`` argument for all of them.

    Without ``timeout``, that option is the command's own.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def wrapper(**options: Any) -> Any:
            aside()
            return function(settings=_settings(options, output=output, timeout=timeout), **options)

        command: Any = wrapper
        groups = (_INPUTS, _POLICY if policy else (), _OUTPUT if output else (), _VERBOSITY)
        for option in reversed([option for group in groups for option in group]):
            if option is _TIMEOUT and not timeout:
                continue
            command = option(command)
        return command  # type: ignore[no-any-return]

    return decorate


def _settings(options: dict[str, Any], *, output: bool, timeout: bool) -> Settings:
    """Take the shared options out of ``options`` and merge them over the configuration file."""
    directory = Path.cwd()
    file = options.pop("settings")
    config = load_config(directory, Path(file) if file else None)
    here: dict[str, Any] = {
        "models": options.pop("models"),
        "responses": options.pop("responses"),
        "schemas": options.pop("schemas"),
        "allow_empty": options.pop("allow_empty"),
        "probe": options.pop("probe"),
        "select": _selectors("--select", options.pop("select", ())),
        "ignore": _selectors("--ignore", options.pop("ignore", ())),
        "fail_on": options.pop("fail_on", None),
        "strict": options.pop("strict", None),
        "scratch_url": options.pop("scratch_url"),
        "trust_schema": options.pop("trust_schema"),
        # Paths on the command line start here, those of the file at the file.
        **{
            name: str(directory / value) if (value := options.pop(name, None)) else None
            for name in ("snapshot", "alembic", "baseline")
        },
    }
    if timeout:
        here["timeout"] = options.pop("timeout")
    if output:
        here["format"] = options.pop("format_")
        here["statistics"] = options.pop("statistics")
        here["output"] = tuple(options.pop("output"))
    option_url = options.pop("database_url")
    snapshot_given = here["snapshot"] is not None
    if options.pop("no_baseline", False):
        config = config.with_options(baseline="")
    url, origin = (None, "") if snapshot_given else database_url(option_url, config, os.environ)
    config = config.with_options(**here)
    if config.scratch_url is not None:
        place = f"{config.source or 'the configuration'}, scratch-url"
        config = config.with_options(scratch_url=expand_variables(config.scratch_url, os.environ, place))
    if option_url:
        config = config.without_snapshot()
    return Settings(
        config,
        url,
        origin,
        tuple(options.pop("x_arguments")),
        options.pop("verbose"),
        options.pop("quiet"),
        options.pop("color"),
    )


def _selectors(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Codes, prefixes and names, separated by commas or given one by one; unknown ones are refused here."""
    selectors = tuple(part.strip() for value in values for part in value.split(",") if part.strip())
    for selector in selectors:
        if selector.upper() != EVERYTHING:
            require_known(selector, option)
    return selectors


def use_color(choice: str, stream: TextIO) -> bool:
    """Whether ``stream`` gets colours: a terminal does, unless ``NO_COLOR`` is set; ``FORCE_COLOR`` means always."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def stdout_color(settings: Settings) -> bool:
    """Whether standard output gets colours."""
    return use_color(settings.color, report())
