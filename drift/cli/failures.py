"""From an exception to what a person reads on stderr. The only place that does it."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path

import rich_click as click

from drift.errors import DriftError
from drift.reports.safe import visible
from drift.secrets import environment_passwords, scrub

_secrets: set[str] = set()


def remember_secret(secret: str | None) -> None:
    """Keep a password out of everything shown from now on."""
    if secret:
        _secrets.add(secret)


def known_secrets() -> tuple[str, ...]:
    """The passwords met in this run."""
    return tuple(_secrets)


def report_failure(error: BaseException, *, verbose: bool = False) -> None:
    """Write the error block to stderr; where nobody can be told, the exit code still tells."""
    text = failure_text(error, verbose=verbose)
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()


def failure_text(error: BaseException, *, verbose: bool = False) -> str:
    """The error block: title, place, details, ways out; with ``verbose`` the traceback above it."""
    lines: list[str] = []
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "error: interrupted\n"
    if verbose and not isinstance(error, click.ClickException):
        lines += "".join(traceback.format_exception(error)).rstrip().splitlines()
        lines = [_clean(line) for line in lines]
    lines += _block(error)
    return "\n".join(lines) + "\n"


def _block(error: BaseException) -> list[str]:
    if isinstance(error, DriftError):
        return _lines(error.title, error.place, error.details, error.help)
    if isinstance(error, click.NoSuchOption):
        near = tuple(f"did you mean {option}?" for option in (error.possibilities or ())[:1])
        return _lines(f"there is no option {error.option_name}", None, (), near or _usage(error))
    if isinstance(error, click.UsageError):
        return _lines(_lower_first(error.format_message()).rstrip("."), None, (), _usage(error))
    if isinstance(error, click.ClickException):
        return _lines(_lower_first(error.format_message()).rstrip("."), None, (), ())
    if isinstance(error, OSError) and error.strerror:
        return _refused(error)
    message = str(error).strip().splitlines()
    place = _own_line(error)
    if place is not None:
        return _lines(
            f"the project's own code fails: {type(error).__name__}",
            place,
            tuple(message[:2]),
            ("correct the line, or run it again with -v for the whole traceback",),
        )
    return _lines(
        f"this should not have happened: {type(error).__name__}",
        None,
        (message[0],) if message else (),
        ("run it again with -v for the traceback, and report it",),
    )


def _refused(error: OSError) -> list[str]:
    """What the operating system said, where nobody nearer to it had better words."""
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return _lines("the working directory is not there any more", None, (), ("change into a folder that exists",))
    place = None if error.filename is None else str(error.filename)
    title = f"the system refused: {_lower_first(error.strerror or type(error).__name__)}"
    return _lines(title, place, (), ("run it again with -v to see where",))


def _own_line(error: BaseException) -> str | None:
    """The line of the project that raised it, or that called what did; ``None`` where only we are to blame."""
    from drift.sources.models.blame import blame, is_foreign

    try:
        place = blame(error, Path.cwd())
    except OSError:
        return None
    if place is None or os.path.isabs(place.path) or is_foreign(os.path.abspath(place.path)):
        return None
    return str(place)


def _usage(error: click.UsageError) -> tuple[str, ...]:
    command = error.ctx.command_path if error.ctx else "drift"
    return (f"`{command} --help` lists what it takes",)


def _lines(title: str, place: str | None, details: tuple[str, ...], help: tuple[str, ...]) -> list[str]:
    lines = [f"error: {_clean(title)}"]
    if place:
        lines.append(f"  --> {_clean(place)}")
    lines += [f"  {_clean(detail)}" for detail in details]
    lines += [f"{'help:' if number == 0 else '     '} {_clean(way)}" for number, way in enumerate(help)]
    return lines


def _clean(text: str) -> str:
    return visible_line(scrub(text, {*_secrets, *environment_passwords(os.environ)}))


def visible_line(text: str) -> str:
    """Like :func:`visible`, but keeps the indentation of the line."""
    stripped = text.lstrip(" ")
    return " " * (len(text) - len(stripped)) + visible(stripped)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
