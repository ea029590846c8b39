"""Which database: the only place that looks at environment variables for it. The order is documented."""

from __future__ import annotations

from collections.abc import Mapping

from drift.policy import Config
from drift.policy.config import expand_variables, variables_in

BEFORE_THE_FILE = ("DRIFT_DATABASE_URL",)
AFTER_THE_FILE = ("DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_DATABASE_URL")

ORDER = (
    "the option `--database-url`",
    "the variable `DRIFT_DATABASE_URL`",
    "the key `database-url` of the configuration",
    "the variables `DATABASE_URL`, `SQLALCHEMY_DATABASE_URI`, `SQLALCHEMY_DATABASE_URL`",
    "what the project's own Alembic `env.py` connects to",
)
"""For the documentation."""


def database_url(option: str | None, config: Config, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """The URL's text and what named it; ``(None, "")`` leaves it to Alembic's ``env.py``.

    A variable that is set but empty is returned, not skipped: the parser then says so, instead of another database
    being checked silently.
    """
    if option is not None:
        return option, "--database-url"
    for name in BEFORE_THE_FILE:
        if name in environment:
            return environment[name], name
    if config.database_url is not None:
        place = f"{config.source or 'the configuration'}, database-url"
        variables = variables_in(config.database_url)
        text = expand_variables(config.database_url, environment, place)
        alone = len(variables) == 1 and config.database_url == f"${{{variables[0]}}}"
        return text, variables[0] if alone else place
    for name in AFTER_THE_FILE:
        if name in environment:
            return environment[name], name
    return None, ""
