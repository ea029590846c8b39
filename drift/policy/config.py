"""The configuration: what ``[tool.drift]``, ``drift.toml`` and the command line's options come down to."""

from __future__ import annotations

import difflib
import fnmatch
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drift.errors import DriftError
from drift.findings import Severity
from drift.policy.selectors import require_known
from drift.policy.settings import BY_KEY, TABLE_RULE_KEYS, Kind, Setting

DEFAULT_BASELINE = "drift-baseline.json"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class TableRule:
    """What holds for the tables that match ``pattern`` (a glob over ``table``, or ``schema.table`` with a dot)."""

    pattern: str
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()

    def matches(self, schema: str | None, table: str) -> bool:
        """Whether the rule is about that table."""
        name = f"{schema}.{table}" if "." in self.pattern and schema is not None else table
        return fnmatch.fnmatchcase(name, self.pattern)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be configured. The keys are described in :mod:`drift.policy.settings`.

    Lists are accepted where tuples are declared, and words where enums are.

    Attributes:
        source: The file it was read from, for error messages; ``None`` when made in code.
        directory: Paths of the configuration are relative to it.
        baseline: An empty text means that none is wanted, not even the default file.

    Raises:
        DriftError: For an unknown check, severity, or word.
    """

    models: tuple[str, ...] = ()
    database_url: str | None = None
    snapshot: str | None = None
    alembic: str | None = None
    responses: tuple[str, ...] = ()
    response_pairs: tuple[tuple[str, str], ...] = ()
    schemas: tuple[str, ...] = ()
    scratch_url: str | None = None
    trust_schema: bool = False
    allow_empty: bool = False
    probe: bool = False
    timeout: float = 300.0
    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    tables: tuple[TableRule, ...] = ()
    fail_on: str = "warning"
    strict: bool = False
    baseline: str | None = None
    format: str = "text"
    output: tuple[str, ...] = ()
    statistics: bool = False
    source: str | None = None
    directory: Path = Path()

    def __post_init__(self) -> None:
        place = self.source or "Config"
        for setting in BY_KEY.values():
            value = getattr(self, setting.field)
            if value is not None:
                object.__setattr__(self, setting.field, _value(setting, value, place))

    def path(self, text: str) -> Path:
        """A path of the configuration, taken from its directory."""
        return self.directory / text

    def with_options(self, **options: Any) -> Config:
        """This configuration with the options that were given (``None`` and empty tuples mean: not given)."""
        return replace(self, **{name: value for name, value in options.items() if value not in (None, ())})

    def without_snapshot(self) -> Config:
        """This configuration with the live database in place of a configured snapshot."""
        return replace(self, snapshot=None)


def config_from_mapping(values: Mapping[str, Any], *, source: str, directory: Path) -> Config:
    """Build a configuration from a parsed TOML table.

    Raises:
        DriftError: For an unknown key (with a suggestion) or a value of the wrong kind.
    """
    fields: dict[str, Any] = {}
    for written, value in values.items():
        key = written.replace("_", "-")
        if key == "responses" and isinstance(value, Mapping):
            fields.update(_responses(value, source))
            continue
        setting = BY_KEY.get(key)
        if setting is None or "." in key:
            raise _unknown_key(written, [key for key in BY_KEY if "." not in key], source)
        fields[setting.field] = _value(setting, value, source)
    return Config(**fields, source=source, directory=directory)


def load_config(directory: Path, file: Path | None = None) -> Config:
    """Read ``drift.toml`` or ``[tool.drift]`` of ``pyproject.toml``, from ``directory`` upwards; the nearest wins.

    Without either, the defaults are returned.

    Raises:
        DriftError: When the file cannot be read, is not TOML, or says something that is not understood.
    """
    if file is not None:
        return _read(file, required=True) or Config(directory=file.resolve().parent)
    for folder in (directory.resolve(), *directory.resolve().parents):
        for candidate in (folder / "drift.toml", folder / "pyproject.toml"):
            if candidate.is_file() and (config := _read(candidate, required=False)) is not None:
                return config
        if (folder / ".git").exists():
            break
    return Config(directory=directory)


def expand_variables(text: str, environment: Mapping[str, str], place: str) -> str:
    """Replace each ``${NAME}``.

    Raises:
        DriftError: When a variable is not set; the text itself is not shown, because it may hold a secret.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise DriftError(
                f"the environment variable {match[1]} is not set", place=place, help=(f"export {match[1]}=…",)
            )
        return environment[match[1]]

    return _VARIABLE.sub(value, text)


def variables_in(text: str) -> tuple[str, ...]:
    """Names of the variables that :func:`expand_variables` would replace."""
    return tuple(_VARIABLE.findall(text))


