"""Which module writes which format, and which file ending means which."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path, PurePath
from typing import cast

from drift.errors import DriftError
from drift.policy import Verdict
from drift.policy.settings import FORMATS
from drift.reports.places import FROM_ROOT, from_root
from drift.reports.safe import without_secrets
from drift.reports.text import TextOptions
from drift.reports.text import render as render_text

__all__ = ["FORMATS", "format_of", "render"]

_MODULES = {
    "json": "json_report",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "markdown": "markdown",
    "html": "html",
}
_ENDINGS = {
    ".txt": "text",
    ".text": "text",
    ".json": "json",
    ".sarif": "sarif",
    ".xml": "junit",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
}


def render(
    verdict: Verdict,
    format: str = "text",
    *,
    options: TextOptions | None = None,
    secrets: Iterable[str] = (),
    directory: Path | None = None,
) -> str:
    """The verdict in one of :data:`FORMATS`, without any password.

    Args:
        verdict: What to show.
        format: One of :data:`FORMATS`.
        options: For ``text`` only.
        secrets: Texts that must not appear, beside what looks like a password by itself.
        directory: Where paths start; what platforms read names them from the root of the repository around it.
    """
    clean = without_secrets(verdict, secrets)
    if directory is not None and format in FROM_ROOT:
        clean = from_root(clean, directory)
    if format == "text":
        return render_text(clean, options)
    module = import_module(f"drift.reports.{_MODULES[format]}")
    return cast(Callable[[Verdict], str], module.render)(clean)


def format_of(output: str) -> tuple[str, str]:
    """Format and path of an ``--output`` value: ``report.sarif``, or ``gitlab:gl-code-quality.json``.

    Raises:
        DriftError: When the ending says nothing.
    """
    prefix, colon, rest = output.partition(":")
    if colon and prefix in FORMATS and rest:
        return prefix, rest
    path = PurePath(output)
    if path.name.startswith("gl-code-quality"):
        return "gitlab", output
    format = _ENDINGS.get(path.suffix.lower())
    if format is None:
        raise DriftError(
            f"the ending of {output!r} names no format",
            place="--output",
            help=(f"name the format first, for example gitlab:{output}", f"formats: {', '.join(FORMATS)}"),
        )
    return format, output
