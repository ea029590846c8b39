"""A scripted newcomer: from the clone to a red gate, an accepted baseline, a green gate; five commands at most."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from drift.cli.three_way import BY_HAND, MISSING, NOT_UPGRADED
from tests.cli.projects import APPS, ROOT, Sample, clone, with_driver
from tests.installed import Installed


@pytest.fixture
def orders(tmp_path, database) -> Sample:
    """FastAPI, an async env.py, Continuum."""
    return clone("fastapi_orders", tmp_path, DATABASE_URL=with_driver(database, "asyncpg"), SCRATCH_URL=database)


def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


class Newcomer:
    """A person with a shell, the project's requirements, and drift from the image: no checkout of it in reach."""

    def __init__(self, folder: Path, installed: Installed, sample: str, **environment: str) -> None:
        self.installed, self.environment, self.typed = installed, environment, 0
        origin = clone(sample, folder / "origin")
        self.folder = folder
        self.types(f"git clone -q {origin.directory} work", expect=0)
        self.folder = folder / "work"

    def types(self, line: str, *, expect: int) -> str:
        """What a line prints; insists on its exit code."""
        self.typed += 1
        assert self.typed <= 5, "five commands at most"
        done = self.installed.run(line, self.folder, self.environment)
        assert done.returncode == expect, f"{line}\n{done.stdout}\n{done.stderr}"
        assert str(ROOT) not in done.stdout + done.stderr
        return done.stdout

    def checkout_is_clean_but_for(self, *names: str) -> None:
        """Nothing else was written into the project."""
        done = self.installed.run("git status --porcelain", self.folder)
        changed = {line[3:] for line in done.stdout.splitlines() if "__pycache__" not in line}
        assert changed == set(names)


def test_fastapi_with_an_async_env_and_continuum(tmp_path, installed, database):
    newcomer = Newcomer(tmp_path, installed, "fastapi_orders", DATABASE_URL=with_driver(database, "asyncpg"))
    newcomer.types("alembic upgrade head", expect=0)
    red = newcomer.types("drift check", expect=1)
    for code in ("CO101", "VT102", "RS301"):
        assert code in red
    newcomer.types('drift baseline --reason "before drift"', expect=0)
    green = newcomer.types("drift check", expect=0)
    assert "accepted by drift-baseline.json" in green
    newcomer.checkout_is_clean_but_for("drift-baseline.json")


def test_flask_migrate(tmp_path, installed, database):
    newcomer = Newcomer(tmp_path, installed, "flask_blog", BLOG_DATABASE=with_driver(database, "psycopg2"))
    newcomer.types("flask db upgrade", expect=0)
    red = newcomer.types("flask drift check", expect=1)
    assert "CO101  column-missing                    published_at" in red
    newcomer.types("flask drift baseline", expect=0)
    assert " accepted by drift-baseline.json." in newcomer.types("flask drift check", expect=0)
    newcomer.checkout_is_clean_but_for("drift-baseline.json")


def test_sqlmodel_without_alembic(tmp_path, installed, database):
    execute(database, (APPS / "sqlmodel_todo" / "database.sql").read_text())
    newcomer = Newcomer(tmp_path, installed, "sqlmodel_todo", DATABASE_URL=with_driver(database, "psycopg2"))
    newcomer.types("drift init", expect=0)
    red = newcomer.types("drift check", expect=1)
    assert "CO101  column-missing                    priority" in red
    newcomer.types("drift baseline", expect=0)
    assert "accepted by drift-baseline.json." in newcomer.types("drift check", expect=0)
    newcomer.checkout_is_clean_but_for("drift-baseline.json", "drift.toml")


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
