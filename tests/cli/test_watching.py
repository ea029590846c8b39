import os

from drift.cli import watching


def test_a_look_at_once_and_one_after_every_change(tmp_path):
    (tmp_path / "models.py").write_text("a = 1\n")
    (tmp_path / ".venv").mkdir()
    happenings = iter(["nothing", "python", "hidden", "new", "removed"])

    def sleep(_seconds: float) -> None:
        match next(happenings):
            case "python":
                os.utime(tmp_path / "models.py", ns=(1, 1))
            case "hidden":
                (tmp_path / ".venv" / "x.py").write_text("")
            case "new":
                (tmp_path / "more.py").write_text("")
            case "removed":
                (tmp_path / "more.py").unlink()

    looks = watching.changes(tmp_path, 0.5, sleep)
    for _ in range(4):
        next(looks)
    assert list(happenings) == []


def test_each_round_is_a_run_of_its_own_and_the_last_one_decides(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert watching.watch(tmp_path, ["explain", "CO301"], rounds=1) == 0
    assert "column-type-mismatch" in capfd.readouterr().out
    assert watching.watch(tmp_path, ["check"], rounds=1) == 2
