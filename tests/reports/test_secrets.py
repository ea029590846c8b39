import json

import pytest

from drift.policy import Circumstances, Config, judge
from drift.reports import FORMATS, render
from drift.secrets import scrub
from tests.reports import samples


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("verdict", [samples.sample, samples.clean, samples.hostile])
def test_no_format_shows_a_secret(format, verdict):
    assert samples.SECRET not in render(verdict(), format)


@pytest.mark.parametrize("format", FORMATS)
def test_known_secrets_are_hidden_wherever_they_stand(format):
    verdict = judge([], Config(), circumstances=Circumstances(notes=("login with s3cr3t-word failed",)))
    assert "s3cr3t-word" not in render(verdict, format, secrets=("s3cr3t-word",))


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:PLANTED@host/db",
        "postgresql+asyncpg://u:PLAN/TED@TED@host:5432/db?ssl=require",
        "mysql://:PLANTED@host",
        "host=h password=PLANTED dbname=d",
        "host=h password='PLANTED with spaces' dbname=d",
        "postgresql://h/d?user=u&password=PLANTED&sslmode=require",
        "sslpassword=PLANTED",
        'connection to "postgresql://u:PLANTED@host/db" failed',
        "postgresql://u:PLANTED",
        "u:PLANTED@host:5432/db",
        "{'host': 'h', 'password': 'PLANTED'}",
        '{"password": "PLANTED"}',
    ],
)
def test_passwords_are_scrubbed_from_every_place_of_a_url(text):
    clean = scrub(text)
    assert "PLANTED" not in clean
    assert "TED@" not in clean
    assert "***" in clean


@pytest.mark.parametrize(
    "text",
    [
        "(password)::text <> ''::text",
        "https://example.org/a",
        "email: str",
        "a@b.c",
        "postgresql://h:5432/d",
        "postgresql+psycopg2://shop@h:5432/d",
        "user:password@host",
        "postgresql://h:5432",
        "postgresql://[::1]:5432/d",
        "password: str | None",
        "app/models.py:12",
        "'{\"a\": 1}'::jsonb",
        "time '10:30:00'",
    ],
)
def test_innocent_text_is_left_alone(text):
    assert scrub(text) == text


def test_json_stays_json():
    document = {"password": "PLANTED", "items": [{"secret": "it's PLANTED"}], "column": "password"}
    shown = json.loads(scrub(json.dumps(document)))
    assert shown == {"password": "***", "items": [{"secret": "***"}], "column": "password"}


def test_what_is_compared_later_is_not_guessed_at():
    for text in ("'mailto:a@b.c'::text", """'{"password": "none"}'::jsonb"""):
        assert scrub(text, guess=False) == text
