"""How a schema reads an object, and how that fails: the same calls as FastAPI's, errors sorted by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError

from drift.alignment.observations import Phase
from drift.sources.responses.unwrap import spell

WHOLE = "*"
"""The field of an error that belongs to no single one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One error. ``path`` is what follows the field in Pydantic's ``loc``."""

    field: str
    path: tuple[Any, ...]
    error: str
    message: str
    phase: Phase
    raw: dict[str, Any]


class View:
    """Stands for an object without some of its attributes: those whose code breaks on any row."""

    def __init__(self, instance: Any, hidden: frozenset[str]) -> None:
        self.__dict__["_view"] = (instance, hidden)

    def __getattr__(self, name: str) -> Any:
        instance, hidden = self.__dict__["_view"]
        if name in hidden:
            raise AttributeError(name)
        return getattr(instance, name)


class Reader:
    """A schema, ready to read rows.

    Attributes:
        reads: For each field the attributes that it may be read from, in Pydantic's order.
        lenient: A model validator sees the object first, so that a missing attribute proves nothing.
        separate: No field is read, checked, or dumped with a look at another one.
    """

    def __init__(self, schema: type[BaseModel], *, from_attributes: bool | None) -> None:
        self.schema = schema
        self._validate = schema.__pydantic_validator__.validate_python
        self._serializer = schema.__pydantic_serializer__
        self._from_attributes = from_attributes
        self.reads = reads_of(schema)
        self._fields: dict[Any, str] = {name: name for name in schema.model_fields}
        for name, attributes in self.reads.items():
            for attribute in attributes:
                self._fields.setdefault(attribute, name)
        decorators = schema.__pydantic_decorators__
        self.computed = tuple(decorators.computed_fields)
        self.lenient = any(d.info.mode in ("before", "wrap") for d in decorators.model_validators.values())
        whole = decorators.model_validators or decorators.root_validators or decorators.model_serializers
        aside = self.computed or decorators.field_serializers
        core = schema.__pydantic_core_schema__
        # What is built late stands behind an object of another kind.
        self.separate = not (whole or aside) and isinstance(core, dict) and _is_separate(core)

    def read(self, subject: Any, *, serialise: bool = True) -> list[Failure]:
        """Validate an object and dump the result; the errors, none for success."""
        try:
            made = self._validate(subject, from_attributes=self._from_attributes)
        except ValidationError as failure:
            return [self._sorted(dict(error)) for error in failure.errors(include_url=False)]
        except Exception as error:  # noqa: BLE001, RUF100 - whatever escapes is an answer 500
            return [self._escaped(error, Phase.VALIDATION, WHOLE)]
        if not serialise:
            return []
        try:
            self._serializer.to_json(made)
        except Exception as error:  # noqa: BLE001, RUF100
            return [self._escaped(error, Phase.SERIALISATION, name) for name in self._undumpable(made)]
        return []

    def _sorted(self, error: dict[str, Any]) -> Failure:
        loc = error["loc"]
        name = self._fields.get(loc[0], WHOLE) if loc else WHOLE
        message = str(error["msg"]).splitlines()[0][:200] if error["msg"] else ""
        return Failure(name, tuple(loc[1:]), str(error["type"]), message, Phase.VALIDATION, error)

    def _escaped(self, error: Exception, phase: Phase, name: str) -> Failure:
        message = (str(error).splitlines() or [""])[0][:200]
        return Failure(name, (), type(error).__name__, message, phase, {})

    def _undumpable(self, made: Any) -> Iterator[str]:
        """The fields that cannot be dumped by themselves."""
        found = False
        for name in (*self.schema.model_fields, *self.computed):
            try:
                self._serializer.to_json(made, include={name})
            except Exception:  # noqa: BLE001, RUF100
                found = True
                yield name
        if not found:
            yield WHOLE


def reads_of(schema: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """For each field the attributes that it may be read from, in Pydantic's order."""
    config = schema.model_config
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
    by_alias = config.get("validate_by_alias") is not False
    return {
        name: tuple(_attributes(name, field.validation_alias, by_name=by_name, by_alias=by_alias))
        for name, field in schema.model_fields.items()
    }


def _is_separate(core: dict[str, Any]) -> bool:
    """Whether nothing in a core schema is handed the whole model, or what the other fields hold."""
    stack: list[Any] = [core]
    while stack:
        part = stack.pop()
        if type(part) is dict:
            if part.get("type") == "with-info" or not _LOOKS_ASIDE.isdisjoint(key for key in part if part[key]):
                return False
            stack.extend(inner for key, inner in part.items() if key not in _NO_SCHEMA)
        elif type(part) is list or type(part) is tuple:
            stack.extend(part)
    return True


_LOOKS_ASIDE = frozenset({"post_init", "custom_init", "default_factory_takes_data", "is_field_serializer", "info_arg"})

_NO_SCHEMA = frozenset({"metadata", "default", "cls", "expected", "members"})


def _attributes(name: str, alias: Any, *, by_name: bool, by_alias: bool) -> Iterator[str]:
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    if by_alias:
        for choice in choices:
            if isinstance(choice, str):
                yield choice
            elif isinstance(choice, AliasPath) and isinstance(choice.path[0], str):
                yield choice.path[0]
    if alias is None or by_name or not by_alias:
        yield name


def annotation(schema: type[BaseModel], name: str) -> str:
    """A field's type as text."""
    try:
        return spell(schema.model_fields[name].annotation)
    except Exception:  # noqa: BLE001, RUF100 - exotic types may refuse to be named
        return repr(schema.model_fields[name].annotation)
