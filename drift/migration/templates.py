"""Where the Jinja templates are: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve()
_FOLDERS = (_HERE.parents[1] / "templates", _HERE.parents[2] / "templates")


def render_template(name: str, **values: Any) -> str:
    """Render a template whose result is not HTML: nothing is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([str(folder) for folder in _FOLDERS]),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(name).render(**values)
