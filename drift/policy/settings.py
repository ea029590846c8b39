"""The keys of ``[tool.drift]``: one table that drives validation, the reference page, and the suggestions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a key takes."""

    TEXT = "string"
    FLAG = "boolean"
    SECONDS = "number that is not negative"
    TEXTS = "list of strings"
    SELECTORS = "list of codes, prefixes or names"
    CHOICE = "one of a few words"
    SEVERITIES = "table: code, prefix or name = severity"
    TABLES = "table of tables: pattern = rule"
    PAIRS = "table: schema class = mapped class"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key.

    Attributes:
        key: As written in the file (kebab-case; underscores are accepted too).
        field: The attribute of ``Config``.
        default: As shown in the reference.
        meaning: One or two sentences of Markdown.
        option: The command-line option that overrides it, if any.
        choices: For ``Kind.CHOICE``.
    """

    key: str
    field: str
    kind: Kind
    default: str
    meaning: str
    option: str | None = None
    choices: tuple[str, ...] = ()
    example: str = ""


FAIL_ON = ("error", "warning", "info", "never")
FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "markdown", "html")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "models",
        "models",
        Kind.TEXTS,
        "from Alembic's `env.py`",
        "What the models are: `module:attribute` naming a `Base`, a `MetaData`, a registry, a list of these, or a "
        "function that returns one. Several may share one database.",
        "--models",
        example='["app.models:Base"]',
    ),
    Setting(
        "database-url",
        "database_url",
        Kind.TEXT,
        "see [the order](#where-the-database-url-comes-from)",
        "The live database. `${NAME}` is replaced by an environment variable, so that no password stands in the file.",
        "--database-url",
        example='"${DATABASE_URL}"',
    ),
    Setting(
        "snapshot",
        "snapshot",
        Kind.TEXT,
        "none",
        "A file written by `drift snapshot`, compared instead of a live database.",
        "--snapshot",
        example='"schema.json"',
    ),
    Setting(
        "alembic",
        "alembic",
        Kind.TEXT,
        "`alembic.ini` or `[tool.alembic]` found upwards",
        "The Alembic configuration whose `env.py` supplies what is not given here.",
        "--config",
        example='"migrations/alembic.ini"',
    ),
    Setting(
        "responses",
        "responses",
        Kind.TEXTS,
        "none",
        "FastAPI applications (`app.main:app`) or modules of Pydantic models whose fields are compared with the "
        "columns they read. Written as the table `[tool.drift.responses]`, its key `sources` is this list.",
        "--responses",
        example='["app.main:app"]',
    ),
    Setting(
        "responses.pairs",
        "response_pairs",
        Kind.PAIRS,
        "guessed from names and relationships",
        "Which Pydantic class reads which mapped class, where that cannot be told from their names.",
        example='{ "app.schemas:UserOut" = "app.models:User" }',
    ),
    Setting(
        "schemas",
        "schemas",
        Kind.TEXTS,
        "those the models name, and the default one",
        "Database schemas to read.",
        "--schema",
        example='["public", "billing"]',
    ),
    Setting(
        "scratch-url",
        "scratch_url",
        Kind.TEXT,
        "an embedded server, where one is installed",
        "A server on which throw-away databases may be created, to prove revisions and to run migration scripts.",
        "--scratch-url",
        example='"${SCRATCH_URL}"',
    ),
    Setting(
        "trust-schema",
        "trust_schema",
        Kind.FLAG,
        "`false`",
        "Make the scratch copy with all rights of the scratch server's login. Otherwise the live schema's functions "
        "run there as a role without rights, and extensions that reach other servers, files or programs are left out.",
        "--trust-schema",
        example="true",
    ),
    Setting(
        "allow-empty",
        "allow_empty",
        Kind.FLAG,
        "`false`",
        "Compare even when none of the mapped tables exists there. Otherwise that is taken for a wrong database.",
        "--allow-empty",
        example="true",
    ),
    Setting(
        "probe",
        "probe",
        Kind.FLAG,
        "`false`",
        "Also look at rows, read-only and bounded: NULLs, duplicates, orphans.",
        "--probe",
        example="true",
    ),
    Setting(
        "timeout",
        "timeout",
        Kind.SECONDS,
        "`300`",
        "Longest duration of a command in seconds, the waiting for servers included; then it ends with exit code 2. "
        "`0` is no limit. (`drift doctor --timeout` is about each single answer.)",
        "--timeout",
        example="60",
    ),
    Setting(
        "select",
        "select",
        Kind.SELECTORS,
        '`["ALL"]`',
        "Checks that take part. The more specific of `select` and `ignore` wins.",
        "--select",
        example='["TB", "CO", "foreign-key-missing"]',
    ),
    Setting(
        "ignore",
        "ignore",
        Kind.SELECTORS,
        "`[]`",
        "Checks that do not take part.",
        "--ignore",
        example='["TB304", "CO307"]',
    ),
    Setting(
        "severity",
        "severity",
        Kind.SEVERITIES,
        "`{}`",
        "Another severity for the findings of a check: `error`, `warning`, or `info`.",
        example='{ IX101 = "error", "index-name-mismatch" = "info" }',
    ),
    Setting(
        "tables",
        "tables",
        Kind.TABLES,
        "`{}`",
        "Rules for the tables that a pattern matches (`*`, `?`, `[abc]`; with a dot it is matched against "
        "`schema.table`). A rule has `ignore` and `severity`, like above; the later rule wins.",
        example='{ "legacy_*" = { ignore = ["ALL"] } }',
    ),
    Setting(
        "fail-on",
        "fail_on",
        Kind.CHOICE,
        '`"warning"`',
        "The mildest severity that makes the exit code 1. `never` only reports.",
        "--fail-on",
        FAIL_ON,
        example='"error"',
    ),
    Setting(
        "strict",
        "strict",
        Kind.FLAG,
        "`false`",
        "Fail also when something could not be checked.",
        "--strict",
        example="true",
    ),
    Setting(
        "baseline",
        "baseline",
        Kind.TEXT,
        "`drift-baseline.json` where that file exists",
        "The file of accepted findings.",
        "--baseline",
        example='"drift-baseline.json"',
    ),
    Setting(
        "format",
        "format",
        Kind.CHOICE,
        '`"text"`',
        "What is written to standard output.",
        "--format",
        FORMATS,
        example='"github"',
    ),
    Setting(
        "output",
        "output",
        Kind.TEXTS,
        "`[]`",
        "Files to write as well; the ending decides the format, or `FORMAT:PATH`.",
        "--output",
        example='["drift.sarif", "drift.html"]',
    ),
    Setting(
        "statistics",
        "statistics",
        Kind.FLAG,
        "`false`",
        "Show the number of findings for each check.",
        "--statistics",
        example="true",
    ),
)

TABLE_RULE_KEYS = ("ignore", "severity")

BY_KEY: Mapping[str, Setting] = {setting.key: setting for setting in SETTINGS}