def _read(file: Path, *, required: bool) -> Config | None:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DriftError("the configuration file cannot be read", place=str(file), details=(str(reason),)) from error
    except tomllib.TOMLDecodeError as error:
        raise DriftError("the configuration file is not valid TOML", place=str(file), details=(str(error),)) from error
    if file.name == "pyproject.toml":
        section = document.get("tool", {}).get("drift")
        if section is None and not required:
            return None
        document, source = section or {}, f"{file.name} [tool.drift]"
    else:
        source = file.name
    return config_from_mapping(document, source=source, directory=file.resolve().parent)


def _responses(value: Mapping[str, Any], source: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, inner in value.items():
        if key == "sources":
            fields["responses"] = _value(BY_KEY["responses"], inner, source)
        elif key == "pairs":
            fields["response_pairs"] = _value(BY_KEY["responses.pairs"], inner, source)
        else:
            raise _unknown_key(key, ["sources", "pairs"], f"{source}, responses")
    return fields


def _value(setting: Setting, value: Any, place: str) -> Any:
    """The value of a key in its declared form."""
    match setting.kind:
        case Kind.TEXT if isinstance(value, str | Path):
            return str(value)
        case Kind.SECONDS if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
            return float(value)
        case Kind.FLAG if isinstance(value, bool):
            return value
        case Kind.CHOICE if isinstance(value, str):
            if value not in setting.choices:
                near = difflib.get_close_matches(value, setting.choices, 1)
                raise DriftError(
                    f"{setting.key} cannot be {value!r}",
                    place=place,
                    help=(f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(setting.choices)}",),
                )
            return value
        case Kind.TEXTS:
            return _texts(setting.key, value, place)
        case Kind.SELECTORS:
            return _selectors(setting.key, value, place)
        case Kind.SEVERITIES:
            return _severities(setting.key, value, place)
        case Kind.PAIRS if isinstance(value, Mapping | tuple):
            return tuple((str(left), str(right)) for left, right in _items(value))
        case Kind.TABLES if isinstance(value, Mapping):
            return tuple(_table_rule(str(pattern), rule, place) for pattern, rule in value.items())
        case Kind.TABLES if isinstance(value, tuple | list) and all(isinstance(rule, TableRule) for rule in value):
            return tuple(value)
    raise DriftError(
        f"{setting.key} takes a {setting.kind.value}",
        place=place,
        help=(f"for example: {setting.key} = {setting.example}",),
    )


def _texts(key: str, value: Any, place: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        texts = tuple(value)
        if all(isinstance(text, str) for text in texts):
            return texts
    raise DriftError(
        f"{key} takes a list of strings",
        place=place,
        help=(f"for example: {key} = {BY_KEY[key].example}",) if key in BY_KEY else (),
    )


def _selectors(key: str, value: Any, place: str) -> tuple[str, ...]:
    selectors = _texts(key, value, place)
    for selector in selectors:
        if selector.upper() != "ALL":
            require_known(selector, f"{place}, {key}")
    return selectors


def _severities(key: str, value: Any, place: str) -> tuple[tuple[str, Severity], ...]:
    if not isinstance(value, Mapping | tuple):
        raise DriftError(
            f"{key} takes a table", place=place, help=(f"for example: {key} = {BY_KEY['severity'].example}",)
        )
    result = []
    for selector, word in _items(value):
        if selector.upper() != "ALL":
            require_known(selector, f"{place}, {key}")
        if word not in tuple(Severity):
            raise DriftError(
                f"{key} of {selector} cannot be {word!r}", place=place, help=("choose error, warning, or info",)
            )
        result.append((selector, Severity(word)))
    return tuple(result)


def _table_rule(pattern: str, rule: Any, place: str) -> TableRule:
    if not isinstance(rule, Mapping):
        raise DriftError(
            f"the rule for tables {pattern!r} is not a table",
            place=place,
            help=(f"for example: tables = {BY_KEY['tables'].example}",),
        )
    for key in rule:
        if key not in TABLE_RULE_KEYS:
            raise _unknown_key(str(key), list(TABLE_RULE_KEYS), f"{place}, tables.{pattern}")
    return TableRule(
        pattern,
        _selectors("ignore", rule.get("ignore", ()), f"{place}, tables.{pattern}"),
        _severities("severity", rule.get("severity", ()), f"{place}, tables.{pattern}"),
    )


def _items(value: Mapping[Any, Any] | tuple[Any, ...]) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, Mapping) else value


def _unknown_key(key: str, known: list[str], place: str) -> DriftError:
    near = difflib.get_close_matches(key.replace("_", "-"), known, 1)
    return DriftError(
        f"unknown key {key!r}",
        place=place,
        help=(f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}",),
    )
