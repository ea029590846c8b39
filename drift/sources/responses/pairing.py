"""Which schema reads which mapped class, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from drift.alignment.observations import Evidence
from drift.sources.models.blame import relative
from drift.sources.responses.discovery import Found, reads_attributes
from drift.sources.responses.mapped import MappedClass, dotted, mapper_of
from drift.sources.responses.names import MODEL_WORDS, REQUEST_WORDS, RESPONSE_WORDS, core, is_request, shortenings
from drift.sources.responses.unwrap import schemas_in
from drift.sources.responses.uses import How, Use


@dataclass(frozen=True, slots=True)
class Match:
    """A schema and a mapped class.

    Attributes:
        exact: For pairs by name: the cores are the same, not only one a part of the other.
        only: The fields that the code passes on as they are; ``None`` for all: the schema reads the object itself.
        but_for_a_field: A pair by name that holds but for some fields.
        given: Attributes that have a value by the code of every route before the row is read.
    """

    schema: type[BaseModel]
    mapped: MappedClass
    evidence: Evidence
    reason: str
    strong: bool
    certain: bool
    exact: bool = True
    only: frozenset[str] | None = None
    but_for_a_field: bool = False
    given: frozenset[str] = frozenset()


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

    def names(self) -> Collection[tuple[str, ...]]:
        """The words of every class's name, singular, and its cores."""
        return self._by_core.keys()

    def likely(self, schema: type[BaseModel]) -> MappedClass | None:
        """The one class that has an attribute for every required field."""
        required = {name for name, info in schema.model_fields.items() if info.is_required()}
        found = [mapped for mapped in self.all if required and required <= mapped.names]
        return found[0] if len(found) == 1 else None

    def cores(self) -> Iterable[tuple[str, ...]]:
        """All cores."""
        return self._by_core


