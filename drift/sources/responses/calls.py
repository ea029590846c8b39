"""What attributes and calls mean in the project's code: queries, helpers, repositories, schemas that are filled.

Nothing is run. Names are looked up in the namespaces of the imported modules; what cannot be followed is unknown.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import FunctionType, MethodType, ModuleType
from typing import Any, get_args

from pydantic import TypeAdapter

from drift.sources.responses.conditions import joined
from drift.sources.responses.functions import (
    bindings,
    closure,
    hints,
    is_dependency,
    is_own,
    lookup,
    own_attributes,
    package_of,
    source_of,
)
from drift.sources.responses.mapped import mapper_of
from drift.sources.responses.owners import class_of, defining_class, next_method, underlying
from drift.sources.responses.queries import ALL, AS_MAPPINGS, ONE, foreign
from drift.sources.responses.statements import Arguments, Frame
from drift.sources.responses.typed import is_answer, values_of_type
from drift.sources.responses.unwrap import is_schema
from drift.sources.responses.uses import How, Place, Use, Uses
from drift.sources.responses.values import (
    PLAIN,
    UNKNOWN,
    Adapter,
    Cell,
    ColumnOf,
    Foreign,
    Instance,
    Keyed,
    Made,
    Method,
    Parent,
    Record,
    Rows,
    Series,
    Several,
    Thing,
    Validated,
    Value,
    Values,
    Word,
    elements,
    join,
)

DEPTH = 16
"""Calls that are followed inside each other."""

STEPS = 5_000
"""Expressions that are looked at for one endpoint."""

_VALIDATES = frozenset({"model_validate", "from_orm", "parse_obj", "validate"})
_DUMPS = frozenset({"model_dump", "dict"})
_KEEPS = (list, tuple, set, frozenset, reversed, filter)


_NOWHERE: Place = ("", 0)
"""The place of what is not written as such."""


class Enough(Exception):  # noqa: N818 - a limit, not an error
    """The code is too large to be followed."""


@dataclass(slots=True)
class Calls:
    """The meaning of names and calls while one endpoint is read.

    Attributes:
        uses: What flowed into schemas.
        written: For each mapped class the attributes that the code itself gives a value.
        present: For each mapped class the attributes without which a row is not asked for, or answered otherwise.
        made: The mapped classes that the code makes new rows of.
    """

    uses: Uses = field(default_factory=Uses)
    written: dict[type, set[str]] = field(default_factory=dict)
    present: dict[type, set[str]] = field(default_factory=dict)
    made: set[type] = field(default_factory=set)
    _steps: int = 0
    _stack: list[tuple[FunctionType, int]] = field(default_factory=list)

    def step(self) -> None:
        """One more expression is looked at.

        Raises:
            Enough: There were too many.
        """
        self._steps += 1
        if self._steps > STEPS:
            raise Enough

    # --- functions

    def run(self, function: Any, arguments: Arguments | None = None, owner: Value | None = None) -> Values:
        """What a function returns. Without arguments, as for an endpoint, its parameters tell what it gets."""
        function = inspect.unwrap(function)
        if not isinstance(function, FunctionType):
            return UNKNOWN
        node = source_of(function)
        known = hints(function)
        identity = (function, id(owner))
        found = UNKNOWN
        if node is not None and identity not in self._stack and len(self._stack) < DEPTH:
            self._stack.append(identity)
            try:
                scope = {**function.__globals__, **closure(function)}
                frame = Frame(self, function.__code__.co_filename, scope, {}, (owner,) if owner is not None else ())
                frame.cls = defining_class(function, owner)
                frame.names = self._parameters(function, known, arguments, owner)
                found = frame.run(node)
            finally:
                self._stack.pop()
        if Word.UNKNOWN in found and set(found) <= {Word.UNKNOWN, Word.PLAIN} and "return" in known:
            return values_of_type(known["return"], bindings(class_of(owner)) if owner is not None else None)
        return found

    def _parameters(
        self, function: FunctionType, known: dict[str, Any], arguments: Arguments | None, owner: Value | None
    ) -> dict[str, Values]:
        found: dict[str, Values] = {}
        parameters = list(inspect.signature(function, follow_wrapped=False).parameters.values())
        if owner is not None and parameters:
            found[parameters.pop(0).name] = (owner,)
        given = list(arguments.positional) if arguments is not None else []
        keywords = dict(arguments.keywords) if arguments is not None else {}
        bound = bindings(class_of(owner)) if owner is not None else {}
        for parameter in parameters:
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                found[parameter.name] = (Several(tuple(given)),)
                given = []
            elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
                found[parameter.name] = (Keyed(keywords, arguments is None or arguments.whole, _NOWHERE),)
            elif given and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                found[parameter.name] = given.pop(0)
            elif parameter.name in keywords:
                found[parameter.name] = keywords.pop(parameter.name)
            else:
                found[parameter.name] = self._supplied(known.get(parameter.name), parameter.default, bound)
        return found

    def _supplied(self, hint: Any, default: Any, bound: Any) -> Values:
        """What a parameter holds that the call leaves out: a dependency, or what its type says."""
        by_type = values_of_type(hint, bound) if hint is not None else UNKNOWN
        depends = next((each for each in (default, *get_args(hint)[1:]) if is_dependency(each)), None)
        if depends is not None and not any(isinstance(value, Rows) for value in by_type):
            wanted = depends.dependency
            found = self._construct(by_type) if wanted is None else self._dependency(wanted)
            return found if found != UNKNOWN else by_type
        return (
            (Thing(default),)
            if by_type == UNKNOWN and isinstance(default, type) and mapper_of(default) is not None
            else by_type
        )

    def _dependency(self, wanted: Any) -> Values:
        if isinstance(wanted, FunctionType):
            return self.run(wanted)
        if isinstance(wanted, type) and is_own(wanted) and not is_schema(wanted) and mapper_of(wanted) is None:
            return self._construct((Instance(wanted),))
        if not isinstance(wanted, type) and is_own(type(wanted)):
            function = lookup(type(wanted), "__call__")
            return self.run(function, None, Thing(wanted)) if isinstance(function, FunctionType) else UNKNOWN
        return values_of_type(wanted)

    def _construct(self, values: Values) -> Values:
        """Instances of the project's classes, made by a framework out of their own parameters."""
        for value in values:
            if isinstance(value, Instance):
                self._initialise(value, None)
        return values

    def _initialise(self, instance: Instance, arguments: Arguments | None) -> None:
        function = lookup(instance.cls, "__init__")
        if isinstance(function, FunctionType) and is_own(function):
            self.run(function, arguments, instance)
        elif arguments is not None:
            # A dataclass: its fields in order.
            names = [name for base in reversed(instance.cls.__mro__) for name in vars(base).get("__annotations__", ())]
            instance.attributes.update(zip(dict.fromkeys(names), arguments.positional, strict=False))
            instance.attributes.update(arguments.keywords)

    # --- attributes

    def attribute(self, values: Values, name: str) -> Values:
        """An attribute of values."""
        return join(self._attribute(value, name) for value in values)

    def _attribute(self, value: Value, name: str) -> Values:
        match value:
            case Thing(ModuleType() as module):
                return (Thing(vars(module)[name]),) if name in vars(module) else UNKNOWN
            case Thing(type() as cls) if mapper_of(cls) is not None:
                return self._of_mapped_class(cls, name, value)
            case Thing(type() as cls):
                return self._of_class(cls, name, value)
            case Thing(inner):
                own = own_attributes(inner)
                if name in own:
                    return (Thing(own[name]),)
                return self._of_class(type(inner), name, value) if is_own(type(inner)) else UNKNOWN
            case Instance(cls, attributes):
                return attributes[name] if name in attributes else self._of_class(cls, name, value)
            case Rows(cls):
                return self._of_rows(value, cls, name)
            case Made(_, fields) | Keyed(fields):
                return fields.get(name, UNKNOWN)
            case Foreign() | Record():
                return (value,)
            case Word.PLAIN:
                return PLAIN
            case _:
                return UNKNOWN

    def _of_mapped_class(self, cls: type, name: str, value: Value) -> Values:
        mapper = mapper_of(cls)
        assert mapper is not None
        if name in {*mapper.relationships.keys(), *mapper.all_orm_descriptors.keys()}:
            return (ColumnOf(cls, name),)
        found = lookup(cls, name)
        if isinstance(found, (FunctionType, classmethod, staticmethod)) and is_own(underlying(found)):
            return self._of_class(cls, name, value)
        # Flask-SQLAlchemy's `User.query` and kin ask for the class's rows; the table and its columns do not.
        return (Rows(cls),) if name.startswith("query") else UNKNOWN

    def _of_class(self, cls: type, name: str, owner: Value) -> Values:
        found = lookup(cls, name)
        match found:
            case FunctionType():
                return (
                    (Method(found, owner),) if not isinstance(getattr(owner, "value", None), type) else (Thing(found),)
                )
            case classmethod():
                return (Method(found.__func__, Thing(cls)),)
            case staticmethod():
                return (Thing(found.__func__),)
            case property() if isinstance(found.fget, FunctionType):
                return self.run(found.fget, Arguments(), owner)
            case cached_property():
                return self.run(found.func, Arguments(), owner)
            case _ if found is ...:
                hint = hints(cls).get(name)
                return values_of_type(hint, bindings(cls)) if hint is not None else UNKNOWN
            case _ if is_dependency(found):
                return self._supplied(hints(cls).get(name), found, {})
            case _:
                return (Thing(found),)

    def _of_rows(self, value: Rows, cls: type, name: str) -> Values:
        mapper = mapper_of(cls)
        assert mapper is not None
        if name in mapper.relationships:
            relation = mapper.relationships[name]
            return (Rows(relation.mapper.class_, bool(relation.uselist), value.sure),)
        if name in mapper.column_attrs:
            return (Cell(cls, name),)
        if name == "__dict__":
            return (Record(cls),)
        found = lookup(cls, name)
        if isinstance(found, property) and isinstance(found.fget, FunctionType):
            return self.run(found.fget, Arguments(), value)
        return (value,) if found is ... else UNKNOWN

    def assigned(self, values: Values, name: str) -> None:
        """An attribute is set: on a row, the code itself gives it its value."""
        for value in values:
            if isinstance(value, Rows):
                self.written.setdefault(value.cls, set()).add(name)

    def held(self, column: Value) -> None:
        """Only rows that have a value there are answered with."""
        if isinstance(column, (Cell, ColumnOf)):
            self.present.setdefault(column.cls, set()).add(column.key)

    def joined(self, rows: Values, related: Values) -> None:
        """A query brings only rows that have a related one: behind the relationship, and in its columns."""
        for cls in (value.cls for value in rows if isinstance(value, Rows)):
            self.present.setdefault(cls, set()).update(joined(cls, related))

    def caught(self, by: int) -> None:
        """One more handler (or one less) catches what validating raises."""
        self.uses.handlers += by

    def entered(self, values: Values) -> Values:
        """What a ``with`` binds: what the project's own ``__enter__`` returns, else the values themselves."""
        found: list[Values] = []
        for value in values:
            enter = (
                [lookup(value.cls, name) for name in ("__enter__", "__aenter__")] if isinstance(value, Instance) else []
            )
            own = [each for each in enter if isinstance(each, FunctionType) and is_own(each)]
            made = self.run(own[0], Arguments(), value) if own else UNKNOWN
            found.append((value,) if set(made) <= {Word.UNKNOWN, Word.PLAIN} else made)
        return join(found)

    def super_of(self, owner: Values, cls: type | None) -> Values:
        """``super()``: the same object, looked at from the next class on."""
        return tuple(Parent(value, cls) if isinstance(value, (Instance, Thing)) else value for value in owner)

    # --- calls

    def method(self, values: Values, name: str, arguments: Arguments, place: Place) -> Values:
        """A method of values, called."""
        return join(self._method(value, name, arguments, place) for value in values)

    def _method(self, value: Value, name: str, arguments: Arguments, place: Place) -> Values:
        match value:
            case Parent(inner, cls):
                function = next_method(inner, cls, name)
                return self.run(function, arguments, inner) if function is not None else PLAIN
            case Thing(type() as schema) if is_schema(schema) and name == "model_construct":
                self.uses.note(Use(schema, How.ANSWER, place=place))
                return (Validated(schema),)
            case Thing(type() as schema) if is_schema(schema) and name in _VALIDATES:
                return self._validate(schema, name, arguments, place)
            case Adapter(annotation) if name.startswith("validate_python"):
                return self._adapt(annotation, arguments, place)
            case Thing(TypeAdapter() as adapter) if name.startswith("validate_python"):
                return self._adapt(getattr(adapter, "_type", None), arguments, place)
            case Rows():
                return self._on_rows(value, name, arguments)
            case Record() | Word.PLAIN | Word.ANSWER:
                return (Record(),) if value is Word.PLAIN and name in AS_MAPPINGS else (value,)
            case Foreign(package):
                return foreign(package, name, arguments, self._apply)
            case Thing(inner) if not isinstance(inner, (ModuleType, type)) and not is_own(type(inner)):
                return foreign(package_of(type(inner)), name, arguments, self._apply)
            case Word.UNKNOWN if name in _DUMPS:
                return (Keyed({}, False, place),)
            case Word.UNKNOWN:
                return foreign("", name, arguments, self._apply)
            case Made(schema) | Validated(schema):
                function = lookup(schema, name)
                if isinstance(function, FunctionType) and is_own(function):
                    return self.run(function, arguments, value)
                # A dump, or a copy.
                return (Keyed(dict(value.fields), value.whole, value.place),) if isinstance(value, Made) else (value,)
            case _:
                return self.call(self._attribute(value, name), arguments, place)

    def _on_rows(self, value: Rows, name: str, arguments: Arguments) -> Values:
        cls = value.cls
        function = lookup(cls, name)
        if isinstance(function, FunctionType) and is_own(function):
            return self.run(function, arguments, value)
        if name in AS_MAPPINGS | _DUMPS or name == "with_entities":
            return (Record(cls),)
        if name in ONE or name in ALL:
            return (Rows(cls, name in ALL, value.sure),)
        if name == "sqlmodel_update":
            self._fills(cls, arguments)
        return (value,)

    def _validate(self, schema: type, name: str, arguments: Arguments, place: Place) -> Values:
        own = lookup(schema, name)
        given = arguments.positional[0] if arguments.positional else arguments.keywords.get("obj", UNKNOWN)
        if mapper_of(schema) is not None:
            # A mapped class of SQLModel, filled from a request.
            self.made.add(schema)
            self._fills(schema, arguments)
            return (Rows(schema, False),)
        if isinstance(own, classmethod) and is_own(own.__func__):
            return self.run(own.__func__, arguments, Thing(schema))
        self.uses.flow(given, schema, place)
        return (Validated(schema),)

    def _adapt(self, annotation: Any, arguments: Arguments, place: Place) -> Values:
        if annotation is None or not arguments.positional:
            return UNKNOWN
        self.uses.flow(arguments.positional[0], annotation, place)
        return PLAIN

    def _fills(self, cls: type, arguments: Arguments) -> None:
        """What a mapped class's constructor (or ``update=``) is given by the code itself."""
        names = self.written.setdefault(cls, set())
        names.update(arguments.keywords)
        for group in (arguments.keywords.get("update", ()), arguments.spread, *arguments.positional):
            for value in group:
                if isinstance(value, Keyed):
                    names.update(value.fields)

    def call(self, values: Values, arguments: Arguments, place: Place) -> Values:
        """Values, called."""
        return join(self._call(value, arguments, place) for value in values)

    def _apply(self, values: Values, arguments: Arguments) -> Values:
        return self.call(values, arguments, _NOWHERE)

    def _call(self, value: Value, arguments: Arguments, place: Place) -> Values:
        match value:
            case Method(function, Thing(type() as schema)) if is_schema(schema) and function.__name__ in _VALIDATES:
                return self._validate(schema, function.__name__, arguments, place)
            case Method(function, owner):
                return self.run(function, arguments, owner)
            case Thing(type() as cls):
                return self._new(cls, arguments, place)
            case Thing(MethodType() as method):
                return self._call(Method(method.__func__, Thing(method.__self__)), arguments, place)
            case Thing(partial() as function):
                given = tuple((Thing(part),) for part in function.args)
                keywords = {name: (Thing(part),) for name, part in function.keywords.items()}
                told = Arguments((*given, *arguments.positional), {**keywords, **arguments.keywords})
                return self._call(Thing(function.func), told, place)
            case Thing(function) if callable(function):
                inner = inspect.unwrap(function)
                own = isinstance(inner, FunctionType) and is_own(inner)
                return self.run(inner, arguments) if own else self._called(function, arguments)
            case Instance(cls):
                function = lookup(cls, "__call__")
                return self.run(function, arguments, value) if isinstance(function, FunctionType) else UNKNOWN
            case Word.UNKNOWN:
                return foreign("", "", arguments, self._apply)
            case Word.PLAIN:
                return PLAIN
            case _:
                return UNKNOWN

    def _called(self, function: Any, arguments: Arguments) -> Values:
        if any(function is each for each in (next, min, max)) and arguments.positional:
            return elements(arguments.positional[0])
        if function is sorted and arguments.positional:
            return arguments.positional[0]
        return foreign(package_of(function), getattr(function, "__name__", ""), arguments, self._apply)

    def _new(self, cls: type, arguments: Arguments, place: Place) -> Values:
        if any(cls is each for each in _KEEPS):
            return arguments.positional[-1] if arguments.positional else (Series(()),)
        if cls is map and len(arguments.positional) > 1:
            return (Series(self._apply(arguments.positional[0], Arguments((elements(arguments.positional[1]),)))),)
        if cls is dict:
            rows = [v for v in arguments.all() if isinstance(v, (Rows, Record))]
            return (Record(rows[0].cls),) if rows else (Keyed(dict(arguments.keywords), arguments.whole, place),)
        if mapper_of(cls) is not None:
            self.made.add(cls)
            self._fills(cls, arguments)
            return (Rows(cls, False),)
        if is_schema(cls):
            return self._make(cls, arguments, place)
        if is_answer(cls):
            return (Word.ANSWER,)
        if issubclass(cls, TypeAdapter):
            kinds = [v.value for v in arguments.all() if isinstance(v, Thing)]
            return (Adapter(kinds[0]),) if kinds else UNKNOWN
        if is_own(cls):
            made = Instance(cls)
            self._initialise(made, arguments)
            return (made,)
        return PLAIN if cls.__module__ == "builtins" else (Foreign(package_of(cls)),)

    def _make(self, schema: type, arguments: Arguments, place: Place) -> Values:
        fields = dict(arguments.keywords)
        whole = arguments.whole
        for value in arguments.spread:
            if isinstance(value, Keyed):
                fields.update(value.fields)
                whole = value.whole
            elif isinstance(value, Record):
                self.uses.note(Use(schema, How.RECORD, value.cls, place=place))
        # It is served as it is, wherever the code takes it.
        self.uses.built(schema, fields, whole=whole, place=place)
        return (Made(schema, fields, whole, place),)
