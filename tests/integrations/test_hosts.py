"""No program that loads drift by itself is broken by it, whatever drift lacks or meets."""

from __future__ import annotations

import subprocess
import sys
import types
from importlib import metadata

import pytest

import drift
from drift import requirements
from drift.integrations.hosts import harmless
from drift.requirements import require

WITHOUT = ["sqlalchemy", "alembic", "pydantic", "rich", "rich_click", "mako", "jinja2", "markdown_it", "click"]
"""What drift needs; a plugin must not ask for it while its host starts."""
OLD = {
    "sqlalchemy": ("1.4.54", "needs sqlalchemy 2.0.20 or newer, and 1.4.54 is installed"),
    "alembic": ("1.12.1", "needs alembic 1.13 or newer, and 1.12.1 is installed"),
    "pydantic": ("1.10.21", "needs pydantic 2.5 or newer, and 1.10.21 is installed"),
    "click": ("8.0.4", "needs click 8.1 or newer, and 8.0.4 is installed"),
    "rich": (None, "needs rich 13.0 or newer, which is not installed"),
}


def python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "own"),
    [("alembic_plugin", ()), ("pytest_plugin", ()), ("flask_command", ("click", "jinja2"))],
    ids=["alembic", "pytest", "flask"],
)
def test_a_plugin_is_loaded_with_nothing_but_its_host(module, own):
    lost = [name for name in WITHOUT if name not in own]
    code = (
        f"import sys\nfor name in {lost!r}: sys.modules[name] = None\n"
        f"import drift.integrations.{module}\nassert 'drift.cli.main' not in sys.modules"
    )
    done = python(code, *(("-W", "error") if module == "alembic_plugin" else ()))
    assert done.returncode == 0, done.stderr


def test_alembic_finds_a_module_and_a_collection_of_it():
    from drift.integrations import alembic_plugin

    assert isinstance(alembic_plugin, types.ModuleType)
    assert list(alembic_plugin) == [alembic_plugin]


@pytest.mark.parametrize("options", [(), ("-W", "error")], ids=["warned", "warnings raise"])
def test_an_exception_becomes_a_warning_that_names_drift(options):
    code = (
        "from drift.integrations import alembic_plugin\n"
        "class Broken:\n    def add_autogenerate_comparator(self, *_, **__): raise AttributeError('gone')\n"
        "alembic_plugin.setup(Broken())"
    )
    done = python(code, *options)
    assert done.returncode == 0
    assert "drift: the autogenerate plugin is not there: AttributeError: gone" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_option_that_somebody_else_has_does_not_stop_pytest(tmp_path):
    (tmp_path / "other.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--drift-record')\n")
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "other",
        "test_it.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "drift: --drift-record is not there" in done.stderr


@pytest.mark.parametrize("options", [["-W", "error"], ["-p", "no:drift"], ["--drift-record"]], ids=" ".join)
def test_pytest_with_its_own_options(tmp_path, options):
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_record_that_cannot_be_written_leaves_the_suite_its_result(tmp_path):
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    (tmp_path / ".drift-responses.json").mkdir()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--drift-record", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "drift: the record of response schemas is not there" in done.stderr


def test_interruptions_are_not_caught():
    with pytest.raises(KeyboardInterrupt), harmless("nothing"):
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", OLD)
def test_what_is_too_old_is_said_first(monkeypatch, name):
    version, said = OLD[name]

    def found(asked: str) -> str:
        if asked != name:
            return metadata.version(asked)
        if version is None:
            raise metadata.PackageNotFoundError(asked)
        return version

    monkeypatch.setattr(requirements, "metadata", types.SimpleNamespace(**{**vars(metadata), "version": found}))
    with pytest.raises(drift.DriftError) as caught:
        drift.check  # noqa: B018 -- the first use
    assert caught.value.details == (said,)
    assert said in str(caught.value)


def test_this_environment_has_what_it_takes():
    require()


def test_every_requirement_is_one_that_can_be_read():
    texts = [text for text in metadata.requires(requirements.DISTRIBUTION) if "extra ==" not in text]
    assert len(texts) > 5
    assert all(";" not in text and ">=" in text for text in texts)


@pytest.mark.parametrize("command", [["--version"], ["check"], ["check", "--help"]], ids=" ".join)
def test_the_program_without_its_packages(tmp_path, command):
    """A stand-in for SQLAlchemy 1.4, found before the real one."""
    folder = tmp_path / "SQLAlchemy-1.4.54.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: SQLAlchemy\nVersion: 1.4.54\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from drift.__main__ import main; main({command!r})"
    done = python(code)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: drift does not run with the packages of this environment\n")
    assert "needs sqlalchemy 2.0.20 or newer, and 1.4.54 is installed" in done.stderr
    assert "should not have happened" not in done.stderr
