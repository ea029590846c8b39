"""One facet of a random schema is changed: exactly one finding says so, and its repair brings silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import drift
from drift.migration.options import PlanOptions
from tests.properties.bench import Bench, bench
from tests.properties.mutations import Mutation, mutations
from tests.properties.shapes import Shape, metadata_of
from tests.properties.strategies import shapes
from tests.repair import told
from tests.servers import Server


@pytest.fixture(scope="module")
def place(postgresql_server: Server) -> Iterator[Bench]:
    with bench(postgresql_server) as made:
        yield made


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Shape, Mutation]:
    """A schema and one change to it; families are drawn first, so that the many types do not crowd out the rest."""
    shape = draw(shapes())
    found = mutations(shape)
    code = draw(st.sampled_from(sorted({mutation.code for mutation in found})))
    return shape, draw(st.sampled_from([mutation for mutation in found if mutation.code == code]))


@given(both=mutated())
def test_one_change_is_one_finding_and_its_repair_brings_silence(both: tuple[Shape, Mutation], place: Bench) -> None:
    shape, mutation = both
    note(f"{mutation.code} {mutation.kind} {mutation.table} {mutation.name}")
    models = metadata_of(shape)
    schemas = sorted({*shape.schemas, *mutation.live.schemas})
    place.fill(metadata_of(mutation.live), schemas)
    report = place.check(models, schemas)
    (finding,) = report.findings or pytest.fail("nothing was found")
    assert (finding.code, finding.subject.kind.value) == (mutation.code, mutation.kind), told(report)
    if mutation.table is not None:
        assert finding.subject.table == mutation.table, told(report)
    if mutation.name is not None:
        assert finding.subject.name == mutation.name, told(report)
    plan = drift.plan(report, PlanOptions(allow_drop=True))
    if not plan.answered:
        assert plan.unanswered, "neither repaired nor said why not"
        return
    revision = place.revision(plan)
    revision.upgrade()
    assert told(place.check(models, schemas)) == []
