"""A scripted newcomer: from the clone to a red gate, an accepted baseline, a green gate; five commands at most."""

import json

import pytest
import sqlalchemy as sa

from drift.cli.three_way import BY_HAND, MISSING, NOT_UPGRADED
from tests.cli.projects import APPS, Sample, clone, with_driver


@pytest.fixture
def orders(tmp_path, database) -> Sample:
    """FastAPI, an async env.py, Continuum."""
    return clone("fastapi_orders", tmp_path, DATABASE_URL=with_driver(database, "asyncpg"), SCRATCH_URL=database)


@pytest.fixture
def blog(tmp_path, database) -> Sample:
    """Flask-Migrate."""
    pytest.importorskip("flask_migrate")
    return clone("flask_blog", tmp_path, BLOG_DATABASE=with_driver(database, "psycopg2"))


@pytest.fixture
def todo(tmp_path, database) -> Sample:
    """SQLModel without Alembic; the database is there already."""
    pytest.importorskip("sqlmodel")
    execute(database, (APPS / "sqlmodel_todo" / "database.sql").read_text())
    return clone("sqlmodel_todo", tmp_path, DATABASE_URL=with_driver(database, "psycopg2"))


def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_fastapi_with_an_async_env_and_continuum(orders):
    orders.run("alembic upgrade head", expect=0)
    red = orders.run("drift check", expect=1)
    for code in ("CO101", "VT102", "RS301"):
        assert code in red.out
    orders.run('drift baseline --reason "before drift"', expect=0)
    green = orders.run("drift check", expect=0)
    assert "accepted by drift-baseline.json" in green.out


def test_flask_migrate(blog):
    blog.run("flask db upgrade", expect=0)
    red = blog.run("flask drift check", expect=1)
    assert "CO101  column-missing                    published_at" in red.out
    blog.run("flask drift baseline", expect=0)
    blog.run("flask drift check", expect=0)


def test_sqlmodel_without_alembic(todo):
    todo.run("drift init", expect=0)
    red = todo.run("drift check", expect=1)
    assert "CO101  column-missing                    priority" in red.out
    todo.run("drift baseline", expect=0)
    todo.run("drift check", expect=0)


def test_from_red_to_silence_by_a_proven_revision(orders):
    orders.run("alembic upgrade head", expect=0)
    written = orders.run('drift revision -m "customer phones" --scratch-url $SCRATCH_URL', expect=0)
    path = written.out.splitlines()[0]
    assert path.startswith("migrations/versions/")
    assert "\nProven on a scratch database" in written.out
    source = (orders.directory / path).read_text()
    assert "Proven on a scratch database" in source
    assert "\nimport drift" not in source
    assert "from drift" not in source
    orders.run("drift verify --scratch-url $SCRATCH_URL", expect=0)
    orders.run("alembic upgrade head", expect=0)
    left = json.loads(orders.run("drift check --format json", expect=1).out)
    assert [finding["code"] for finding in left["findings"]] == ["RS301"]
    orders.run("drift check --ignore RS", expect=0)


def test_standard_output_holds_the_report_only_whatever_the_project_prints(orders):
    orders.run("alembic upgrade head", expect=0)
    models = orders.directory / "app" / "models.py"
    models.write_text("print('hello from the models')\n" + models.read_text())
    done = orders.run("drift check --format json", expect=1)
    assert json.loads(done.out)["version"] == 1
    assert "hello from the models" in done.err


def test_three_way_tells_which_side_is_out_of_step(orders, database):
    orders.run("alembic upgrade head", expect=0)
    check = "drift check --three-way --select CO,TB --format json --scratch-url $SCRATCH_URL"

    def sides() -> dict[str, str]:
        document = json.loads(orders.run(check).out)
        notes.extend(document["notes"])
        return {finding["subject"]["name"]: finding["details"]["scripts"] for finding in document["findings"]}

    notes: list[str] = []
    assert sides() == {"phone": MISSING}
    execute(database, "ALTER TABLE customers ADD phone varchar(30)", "ALTER TABLE orders DROP COLUMN state")
    assert sides() == {"state": BY_HAND}
    assert any("applied by hand" in note and "public.customers.phone" in note for note in notes)


def test_three_way_knows_a_database_that_is_behind(orders):
    orders.run("alembic upgrade head", expect=0)
    second = orders.directory / "migrations" / "versions" / "0002_phone.py"
    second.write_text(
        '"""Phone."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        'revision = "0002"\ndown_revision = "0001"\n\n\n'
        'def upgrade():\n    op.add_column("customers", sa.Column("phone", sa.String(30)))\n\n\n'
        'def downgrade():\n    op.drop_column("customers", "phone")\n'
    )
    done = orders.run("drift check --three-way --select CO --format json --scratch-url $SCRATCH_URL", expect=1)
    (finding,) = json.loads(done.out)["findings"]
    assert finding["details"]["scripts"] == NOT_UPGRADED


def test_diff_with_the_migrations(orders):
    orders.run("alembic upgrade head", expect=0)
    orders.run("drift diff migrations: $SCRATCH_URL --scratch-url $SCRATCH_URL", expect=0)
    missing = orders.run("drift diff models migrations: --scratch-url $SCRATCH_URL", expect=1)
    assert "scripts   missing" in missing.out


def test_changed_looks_only_at_what_git_says_changed(orders):
    orders.run("alembic upgrade head", expect=0)
    nothing = orders.run("drift check --changed", expect=0)
    assert "only what changed in git since HEAD: no table" in nothing.out
    main = orders.directory / "app" / "main.py"
    main.write_text(main.read_text() + "\n")
    some = orders.run("drift check --changed", expect=1)
    assert "RS301" in some.out
    assert "CO101" not in some.out
    models = orders.directory / "app" / "models.py"
    models.write_text(models.read_text() + "\n")
    assert "CO101" in orders.run("drift check --changed-since HEAD", expect=1).out
    refused = orders.run("drift check --changed-since nothing-like-it", expect=2)
    assert "git cannot tell what changed" in refused.err


def test_the_receipt_says_what_was_done_to_the_server(orders):
    orders.run("alembic upgrade head", expect=0)
    done = orders.run("drift check --receipt -v --format json", expect=1)
    assert json.loads(done.out)["version"] == 1
    assert "in one transaction that the server refuses to write in" in done.err
    assert "strongest lock  AccessShareLock" in done.err
    assert "GRANT USAGE ON SCHEMA" in done.err


def test_the_page_has_the_repair_to_copy(orders):
    orders.run("alembic upgrade head", expect=0)
    orders.run("drift check -o report.html", expect=1)
    page = (orders.directory / "report.html").read_text()
    assert "op.add_column(" in page
