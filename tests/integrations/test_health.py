import asyncio

import pytest
import sqlalchemy as sa

import drift
from drift.integrations.health import FINGERPRINTS, Health


@pytest.fixture
def metadata():
    metadata = sa.MetaData()
    sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String(80)))
    return metadata


@pytest.fixture
def engine(database, metadata):
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    metadata.create_all(engine)
    return engine


def counted(monkeypatch) -> list[int]:
    comparisons = []
    compare = Health._compare

    def spy(self):
        comparisons.append(1)
        return compare(self)

    monkeypatch.setattr(Health, "_compare", spy)
    return comparisons


def run(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_200_in_sync_503_on_drift_and_200_again(engine, metadata):
    health = drift.health(metadata, engine, pause=0)
    assert health().code == 200
    run(engine, "ALTER TABLE users DROP COLUMN email")
    status = health()
    assert (status.code, status.body["status"], status.body["error"]) == (503, "drift", 1)
    run(engine, "ALTER TABLE users ADD COLUMN email varchar(80)")
    assert health().code == 200


@pytest.mark.parametrize(
    "ddl",
    [
        "ALTER TABLE users ALTER COLUMN email TYPE text",
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
        "ALTER TABLE users ALTER COLUMN email SET DEFAULT 'x'",
        "ALTER TABLE users ADD CHECK (id > 0)",
        "CREATE INDEX ON users (email)",
        "ALTER TABLE users RENAME COLUMN email TO mail",
        "ALTER TABLE users RENAME TO people",
        "CREATE TYPE mood AS ENUM ('a')",
        "CREATE TABLE other (id int)",
        "ALTER TABLE users DROP CONSTRAINT users_pkey",
    ],
)
def test_every_change_of_the_catalog_is_noticed_and_nothing_else(engine, metadata, monkeypatch, ddl):
    health = drift.health(metadata, engine, pause=0)
    comparisons = counted(monkeypatch)
    health()
    run(engine, "INSERT INTO users VALUES (1, 'a')", "ANALYZE users")
    health()
    assert len(comparisons) == 1
    run(engine, ddl)
    health()
    assert len(comparisons) == 2


def test_one_cheap_query_while_nothing_changes(engine, metadata):
    health = drift.health(metadata, engine, pause=0)
    health()
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    health()
    assert [s for s in statements if "pg_class" in s] == [FINGERPRINTS["postgresql"]]


def test_what_could_not_be_checked_is_not_healthy(metadata):
    status = drift.health(metadata, "postgresql://user:planted-secret@127.0.0.1:1/db")()
    assert status.code == 503
    assert status.body["status"] == "could not check"
    assert "planted-secret" not in str(status.body)


def test_warnings_are_healthy_unless_asked_otherwise(engine, metadata):
    sa.Index("ix_users_email", metadata.tables["users"].c.email)
    assert drift.health(metadata, engine)().code == 200
    assert drift.health(metadata, engine, fail_on="warning")().code == 503


def test_names_are_shown_only_on_request(engine, metadata):
    run(engine, "ALTER TABLE users DROP COLUMN email")
    assert "findings" not in drift.health(metadata, engine)().body
    findings = drift.health(metadata, engine, details=True)().body["findings"]
    assert findings == [{"code": "CO101", "name": "column-missing", "subject": "public.users.email"}]


def test_sqlite_too(metadata, tmp_path, monkeypatch):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    metadata.create_all(engine)
    health = drift.health(metadata, engine, pause=0)
    comparisons = counted(monkeypatch)
    assert [health().code, health().code, len(comparisons)] == [200, 200, 1]
    run(engine, "ALTER TABLE users DROP COLUMN email")
    assert (health().code, len(comparisons)) == (503, 2)


def test_as_an_asgi_application(engine, metadata):
    fastapi = pytest.importorskip("fastapi")
    httpx = pytest.importorskip("httpx")
    app = fastapi.FastAPI()
    app.mount("/health/schema", drift.health(metadata, engine).asgi)

    async def ask():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/health/schema/")

    response = asyncio.run(ask())
    assert (response.status_code, response.json()["status"]) == (200, "in sync")


def test_as_a_wsgi_application(engine, metadata):
    answers = []
    run(engine, "DROP TABLE users", "CREATE TABLE users (id serial primary key)")
    body = drift.health(metadata, engine).wsgi({}, lambda status, headers: answers.append((status, headers)))
    assert answers[0][0] == "503 Service Unavailable"
    assert b'"drift"' in b"".join(body)
