from pathlib import Path

import pytest

from drift.errors import DriftError
from drift.findings import Severity
from drift.policy import Config, load_config
from drift.policy.config import TableRule, config_from_mapping, expand_variables
from drift.policy.settings import SETTINGS


def from_toml(tmp_path: Path, text: str, name: str = "drift.toml") -> Config:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return load_config(tmp_path)


def test_everything_that_can_be_configured_is_read(tmp_path):
    config = from_toml(
        tmp_path,
        """
        models = ["app.models:Base"]
        database-url = "${DATABASE_URL}"
        schemas = ["public", "billing"]
        select = ["TB", "CO"]
        ignore = ["column-comment-mismatch"]
        fail-on = "error"
        strict = true
        baseline = "accepted.json"
        output = ["drift.sarif"]
        severity = { IX101 = "error" }

        [responses]
        sources = ["app.main:app"]
        pairs = { "app.schemas:UserOut" = "app.models:User" }

        [tables."legacy_*"]
        ignore = ["ALL"]

        [tables."billing.*"]
        severity = { CO = "error" }
        """,
    )
    assert config.models == ("app.models:Base",)
    assert config.fail_on == "error"
    assert config.strict is True
    assert config.severity == (("IX101", Severity.ERROR),)
    assert config.responses == ("app.main:app",)
    assert config.response_pairs == (("app.schemas:UserOut", "app.models:User"),)
    assert config.tables == (
        TableRule("legacy_*", ("ALL",)),
        TableRule("billing.*", severity=(("CO", Severity.ERROR),)),
    )
    assert config.directory == tmp_path
    assert config.path("accepted.json") == tmp_path / "accepted.json"


def test_pyproject_is_read_from_below(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.drift]\nmodels = "app:Base"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load_config(below).models == ("app:Base",)


def test_a_pyproject_without_the_section_is_passed_over(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    assert load_config(tmp_path) == Config(directory=tmp_path)


def test_drift_toml_is_nearer_than_pyproject(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.drift]\nmodels = "a:Base"\n')
    assert from_toml(tmp_path, 'models = "b:Base"').models == ("b:Base",)


def test_underscores_are_accepted(tmp_path):
    assert from_toml(tmp_path, 'fail_on = "info"').fail_on == "info"


@pytest.mark.parametrize(
    ("text", "title", "help"),
    [
        ('modles = ["a:B"]', "unknown key 'modles'", "did you mean 'models'?"),
        ("[tables.x]\nignor = []", "unknown key 'ignor'", "did you mean 'ignore'?"),
        ('fail-on = "warn"', "fail-on cannot be 'warn'", "did you mean 'warning'?"),
        ('ignore = ["CO999"]', "no check is called 'CO999'", "did you mean 'CO"),
        ('ignore = ["colum-missing"]', "no check is called 'colum-missing'", "did you mean 'column-missing'?"),
        ('severity = { CO101 = "fatal" }', "severity of CO101 cannot be 'fatal'", "choose error, warning, or info"),
        ('strict = "yes"', "strict takes a boolean", "for example: strict = true"),
        ("models = 3", "models takes a list of strings", "for example: models"),
        ("responses = { source = [] }", "unknown key 'source'", "did you mean 'sources'?"),
    ],
)
def test_mistakes_are_named_with_a_way_out(tmp_path, text, title, help):
    with pytest.raises(DriftError) as caught:
        from_toml(tmp_path, text)
    assert caught.value.title == title
    assert "drift.toml" in (caught.value.place or "")
    assert help in caught.value.help[0]


def test_broken_toml_says_where(tmp_path):
    with pytest.raises(DriftError) as caught:
        from_toml(tmp_path, "models = [")
    assert caught.value.title == "the configuration file is not valid TOML"
    assert caught.value.details


def test_made_in_code_lists_and_words_do():
    config = Config(models=["a:B"], select=["CO"], severity={"CO101": "info"})  # type: ignore[arg-type]
    assert config.models == ("a:B",)
    assert config.severity == (("CO101", Severity.INFO),)
    with pytest.raises(DriftError):
        Config(fail_on="sometimes")


def test_variables_are_expanded_and_missing_ones_named():
    assert expand_variables("postgresql://${U}@h/d", {"U": "me"}, "x") == "postgresql://me@h/d"
    with pytest.raises(DriftError) as caught:
        expand_variables("postgresql://u:geheim@${HOST}/d", {}, "drift.toml")
    assert "HOST" in caught.value.title
    assert "geheim" not in str(vars(caught.value))


@pytest.mark.parametrize("setting", [s for s in SETTINGS if "." not in s.key], ids=lambda s: s.key)
def test_every_example_of_the_reference_is_valid(setting, tmp_path):
    from_toml(tmp_path, f"{setting.key} = {setting.example}")


def test_the_mapping_is_what_the_file_is():
    assert config_from_mapping({"strict": True}, source="x", directory=Path()).strict
