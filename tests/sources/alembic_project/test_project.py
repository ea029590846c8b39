"""Finding the configuration, and saying what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drift.errors import DriftError
from drift.sources.alembic_project import AlembicProject, capture, find
from tests.sources.alembic_project.support import Project

URL = "postgresql+psycopg2://shop@127.0.0.1:9/shop"


def test_upward_to_the_root_of_the_repository(tmp_path: Path) -> None:
    Project(tmp_path / "outer", URL)
    deep = tmp_path / "outer" / "a" / "b"
    deep.mkdir(parents=True)
    found = find(deep)
    assert found is not None
    assert found.place == tmp_path / "outer" / "alembic.ini"
    assert found.root == tmp_path / "outer"
    (tmp_path / "outer" / "a" / ".git").mkdir()
    assert find(deep) is None
    assert find(tmp_path / "elsewhere") is None


def test_named_explicitly(tmp_path: Path) -> None:
    project = Project(tmp_path / "db", URL)
    for config in (Path("db/alembic.ini"), Path("db"), tmp_path / "db" / "alembic.ini"):
        found = find(tmp_path, config)
        assert found is not None
        assert len(capture(found)) == 1
    with pytest.raises(DriftError, match="no Alembic configuration"):
        find(tmp_path, Path("no/alembic.ini"))
    assert project.env_py.is_file()


def test_scripts_relative_to_the_directory_in_which_alembic_is_run(tmp_path: Path) -> None:
    project = Project(tmp_path / "work", URL)
    (tmp_path / "work" / "config").mkdir()
    (tmp_path / "work" / "alembic.ini").rename(tmp_path / "work" / "config" / "alembic.ini")
    found = find(tmp_path / "work", Path("config/alembic.ini"))
    assert found is not None
    assert found.root == tmp_path / "work"
    assert len(capture(found)) == 1
    assert project.folder == tmp_path / "work"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hello\n[alembic]\n", "before the first"),
        ("[alembic]\nscript_location = a\nscript_location = b\n", "twice"),
        ("[alembic]\n[alembic]\n", "twice"),
        ("[alembic]\nwhat is this\n", "neither"),
        (b"[alembic]\nscript_location = \xff\n", "UTF-8"),
    ],
)
def test_unreadable(tmp_path: Path, text: str | bytes, problem: str) -> None:
    path = tmp_path / "alembic.ini"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DriftError) as caught:
        find(tmp_path)
    error = caught.value
    assert error.title == "alembic.ini cannot be read"
    assert problem in error.details[0]
    assert error.place is not None
    assert error.place.startswith(str(path))


def test_unreadable_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.alembic\n", encoding="utf-8")
    with pytest.raises(DriftError, match=r"pyproject\.toml cannot be read"):
        find(tmp_path)


def test_no_script_location(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")
    found = find(tmp_path)
    assert found is not None
    with pytest.raises(DriftError, match="does not say where the migration scripts are"):
        capture(found)


def test_scripts_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n", encoding="utf-8")
    found = find(tmp_path)
    assert found is not None
    with pytest.raises(DriftError) as caught:
        capture(found)
    assert caught.value.title == "the migration scripts are not found"
    assert "nowhere" in caught.value.details[0]


def test_no_env_py(tmp_path: Path) -> None:
    project = Project(tmp_path, URL)
    project.env_py.unlink()
    found = find(tmp_path)
    assert found is not None
    with pytest.raises(DriftError, match=r"has no env\.py"):
        capture(found)


def test_a_project_is_a_plain_value(tmp_path: Path) -> None:
    Project(tmp_path, URL)
    assert find(tmp_path) == AlembicProject(tmp_path / "alembic.ini", tmp_path, tmp_path / "alembic.ini")
