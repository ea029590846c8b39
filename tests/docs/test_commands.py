"""Every command in the documentation is run, in the project it is about, and prints what the page shows."""

import ast
import os
import shutil
import sqlite3

import pytest

from tests.cli.projects import APPS, ROOT, Sample, clone, with_driver
from tests.cli.test_newcomer import execute
from tests.docs.console import Block, blocks, is_in, pages

REASONS = ("changes the environment", "needs Docker", "brings its own servers", "run by the packaging tests")
SECTIONS = [
    (page, project)
    for page in pages()
    for project in dict.fromkeys(block.project for block in blocks(page) if block.project)
]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_console_block_is_run_or_says_why_not(page):
    for block in blocks(page):
        if block.python:
            ast.parse(block.python)
            continue
        reason = (block.mark or "").removeprefix("not run: ")
        assert block.project or reason in REASONS, f"{page.name}: {block.commands}"
        assert block.commands, page.name


@pytest.fixture
def project(tmp_path, database):
    """Make a project by its name in the pages."""

    def make(name: str) -> Sample:
        if name == "orders":
            sample = clone("fastapi_orders", tmp_path, DATABASE_URL=with_driver(database, "asyncpg"))
            sample.environment["SCRATCH_URL"] = database
            sample.run("alembic upgrade head", expect=0)
            return sample
        if name == "blog":
            sample = clone("flask_blog", tmp_path, BLOG_DATABASE=with_driver(database, "psycopg2"))
            sample.run("flask db upgrade", expect=0)
            return sample
        if name == "todo":
            execute(database, (APPS / "sqlmodel_todo" / "database.sql").read_text())
            url = with_driver(database, "psycopg2")
            return clone("sqlmodel_todo", tmp_path, DATABASE_URL=url, SCRATCH_URL=database)
        if name == "demo":
            folder = tmp_path / "demo"
            shutil.copytree(ROOT / "templates" / "demo", folder)
            connection = sqlite3.connect(folder / "production.sqlite")
            connection.executescript((folder / "database.sql").read_text())
            connection.close()
            return Sample(folder)
        if name == "checkout":
            return Sample(ROOT)
        return Sample(tmp_path)

    return make


@pytest.mark.parametrize(("page", "name"), SECTIONS, ids=lambda value: getattr(value, "name", value))
def test_commands_do_what_the_page_says(page, name, project):
    sample = project(name)
    for block in blocks(page):
        if block.project == name:
            run(block, sample)


def run(block: Block, sample: Sample) -> None:
    if block.python:
        variables = "import os\nDATABASE_URL = os.environ.get('DATABASE_URL')\n"
        (sample.directory / "snippet_of_a_page.py").write_text(variables + block.python)
        sample.run("python snippet_of_a_page.py", expect=0)
    for command in block.commands:
        done = sample.run(command.line)
        output = done.out + done.err
        assert done.code == command.code, f"{block.page}: {command.line}\n{output}"
        for line in command.output:
            assert is_in(line, output), f"{block.page}: {command.line}\nnot printed: {line}\n{output}"


def test_the_shells_of_the_projects_find_this_drift(project):
    sample = project("none")
    assert os.fspath(ROOT) in sample.run('python -c "import drift; print(drift.__file__)"').out
