"""The rules of the house: layers, laziness, size, style, types, and a wheel that works where nothing else is."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "drift"
LONGEST = 500
PURE = ("schema", "findings", "alignment", "checks", "policy")
# Settings come from a file that people write: pydantic says what is wrong with it.
ALLOWED = {"policy": {"pydantic"}}


def _run(*command: str | Path, cwd: Path = ROOT, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )


def _passes(*command: str | Path) -> None:
    done = _run(*command)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"


def test_ruff_finds_nothing() -> None:
    _passes(sys.executable, "-m", "ruff", "check", ".")


def test_the_format_is_ruffs() -> None:
    _passes(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_mypy_is_content() -> None:
    _passes(sys.executable, "-m", "mypy")


def test_imports_point_one_way() -> None:
    _passes(Path(sys.executable).with_name("lint-imports"))


@pytest.mark.parametrize("room", PURE)
def test_the_inner_rooms_import_the_standard_library_only(room: str) -> None:
    allowed = {*sys.stdlib_module_names, "drift", *ALLOWED.get(room, ())}
    strangers = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
        for path in sorted((PACKAGE / room).rglob("*.py"))
        for node, name in _imports(path)
        if name.partition(".")[0] not in allowed
    ]
    assert strangers == []


def _imports(path: Path) -> list[tuple[ast.stmt, str]]:
    found: list[tuple[ast.stmt, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append((node, node.module))
    return found


def test_no_module_has_grown_large() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_bytes().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): lines for path, lines in lengths.items() if lines > LONGEST} == {}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["check", "--help"], ["explain", "CO301"], ["checks"]], ids=" ".join
)
def test_reading_needs_no_sqlalchemy(arguments: list[str]) -> None:
    heavy = ("sqlalchemy", "alembic", "pydantic", "fastapi", "jinja2")
    program = (
        "import sys\nfrom drift.cli.main import run\n"
        f"code = run({arguments!r})\n"
        f"print('HEAVY', code, [name for name in {heavy!r} if name in sys.modules])"
    )
    done = _run(sys.executable, "-c", program)
    assert done.stdout.splitlines()[-1:] == ["HEAVY 0 []"], done.stdout + done.stderr


def test_a_generated_migration_never_needs_drift() -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "templates").rglob("*")
        if path.is_file() and ("import drift" in (text := path.read_text(encoding="utf-8")) or "from drift" in text)
    ]
    assert guilty == []


def test_the_wheel_runs_the_demonstration_in_an_empty_environment(tmp_path: Path) -> None:
    built = _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "drift/templates/demo/alembic.ini" in names
    assert "drift/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "fixtures/"))]

    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    installed = _run(binaries / "python", "-m", "pip", "install", "--quiet", wheel)
    assert installed.returncode == 0, installed.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    demo = _run(binaries / "drift", "demo", cwd=elsewhere)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "In sync" in demo.stdout
