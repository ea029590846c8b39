"""Random schemas: what ``create_all()`` made is silent; what lies between two of them is repaired and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

import drift
from drift.migration.options import PlanOptions
from tests.properties.bench import Bench, bench
from tests.properties.shapes import Shape, metadata_of
from tests.properties.strategies import pairs, shapes
from tests.repair import as_read, differences, told
from tests.servers import Server


@pytest.fixture(scope="module")
def place(postgresql_server: Server) -> Iterator[Bench]:
    """A database that holds one example at a time."""
    with bench(postgresql_server) as made:
        yield made


@given(shape=shapes())
def test_what_create_all_made_is_silent(shape: Shape, place: Bench) -> None:
    metadata = metadata_of(shape)
    place.fill(metadata, shape.schemas)
    assert told(place.check(metadata, shape.schemas)) == []


@settings(max_examples=settings().max_examples * 2)
@given(both=pairs())
def test_from_one_schema_to_another_and_back(both: tuple[Shape, Shape], place: Bench) -> None:
    old, new = both
    schemas = sorted({*old.schemas, *new.schemas})
    wanted = metadata_of(new)
    place.fill(metadata_of(old), schemas)
    report = place.check(wanted, schemas)
    before = as_read(report)
    revision = place.revision(drift.plan(report, PlanOptions(allow_drop=True)))
    revision.upgrade()
    left = place.check(wanted, schemas)
    # An enum that only dropped tables used is seen to be of no use once they are gone.
    assert [line for line in told(left) if not line.startswith("EN201")] == [], revision.source
    revision.downgrade()
    assert differences(before, as_read(place.check(wanted, schemas))) == [], revision.source
