"""Reading a database URL, and finding what is wrong with one before a driver stumbles over it."""

from __future__ import annotations

import re
from typing import NoReturn

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from drift.errors import DriftError
from drift.sources.connections.secrets import hide_in_text

FORM = "postgresql://user:password@host:5432/database"

_PLACEHOLDER = re.compile(
    r"<[\w\s./-]+>|\$\{[^}]*\}|\$\([^)]*\)|\$[A-Z_]{3,}|\{\{.*?\}\}|\{[A-Za-z_]\w*\}|%\([\w.]+\)s|%[A-Z_]{3,}%"
    r"|\byour[-_]?(?:user(?:name)?|pass(?:word)?|host(?:name)?|db|database|server|project|domain)\b"
    r"|^change[-_]?me\b|\bxxx+\b",
    re.IGNORECASE,
)
# What a password may be only when nobody has put the real one in yet; a real one may well contain `$` or `{`.
_PLACEHOLDER_PASSWORD = re.compile(
    r"<[^>]*(?:pass|pwd|pw|secret|your|todo|change|redacted|hidden)[^>]*>|\$\{[A-Z_][A-Z0-9_:?-]*\}|\$\([^)]*\)|\$[A-Z_]{3,}"
    r"|\{\{[^}]*\}\}|\{[a-z_]*pass[a-z_]*\}|%\([\w.]+\)s|%[A-Z_]{3,}%|your[-_]?pass(?:word)?|\*{3,}|x{3,}",
    re.IGNORECASE,
)
_ALEMBIC_TEMPLATE = re.compile(r"^driver://user:pass(word)?@localhost/dbname/?$")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPES = {"@": "%40", "/": "%2F", "#": "%23", "?": "%3F", "%": "%25"}
_OTHER_TOOLS = {
    "http": "That is a web address.",
    "https": "That is a web address.",
    "mongodb": "MongoDB has no schema that SQLAlchemy could describe.",
    "redis": "Redis has no schema that SQLAlchemy could describe.",
}


def parse(text: str | None, *, origin: str) -> URL:
    """Read a database URL.

    Args:
        text: What was given.
        origin: Where it was given, for the message: ``DATABASE_URL``, ``sqlalchemy.url in alembic.ini``.

    Raises:
        DriftError: It is empty, has no scheme, has a placeholder left in, has an unescaped character in the password,
            or names no database product that SQLAlchemy knows. No message holds a secret.
    """
    value = (text or "").strip()
    if not value:
        raise DriftError(
            f"{origin} is empty" if text is not None else f"{origin} is not set",
            place=origin,
            help=(f"Set it to a URL: {FORM}",),
        )
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        _refuse(f"{origin} has quotation marks around its value", value[1:-1], origin, "Remove them.")
    if value.startswith("jdbc:"):
        _refuse(f"{origin} is a JDBC URL", value, origin, f"Write it in SQLAlchemy's form: {FORM}")
    _find_placeholder(value, origin)
    if "://" not in value:
        _refuse_without_scheme(value, origin)
    if not value.startswith("sqlite"):
        _check_password(value, origin)
    url = _make_url(value, origin)
    if url.drivername.split("+")[0] == "postgres":
        url = url.set(drivername=url.drivername.replace("postgres", "postgresql", 1))
    _check_dialect(url, value, origin)
    return url


def _find_placeholder(value: str, origin: str) -> None:
    if _ALEMBIC_TEMPLATE.match(value):
        _refuse(
            f"{origin} still holds the example URL of Alembic's template",
            value,
            origin,
            f"Set it to the URL of your database: {FORM}",
            "Or pass --database-url.",
        )
    head, password, tail = split_password(value)
    found = _PLACEHOLDER_PASSWORD.fullmatch(password) or _PLACEHOLDER.search(head) or _PLACEHOLDER.search(tail)
    if found is not None:
        _refuse(
            f"{origin} has a placeholder left in: {found.group()}",
            value,
            origin,
            "Put the real value in its place. Nothing substitutes variables inside the value of a variable.",
            f"The form is {FORM}",
        )


