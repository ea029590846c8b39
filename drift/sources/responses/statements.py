"""Follows values through the statements and expressions of one function."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from drift.sources.responses.conditions import absent, present
from drift.sources.responses.functions import FunctionNode
from drift.sources.responses.typed import values_of_type
from drift.sources.responses.unwrap import is_schema
from drift.sources.responses.values import (
    PLAIN,
    UNKNOWN,
    Cell,
    Instance,
    Keyed,
    Made,
    Record,
    Rows,
    Series,
    Several,
    Thing,
    Value,
    Values,
    Word,
    elements,
    join,
)

_ADDING = frozenset({"append", "add", "appendleft", "insert", "extend"})
"""Methods that put something into a list."""

_CONDITIONS = frozenset({"where", "filter"})
_OUTER = frozenset({"isouter", "full"})


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call is given. ``whole``: no mapping is spread among the keywords; ``spread`` holds those that are."""

    positional: tuple[Values, ...] = ()
    keywords: Mapping[str, Values] = field(default_factory=dict)
    spread: Values = ()
    whole: bool = True

    def all(self) -> Values:
        """Every value that is given."""
        return join([*self.positional, *self.keywords.values(), self.spread])


class Meaning(Protocol):
    """What names and calls mean; see :class:`~drift.sources.responses.calls.Calls`."""

    def step(self) -> None:
        """One more expression is looked at."""

    def attribute(self, values: Values, name: str) -> Values:
        """An attribute of values."""

    def method(self, values: Values, name: str, arguments: Arguments, place: tuple[str, int]) -> Values:
        """A method of values, called."""

    def call(self, values: Values, arguments: Arguments, place: tuple[str, int]) -> Values:
        """Values, called."""

    def assigned(self, values: Values, name: str) -> None:
        """An attribute is set."""

    def held(self, column: Value) -> None:
        """Only rows that have a value there are answered with."""

    def joined(self, rows: Values, related: Values) -> None:
        """A query brings only rows that have a related one."""

    def caught(self, by: int) -> None:
        """One more handler (or one less) catches what validating raises."""

    def entered(self, values: Values) -> Values:
        """What a ``with`` binds."""

    def super_of(self, owner: Values, cls: type | None) -> Values:
        """``super()`` inside a method."""


