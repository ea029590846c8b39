"""The revision file in many kinds of Alembic projects."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from drift.errors import DriftError
from drift.migration.revision import add_to_docstring, write
from tests.migration.projects import DATABASE, Project
from tests.repair import run_script, told


def _write(project: Project, **wishes: object) -> Path:
    report = project.check()
    comparison = report.comparison
    return write(
        project.plan(),
        "close the gap",
        project=comparison.project,
        environment=comparison.environment,
        **wishes,  # type: ignore[arg-type]
    )


def _alembic(project: Project, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments], cwd=project.folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_projects_own_style(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    hook = (
        "file_template = %%(year)d_%%(slug)s\n[post_write_hooks]\nhooks = mark\n"
        f"mark.type = exec\nmark.executable = {sys.executable}\n"
        "mark.options = -c \"import sys; open(sys.argv[1], 'a').write('# hooked')\" REVISION_SCRIPT_FILENAME\n"
    )
    project = Project(tmp_path, database, ini=hook)
    project.add("first", None)
    _alembic(project, "stamp", "head")
    path = _write(project)
    text = path.read_text()
    assert path.parent == project.versions
    assert path.name.endswith("_close_the_gap.py")
    assert "# written by the project's own template" in text
    assert "# hooked" in text
    assert "down_revision = 'first'" in text
    assert f"import {project.models}" in text
    assert f"{project.models}.Shouting(length=30)" in text
    assert "Made for the live schema" in text
    _alembic(project, "upgrade", "head")
    assert told(project.check()) == []
    _alembic(project, "downgrade", "-1")
    assert [f.code for f in project.check().findings] == ["CO101"]


def test_the_projects_hooks(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    preamble = """
def render_item(kind, item, context):
    if kind == "type" and type(item).__name__ == "Shouting":
        context.imports.add("from sqlalchemy import Unicode")
        return "Unicode(30)"
    return False

def number(context, revision, directives):
    directives[0].rev_id = "0042"
    directives[0].message = "numbered " + directives[0].message
"""
    project = Project(
        tmp_path, database, preamble=preamble, configure="render_item=render_item, process_revision_directives=number"
    )
    path = _write(project)
    text = path.read_text()
    assert path.name == "0042_numbered_close_the_gap.py"
    assert "sa.Column('motto', Unicode(30), nullable=True)" in text
    assert "from sqlalchemy import Unicode" in text
    _alembic(project, "upgrade", "head")
    assert told(project.check()) == []


def test_a_rewriter_sees_the_operations(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    preamble = """
from alembic.autogenerate import rewriter
from alembic.operations import ops
writer = rewriter.Rewriter()

@writer.rewrites(ops.AddColumnOp)
def add(context, revision, op):
    op.column.comment = "rewritten"
    return op
"""
    project = Project(tmp_path, database, preamble=preamble, configure="process_revision_directives=writer")
    assert "comment='rewritten'" in _write(project).read_text()


def test_a_hook_that_leaves_nothing(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    preamble = "def none(context, revision, directives):\n    directives[:] = []\n"
    project = Project(tmp_path, database, preamble=preamble, configure="process_revision_directives=none")
    with pytest.raises(DriftError, match="left nothing to write"):
        _write(project)
    assert list(project.versions.iterdir()) == []


def test_several_heads(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    project.add("root", None)
    project.add("left", "root", labels="('billing',)")
    project.add("right", "root")
    with pytest.raises(DriftError, match="several heads") as caught:
        _write(project)
    assert sorted(caught.value.details) == ["head left (billing)", "head right"]
    assert any("--head" in line for line in caught.value.help)
    assert "down_revision = 'left'" in _write(project, head="billing@head").read_text()
    with pytest.raises(DriftError, match="Alembic cannot write"):
        _write(project, head="nothing")


def test_a_revision_that_somebody_wrote_meanwhile_is_seen(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    project.add("root", None)
    known = frozenset(head for state in project.check().comparison.migrations for head in state.heads)
    assert known == {"root"}
    first = _write(project, known_heads=known)
    with pytest.raises(DriftError, match="another revision was written while this one was made") as caught:
        _write(project, known_heads=known)
    assert caught.value.place == str(first)
    assert _alembic(project, "heads").count("(head)") == 1


def test_two_at_once_never_leave_two_heads(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    project.add("root", None)
    command = [sys.executable, "-m", "drift", "revision", "--unverified", "--database-url", database, "-m"]
    both = [
        subprocess.Popen([*command, name], cwd=project.folder, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    for process in both:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0 or "another revision was written while this one was made" in said
    assert _alembic(project, "heads").count("(head)") == 1


def test_version_locations(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    ini = "version_locations = %(here)s/migrations/versions %(here)s/billing\npath_separator = space\n"
    ini += "version_path_separator = space\n"
    project = Project(tmp_path, database, ini=ini)
    project.add("first", None, labels="('core',)")
    project.add("bill", None, labels="('billing',)", folder=tmp_path / "billing")
    path = _write(project, head="billing@head")
    assert path.parent == tmp_path / "billing"
    assert "down_revision = 'bill'" in path.read_text()


def test_offline(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    _write(project)
    sql = _alembic(project, "upgrade", "head", "--sql")
    assert "ALTER TABLE users ADD COLUMN motto VARCHAR(30)" in sql
    assert "SET lock_timeout = '5s'" in sql


def test_without_alembic(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path / "project", database)
    plan = project.plan()
    with pytest.raises(DriftError, match="no Alembic environment"):
        write(plan, "close the gap")
    folder = tmp_path / "bare"
    first = write(plan, 'a """ quote \\ and\nmore', directory=folder)
    second = write(plan, "second", directory=folder)
    revision = first.name.split("_")[0]
    assert f"down_revision = {revision!r}" in second.read_text()
    compile(first.read_text(), str(first), "exec")


def test_flask_migrate_lays_its_ini_beside_env(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE)
    project = Project(tmp_path, database)
    text = (tmp_path / "alembic.ini").read_text().replace("script_location = %(here)s/migrations\n", "")
    text = text.replace("prepend_sys_path = %(here)s", "prepend_sys_path = %(here)s/..")
    (tmp_path / "migrations" / "alembic.ini").write_text(text)
    (tmp_path / "alembic.ini").unlink()
    assert _write(project).parent == project.versions


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"""One line"""\nx = 1\n', '"""One line\n\nproof\n"""\nx = 1\n'),
        ('"""Two\n\nlines\n"""\nx = 1\n', '"""Two\n\nlines\n\nproof\n"""\nx = 1\n'),
        ("'short'\nx = 1\n", '"""short\n\nproof\n"""\nx = 1\n'),
        ("x = 1\n", "# proof\nx = 1\n"),
    ],
)
def test_the_proof_goes_into_the_docstring(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "revision.py"
    path.write_text(before)
    add_to_docstring(path, ["proof"])
    assert path.read_text() == after


def test_nothing_to_write(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE + "ALTER TABLE users ADD COLUMN motto varchar(30);")
    project = Project(tmp_path, database)
    with pytest.raises(DriftError, match="nothing to write"):
        _write(project)
