"""`--watch` and progress as a developer sees them: a real process, a real terminal, real files."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import CLEAN
from tests.cli.projects import ROOT


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name and name != "CI"}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"}


def until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited in vain: {what}")


def test_watch_checks_again_after_each_change_until_ctrl_c(project, tmp_path):
    out, err = tmp_path.parent / "watch.out", tmp_path.parent / "watch.err"
    command = [sys.executable, "-m", "drift", "check", "--watch", "--models", project.models]
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "--database-url", project.url], cwd=project.directory, env=environment(),
            stdout=stdout, stderr=stderr, start_new_session=True,
        )  # fmt: skip
        waiting = "watching for changes; Ctrl-C ends it\n"
        until(lambda: err.read_text().count(waiting) == 1, "the first round")
        assert "Found 2 findings" in out.read_text()
        models = Path(project.directory / f"{project.module}.py")
        models.write_text(models.read_text().replace("String(255)", "String(80)"))
        until(lambda: err.read_text().count(waiting) == 2, "the second round")
        assert "Found 1 finding:" in out.read_text()
        project.lay(CLEAN.replace("255", "80"))
        models.touch()
        until(lambda: err.read_text().count(waiting) == 3, "the third round")
        assert "In sync" in out.read_text()
        models.write_text("import nothing_like_it\n")
        until(lambda: err.read_text().count(waiting) == 4, "a round that could not check")
        assert "error: " in err.read_text()
        # As a terminal does: to everybody in the foreground.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 2, "the exit code of the last round"
    assert "Traceback" not in err.read_text()


def on_a_terminal(project, *options: str) -> tuple[int, str, str]:
    """Exit code, standard output (a pipe), and what the terminal on standard error got."""
    slow = project.directory / f"{project.module}_slow.py"
    slow.write_text(f"import time\ntime.sleep(0.5)\nfrom {project.module} import Base\n")
    given = ["check", "--models", f"{slow.stem}:Base", "--database-url", project.url, *options]
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "drift", *given],
        cwd=project.directory, env=environment(), stdout=subprocess.PIPE, stderr=terminal, text=True,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    while True:
        try:
            read = os.read(master, 4096)
        except OSError:  # Linux's end of a terminal that nobody holds open any more
            break
        if not read:
            break
        shown += read
    os.close(master)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out, shown.decode(errors="replace")


def test_progress_is_shown_on_a_terminal_and_leaves_the_output_alone(project):
    code, out, shown = on_a_terminal(project)
    assert code == 1
    assert " …" in shown
    assert "\x1b[" not in out
    assert out.splitlines()[0].startswith("users ")
    assert on_a_terminal(project, "--quiet")[2] == ""


def test_no_progress_where_nobody_looks(project):
    command = [sys.executable, "-m", "drift", "check", "--models", project.models, "--database-url", project.url]
    done = subprocess.run(command, cwd=project.directory, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