@dataclass(slots=True)
class Frame:
    """One call of one function: its local names, and what it returns."""

    meaning: Meaning
    path: str
    scope: Mapping[str, Any]
    names: dict[str, Values]
    owner: Values = ()
    cls: type | None = None
    returned: list[Values] = field(default_factory=list)
    branches: int = 0

    def run(self, node: FunctionNode) -> Values:
        """Everything that the function returns or yields."""
        if isinstance(node, ast.Lambda):
            return self.value(node.body)
        self._block(node.body)
        return join(self.returned) or PLAIN

    # --- statements

    def _block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Return(value):
                self.returned.append(self.value(value) if value is not None else PLAIN)
            case ast.Assign(targets, value):
                found = self.value(value)
                for target in targets:
                    self._bind(target, found)
            case ast.AnnAssign(target, annotation, value):
                found = self.value(value) if value is not None else ()
                self._bind(target, found if found and found != UNKNOWN else values_of_type(self.type(annotation)))
            case ast.AugAssign(target, _, value):
                self._bind(target, join([self.value(target), self.value(value)]))
            case ast.Expr(value):
                self.value(value)
            case ast.For(target, iterated, body, orelse) | ast.AsyncFor(target, iterated, body, orelse):
                self._bind(target, elements(self.value(iterated)))
                self._branch(body, orelse)
            case ast.While(test, body, orelse) | ast.If(test, body, orelse):
                self.value(test)
                self._branch(body, orelse)
                if not self.branches and isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue)):
                    self._hold(absent(test))
            case ast.With(items, body) | ast.AsyncWith(items, body):
                for item in items:
                    found = self.meaning.entered(self.value(item.context_expr))
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, found)
                self._block(body)
            case ast.Try(body, handlers, orelse, final):
                caught = any(map(self._catches, handlers))
                self.meaning.caught(caught)
                self._block(body)
                self.meaning.caught(-caught)
                for handler in handlers:
                    self._branch(handler.body)
                self._block([*orelse, *final])
            case ast.Match(subject, cases):
                self.value(subject)
                for case in cases:
                    self._branch(case.body)
            case _:
                pass

    def _catches(self, handler: ast.ExceptHandler) -> bool:
        """Whether a handler takes what validating raises, and does not raise it again."""
        kinds = self.value(handler.type) if handler.type is not None else (Thing(Exception),)
        each = [inner for kind in kinds for inner in (join(kind.items) if isinstance(kind, Several) else (kind,))]
        found = [kind.value for kind in each if isinstance(kind, Thing) and isinstance(kind.value, type)]
        raised = [node.exc for part in handler.body for node in ast.walk(part) if isinstance(node, ast.Raise)]
        again = any(what is None or (isinstance(what, ast.Name) and what.id == handler.name) for what in raised)
        return any(issubclass(ValidationError, kind) for kind in found) and not again

    def _branch(self, *bodies: Iterable[ast.stmt]) -> None:
        self.branches += 1
        for body in bodies:
            self._block(body)
        self.branches -= 1

    def _bind(self, target: ast.expr, values: Values) -> None:
        match target:
            case ast.Name(name):
                self.names[name] = join([self.names.get(name, ()), values]) if self.branches else values
            case ast.Tuple(parts) | ast.List(parts):
                whole = next((v for v in values if isinstance(v, Several) and len(v.items) == len(parts)), None)
                for position, part in enumerate(parts):
                    self._bind(part, whole.items[position] if whole is not None else elements(values))
            case ast.Starred(inner):
                self._bind(inner, (Series(elements(values)),))
            case ast.Attribute(inner, name):
                owners = self.value(inner)
                for owner in owners:
                    if isinstance(owner, Instance):
                        owner.attributes[name] = values
                self.meaning.assigned(owners, name)
            case ast.Subscript(inner, ast.Constant(str(key))):
                for owner in self.value(inner):
                    if isinstance(owner, Keyed):
                        owner.fields[key] = values
            case _:
                pass

    # --- expressions

    def values(self, nodes: Iterable[ast.expr]) -> Values:
        """All alternatives of several expressions."""
        return join([self.value(node) for node in nodes])

    def value(self, node: ast.expr) -> Values:  # noqa: PLR0911, PLR0912, RUF100 - one case for each kind
        """What an expression stands for."""
        self.meaning.step()
        match node:
            case ast.Name(name):
                return self._name(name)
            case ast.Attribute(inner, name):
                return self.meaning.attribute(self.value(inner), name)
            case ast.Call():
                return self._call(node)
            case ast.Await(inner) | ast.Starred(inner):
                return self.value(inner)
            case ast.NamedExpr(target, inner):
                self._bind(target, self.value(inner))
                return self.value(target)
            case ast.Yield(inner) if inner is not None:
                self.returned.append(self.value(inner))
                return UNKNOWN
            case ast.YieldFrom(inner):
                self.returned.append(elements(self.value(inner)))
                return UNKNOWN
            case ast.IfExp(test, body, orelse):
                self.value(test)
                return _guarded(self.values([body, orelse]))
            case ast.BoolOp(ast.Or(), parts):
                return _guarded(self.values(parts))
            case ast.BoolOp(_, parts):
                return _guarded([self.value(part) for part in parts][-1])
            case ast.BinOp(left, ast.BitOr(), right):
                return self._merged(self.value(left), self.value(right), node)
            case ast.Tuple(parts):
                return (Several(tuple(self.value(part) for part in parts)),)
            case ast.List(parts) | ast.Set(parts):
                found = [elements(self.value(p)) if isinstance(p, ast.Starred) else self.value(p) for p in parts]
                return (Series(join(found)),)
            case ast.ListComp(element, generators) | ast.SetComp(element, generators):
                return self._comprehension(element, generators)
            case ast.GeneratorExp(element, generators):
                return self._comprehension(element, generators)
            case ast.DictComp(_, value, generators):
                held = elements(self._comprehension(value, generators))
                return (Record(),) if any(isinstance(each, (Cell, Record, Rows)) for each in held) else PLAIN
            case ast.Dict():
                return self._dictionary(node)
            case ast.Subscript(inner, key):
                return self._subscript(inner, key)
            case ast.Lambda():
                return UNKNOWN
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.value(child)
                return PLAIN

    def _name(self, name: str) -> Values:
        if name in self.names:
            return self.names[name]
        if name in self.scope:
            return (Thing(self.scope[name]),)
        return (Thing(getattr(builtins, name)),) if hasattr(builtins, name) else UNKNOWN

    def _call(self, node: ast.Call) -> Values:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return self.meaning.super_of(self.owner, self.cls)
        if isinstance(node.func, ast.Name) and node.func.id == "TypeAdapter" and node.args:
            # Its argument is a type, not a value.
            return self.meaning.call(
                self.value(node.func), Arguments(((Thing(self.type(node.args[0])),),)), self._at(node)
            )
        given = Arguments(
            tuple(self.value(part) for part in node.args),
            {word.arg: self.value(word.value) for word in node.keywords if word.arg is not None},
            self.values(word.value for word in node.keywords if word.arg is None),
            all(word.arg is not None for word in node.keywords),
        )
        if not isinstance(node.func, ast.Attribute):
            return self.meaning.call(self.value(node.func), given, self._at(node))
        owner = node.func.value
        if not self.branches:
            self._narrowed(node, owner, given)
        if node.func.attr in _ADDING and isinstance(owner, ast.Name) and given.positional:
            added = elements(given.positional[-1]) if node.func.attr == "extend" else given.positional[-1]
            if any(isinstance(value, Series) for value in self.names.get(owner.id, ())):
                self.names[owner.id] = (Series(join([elements(self.names[owner.id]), added])),)
                return PLAIN
        return self.meaning.method(self.value(owner), node.func.attr, given, self._at(node))

    def _narrowed(self, node: ast.Call, owner: ast.expr, given: Arguments) -> None:
        """What a query's own conditions say of every row that it brings."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in _CONDITIONS:
            self._hold(found for part in node.args for found in present(part))
        elif name == "join" and given.positional and given.keywords.keys().isdisjoint(_OUTER):
            self.meaning.joined(self.value(owner), given.positional[0])

    def _hold(self, expressions: Iterable[ast.expr]) -> None:
        for column in (column for each in expressions for column in self.value(each)):
            self.meaning.held(column)

    def _comprehension(self, element: ast.expr, generators: list[ast.comprehension]) -> Values:
        before = dict(self.names)
        for generator in generators:
            self._bind(generator.target, elements(self.value(generator.iter)))
            for test in generator.ifs:
                self.value(test)
                if not self.branches:
                    self._hold(present(test))
        found = self.value(element)
        self.names = before
        return (Series(found),)

    def _dictionary(self, node: ast.Dict) -> Values:
        fields: dict[str, Values] = {}
        whole = True
        for key, value in zip(node.keys, node.values, strict=True):
            found = self.value(value)
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                fields[key.value] = found
            elif key is None and len(found) == 1 and isinstance(found[0], Keyed):
                fields.update(found[0].fields)
                whole &= found[0].whole
            else:
                whole = False
        return (Keyed(fields, whole, self._at(node)),)

    def _merged(self, left: Values, right: Values, node: ast.expr) -> Values:
        """``one | other`` of two dictionaries."""
        both = [value for value in (*left, *right) if isinstance(value, Keyed)]
        if len(both) != len(left) + len(right):
            return PLAIN
        fields = {key: values for value in both for key, values in value.fields.items()}
        return (Keyed(fields, all(value.whole for value in both), self._at(node)),)

    def _subscript(self, inner: ast.expr, key: ast.expr) -> Values:
        owners = self.value(inner)
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return join(_item(owner, key.value) for owner in owners) or UNKNOWN
        if any(isinstance(owner, Thing) for owner in owners):
            # A generic class with its arguments: what it is made for is known from where it is served.
            return tuple(owner for owner in owners if isinstance(owner, Thing))
        self.value(key)
        if isinstance(key, ast.Slice):
            return owners
        whole = owners[0] if len(owners) == 1 else None
        if isinstance(whole, Several) and isinstance(key, ast.Constant) and isinstance(key.value, int):
            return whole.items[key.value] if -len(whole.items) <= key.value < len(whole.items) else UNKNOWN
        return elements(owners)

    def _at(self, node: ast.expr) -> tuple[str, int]:
        return self.path, node.lineno

    def type(self, node: ast.expr) -> Any:
        """The type that an expression writes, ``None`` when it cannot be told without running code."""
        match node:
            case ast.Constant(str(text)):
                return self.type(ast.parse(text, mode="eval").body) if text.isidentifier() else None
            case ast.Name() | ast.Attribute():
                found = self.value(node)
                return found[0].value if len(found) == 1 and isinstance(found[0], Thing) else None
            case ast.Subscript(inner, arguments):
                origin = self.type(inner)
                written = arguments.elts if isinstance(arguments, ast.Tuple) else [arguments]
                inside = tuple(self.type(part) for part in written)
                if any(origin is each for each in (list, set, frozenset, tuple)) and None not in inside:
                    return origin[inside]
                return origin if is_schema(origin) else None
            case ast.BinOp(left, ast.BitOr(), right):
                sides = [side for side in (self.type(left), self.type(right)) if side is not None]
                return sides[0] if len(sides) == 1 else None
            case _:
                return None


def _guarded(values: Values) -> Values:
    """What is left when one alternative stands in for the other: no NULL comes through."""
    return join((Word.PLAIN,) if isinstance(value, Cell) else (value,) for value in values)


def _item(owner: Value, key: str) -> Values:
    match owner:
        case Keyed(fields):
            return fields.get(key, UNKNOWN)
        case Record() | Rows():
            return PLAIN
        case Made(_, fields):
            return fields.get(key, UNKNOWN)
        case _:
            return UNKNOWN
