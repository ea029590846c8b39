"""``drift init``: find the project and write a minimal configuration."""

from __future__ import annotations

import ast
import json
import os
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rich_click as click

from drift.cli.environment import AFTER_THE_FILE
from drift.cli.streams import echo
from drift.errors import DriftError
from drift.files import write_file

_SKIPPED = {"node_modules", "site-packages", "versions", "tests", "test", "build", "dist", "__pycache__", "docs"}
_LARGEST_FILE = 1_000_000
_MOST_FILES = 5_000
_BASES = {"DeclarativeBase", "DeclarativeBaseNoMeta", "MappedAsDataclass"}


@dataclass(frozen=True, slots=True)
class Project:
    """What was found by reading, without importing anything.

    Attributes:
        alembic: Path of ``alembic.ini``, or of a ``pyproject.toml`` with ``[tool.alembic]``.
        models: References to bases, ``module:attribute``.
        applications: References to FastAPI applications.
    """

    alembic: str | None = None
    models: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()


@click.command()
@click.option("--force", is_flag=True, help="Write even when there is a configuration already.")
@click.option("--print", "only_print", is_flag=True, help="Show the configuration and write nothing.")
def command(force: bool, only_print: bool) -> int:
    """Find alembic.ini, models, and FastAPI application, and write `[tool.drift]`.

    It goes into pyproject.toml where there is one, otherwise into drift.toml. Nothing is imported or connected to.
    """
    directory = Path.cwd()
    project = find_project(directory)
    if project.alembic is None and not project.models:
        raise DriftError(
            "no models and no alembic.ini were found",
            place=str(directory),
            help=("run it in the project's directory, or name the models: drift check --models app.models:Base",),
        )
    pyproject = directory / "pyproject.toml"
    into_pyproject = pyproject.is_file()
    text = configuration(project, header="[tool.drift]" if into_pyproject else None)
    if only_print:
        echo(text, nl=False)
        return 0
    target = pyproject if into_pyproject else directory / "drift.toml"
    if into_pyproject:
        existing = pyproject.read_text(encoding="utf-8")
        if "drift" in tomllib.loads(existing).get("tool", {}):
            raise _exists(target, "it has [tool.drift]")
        write_file(target, existing.rstrip("\n") + "\n\n" + text)
    else:
        if target.exists() and not force:
            raise _exists(target, "it is there already")
        write_file(target, text)
    echo(text, nl=False)
    echo(f"\nWritten to {target.name}. Next: `drift check`.")
    return 0


def _exists(target: Path, detail: str) -> DriftError:
    return DriftError(
        "this project is configured already",
        place=str(target),
        details=(detail,),
        help=("edit it, or `drift init --print`",),
    )


def configuration(project: Project, header: str | None) -> str:
    """The text of the configuration: only what is needed."""
    lines = [header] if header else []
    if project.alembic is None or not _is_default(project.alembic):
        if project.alembic is not None:
            lines.append(f"alembic = {json.dumps(project.alembic)}")
        else:
            lines.append(f"models = {json.dumps(list(project.models))}")
    if project.alembic is None:
        variable = next((name for name in AFTER_THE_FILE if name in os.environ), AFTER_THE_FILE[0])
        lines.append(f'database-url = "${{{variable}}}"')
    if project.applications:
        lines.append(f"responses = {json.dumps(list(project.applications))}")
    if project.alembic is not None:
        lines.append("# Models and database are taken from Alembic's env.py.")
    return "\n".join(lines) + "\n"


def _is_default(alembic: str) -> bool:
    return alembic in ("alembic.ini", "pyproject.toml")


def find_project(directory: Path) -> Project:
    """Read the project's Python files and look for what drift needs. Nothing is imported."""
    files = list(_python_files(directory))
    models: list[str] = []
    applications: list[str] = []
    for file in files:
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue
        module = _module(file, directory)
        models += [f"{module}:{name}" for name in _bases(tree)]
        applications += [f"{module}:{name}" for name in _fastapi_applications(tree)]
    return Project(_alembic(directory), tuple(sorted(models)), tuple(sorted(applications)))


def _python_files(directory: Path) -> Iterator[Path]:
    number = 0
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED and not name.startswith(".") and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(folder) / name
            if name.endswith(".py") and not name.startswith("test_") and path.stat().st_size < _LARGEST_FILE:
                number += 1
                if number > _MOST_FILES:
                    return
                yield path


def _module(file: Path, directory: Path) -> str:
    parts = list(file.relative_to(directory).with_suffix("").parts)
    if parts[0] == "src" and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    return ".".join(parts)


def _bases(tree: ast.Module) -> Iterator[str]:
    """Names of declarative bases, ``db = SQLAlchemy()`` objects, and ``SQLModel`` modules."""
    sqlmodel = False
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(_last_name(base) in _BASES for base in node.bases):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            called = _last_name(node.value.func)
            for name in _targets(node):
                if called == "declarative_base":
                    yield name
                elif called == "SQLAlchemy":
                    yield f"{name}.metadata"
        elif isinstance(node, ast.ClassDef) and _is_sqlmodel_table(node):
            sqlmodel = True
    if sqlmodel:
        yield "SQLModel.metadata"


def _is_sqlmodel_table(node: ast.ClassDef) -> bool:
    return any(
        keyword.arg == "table" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in node.keywords
    )


def _fastapi_applications(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        called = (
            node.value.func
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call)
            else None
        )
        if called is not None and _last_name(called) == "FastAPI" and isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _targets(node)


def _targets(node: ast.Assign | ast.AnnAssign) -> Iterable[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _alembic(directory: Path) -> str | None:
    pyproject = directory / "pyproject.toml"
    if (directory / "alembic.ini").is_file():
        return "alembic.ini"
    if pyproject.is_file():
        try:
            if "alembic" in tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {}):
                return "pyproject.toml"
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            pass
    below = sorted(directory.glob("*/alembic.ini"))
    return below[0].relative_to(directory).as_posix() if below else None
