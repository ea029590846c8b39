"""The one writer: whole or not at all, what it finds keeps its nature."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from drift import files
from drift.errors import DriftError
from drift.files import only_writer, write_file


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_the_mode_is_kept(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    write_file(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_new_file_is_as_any_other(tmp_path):
    Path(tmp_path / "b").touch()
    write_file(tmp_path / "a", "new")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_followed_however_long_the_way(tmp_path, exists):
    (tmp_path / "far").mkdir()
    if exists:
        (tmp_path / "far" / "target").write_text("old")
    (tmp_path / "far" / "second").symlink_to("target")
    (tmp_path / "first").symlink_to(tmp_path / "far" / "second")
    write_file(tmp_path / "first", "new")
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "far" / "second").is_symlink()
    assert (tmp_path / "far" / "target").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_file(tmp_path / "pipe", "new")
    reader.join()
    assert got == ["new"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_an_open_descriptor_goes_on_where_it_is(tmp_path):
    path = tmp_path / "log"
    with path.open("w") as stream:
        stream.write("before ")
        stream.flush()
        write_file(Path(f"/dev/fd/{stream.fileno()}"), "new ")
        stream.write("after")
    assert path.read_text() == "before new after"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/dev/full", "No space left on device"),
        ("/dev/fd/999", "Bad file descriptor"),
        ("folder", "Is a directory"),
        ("folder/none/a", "No such file or directory"),
        ("n" * 300, "File name too long"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_what_the_system_says(tmp_path, name, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DriftError) as caught:
        write_file(tmp_path / name, "new")
    assert caught.value.details == (said,)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".drift")] == []


def test_a_failure_leaves_the_old_text(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("old")
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(DriftError):
        write_file(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("refused", ["mkstemp", "replace"])
def test_a_file_that_cannot_be_replaced_is_written_into(tmp_path, monkeypatch, refused):
    """Mounted by itself into a container, or in a folder of somebody else's."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(16, "Device or resource busy")

    path = tmp_path / "a"
    path.write_text("old and longer")
    monkeypatch.setattr(files.tempfile if refused == "mkstemp" else files.os, refused, refuse)
    write_file(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_longest_name_there_can_be(tmp_path):
    write_file(tmp_path / ("n" * 255), "new")
    assert (tmp_path / ("n" * 255)).read_text() == "new"


def test_one_writer_at_a_time_and_nothing_left(tmp_path):
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with only_writer(tmp_path):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with only_writer(tmp_path):
        inside.set()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []
