import pytest

from drift.errors import DriftError
from drift.policy import Config, baseline_of, read_baseline


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"version": 2}', '{"version": 1}', '{"version": 1, "entries": [{}]}', '{"version": 1, "entries": 3}'],
)
def test_what_is_no_baseline_is_refused(tmp_path, text):
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(DriftError) as caught:
        read_baseline(file)
    assert caught.value.title == "this is not a baseline file"
    assert caught.value.help


def test_the_default_file_is_used_where_it_exists(tmp_path):
    assert baseline_of(Config(directory=tmp_path)) is None
    (tmp_path / "drift-baseline.json").write_text('{"version": 1, "entries": []}')
    assert baseline_of(Config(directory=tmp_path)) is not None
    assert baseline_of(Config(directory=tmp_path, baseline="")) is None


def test_a_configured_file_must_exist(tmp_path):
    with pytest.raises(DriftError):
        baseline_of(Config(directory=tmp_path, baseline="gone.json"))
