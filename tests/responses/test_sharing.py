"""`--fix-schemas` never loosens a request: whatever it edits, what answered 422 still does."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError

from drift.sources.responses.edit import apply, propose
from tests.responses.support import run

HEAD = """
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str | None]


class OrderBase(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    note: str
"""
ROUTES = """

@app.get("/orders/{id}", response_model=OrderOut)
def read(id: int): ...


@app.post("/orders", response_model=OrderOut)
def create(data: OrderCreate): ...
"""
CREATE = "\n\nclass OrderCreate(OrderBase):\n    pass\n"
OUT = "\n\nclass OrderOut(OrderBase):\n    id: int = 1\n\n\n"
OVERRIDE = "    note: str | None = None"

EDITED = {
    "fields of its own": "\n\nclass OrderOut(OrderBase):\n    id: int\n\n    def show(self): ...\n" + CREATE,
    "an empty body": "\n\nclass OrderOut(OrderBase):\n    pass\n" + CREATE,
    "a body on its line": "\n\nclass OrderOut(OrderBase): ...\n" + CREATE,
    "a docstring and settings": '\n\nclass OrderOut(OrderBase):\n    """One."""\n\n    model_config = {}\n' + CREATE,
    "a class between": "\n\nclass OrderDated(OrderBase):\n    at: str = ''\n\n\n"
    "class OrderOut(OrderDated):\n    id: int\n"
    "\n\nclass OrderCreate(OrderDated):\n    pass\n",
    "a request known by its route": OUT + "class Payload(OrderBase):\n    pass\n\n\nOrderCreate = Payload\n",
    "a request inside of another": OUT + "class Line(OrderBase):\n    pass\n"
    "\n\nclass OrderCreate(BaseModel):\n    note: Line\n",
}
REFUSED = {
    "one class for both": OUT + "OrderCreate = OrderOut\n",
    "a request below the response": OUT + "class OrderCreate(OrderOut):\n    pass\n",
    "nested in a request": OUT + "class OrderCreate(BaseModel):\n    note: OrderOut\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "__init__.py").write_text("")
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "orders"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def _write(folder: Path, **modules: str) -> ModuleType:
    for name, text in modules.items():
        (folder / "orders" / f"{name}.py").write_text(text, encoding="utf-8")
    _forget()
    return importlib.import_module("orders.main")


def _edit(folder: Path, main: ModuleType, url: str) -> tuple[ModuleType, tuple[str, ...], tuple[str, ...]]:
    checked = run(main.Base, ["orders.main:app"], url, directory=folder)
    assert [f.code for f in checked.findings if f.code == "RS301"], checked.told()
    edits = propose(checked.findings, directory=folder)
    apply(edits, directory=folder)
    _forget()
    fields = tuple(name for edit in edits for name in edit.fields)
    # The base is no response of any route; what it is told is of no concern here.
    skipped = (text for edit in edits for text in edit.skipped if not text.startswith(("OrderBase.", "OrderDated.")))
    return importlib.import_module("orders.main"), fields, tuple(skipped)


def _refuses(schema: type) -> bool:
    try:
        schema.model_validate({"note": None})
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("schemas", EDITED.values(), ids=EDITED)
def test_the_response_declares_the_field_again(folder: Path, sqlite_database: str, schemas: str):
    main = _write(folder, main=HEAD + schemas + ROUTES)
    edited, fields, skipped = _edit(folder, main, sqlite_database)
    assert (fields, skipped) == (("OrderOut.note",), ())
    assert _refuses(edited.OrderBase)
    assert _refuses(edited.OrderCreate)
    assert edited.OrderOut.model_validate({"id": 1, "note": None}).note is None
    assert OVERRIDE in (folder / "orders" / "main.py").read_text(encoding="utf-8")
    again = run(edited.Base, ["orders.main:app"], sqlite_database, directory=folder, script="SELECT 1")
    assert not [finding for finding in again.told() if finding[2].startswith("OrderOut.")]


@pytest.mark.parametrize("schemas", REFUSED.values(), ids=REFUSED)
def test_what_would_loosen_a_request_is_left_alone_by_name(folder: Path, sqlite_database: str, schemas: str):
    text = HEAD + schemas + ROUTES
    main = _write(folder, main=text)
    _, fields, (skipped,) = _edit(folder, main, sqlite_database)
    assert fields == ()
    assert "would accept None as well" in skipped
    assert "OrderBase" in skipped or "OrderCreate" in skipped or "OrderOut" in skipped
    assert (folder / "orders" / "main.py").read_text(encoding="utf-8") == text


def test_responses_alone_are_edited_where_the_field_is_written(folder: Path, sqlite_database: str):
    two = OUT + "class OrderPublic(OrderBase):\n    pass\n"
    routes = "\n\n@app.get('/a', response_model=OrderOut)\ndef a(): ...\n"
    routes += "\n\n@app.get('/b', response_model=OrderPublic)\ndef b(): ...\n"
    main = _write(folder, main=HEAD + two + routes)
    edited, _, skipped = _edit(folder, main, sqlite_database)
    assert skipped == ()
    assert not _refuses(edited.OrderBase)
    assert (folder / "orders" / "main.py").read_text(encoding="utf-8").count("note: str | None = None") == 1


@pytest.mark.parametrize(
    ("imports", "missing"),
    [("from orders.base import OrderBase, Text", ""), ("from orders.base import OrderBase", "Text")],
)
def test_a_base_in_another_module(folder: Path, sqlite_database: str, imports: str, missing: str):
    base = HEAD.replace("app = FastAPI()", "app = FastAPI()\nText = str").replace("    note: str\n", "    note: Text\n")
    rest = (
        f"{imports}\nfrom orders.base import Base, app\n\n\nclass OrderOut(OrderBase):\n    id: int\n{CREATE}{ROUTES}"
    )
    main = _write(folder, base=base, main=rest)
    edited, fields, skipped = _edit(folder, main, sqlite_database)
    assert _refuses(edited.OrderCreate)
    if missing:
        assert (fields, skipped) == (
            (),
            (f"OrderOut.note: {missing} must be imported first, to write it in the response's own class",),
        )
    else:
        assert fields == ("OrderOut.note",)
        assert edited.OrderOut.model_validate({"id": 1, "note": None}).note is None


def test_the_base_of_a_mapped_class_keeps_its_column(folder: Path, sqlite_database: str):
    pytest.importorskip("sqlmodel")
    text = """
from fastapi import FastAPI
from sqlmodel import Field, SQLModel

app = FastAPI()
Base = SQLModel


class HeroBase(SQLModel):
    note: str = Field(nullable=True)


class Hero(HeroBase, table=True):
    id: int | None = Field(default=None, primary_key=True)


class HeroPublic(HeroBase):
    id: int


@app.get("/heroes", response_model=list[HeroPublic])
def heroes(): ...
"""
    main = _write(folder, main=text)
    try:
        checked = run(main.Base, ["orders.main:app"], sqlite_database, directory=folder)
        apply(propose(checked.findings, directory=folder), directory=folder)
    finally:
        main.Base.metadata.clear()
    written = (folder / "orders" / "main.py").read_text(encoding="utf-8")
    assert "    note: str = Field(nullable=True)\n\n\nclass Hero(" in written
    assert "    id: int\n    note: str | None = Field(None, nullable=True)\n" in written
