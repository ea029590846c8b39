"""Which schema reads which mapped class, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from drift.alignment.observations import Evidence
from drift.sources.responses.discovery import Discovery, Found, reads_attributes
from drift.sources.responses.mapped import MappedClass, dotted, mapper_of
from drift.sources.responses.names import MODEL_WORDS, REQUEST_WORDS, RESPONSE_WORDS, core, is_request, shortenings
from drift.sources.responses.unwrap import schemas_in


@dataclass(frozen=True, slots=True)
class Match:
    """A schema and a mapped class.

    Attributes:
        exact: For pairs by name: the cores are the same, not only one a part of the other.
    """

    schema: type[BaseModel]
    mapped: MappedClass
    evidence: Evidence
    reason: str
    strong: bool
    certain: bool
    exact: bool = True


class Classes:
    """The mapped classes, by dotted name, by short name, and by the core of their names."""

    def __init__(self, classes: Iterable[MappedClass]) -> None:
        self.all = tuple(classes)
        self._by_type = {mapped.cls: mapped for mapped in self.all}
        self._by_name: dict[str, list[MappedClass]] = {}
        self._by_core: dict[tuple[str, ...], list[MappedClass]] = {}
        for mapped in self.all:
            self._by_name.setdefault(mapped.dotted, []).append(mapped)
            self._by_name.setdefault(mapped.dotted.replace(".", ":"), [])
            self._by_name.setdefault(mapped.cls.__name__, []).append(mapped)
            for words in shortenings(mapped.cls.__name__, MODEL_WORDS):
                self._by_core.setdefault(words, []).append(mapped)

    def of(self, cls: Any) -> MappedClass | None:
        """The mapped class behind a class object."""
        return self._by_type.get(cls) if isinstance(cls, type) else None

    def named(self, name: str) -> MappedClass | None:
        """The one class of that dotted or short name."""
        found = self._by_name.get(name.replace(":", "."), [])
        return found[0] if len(found) == 1 else None

    def with_core(self, words: tuple[str, ...]) -> list[MappedClass]:
        """The classes whose name has that core."""
        return self._by_core.get(words, [])

    def cores(self) -> Iterable[tuple[str, ...]]:
        """All cores."""
        return self._by_core


class Pairing:
    """Finds the class of a schema, strongest evidence first."""

    def __init__(
        self,
        classes: Classes,
        discovery: Discovery,
        explicit: Mapping[str, str | None],
        recorded: Iterable[tuple[str, str]],
    ) -> None:
        self._classes = classes
        self._discovery = discovery
        self._explicit = explicit
        self._recorded: dict[str, list[str]] = {}
        for schema, model in recorded:
            self._recorded.setdefault(schema, []).append(model)
        self.unpaired: dict[str, str] = {}

    def response(self, schema: type[BaseModel], found: Found) -> tuple[Match, ...]:
        """The classes that a response schema reads; reasons for none are kept in ``unpaired``."""
        declared = self._declared(schema)
        if declared is not None:
            return declared
        recorded = self._recorded_with(schema)
        if recorded:
            return recorded
        annotated = tuple(
            Match(
                schema,
                mapped,
                Evidence.ANNOTATED,
                "an endpoint with this response model is annotated to return it",
                True,
                True,
            )
            for mapped in filter(None, map(self._classes.of, found.returned))
        )
        if annotated:
            return annotated
        common = self._common_base(schema)
        if common is not None:
            return (common,)
        if mapper_of(schema) is not None:
            self.unpaired[dotted(schema)] = "it is a mapped class itself; its instances are not validated again"
            return ()
        if is_request(schema.__name__):
            self.unpaired[dotted(schema)] = "its name says that it is a request"
            return ()
        if not (found.read or reads_attributes(schema)):
            self.unpaired[dotted(schema)] = "nothing says that it reads objects (no from_attributes)"
            return ()
        return self._by_name(schema)

    def request(self, schema: type[BaseModel]) -> Match | None:
        """The class that a request schema fills."""
        declared = self._declared(schema)
        if declared is not None:
            return declared[0] if declared else None
        if mapper_of(schema) is not None:
            return None
        common = self._common_base(schema)
        if common is not None:
            return common
        words = core(schema.__name__, RESPONSE_WORDS | REQUEST_WORDS)
        found = self._classes.with_core(words)
        if len(found) != 1:
            return None
        return Match(schema, found[0], Evidence.NAMES, f"their names: {found[0].cls.__name__}", False, False)

    def derived(self, match: Match) -> Iterator[Match]:
        """The pairs that follow from a pair through its relationships."""
        for name, field in match.schema.model_fields.items():
            nested = schemas_in(field.annotation)
            if len(nested) != 1:
                continue
            alias = field.validation_alias if isinstance(field.validation_alias, str) else name
            relation = match.mapped.relations.get(alias) or match.mapped.relations.get(name)
            target = self._classes.of(relation.target) if relation is not None else None
            if relation is None or target is None or mapper_of(nested[0]) is not None:
                continue
            reason = f"{match.schema.__name__}.{name} reads {match.mapped.cls.__name__}.{relation.key}"
            yield Match(nested[0], target, Evidence.DERIVED, reason, match.strong, match.strong)

    def _declared(self, schema: type[BaseModel]) -> tuple[Match, ...] | None:
        name, reason = dotted(schema), "configured in [tool.drift.responses]"
        wanted: Any = self._explicit.get(name, self._explicit.get(name.replace(".", ":"), ...))
        if wanted is ...:
            wanted = self._explicit.get(schema.__name__, ...)
        if wanted is ...:
            wanted, reason = schema.__dict__.get("__drift_model__", ...), "declared on the class"
        if wanted is ...:
            return None
        if wanted is None or wanted == "":
            self.unpaired[name] = f"{reason}: it reads no model"
            return ()
        mapped = self._classes.named(wanted) if isinstance(wanted, str) else self._classes.of(wanted)
        if mapped is None:
            self.unpaired[name] = f"{reason} as {wanted}, which is no mapped class"
            return ()
        return (Match(schema, mapped, Evidence.EXPLICIT, reason, True, True),)

    def _recorded_with(self, schema: type[BaseModel]) -> tuple[Match, ...]:
        models = self._recorded.get(dotted(schema), ())
        found = [mapped for mapped in map(self._classes.named, models) if mapped is not None]
        return tuple(
            Match(schema, mapped, Evidence.RECORDED, "they met in the project's own test suite", True, True)
            for mapped in found
        )

    def _common_base(self, schema: type[BaseModel]) -> Match | None:
        """SQLModel: ``HeroPublic(HeroBase)`` beside ``Hero(HeroBase, table=True)``."""
        if mapper_of(schema) is not None:
            return None
        for base in schema.__mro__:
            if base.__module__.partition(".")[0] == "sqlmodel":
                return None
            if not _below_sqlmodel(base):
                continue
            found = [mapped for mapped in self._classes.all if issubclass(mapped.cls, base)]
            if len(found) == 1:
                reason = f"their common base {base.__name__}" if base is not schema else "the class is derived from it"
                return Match(schema, found[0], Evidence.SQLMODEL, reason, True, False)
            if found:
                return None
        return None

    def _by_name(self, schema: type[BaseModel]) -> tuple[Match, ...]:
        name = schema.__name__
        for words in shortenings(name, RESPONSE_WORDS):
            found = self._classes.with_core(words)
            if len(found) == 1:
                return (Match(schema, found[0], Evidence.NAMES, f"their names: {found[0].cls.__name__}", False, False),)
            if found:
                return self._tie(schema, found)
        words = core(name, RESPONSE_WORDS)
        for reason, part in (("the end of its name", _ends), ("the start of its name", _starts)):
            lengths = sorted({len(known) for known in self._classes.cores() if part(words, known)}, reverse=True)
            if not lengths:
                continue
            found = [m for known in self._classes.cores() if len(known) == lengths[0] and part(words, known)
                     for m in self._classes.with_core(known)]  # fmt: skip
            if len(set(map(id, found))) > 1:
                return self._tie(schema, found)
            return (
                Match(
                    schema, found[0], Evidence.NAMES, f"{reason}: {found[0].cls.__name__}", False, False, exact=False
                ),
            )
        self.unpaired[dotted(schema)] = "no mapped class has such a name"
        return ()

    def _tie(self, schema: type[BaseModel], found: list[MappedClass]) -> tuple[Match, ...]:
        names = ", ".join(sorted({mapped.dotted for mapped in found}))
        self.unpaired[dotted(schema)] = f"several classes have such a name: {names}"
        return ()


def with_evidence(match: Match, evidence: Evidence, reason: str) -> Match:
    """The match with the evidence that probing added."""
    return replace(match, evidence=evidence, reason=reason, strong=True)


def _below_sqlmodel(base: type) -> bool:
    return any(parent.__module__.partition(".")[0] == "sqlmodel" for parent in base.__mro__[1:])


def _ends(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return len(known) < len(words) and words[-len(known) :] == known


def _starts(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return len(known) < len(words) and words[: len(known)] == known
