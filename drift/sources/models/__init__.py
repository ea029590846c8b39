"""The expected side: SQLAlchemy models, loaded and expressed in the nouns of :mod:`drift.schema`."""

from drift.sources.models.expectation import expect
from drift.sources.models.filters import is_table_wanted
from drift.sources.models.loaded import ExpectOptions, Models, Natives
from drift.sources.models.loading import from_metadata, load
from drift.sources.models.natives import natives
from drift.sources.models.pair_filter import without_filtered

__all__ = [
    "ExpectOptions",
    "Models",
    "Natives",
    "expect",
    "from_metadata",
    "is_table_wanted",
    "load",
    "natives",
    "without_filtered",
]
