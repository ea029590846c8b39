"""One repair as a chain of revisions for several deploys, through the command line and part by part."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import sqlalchemy as sa

import drift
from drift.errors import DriftError
from drift.migration.options import PlanOptions, Roads
from drift.migration.plan import Part
from drift.migration.revision import identifiers
from drift.migration.splitting import Link, split
from tests.migration import gaps, split_models
from tests.migration.projects import Project
from tests.migration.test_interrupted import _run_until
from tests.repair import as_read, connected, differences, run_script, told
from tests.servers import Server

MODELS = Path(split_models.__file__).read_text()
DRIFTED = """
CREATE TABLE customers (id bigserial PRIMARY KEY, name varchar(80) NOT NULL, points text NOT NULL, phone varchar(30));
CREATE INDEX ix_points ON customers (points);
CREATE TABLE orders (id bigserial PRIMARY KEY,
    customer_id integer NOT NULL, CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers);
CREATE VIEW rich AS SELECT id, points FROM customers;
INSERT INTO customers (name, points, phone) SELECT 'n' || n, n::text, n::text FROM generate_series(1, 100) n;
INSERT INTO orders (customer_id) SELECT n FROM generate_series(1, 100) n;
ANALYZE;
"""
IGNORED = "ignore = ['MG', 'IX201']"


def _project(folder: Path, url: str, *, ini: str = "") -> Project:
    project = Project(folder, url, models=MODELS, ini=ini)
    (folder / "drift.toml").write_text(f"{IGNORED}\nfail-on = 'info'\n")
    return project


def _values(url: str) -> list[tuple[object, ...]]:
    query = (
        "SELECT c.id, c.points::text, o.customer_id FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY 1"
    )
    with connected(url) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def _left(report: drift.Report) -> list[str]:
    """What drifted, without the index that nobody asked to drop."""
    return [line for line in told(report) if not line.startswith("IX201")]


def _links(url: str) -> tuple[Link, ...]:
    return split(gaps.plan(url, models=split_models.Base.metadata))


def test_a_chain_of_proven_revisions(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DRIFTED)
    project = _project(tmp_path / "project", database)
    project.add("first", None)
    project.alembic("stamp", "head")
    rows = _values(database)
    before = as_read(project.check())
    scratch = f"--scratch-url={postgresql_server.url}"
    out = project.drift("revision", "-m", "the gap", "--split", "--roads=slow", scratch, "--rows=3").out
    assert out.count("Proven on") == 3
    files = [project.folder / line for line in out.splitlines() if line.endswith(".py")]
    assert [path.name.rpartition("_gap_")[2] for path in files] == ["expand.py", "backfill.py", "contract.py"]
    follows = "first"
    for number, path in enumerate(files, start=1):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        assert f"Part {number} of 3" in text
        assert "Proven on a scratch database" in text
        assert identifiers(path)["down_revision"] == follows
        follows = str(identifiers(path)["revision"])
    assert "Until a later revision: public.customers.points_drift" in files[0].read_text()
    assert "Until a later revision" not in files[2].read_text()
    # The last can be proven before the first has run, and each when its turn has come.
    assert "Proven on" in project.drift("verify", "head", scratch).out
    for path in files:
        assert "Proven on" in project.drift("verify", str(identifiers(path)["revision"]), scratch).out
        project.alembic("upgrade", "+1")
        assert _values(database) == rows
        run_script(database, "INSERT INTO customers (name, points, phone) VALUES ('new', '7', '7');"
                             "DELETE FROM customers WHERE name = 'new';")  # fmt: skip
    assert _left(project.check()) == []
    project.alembic("downgrade", "first")
    assert _values(database) == rows
    assert differences(before, as_read(project.check())) == []


def test_the_plan_shows_the_parts(database: str, tmp_path: Path) -> None:
    run_script(database, DRIFTED)
    project = _project(tmp_path, database)
    out = project.drift("plan", "--split", "--roads=slow").out
    headings = [line for line in out.splitlines() if line.startswith("Part ")]
    assert [line.split(",")[1].split(":")[0].strip() for line in headings] == ["expand", "backfill", "contract"]
    assert "as 3 Alembic revisions" in out
    document = json.loads(project.drift("plan", "--split", "--roads=slow", "--format=json").out)
    assert [part["part"] for part in document["parts"]] == ["expand", "backfill", "contract"]
    text = project.drift("plan", "--split", "--roads=slow", "--format=markdown").out
    assert "**Contract**: apply it when no code of before is running any more." in text


def test_each_part_does_only_what_its_name_says(database: str) -> None:
    run_script(database, DRIFTED)
    titles = {link.part: [step.title for step in link.plan.active] for link in _links(database)}
    assert list(titles) == [Part.EXPAND, Part.BACKFILL, Part.CONTRACT]
    assert [title for title in titles[Part.EXPAND] if not title.startswith(("add column", "create table"))] == []
    assert "create table public.notes (3 columns)" in titles[Part.EXPAND]
    assert [title for title in titles[Part.BACKFILL] if not title.startswith("fill ")] == []
    # An index of a table whose column is exchanged waits, so that it does not go with the old column.
    assert "create index ix_phone on public.customers (phone)" in titles[Part.CONTRACT]
    assert "forbid NULL in public.customers.phone" in titles[Part.CONTRACT]


def test_names_that_code_uses_are_changed_apart(database: str) -> None:
    gaps.drifted(database, "ALTER TABLE things RENAME code TO codes;")
    links = split(gaps.plan(database))
    assert [link.part for link in links] == [Part.RENAME, Part.EXPAND, Part.CONTRACT]
    assert [step.title for step in links[0].plan.active] == ["rename column public.things.codes to code"]


def test_a_chain_killed_at_every_place(database: str, tmp_path: Path) -> None:
    run_script(database, DRIFTED)
    metadata = split_models.Base.metadata
    before, rows = as_read(gaps.check(database, metadata)), _values(database)
    plans = [link.plan for link in _links(database)]
    project = gaps.Project(plans, database, gaps.fresh(tmp_path))
    for direction in ("upgrade", "downgrade"):
        killed = 0
        while _run_until(project, direction, killed + 1):
            killed += 1
        assert killed > 20
        assert _values(database) == rows
        if direction == "upgrade":
            assert _left(gaps.check(database, metadata)) == [], project.source
    assert differences(before, as_read(gaps.check(database, metadata))) == [], project.source


def test_a_branch_in_a_folder_of_its_own(database: str, tmp_path: Path) -> None:
    run_script(database, DRIFTED)
    ini = "version_locations = %(here)s/migrations/versions %(here)s/billing\npath_separator = space\n"
    project = _project(tmp_path, database, ini=ini + "version_path_separator = space\n")
    project.add("kernel", None, labels="('core',)")
    project.add("bill", None, labels="('billing',)", folder=tmp_path / "billing")
    refused = project.drift("revision", "-m", "gap", "--split", "--roads=slow", "--unverified", expect=2)
    assert "several heads" in refused.err
    project.drift(
        "revision", "-m", "gap", "--split", "--roads=slow", "--unverified", "--head=billing@head", "--rev-id=r"
    )
    made = {path.stem: identifiers(path) for path in (tmp_path / "billing").glob("r_*.py")}
    assert {name.split("_gap_")[0]: values["down_revision"] for name, values in made.items()} == {
        "r_1": "bill",
        "r_2": "r_1",
        "r_3": "r_2",
    }
    project.alembic("upgrade", "billing@head")
    assert _left(project.check()) == []


def test_without_alembic(database: str, tmp_path: Path) -> None:
    run_script(database, DRIFTED)
    (tmp_path / "bare_models.py").write_text(MODELS)
    project = Project(tmp_path / "elsewhere", database, models=MODELS)
    arguments = ["--models=bare_models:Base", f"--database-url={database}", "--output-dir=made", "--unverified"]
    project.drift("revision", "-m", "gap", "--split", "--roads=slow", *arguments, folder=tmp_path)
    made = [identifiers(path) for path in (tmp_path / "made").glob("*.py")]
    revisions = {values["down_revision"]: values["revision"] for values in made}
    assert len(made) == 3
    assert None in revisions
    assert revisions[None] in revisions


def test_one_that_fails_takes_the_whole_chain_with_it(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    run_script(database, DRIFTED)
    spoil = """
def spoil(context, revision, directives):
    if "contract" in directives[0].message:
        directives[0].downgrade_ops.ops[:] = []
"""
    project = Project(tmp_path, database, models=MODELS, preamble=spoil, configure="process_revision_directives=spoil")
    arguments = ["revision", "-m", "gap", "--split", "--roads=slow", f"--scratch-url={postgresql_server.url}"]
    assert "did not pass its proof" in project.drift(*arguments, expect=2).err
    assert list(project.versions.iterdir()) == []


def test_elsewhere_there_is_nothing_to_split(sqlite_database: str, tmp_path: Path) -> None:
    run_script(sqlite_database, "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL);")
    plan = Project(tmp_path / "project", sqlite_database).plan(PlanOptions(roads=Roads.SLOW))
    with pytest.raises(DriftError, match="a migration for sqlite is one revision"):
        split(plan)
