"""The phases are told apart; no time is asserted."""

import sqlalchemy as sa

from tests.benchmarks import phases


def test_every_phase_of_a_check_is_measured(database):
    phases.metadata().create_all(sa.create_engine(database, poolclass=sa.NullPool))
    stages = phases.measure(database)
    assert {"start and imports", "reading the models and the database", "comparing"} <= stages.keys()
    assert all(seconds >= 0 for seconds in stages.values())
