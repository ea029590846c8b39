"""How a verdict is shown: one module for each format."""

from drift.reports.formats import FORMATS, format_of, render

__all__ = ["FORMATS", "format_of", "render"]
