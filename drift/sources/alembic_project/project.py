"""Finding a project's Alembic configuration, and opening its scripts."""

from __future__ import annotations

import configparser
import inspect
import os
import tomllib
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift.errors import DriftError
from drift.secrets import scrub
from drift.sources.connections.broken import broken_url
from drift.sources.models.blame import blame
from drift.sources.models.importing import describe, import_failure, project_on_path

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from drift.sources.alembic_project.environment import CapturedEnvironment

# Where alembic.ini stands when it is not in the project's root: Flask-Migrate's folder, and common ones.
_FOLDERS = ("", "migrations", "alembic")


@dataclass(frozen=True, slots=True)
class AlembicProject:
    """An Alembic environment on disk.

    Attributes:
        place: The file that configures it, for people.
        root: The directory in which Alembic is run: relative paths of the configuration start there.
        ini: ``alembic.ini``, if there is one.
        toml: ``pyproject.toml`` with ``[tool.alembic]``, if there is one.
        section: Section of ``alembic.ini``.
        version_locations: Where the revisions are, if ``env.py`` sets that itself (:meth:`informed`).
    """

    place: Path
    root: Path
    ini: Path | None = None
    toml: Path | None = None
    section: str = "alembic"
    version_locations: tuple[str, ...] = ()

    def informed(self, environments: Sequence[CapturedEnvironment]) -> AlembicProject:
        """The project with what only its ``env.py`` knows: a place of the revisions that depends on the database."""
        found = next((env.version_locations for env in environments if env.version_locations), ())
        return replace(self, version_locations=found)

    def config(self, x_arguments: Sequence[str] = ()) -> Config:
        """A fresh Alembic configuration, as Alembic's own command line would make it.

        Raises:
            DriftError: The file cannot be read, or names no scripts.
        """
        from alembic.config import Config

        options = Namespace(
            config=str(self.place), name=self.section, x=list(x_arguments), raiseerr=True, sql=False, tag=None, cmd=None
        )
        more: dict[str, Any] = {"toml_file": str(self.toml)} if self.toml is not None else {}
        with self._readable():
            config = Config(str(self.ini) if self.ini else None, ini_section=self.section, cmd_opts=options, **more)
            location = _option(config, "script_location")
        if location is None and (self.place.parent / "env.py").is_file():
            # Flask-Migrate's alembic.ini lies beside env.py and does not say where the scripts are.
            location = str(self.place.parent)
        if location is None:
            raise DriftError(
                f"{self.place.name} does not say where the migration scripts are",
                place=str(self.place),
                help=("Set script_location, for example: script_location = %(here)s/alembic",),
            )
        if ":" not in location:
            # A relative path starts at the root, wherever this process is.
            config.set_main_option("script_location", str(self.root / location).replace("%", "%%"))
        return config

    def scripts(self, config: Config | None = None) -> ScriptDirectory:
        """The migration scripts. Revisions that import the project's modules must be loaded :meth:`inside`.

        Raises:
            DriftError: They are not where the configuration says.
        """
        from alembic.script import ScriptDirectory
        from alembic.util import CommandError

        try:
            scripts = ScriptDirectory.from_config(config or self.config())
        except (CommandError, ImportError) as error:
            raise DriftError(
                "the migration scripts are not found",
                place=str(self.place),
                details=(scrub(describe(error)),),
                help=("Correct script_location; a relative one starts at the directory in which Alembic is run.",),
            ) from error
        if self.version_locations:
            scripts.version_locations = list(self.version_locations)
        return scripts

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be in the project's root, with its modules importable, as when Alembic is run there."""
        with project_on_path(self.root), chdir(self.root):
            yield

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (configparser.Error, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise unreadable(error, self.place) from None


def find(directory: Path, config: Path | None = None) -> AlembicProject | None:
    """The Alembic environment of a project.

    Looks for ``alembic.ini`` and for ``[tool.alembic]`` in ``pyproject.toml``, in ``directory`` and upward to the root
    of the repository.

    Args:
        directory: Where to start.
        config: A file, or a directory that holds one; relative to ``directory``.

    Raises:
        DriftError: ``config`` does not exist, or a file that is found cannot be read.
    """
    directory = Path(os.path.abspath(directory))
    if config is not None:
        path = directory / config
        found = _in_directory(path, directory) if path.is_dir() else _from_file(path, directory)
        if found is None:
            raise DriftError(
                f"there is no Alembic configuration: {config}",
                place=str(path),
                help=(
                    "Name alembic.ini, or a pyproject.toml with a section [tool.alembic]: --config path/alembic.ini",
                ),
            )
        return found
    for folder in (directory, *directory.parents):
        found = _in_directory(folder, directory)
        if found is not None:
            return found
        if (folder / ".git").exists():
            break
    return None


def unreadable(error: Exception, place: Path) -> DriftError:
    """The error for a configuration file that cannot be read. The file's text is not shown: it may hold a password."""
    line = getattr(error, "lineno", None)
    if line is None and getattr(error, "errors", None):
        line = error.errors[0][0]  # type: ignore[attr-defined]
    if isinstance(error, configparser.InterpolationError):
        return DriftError(
            f"{place.name} has a percent sign that is not doubled: option {error.option}",
            place=str(place),
            help=("In an ini file write %% for %: an @ in a password is %%40 there.",),
        )
    problem = {
        "MissingSectionHeaderError": "there is text before the first [section]",
        "DuplicateOptionError": f"an option occurs twice: {getattr(error, 'option', '')}",
        "DuplicateSectionError": f"a section occurs twice: [{getattr(error, 'section', '')}]",
        "ParsingError": "a line is neither `option = value` nor [section]",
        "UnicodeDecodeError": "it is not UTF-8 text",
        "TOMLDecodeError": "it is not valid TOML",
        "NoSectionError": f"there is no section [{getattr(error, 'section', '')}]",
    }.get(type(error).__name__, type(error).__name__)
    return DriftError(
        f"{place.name} cannot be read",
        place=f"{place}:{line}" if line is not None else str(place),
        details=(problem,),
        help=("Correct the file; `alembic current` stumbles over the same place.",),
    )


def env_failure(
    error: BaseException, env_py: str, project: AlembicProject, secrets: frozenset[str] = frozenset()
) -> DriftError:
    """The error for an exception that ``env.py`` raised, without passwords."""
    if isinstance(error, configparser.Error):
        return unreadable(error, project.place)
    place = blame(error, project.root)
    broken = broken_url(error, str(place) if place is not None else None)
    if broken is not None:
        return broken
    found = import_failure(error, env_py, directory=project.root, purpose="the Alembic environment")
    advice = found.help
    try:
        wants_arguments = "get_x_argument" in Path(project.root, env_py).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        wants_arguments = False
    if wants_arguments and isinstance(error, (KeyError, ValueError, TypeError, SystemExit, AttributeError, IndexError)):
        advice = ("env.py reads -x arguments; pass those that it needs: -x name=value", *advice)
    details = tuple(scrub(detail, secrets) for detail in found.details)
    return DriftError(f"{env_py} fails", place=found.place, details=details, help=advice)


def _in_directory(folder: Path, start: Path) -> AlembicProject | None:
    toml = _toml_with_section(folder / "pyproject.toml")
    for name in _FOLDERS:
        ini = folder / name / "alembic.ini"
        if ini.is_file():
            return AlembicProject(ini, _root(ini, start), ini, toml)
    if toml is not None:
        return AlembicProject(toml, toml.parent, None, toml)
    return None


def _from_file(path: Path, start: Path) -> AlembicProject | None:
    if not path.is_file():
        return None
    if path.suffix == ".toml":
        toml = _toml_with_section(path)
        return None if toml is None else AlembicProject(toml, toml.parent, None, toml)
    toml = _toml_with_section(path.parent / "pyproject.toml")
    return AlembicProject(path, _root(path, start), path, toml)


def _toml_with_section(path: Path) -> Path | None:
    """``pyproject.toml`` when it configures Alembic, and Alembic (from 1.16) reads it."""
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            found = tomllib.load(file).get("tool", {}).get("alembic")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise unreadable(error, path) from None
    if not found:
        return None
    from alembic.config import Config

    return path if "toml_file" in inspect.signature(Config.__init__).parameters else None


def _root(ini: Path, start: Path) -> Path:
    """Where Alembic is run: where the relative paths of the file lead to its scripts.

    That is where the file is, unless the scripts are found from the starting directory only, or lie beside the file
    (Flask-Migrate), whose parent is the project then.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read(ini, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise unreadable(error, ini) from None
    location = parser.get("alembic", "script_location", fallback=None)
    if location is None:
        return ini.parent.parent if (ini.parent / "env.py").is_file() else ini.parent
    if "%(here)s" in location or ":" in location or (ini.parent / location).is_dir():
        return ini.parent
    return next((folder for folder in (start, *ini.parent.parents) if (folder / location).is_dir()), ini.parent)


def _option(config: Config, name: str) -> str | None:
    """An option from ``pyproject.toml`` or ``alembic.ini``; older Alembic knows the latter only."""
    read = getattr(config, "get_alembic_option", config.get_main_option)
    value: str | None = read(name)
    return value
