"""An index of a Python source file: its classes with their attributes, and its ``Table(...)`` calls, with lines."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

_COLUMN_CALLS = frozenset({"Column", "mapped_column", "column_property", "deferred", "Field"})


@dataclass(slots=True)
class ClassEntry:
    """A class: its line, the lines of its attributes, and the lines of columns that are named other than these."""

    line: int
    attributes: dict[str, int] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class TableEntry:
    """A ``Table("name", ...)`` call: its line, and the lines of its columns by name."""

    line: int
    columns: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class SourceIndex:
    """Classes by qualified name (as ``__qualname__``), table calls by table name."""

    classes: dict[str, ClassEntry] = field(default_factory=dict)
    tables: dict[str, TableEntry] = field(default_factory=dict)


def calls_table(path: str, name: str) -> bool:
    """Whether a file may hold a ``Table("name", ...)`` call: a look that is much cheaper than parsing the file."""
    text = _read(path)
    return text is not None and b"Table(" in text and name.encode() in text


@cache
def _read(path: str) -> bytes | None:
    """The content of a file, ``None`` when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


@cache
def source_index(path: str) -> SourceIndex | None:
    """The index of a file, ``None`` when it cannot be read or parsed. Each file is parsed once in a process."""
    text = _read(path)
    if text is None:
        return None
    try:
        tree = ast.parse(text, path)
    except (SyntaxError, ValueError):
        return None
    index = SourceIndex()
    _visit(tree.body, "", index, calls=b"Table(" in text)
    return index


def _visit(body: Iterable[ast.stmt], prefix: str, index: SourceIndex, *, calls: bool) -> None:
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            name = f"{prefix}{statement.name}"
            # The last definition of a name is the one that exists at run time.
            index.classes[name] = _class(statement)
            _visit(statement.body, f"{name}.", index, calls=calls)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            _visit(statement.body, f"{prefix}{statement.name}.<locals>.", index, calls=calls)
        else:
            _visit(_nested(statement), prefix, index, calls=calls)
            if calls:
                _tables(statement, index)


def _nested(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Statements inside ``if``, ``try``, ``with`` and loops."""
    for name in ("body", "orelse", "finalbody"):
        yield from getattr(statement, name, ())
    for handler in getattr(statement, "handlers", ()):
        yield from handler.body


def _class(node: ast.ClassDef) -> ClassEntry:
    entry = ClassEntry(node.lineno)
    _attributes(node.body, entry)
    return entry


def _attributes(body: Iterable[ast.stmt], entry: ClassEntry) -> None:
    for statement in body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            _attribute(entry, statement.target.id, statement.lineno, statement.value)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    _attribute(entry, target.id, statement.lineno, statement.value)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            entry.attributes[statement.name] = statement.lineno
        elif isinstance(statement, (ast.If, ast.Try, ast.With)):
            _attributes(_nested(statement), entry)


def _attribute(entry: ClassEntry, name: str, line: int, value: ast.expr | None) -> None:
    entry.attributes[name] = line
    column = _column_name(value)
    if column is not None:
        entry.columns[column] = line


def _column_name(value: ast.expr | None) -> str | None:
    """``"x"`` of ``Column("x", ...)`` or ``Column(name="x")``, also inside ``deferred(...)``."""
    if not isinstance(value, ast.Call) or _callee(value) not in _COLUMN_CALLS:
        return None
    for keyword in value.keywords:
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str):
            return keyword.value.value
    first = value.args[0] if value.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return _column_name(first)


def _tables(statement: ast.stmt, index: SourceIndex) -> None:
    for node in _expressions(statement):
        if not isinstance(node, ast.Call) or _callee(node) != "Table" or not node.args:
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            entry = TableEntry(node.lineno)
            for argument in node.args[1:]:
                column = _column_name(argument)
                if column is not None:
                    entry.columns[column] = argument.lineno
            index.tables[first.value] = entry


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """All expressions of a statement, without those of the statements inside it."""
    for _, value in ast.iter_fields(statement):
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, ast.expr):
                yield from ast.walk(item)


def _callee(call: ast.Call) -> str | None:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else None
