"""A check that compared nothing never passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.projects import Sample
from tests.repair import run_script

MODELS = """
import sqlalchemy as sa

nothing = sa.MetaData()
orders = sa.MetaData()
sa.Table("orders", orders, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check --models models:nothing --database-url sqlite:///full.sqlite", 2),
        ("diff sqlite:///empty.sqlite sqlite:///empty2.sqlite", 2),
        ("check --models models:orders --database-url sqlite:///full.sqlite", 0),
        ("diff sqlite:///full.sqlite sqlite:///full.sqlite", 0),
        ("diff sqlite:///full.sqlite sqlite:///empty.sqlite --allow-empty", 1),
    ],
)
def test_no_table_is_exit_code_2(command: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    run_script(f"sqlite:///{tmp_path}/full.sqlite", "CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    for name in ("empty", "empty2"):
        run_script(f"sqlite:///{tmp_path}/{name}.sqlite", "PRAGMA user_version = 1")
    done = Sample(tmp_path).run(f"drift {command}", expect=code)
    assert code == 0 or "in sync" not in done.out.lower()