class Pairing:
    """Finds the class of a schema, strongest evidence first.

    Attributes:
        unpaired: Why a schema has no class, by its dotted name.
        dismissed: Schemas that need none: they are requests, mapped classes themselves, or said to read no model.
    """

    def __init__(
        self,
        classes: Classes,
        directory: Path,
        explicit: Mapping[str, str | None],
        recorded: Iterable[tuple[str, str]],
        *,
        with_app: bool,
    ) -> None:
        self._classes = classes
        self._with_app = with_app
        self._directory = directory
        self._explicit = explicit
        self._recorded: dict[str, list[str]] = {}
        for schema, model in recorded:
            self._recorded.setdefault(schema, []).append(model)
        self.unpaired: dict[str, str] = {}
        self.dismissed: set[type[BaseModel]] = set()

    def response(self, schema: type[BaseModel], found: Found) -> tuple[Match, ...]:
        """The classes that a response schema reads, by more than its name; reasons for none are in ``unpaired``."""
        declared = self._declared(schema)
        if declared is not None:
            return declared
        known = self._recorded_with(schema) or self._annotated(schema, found) or self._read_by_code(schema, found)
        if known:
            return known
        if found.by_hand:
            return self._built(schema, found)
        if mapper_of(schema) is not None:
            return self._dismiss(schema, "it is a mapped class itself; its instances are not validated again")
        if not found.routes and found.takes:
            return self._dismiss(schema, "routes take it, and none answers with it")
        if not found.routes and self.is_request(schema):
            return self._dismiss(schema, "its name says that it is a request")
        if not found.routes and self._with_app and schema.__subclasses__():
            return self._dismiss(schema, "no route names it; other schemas are derived from it")
        common = self._common_base(schema)
        return (common,) if common is not None else ()

    def by_name(self, schema: type[BaseModel], found: Found) -> Iterator[tuple[Match, ...]]:
        """What a schema's name may mean, the likeliest first; classes that are as likely together."""
        name = dotted(schema)
        if schema in self.dismissed or found.by_hand or self._declared(schema) is not None:
            return
        if not (found.read or reads_attributes(schema)):
            self.unpaired[name] = "nothing says that it reads objects (no from_attributes)"
            return
        self.unpaired[name] = "no mapped class has such a name"
        yield tuple(
            Match(schema, mapped, Evidence.NAMES, self.told(use, found), False, False, exact=use.alone)
            for use in found.uses
            if use.how is How.READ and (mapped := self._classes.of(use.model)) is not None
        )
        roles = (RESPONSE_WORDS, RESPONSE_WORDS | REQUEST_WORDS)
        for words in dict.fromkeys(step for role in roles for step in shortenings(schema.__name__, role)):
            yield tuple(
                Match(schema, mapped, Evidence.NAMES, f"their names: {mapped.cls.__name__}", False, False)
                for mapped in self._classes.with_core(words)
            )
        words = core(schema.__name__, RESPONSE_WORDS)
        for reason, part in (("the end of its name", _ends), ("the start of its name", _starts)):
            longest = max((len(known) for known in self._classes.cores() if part(words, known)), default=0)
            yield tuple(
                Match(schema, mapped, Evidence.NAMES, f"{reason}: {mapped.cls.__name__}", False, False, exact=False)
                for known in self._classes.cores()
                if len(known) == longest and part(words, known)
                for mapped in self._classes.with_core(known)
            )

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
        for words in shortenings(schema.__name__, RESPONSE_WORDS | REQUEST_WORDS):
            found = self._classes.with_core(words)
            if len(found) == 1:
                return Match(schema, found[0], Evidence.NAMES, f"their names: {found[0].cls.__name__}", False, False)
            if found:
                return None
        return None

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
            return self._dismiss(schema, f"{reason}: it reads no model")
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

    def _annotated(self, schema: type[BaseModel], found: Found) -> tuple[Match, ...]:
        reason = "an endpoint with this response model is annotated to return it"
        models = {use.model: use.certain and use.alone for use in found.annotated}
        return tuple(
            Match(
                schema,
                mapped,
                Evidence.ANNOTATED,
                reason,
                models[mapped.cls],
                models[mapped.cls],
                given=_given(mapped.cls, found),
            )
            for mapped in filter(None, map(self._classes.of, models))
        )

    def _read_by_code(self, schema: type[BaseModel], found: Found) -> tuple[Match, ...]:
        uses = [use for use in found.uses if use.how is How.READ and use.certain and use.alone]
        # Where one endpoint lets a refusal through, it counts.
        read = {use.model: use for use in sorted(uses, key=lambda use: not use.caught)}
        return tuple(
            Match(
                schema,
                mapped,
                Evidence.CODE,
                self.told(read[mapped.cls], found),
                not read[mapped.cls].caught,
                True,
                given=found.given.get(mapped.cls, frozenset()),
            )
            for mapped in filter(None, map(self._classes.of, read))
        )

    def _built(self, schema: type[BaseModel], found: Found) -> tuple[Match, ...]:
        """A schema that every route fills by itself reads what the code passes on as it is, and nothing else."""
        told = "; ".join(dict.fromkeys(self.told(use, found) for use in found.uses))
        self.unpaired[dotted(schema)] = told
        passed: dict[type, set[str]] = {}
        for use in found.uses:
            for name, cell in use.passed:
                passed.setdefault(cell.cls, set()).add(name)
        return tuple(
            Match(schema, mapped, Evidence.CODE, told, False, False, only=frozenset(passed[mapped.cls]))
            for mapped in filter(None, map(self._classes.of, passed))
        )

    def told(self, use: Use, found: Found) -> str:
        """``GET /orders builds it itself (app/main.py:12)``."""
        routes = found.uses[use]
        more = f" and {len(routes) - 1} more" if len(routes) > 1 else ""
        place = f" ({relative(use.place[0], self._directory)}:{use.place[1]})" if use.place and use.place[0] else ""
        what = f" {use.model.__name__}" if use.how is How.READ and use.model is not None else ""
        caught = ", and catches what it refuses" if use.caught else ""
        return f"{routes[0]}{more} {use.how.value}{what}{place}{caught}"

    def _dismiss(self, schema: type[BaseModel], reason: str) -> tuple[Match, ...]:
        self.unpaired[dotted(schema)] = reason
        self.dismissed.add(schema)
        return ()

    def is_request(self, schema: type[BaseModel]) -> bool:
        """Whether a schema's name says that it is taken in."""
        return is_request(schema.__name__, self._classes.names())

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


def _given(cls: type, found: Found) -> frozenset[str]:
    """What has a value by the code of the routes, where the code of all that are annotated was followed to the rows."""
    annotated = {route for use, routes in found.annotated.items() if use.model is cls for route in routes}
    read = {r for use, routes in found.uses.items() if use.how is How.READ and use.model is cls for r in routes}
    return found.given.get(cls, frozenset()) if annotated <= read else frozenset()


def with_evidence(match: Match, evidence: Evidence, reason: str) -> Match:
    """The match with the evidence that probing added."""
    return replace(match, evidence=evidence, reason=reason, strong=True)


def _below_sqlmodel(base: type) -> bool:
    return any(parent.__module__.partition(".")[0] == "sqlmodel" for parent in base.__mro__[1:])


def _ends(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return len(known) < len(words) and words[-len(known) :] == known


def _starts(words: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return len(known) < len(words) and words[: len(known)] == known
