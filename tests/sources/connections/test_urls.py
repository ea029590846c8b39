"""Broken URLs are named, with the secret hidden and the right form beside them (incident I8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import URL, make_url

from drift.errors import DriftError
from drift.sources.connections import display, parse, scrub

SECRET = "s3cr3t"


def _error(text: str | None) -> DriftError:
    with pytest.raises(DriftError) as caught:
        parse(text, origin="DATABASE_URL")
    error = caught.value
    assert "DATABASE_URL" in error.title
    assert error.place == "DATABASE_URL"
    assert error.help
    shown = " ".join((error.title, *error.details, *error.help))
    assert SECRET not in shown
    assert error.__cause__ is None
    return error


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (None, "is not set"),
        ("", "is empty"),
        ("  \n", "is empty"),
        ("db.internal", "has no scheme"),
        ("db.internal:5432/shop", "has no scheme"),
        ("localhost", "has no scheme"),
        (SECRET, "has no scheme"),
        (f"shop:{SECRET}@db.internal/shop", "has no scheme"),
        (f"host=db user=shop password={SECRET}", "libpq connection string"),
        (f"host=db user=shop password='{SECRET} x'", "libpq connection string"),
        ("app.sqlite3", "is a file name"),
        (f"postgresql:/shop:{SECRET}@db/shop", "lacks a slash"),
        (f"'postgresql://shop:{SECRET}@db/shop'", "quotation marks"),
        (f"jdbc:postgresql://db/shop?password={SECRET}", "JDBC"),
        (f"https://shop:{SECRET}@db/shop", "does not name a database product"),
        (f"oracel://shop:{SECRET}@db/shop", "does not name a database product"),
        (f"postgresql://shop:{SECRET}@db:54x32/shop", "the port is not a number"),
        ("postgresql://shop:<password>@db/shop", "placeholder left in: <password>"),
        ("postgresql://shop:${DB_PASSWORD}@db/shop", "placeholder left in: ${DB_PASSWORD}"),
        (f"postgresql://shop:{SECRET}@${{DB_HOST}}/shop", "placeholder left in: ${DB_HOST}"),
        (f"postgresql://shop:{SECRET}@{{{{ host }}}}/shop", "placeholder left in: {{ host }}"),
        ("postgresql://shop:***@db/shop", "placeholder left in: ***"),
        ("postgresql://%(DB_USER)s:x@db/shop", "placeholder left in: %(DB_USER)s"),
        ("$DATABASE_URL", "placeholder left in: $DATABASE_URL"),
        ("changeme://shop", "placeholder left in"),
        ("postgresql://your-user:x@db/shop", "placeholder left in: your-user"),
        ("driver://user:pass@localhost/dbname", "example URL of Alembic's template"),
    ],
)
def test_broken(text: str | None, title: str) -> None:
    assert title in _error(text).title


@pytest.mark.parametrize(
    ("character", "escape"), [("@", "%40"), ("/", "%2F"), ("#", "%23"), ("?", "%3F"), ("%", "%25")]
)
def test_unescaped_characters_in_the_password(character: str, escape: str) -> None:
    with pytest.raises(DriftError) as caught:
        parse(f"postgresql://shop:{SECRET}{character}zz@db:5432/shop", origin="DATABASE_URL")
    error = caught.value
    assert f"unescaped `{character}`" in error.title
    assert f"{character} as {escape}" in error.help[0]
    assert SECRET not in str(error.details) + str(error.help)
    assert "zz" not in str(error.details)


def test_unescaped_at_and_slash_together() -> None:
    error = _error(f"postgresql://shop:{SECRET}@x/y@db/shop")
    assert "`@` and `/`" in error.title
    assert error.details == ("the value is postgresql://shop:***@db/shop",)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://shop:p%40ss@db/shop",
        "postgres://shop:x@db/shop",
        "postgresql+asyncpg://shop:x@db/shop?ssl=require",
        "postgresql+psycopg_async://shop:x@db/shop",
        "postgresql:///shop",
        "postgresql://db/shop",
        "postgresql://shop@db/shop?options=-csearch_path%3Dapp",
        "postgresql://shop:a{b}$c!*@db/shop",
        "mysql+aiomysql://shop:x@db/shop?charset=utf8mb4",
        "mariadb://shop:x@db/shop",
        "sqlite:///relative/app.db",
        "sqlite:////absolute/app#1@x.db",
        "sqlite+aiosqlite://",
        " postgresql://shop:x@db/shop\n",
    ],
)
def test_good(text: str) -> None:
    url = parse(text, origin="DATABASE_URL")
    assert url.get_backend_name() in ("postgresql", "mysql", "mariadb", "sqlite")


def test_the_heroku_scheme_is_understood() -> None:
    assert parse("postgres://shop:x@db/shop", origin="x").drivername == "postgresql"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"postgresql://shop:{SECRET}@db:5432/shop", "postgresql://shop:***@db:5432/shop"),
        ("postgresql://shop@db/shop", "postgresql://shop@db/shop"),
        (
            f"postgresql://db/shop?password={SECRET}&sslpassword={SECRET}&sslmode=require",
            "postgresql://db/shop?password=***&sslmode=require&sslpassword=***",
        ),
        (f"postgresql://db/shop?options=-c%20app.token%3D{SECRET}", "postgresql://db/shop?options=***"),
        ("postgresql://db/shop?passfile=/home/x/.pgpass", "postgresql://db/shop?passfile=%2Fhome%2Fx%2F.pgpass"),
        (f"mssql+pyodbc:///?odbc_connect=PWD%3D{SECRET}", "mssql+pyodbc:///?odbc_connect=***"),
        (f"postgresql://shop:{SECRET}@x@db/shop", "postgresql://shop:***@db/shop"),
        (f"postgresql://shop:{SECRET}@db:nan/shop", "postgresql://shop:***@db:nan/shop"),
    ],
)
def test_display(text: str, shown: str) -> None:
    assert display(text) == shown
    assert SECRET not in display(text)


def test_scrub_finds_every_spelling() -> None:
    url = URL.create("postgresql", "shop", "p@s s'", "db", database="shop")
    text = "p@s s' p%40s%20s%27 p%40s+s%27 postgresql://shop:p%40s@db other://u:zzz@h password=abc"
    shown = scrub(text, url)
    for part in ("p@s", "p%40", "zzz", "abc"):
        assert part not in shown


@given(st.text(min_size=4).filter(lambda s: s.strip() and s not in "postgresql://shop@db/shop***'the value is"))
def test_no_password_is_ever_shown(password: str) -> None:
    url = URL.create("postgresql", "shop", password, "db", database="shop")
    text = url.render_as_string(hide_password=False)
    shown = display(make_url(text))
    assert shown == "postgresql://shop:***@db/shop"


@given(st.from_regex(r"[A-Za-z0-9@/#?%:&=]{6,20}", fullmatch=True))
def test_no_unescaped_password_is_ever_shown(password: str) -> None:
    try:
        shown = display(parse(f"postgresql://shop:QZQ{password}@db/shop", origin="DATABASE_URL"))
    except DriftError as error:
        shown = " ".join((error.title, *error.details, *error.help))
    assert "QZQ" not in shown
