"""What every supported pydantic needs to read a snapshot."""

from __future__ import annotations

import drift.schema
from drift.sources.snapshot_document import adapter


def test_every_noun_is_known_where_old_releases_of_pydantic_look_for_it() -> None:
    local_names = adapter.__wrapped__.__code__.co_varnames
    assert set(drift.schema.__all__) <= {*local_names, "Document"}
