"""What the project's own code prints, how it ends, and where the report goes: the gate says what it means, or 2."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from tests.cli.conftest import CLEAN, DRIFTED, MODELS
from tests.cli.projects import Sample

CHECK = "drift check --models shop:Base --database-url sqlite:///live.sqlite"
NOISE = {
    "print": "print('noise')",
    "descriptor": "import os; os.write(1, b'noise\\n')",
    "child": "import subprocess; subprocess.run(['echo', 'noise'])",
    "at exit": "import atexit; atexit.register(print, 'noise'); atexit.register(__import__('os').write, 1, b'noise')",
    "fork": "import os\nif os.fork() == 0:\n    print('noise'); raise SystemExit(0)\nos.wait()",
    "fork that goes on": "import os\nif os.fork():\n    os.wait()",
    "thread": "import threading\n"
    "def noise():\n    while True: print('noise')\n"
    "threading.Thread(target=noise, daemon=True).start()",
}
ENDS = {
    "sys.exit": "import sys; sys.exit(0)",
    "quit": "quit()",
    "os._exit": "import os; os._exit(0)",
    "imported before": "from os import _exit; _exit(0)",
    "posix._exit": "import posix; posix._exit(0)",
    "exec": "import os; os.execvp('true', ['true'])",
    "abort": "import os; os.abort()",
    "terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    # The interpreter notes an interrupt that leaves exec, and would end by the signal however it was dealt with.
    "interrupted in exec": "exec('import os, signal; os.kill(os.getpid(), signal.SIGINT)')",
}


@pytest.fixture
def shop(tmp_path):
    """A project that is in sync, laid anew with a line of its own code at the top of its models."""

    def lay(line: str = "", sql: str = CLEAN) -> Sample:
        (tmp_path / "shop.py").write_text(f"{line}\n{MODELS}")
        (tmp_path / "live.sqlite").unlink(missing_ok=True)
        connection = sqlite3.connect(tmp_path / "live.sqlite")
        connection.executescript(sql)
        connection.close()
        return Sample(tmp_path)

    return lay


@pytest.mark.parametrize("line", NOISE.values(), ids=NOISE)
def test_nothing_of_the_projects_gets_into_the_report(shop, line):
    done = shop(line).run(f"{CHECK} --format json", expect=0)
    assert json.loads(done.out)["findings"] == []
    assert "Traceback" not in done.err


@pytest.mark.parametrize("line", ENDS.values(), ids=ENDS)
def test_a_project_that_ends_the_program_was_not_checked(shop, line):
    done = shop(line).run(CHECK, expect=2)
    assert done.out == ""
    assert "In sync" not in done.err
    assert done.err.startswith("error: ")


def test_where_it_was_ended_is_said(shop):
    done = shop("import os; os._exit(0)").run(CHECK, expect=2)
    assert "--> shop.py:1" in done.err
    assert "the module ended the program: os._exit(0)" in done.err


def test_a_verdict_stands_whatever_runs_at_exit(shop):
    line = "import atexit, os; atexit.register(os._exit, 0)"
    shop(line, DRIFTED).run(CHECK, expect=1)


def test_a_revision_that_ends_the_program_does_not_prove_itself(shop, tmp_path):
    (tmp_path / "0001_first.py").write_text("import os\nos._exit(0)\n")
    done = shop("", DRIFTED).run(CHECK.replace("check", "verify 0001_first.py"), expect=2)
    assert "0001_first.py:2\n  the module ended the program: os._exit(0)" in done.err


def test_a_private_report_stays_private_and_a_link_a_link(shop, tmp_path):
    (tmp_path / "a.json").write_text("old")
    (tmp_path / "a.json").chmod(0o600)
    (tmp_path / "real").mkdir()
    (tmp_path / "b.json").symlink_to("real/b.json")
    shop().run(f"{CHECK} -o a.json -o b.json -o new.json", expect=0)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600
    assert (tmp_path / "b.json").is_symlink()
    for name in ("a.json", "real/b.json", "new.json"):
        assert json.loads((tmp_path / name).read_text())["findings"] == []


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_name_is_standard_output(shop, name):
    done = shop().run(f"{CHECK} -q -o json:{name} > out; cat out")
    text, _, rest = done.out.rpartition("}")
    assert json.loads(text + "}")["findings"] == []
    assert rest.startswith("\nIn sync: 1 table")


def test_a_process_substitution_gets_what_it_waits_for(shop):
    done = shop().run(f"mkfifo ready; {CHECK} -q -o json:>(cat > copy; echo > ready); cat ready; cat copy", expect=0)
    assert json.loads(done.out.partition("\n\n")[2])["findings"] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{CHECK} >&-", "the report cannot be written\n  --> standard output\n  Bad file descriptor"),
        (f"{CHECK} > /dev/full", "the report cannot be written\n  --> standard output\n  No space left on device"),
        (f"{CHECK} -o json:/dev/full", "the file cannot be written\n  --> /dev/full\n  No space left on device"),
        (f"mkdir d.json && {CHECK} -o d.json", "the file cannot be written\n  --> d.json\n  Is a directory"),
        (f"{CHECK} -o {'n' * 300}.json", "File name too long"),
        (f"mkdir gone && cd gone && rmdir ../gone && {CHECK}", "the working directory is not there any more"),
    ],
    ids=["closed", "full", "full file", "folder", "long name", "no folder"],
)
def test_what_the_system_refuses_is_said_in_its_own_words(shop, line, said):
    done = shop().run(line, expect=2)
    assert said in done.err
    assert "should not have happened" not in done.err
    assert "Traceback" not in done.err
    assert "Exception ignored" not in done.err


def test_nobody_hears_the_error_and_the_code_still_tells(shop):
    for where in ("2>/dev/full", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
        shop("raise RuntimeError").run(f"{CHECK} {where}", expect=2)


@pytest.mark.parametrize("arguments", ["diff --help", "checks", "explain CO101", "--help"])
def test_a_reader_that_leaves_is_no_error(shop, arguments):
    done = shop().run(f"drift {arguments} | true; drift {arguments} 2>&1 | true")
    assert done.err == ""


def test_without_a_command_there_is_help_and_no_verdict(shop):
    done = shop().run("drift", expect=2)
    assert "check" in done.out
    assert done.err == ""


@pytest.mark.parametrize("in_file", [True, False], ids=["alembic.ini", "variable"])
def test_a_password_that_env_py_prints_or_raises_is_hidden(shop, tmp_path, in_file):
    url = "postgresql://shop:tropical-fish@127.0.0.1:1/shop"
    origin = "context.config.get_main_option('sqlalchemy.url')" if in_file else "os.environ['APP_DATABASE']"
    env = (
        "import os, sys\nfrom sqlalchemy import make_url\nfrom alembic import context\n"
        f"password = make_url({origin}).password\n"
        "print('connecting with', password)\nprint('or', password, file=sys.stderr)\n"
        "raise RuntimeError('refused: ' + password)\n"
    )
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text(env)
    (tmp_path / "alembic.ini").write_text(
        f"[alembic]\nscript_location = migrations\nsqlalchemy.url = {url if in_file else 'driver://'}\n"
    )
    sample = shop()
    done = Sample(sample.directory, {} if in_file else {"APP_DATABASE": url}).run("drift check")
    assert done.code == 2
    assert "connecting with ***" in done.err
    assert "or ***" in done.err
    assert "refused: ***" in done.err
    assert "tropical-fish" not in done.out + done.err


@pytest.mark.parametrize("command", ["drift --help", "drift check --help"])
def test_help_reaches_a_pipe_whole(shop, command):
    """The help is written without being flushed, and the program then leaves."""
    done = shop().run(command, expect=0)
    assert "check" in done.out
    assert done.err == ""
