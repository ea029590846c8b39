"""Every common kind of ``env.py``, asked without a database, without running a migration."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from drift.errors import DriftError
from drift.sources.alembic_project import AlembicProject, CapturedEnvironment, capture, find
from drift.sources.models import from_metadata
from tests.sources.alembic_project.support import Project

SECRET = "s3cr3t"
# Nothing listens there.
NOWHERE = f"postgresql+psycopg2://shop:{SECRET}@127.0.0.1:9/shop"


def _found(project: Project) -> AlembicProject:
    found = find(project.folder)
    assert found is not None
    return found


def _captured(project: Project, *x_arguments: str) -> tuple[CapturedEnvironment, ...]:
    return capture(_found(project), x_arguments)


def _error(project: Project, *x_arguments: str) -> DriftError:
    with pytest.raises(DriftError) as caught:
        _captured(project, *x_arguments)
    error = caught.value
    assert SECRET not in " ".join((error.title, error.place or "", *error.details, *error.help))
    assert error.help
    return error


@pytest.mark.parametrize("template", ["generic", "async", "pyproject", "pyproject_async"])
def test_templates(tmp_path: Path, template: str) -> None:
    from alembic.config import Config

    if template not in os.listdir(Config().get_template_directory()):
        pytest.skip("this Alembic has no such template")
    url = NOWHERE.replace("psycopg2", "asyncpg") if "async" in template else NOWHERE
    if template.startswith("pyproject"):
        (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n', encoding="utf-8")
        from alembic import command

        config = Config(str(tmp_path / "alembic.ini"), toml_file=str(tmp_path / "pyproject.toml"))
        command.init(config, str(tmp_path / "migrations"), template=template)
    project = Project.__new__(Project) if template.startswith("pyproject") else Project(tmp_path, url, template)
    if template.startswith("pyproject"):
        project.folder, project.models = tmp_path, f"models_{template}"
        (tmp_path / f"{project.models}.py").write_text("from sqlalchemy import MetaData\nm = MetaData()\n", "utf-8")
        project.env(("target_metadata = None", f"from {project.models} import m as target_metadata"))
        project.ini(("driver://user:pass@localhost/dbname", url))
    (environment,) = _captured(project)
    assert len(environment.target_metadata) == 1
    assert environment.url == make_url(url)
    assert environment.dialect_name == "postgresql"
    assert environment.version_table == "alembic_version"
    assert (environment.engine is None) == ("async" in template)
    assert SECRET not in environment.database_key


def test_a_running_event_loop_is_no_obstacle(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE.replace("psycopg2", "asyncpg"), "async")

    async def inside() -> tuple[CapturedEnvironment, ...]:
        return _captured(project)

    assert len(asyncio.run(inside())) == 1


def test_several_databases(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE, "multidb")
    project.ini((f"[engine2]\nsqlalchemy.url = {NOWHERE}", "[engine2]\nsqlalchemy.url = sqlite:///second.db"))
    project.env(
        (
            "target_metadata = {}",
            f"import {project.models} as m\ntarget_metadata = {{'engine1': m.Base.metadata, 'engine2': m.other}}",
        )
    )
    first, second = _captured(project)
    assert [m.upgrade_token for m in (first, second)] == ["engine1_upgrades", "engine2_upgrades"]
    assert first.database_key != second.database_key
    assert first.target_metadata != second.target_metadata
    assert not (tmp_path / "second.db").exists()


def test_everything_that_is_configured(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env(
        (
            "def run_migrations_offline",
            "def keep(*arguments):\n    return True\n\n\ndef run_migrations_offline",
        ),
        (
            "connection=connection, target_metadata=target_metadata\n",
            "connection=connection.execution_options(schema_translate_map={None: 'tenant'}),\n"
            f"target_metadata=[target_metadata, {project.models}.other],\n"
            "include_object=keep, include_name=keep, include_schemas=True, version_table='shop_version',\n"
            "version_table_schema='app', render_item=keep, compare_type=False, compare_server_default=True,\n"
            "render_as_batch=True, process_revision_directives=keep, user_module_prefix='u.',\n"
            "transaction_per_migration=True\n",
        ),
    )
    (found,) = _captured(project)
    assert len(found.target_metadata) == 2
    assert found.include_object is not None
    assert found.include_object is found.include_name is found.render_item is found.process_revision_directives
    assert (found.include_schemas, found.render_as_batch, found.transaction_per_migration) == (True, True, True)
    assert (found.version_table, found.version_table_schema) == ("shop_version", "app")
    assert (found.compare_type, found.compare_server_default, found.user_module_prefix) == (False, True, "u.")
    assert found.schema_translate_map == {None: "tenant"}


def test_two_metadata_with_a_version_table_each(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env(
        (
            "        context.configure(\n"
            "            connection=connection, target_metadata=target_metadata\n"
            "        )\n",
            "        context.configure(connection=connection, target_metadata=target_metadata)\n"
            "        with context.begin_transaction():\n            context.run_migrations()\n"
            f"        context.configure(connection=connection, target_metadata={project.models}.other,\n"
            "                          version_table='other_version')\n",
        )
    )
    first, second = _captured(project)
    assert (first.version_table, second.version_table) == ("alembic_version", "other_version")
    assert first.database_key == second.database_key


def test_x_arguments(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env(
        (
            "def run_migrations_offline",
            "tenant = context.get_x_argument(as_dictionary=True)['tenant']\n\n\ndef run_migrations_offline",
        ),
        ("connection=connection, target", "version_table_schema=tenant, connection=connection, target"),
    )
    assert _captured(project, "tenant=acme")[0].version_table_schema == "acme"
    error = _error(project)
    assert error.title == "migrations/env.py fails"
    assert error.place is not None
    assert error.place.startswith("migrations/env.py:")
    assert error.details == ("KeyError: 'tenant'",)
    assert "-x name=value" in error.help[0]


def test_statements_before_configure_are_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    sqlite3.connect(path).close()
    project = Project(tmp_path, f"sqlite:///{path}")
    project.env(
        (
            "    with connectable.connect() as connection:\n",
            "    from sqlalchemy import text\n    target_metadata.create_all(connectable)\n"
            "    with connectable.begin() as connection:\n"
            "        connection.execute(text('CREATE TABLE made (id int)'))\n"
            "        connection.exec_driver_sql('CREATE TABLE made_too (id int)')\n"
            "        target_metadata.create_all(connection)\n"
            "        context.get_context()._ensure_version_table() if context.get_x_argument() else None\n",
        ),
    )
    assert len(_captured(project)) == 1
    engine = create_engine(f"sqlite:///{path}")
    assert inspect(engine).get_table_names() == []


def test_an_answer_from_the_database_is_wanted(tmp_path: Path, database: str) -> None:
    project = Project(tmp_path, database)
    project.env(
        (
            "        context.configure(\n",
            "        from sqlalchemy import inspect, text\n"
            "        connection.execute(text('CREATE TABLE made (id int)'))\n"
            "        connection.execute(text('WITH x AS (SELECT 1) INSERT INTO made SELECT * FROM x'))\n"
            "        version = connection.execute(text('SHOW server_version_num')).scalar()\n"
            "        assert int(version) > 100000\n"
            "        assert 'pg_catalog' not in inspect(connection).get_table_names()\n"
            "        connection.commit()\n"
            "        context.configure(version_table_schema='s' + version, \n",
        )
    )
    (found,) = _captured(project)
    assert found.version_table_schema is not None
    assert found.version_table_schema.startswith("s1")
    engine = create_engine(database)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_the_database_that_is_wanted_cannot_be_reached(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env(
        (
            "        context.configure(\n",
            "        from sqlalchemy import text\n"
            "        assert connection.execute(text('SHOW server_version_num')).scalar() > ''\n"
            "        context.configure(\n",
        )
    )
    error = _error(project)
    assert error.title == "nothing listens on 127.0.0.1, 9"
    assert error.place is not None
    assert "shop:***@127.0.0.1:9" in error.place
    assert any("env.py needs the database" in detail for detail in error.details)


def test_the_users_line(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    (tmp_path / f"{project.models}.py").write_text("import os\n\nurl = os.environ['NO_SUCH_VARIABLE']\n", "utf-8")
    error = _error(project)
    assert error.place == f"{project.models}.py:3"
    assert "NO_SUCH_VARIABLE" in error.help[0]
    assert isinstance(error.__cause__, KeyError)


def test_models_that_cannot_be_imported(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env((f"import {project.models}\n", "import no_such_package\n"))
    error = _error(project)
    assert error.place is not None
    assert error.place.startswith("migrations/env.py:")
    assert "no_such_package" in error.help[0]


def test_the_url_of_the_template_is_left_in(tmp_path: Path) -> None:
    project = Project(tmp_path, "driver://user:pass@localhost/dbname")
    error = _error(project)
    assert "example URL of Alembic's template" in error.title
    assert error.place == "sqlalchemy.url in alembic.ini"


def test_an_empty_url(tmp_path: Path) -> None:
    assert _error(Project(tmp_path, "")).title == "sqlalchemy.url in alembic.ini is empty"


def test_a_percent_sign_that_is_not_doubled(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.ini((SECRET, f"{SECRET}%40"))
    error = _error(project)
    assert "percent sign" in error.title
    assert "%%" in error.help[0]


def test_env_py_that_configures_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env_py.write_text("from alembic import context\n", encoding="utf-8")
    assert "does not call context.configure" in _error(project).title


def test_target_metadata_that_is_none(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env((f"target_metadata = {project.models}.Base.metadata", "target_metadata = None"))
    assert _captured(project)[0].target_metadata == ()
    project.env(("target_metadata = None", "target_metadata = 'models'"))
    assert "not metadata but an object of str" in _error(project).title


def test_a_base_class_instead_of_metadata(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env((".Base.metadata", ".Base"))
    (found,) = _captured(project)
    models = from_metadata(found.target_metadata, source="env.py", directory=tmp_path)
    assert [cls.__name__ for cls in models.classes] == ["User"]


def test_a_url_in_the_place_of_the_projects_own(tmp_path: Path) -> None:
    project = Project(tmp_path, "driver://user:pass@localhost/dbname")
    url = make_url("postgresql://a:p%25%40b@db/shop")
    (found,) = capture(_found(project), database_url=url)
    assert found.url is not None
    assert (found.url.host, found.url.password) == ("db", "p%@b")


@pytest.mark.parametrize("template", ["generic", "async"])
@pytest.mark.parametrize("drivername", ["postgresql", "postgresql+psycopg2cffi", "mysql+mysqlconnector"])
def test_the_driver_of_the_url_need_not_be_installed(tmp_path: Path, template: str, drivername: str) -> None:
    project = Project(tmp_path, f"{drivername}://a:b@db/shop", template)
    (found,) = _captured(project)
    assert found.url == make_url(f"{drivername}://a:b@db/shop")
    assert found.dialect_name == drivername.partition("+")[0]


def test_nothing_is_left_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env(("def run_migrations_offline", "print('hello')\n\n\ndef run_migrations_offline"))
    capsys.readouterr()
    here, path = os.getcwd(), list(sys.path)
    logger = logging.getLogger("some.application")
    _captured(project)
    assert (os.getcwd(), sys.path) == (here, path)
    assert not logger.disabled
    assert capsys.readouterr().out == ""
    from sqlalchemy.engine import Engine

    assert Engine.connect.__module__ == "sqlalchemy.engine.base"


def test_flask_migrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flask_migrate = pytest.importorskip("flask_migrate")
    import flask
    from flask_sqlalchemy import SQLAlchemy

    monkeypatch.chdir(tmp_path)
    (tmp_path / "flask_shop.py").write_text(
        "from flask import Flask\nfrom flask_sqlalchemy import SQLAlchemy\nfrom flask_migrate import Migrate\n"
        "app = Flask('shop')\n"
        f"app.config['SQLALCHEMY_DATABASE_URI'] = {NOWHERE!r}\n"
        "db = SQLAlchemy(app)\nMigrate(app, db, render_as_batch=False)\n"
        "class Item(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n",
        encoding="utf-8",
    )
    app = flask.Flask("maker")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    flask_migrate.Migrate(app, SQLAlchemy(app))
    with app.app_context():
        flask_migrate.init(directory=str(tmp_path / "migrations"))
    monkeypatch.setenv("FLASK_APP", "flask_shop")
    found = find(tmp_path)
    assert found is not None
    assert found.root == tmp_path
    (environment,) = capture(found)
    assert "item" in environment.target_metadata[0].tables
    assert environment.url == make_url(NOWHERE)
    monkeypatch.delenv("FLASK_APP")
    with pytest.raises(DriftError) as caught:
        capture(found)
    assert "FLASK_APP" in caught.value.help[0]


def test_paths_that_the_configuration_prepends(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    (tmp_path / "lib").mkdir()
    (tmp_path / f"{project.models}.py").rename(tmp_path / "lib" / f"{project.models}.py")
    project.ini(("prepend_sys_path = .", "prepend_sys_path = lib"))
    assert len(_captured(project)) == 1


def test_revisions_in_a_place_that_env_py_chooses(tmp_path: Path) -> None:
    project = Project(tmp_path, NOWHERE)
    project.revision("a1")
    (tmp_path / "chosen").mkdir()
    (tmp_path / "migrations" / "versions" / "a1.py").rename(tmp_path / "chosen" / "a1.py")
    project.env(
        (
            "def run_migrations_offline",
            f"context.script.version_locations = [{str(tmp_path / 'chosen')!r}]\n\n\ndef run_migrations_offline",
        )
    )
    found = _found(project)
    assert found.scripts().get_heads() == []
    (environment,) = capture(found)
    assert environment.version_locations == (str(tmp_path / "chosen"),)
    assert found.informed([environment]).scripts().get_heads() == ["a1"]


def test_env_py_that_calls_back_into_an_event_loop(tmp_path: Path) -> None:
    pytest.importorskip("anyio")
    project = Project(tmp_path, NOWHERE.replace("psycopg2", "asyncpg"), "async")
    project.env(
        (
            "    asyncio.run(run_async_migrations())",
            "    import anyio\n    anyio.from_thread.run(run_async_migrations)",
        )
    )
    assert len(_captured(project)) == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "DATABASE_URL is empty"),
        ("db.internal", "DATABASE_URL is not a URL"),
        (f"oracel://shop:{SECRET}@db/shop", "DATABASE_URL does not name a database product"),
    ],
)
def test_a_broken_url_that_env_py_reads_from_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    project = Project(tmp_path, NOWHERE)
    project.env(
        ("from logging.config", "import os\nfrom sqlalchemy import create_engine\nfrom logging.config"),
        ("connectable = engine_from_config(\n", "connectable = create_engine(os.environ['DATABASE_URL']) or (\n"),
    )
    text = project.env_py.read_text(encoding="utf-8")
    start = text.index("    connectable = create_engine")
    end = text.index("    with connectable.connect()")
    line = "    connectable = create_engine(os.environ['DATABASE_URL'])\n\n"
    project.env_py.write_text(text[:start] + line + text[end:], encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", value)
    assert said in _error(project).title