def _refuse_without_scheme(value: str, origin: str) -> NoReturn:
    if re.search(r"\b(host|dbname|user)\s*=", value):
        _refuse(f"{origin} is a libpq connection string, not a URL", value, origin, f"Write it as a URL: {FORM}")
    if re.search(r"\.(db|sqlite3?)$", value):
        _refuse(f"{origin} is a file name, not a URL", value, origin, f"For SQLite write sqlite:///{value}")
    if re.match(r"^[a-z0-9+]+:/?[^/]", value) and value.startswith(("postgres", "mysql", "mariadb", "sqlite")):
        _refuse(f"{origin} lacks a slash behind the colon", value, origin, f"The form is {FORM}")
    _refuse(
        f"{origin} is not a URL: it has no scheme such as postgresql://",
        value,
        origin,
        f"The form is {FORM}",
        "A host name alone is not enough; user, password and database belong to it.",
    )


def split_password(value: str) -> tuple[str, str, str]:
    """A URL's text before, in, and behind its password, which ends at the last ``@`` before the query."""
    main, question, query = value.partition("?")
    scheme, separator, rest = main.partition("://")
    account, at, address = rest.rpartition("@")
    user, colon, password = account.partition(":")
    if not at or not colon or "/" in user:
        return value, "", ""
    return f"{scheme}{separator}{user}{colon}", password, f"{at}{address}{question}{query}"


def _check_password(value: str, origin: str) -> None:
    """Find characters that end the password too early in the eyes of one reader of URLs or another."""
    main, _, query = value.partition("://")[2].partition("?")
    if "@" in query and "@" not in main and re.match(r"[^:/@]+:[^/@]*$", main):
        _refuse_characters("?", value, origin)
    password = split_password(value)[1]
    wrong = [character for character in "@/#" if character in password]
    if _BAD_PERCENT.search(password):
        wrong.append("%")
    if wrong:
        _refuse_characters("".join(wrong), value, origin)


def _refuse_characters(characters: str, value: str, origin: str) -> NoReturn:
    shown = " and ".join(f"`{character}`" for character in characters)
    escapes = ", ".join(f"{character} as {_ESCAPES[character]}" for character in characters)
    _refuse(
        f"the password in {origin} has an unescaped {shown}",
        value,
        origin,
        f"Write {escapes}. Python does it: urllib.parse.quote(password, safe='')",
        f"The form is {FORM}",
    )


def _make_url(value: str, origin: str) -> URL:
    try:
        return make_url(value)
    except ValueError:
        # The port was not a number; SQLAlchemy's message would show everything behind the colon.
        problem, advice = (
            "the port is not a number",
            "The port is what stands between host and database: host:5432/database",
        )
    except ArgumentError:
        problem, advice = (
            "SQLAlchemy cannot read it",
            "Escape special characters in user and password (@ as %40, / as %2F).",
        )
    return _refuse(f"{origin} is not a database URL: {problem}", value, origin, advice, f"The form is {FORM}")


def _check_dialect(url: URL, value: str, origin: str) -> None:
    name = url.get_backend_name()
    try:
        url.get_dialect()
    except NoSuchModuleError:
        try:
            # Only the driver may be unknown (an async one of a newer SQLAlchemy): the choice of one comes later.
            url.set(drivername=name).get_dialect()
        except NoSuchModuleError:
            pass
        else:
            return
    except ImportError:
        return
    else:
        return
    first = _OTHER_TOOLS.get(name.split("+")[0], f"SQLAlchemy knows no database called {name!r}.")
    _refuse(f"{origin} does not name a database product: {name}://", value, origin, first, f"The form is {FORM}")


def _refuse(title: str, value: str, origin: str, *advice: str) -> NoReturn:
    raise DriftError(title, place=origin, details=(f"the value is {hide_in_text(value)}",), help=advice) from None
