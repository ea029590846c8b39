"""From references and models to observations."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.url import make_url

from drift import collector
from drift.alignment.observations import (
    AnnotationFact,
    Demand,
    Evidence,
    Observation,
    Observations,
    SchemaPair,
    Trial,
    UnknownLabel,
    Unprobed,
)
from drift.schema import Schema
from drift.sources.models.loaded import Models
from drift.sources.responses.discovery import Discovery, Found, discover, is_installed, reads_attributes
from drift.sources.responses.guard import Guard, Overtime, TimeLimit
from drift.sources.responses.live import live_columns
from drift.sources.responses.mapped import MappedClass, describe, dotted, mapper_of
from drift.sources.responses.names import is_create
from drift.sources.responses.pairing import Classes, Match, Pairing, with_evidence
from drift.sources.responses.places import Places
from drift.sources.responses.probing import Probe, Prober
from drift.sources.responses.reading import WHOLE, Reader, reads_of
from drift.sources.responses.references import resolve
from drift.sources.responses.requesting import probe_request, rejects
from drift.sources.responses.rows import Rows
from drift.sources.responses.sharing import loosened_by, requests_of, shared_with
from drift.sources.responses.uses import How
from drift.sources.responses.witnesses import Witnesses


@dataclass(frozen=True, slots=True)
class ObserveOptions:
    """How schemas are observed.

    Attributes:
        dialect: SQLAlchemy dialect name; it decides how values come back.
        driver: The application's own driver, for example ``asyncpg``; ``None`` for the dialect's usual one.
        actual: The live schema: its enum labels and lengths are tried beside the models'.
        schema_translate_map: As for the models.
        pairs: ``[tool.drift.responses]``: schema to mapped class, dotted or short names; an empty value means none.
        recorded: What the test suite recorded: pairs of dotted names.
        seconds: Time limit for each pair.
        request_range: Report integers that a column cannot hold (off by default: nearly every schema accepts them).
    """

    dialect: str = "postgresql"
    driver: str | None = None
    actual: Schema | None = None
    schema_translate_map: Mapping[str | None, str | None] = field(default_factory=dict)
    pairs: Mapping[str, str | None] = field(default_factory=dict)
    recorded: Sequence[tuple[str, str]] = ()
    seconds: float = 10.0
    request_range: bool = False


def observe(references: Sequence[object], models: Models, *, options: ObserveOptions | None = None) -> Observations:
    """Find the schemas behind ``references``, pair them with mapped classes, and probe every pair.

    Args:
        references: Applications, factories, modules, packages, classes, or their spellings (``app.main:app``).
        models: The project's models.
        options: See :class:`ObserveOptions`.

    Raises:
        DriftError: A reference cannot be imported, or is nothing that has schemas.
    """
    named = resolve(references, directory=models.directory)
    found = discover(named)
    unprobed = [Unprobed(name, None, f"cannot be imported: {reason}") for name, reason in named.failures]
    reason, help_ = "none of its routes declares a Pydantic model", "name the modules of its schemas as well"
    unprobed += [Unprobed(spelling, None, reason, help_) for spelling in found.silent]
    with collector.paused():
        return _Observer(models, found, options or ObserveOptions()).run(unprobed)


class _Observer:
    """One run."""

    def __init__(self, models: Models, discovery: Discovery, options: ObserveOptions) -> None:
        self._options = options
        self._discovery = discovery
        self._places = Places(models.directory)
        self._witnesses = Witnesses(_dialect(options))
        self._described: dict[type, MappedClass | None] = {}
        self._classes = Classes(filter(None, map(self._describe, models.classes)))
        self._pairing = Pairing(
            self._classes, models.directory, options.pairs, options.recorded, with_app=discovery.apps
        )
        rows = Rows(self._describe, self._witnesses)
        self._live = live_columns(options.actual, options.schema_translate_map)
        self._prober = Prober(rows, self._witnesses, self._places, self._live)
        self._probes: dict[tuple[type, type], Probe | None] = {}
        self._accepted: dict[type[BaseModel], dict[type, Match]] = {}
        self._rejected: dict[type[BaseModel], tuple[str, MappedClass]] = {}
        self._unprobed: list[Unprobed] = []
        self._takers = requests_of(discovery, self._pairing.is_request)
        self._fillers: dict[type, list[type[BaseModel]]] = {}
        self._labels: dict[tuple[str, str], UnknownLabel] = {}

    def run(self, unprobed: list[Unprobed]) -> Observations:
        self._unprobed = unprobed
        with Guard() as guard, TimeLimit(self._options.seconds) as limit:
            accepted = self._responses(guard, limit)
            requests = self._requests(guard, limit)
            responses = frozenset(match.schema for match in accepted) - self._takers
            made = [self._pair(match, responses, guard, limit) for match in accepted]
        pairs = tuple(sorted(made, key=_order))
        read: dict[type, set[str]] = {}
        for match in accepted:
            read.setdefault(match.mapped.cls, set()).update(*reads_of(match.schema).values())
        classes = {match.mapped.cls: match.mapped for match in accepted}
        if not pairs and not requests and not self._unprobed:
            self._unprobed.append(self._nothing())
        return Observations(
            pairs=pairs,
            requests=requests,
            annotations=tuple(
                fact for mapped in classes.values() for fact in self._annotations(mapped, read[mapped.cls])
            ),
            labels=tuple(self._labels.values()),
            unprobed=tuple(self._unprobed),
            unpaired=tuple(sorted(self._pairing.unpaired.items())),
            schemas=len(self._discovery.schemas),
            fields=sum(len(pair.fields) for pair in pairs),
            schema_translate_map=tuple(self._options.schema_translate_map.items()),
        )

    def _nothing(self) -> Unprobed:
        """Nothing was compared, which must not pass for being in sync."""
        number = len(self._discovery.schemas)
        if not number:
            return Unprobed(
                "schemas", None, "no Pydantic schemas were found there", "name an app or a module of schemas"
            )
        reason = f"none of {number} schema{'s' if number > 1 else ''} could be paired with a mapped class"
        return Unprobed("schemas", None, reason, "`drift responses -v` tells why")

    # --- responses

    def _responses(self, guard: Guard, limit: TimeLimit) -> list[Match]:
        """The pairs that stand: those of strong evidence and what follows from them first, then names."""
        for schema, found in tuple(self._discovery.schemas.items()):
            self._accept(self._pairing.response(schema, found), guard, limit)
        for schema, found in tuple(self._discovery.schemas.items()):
            if schema not in self._accepted:
                self._accept(self._named(schema, found, guard, limit), guard, limit)
        for schema, found in self._discovery.schemas.items():
            if schema in self._accepted:
                self._pairing.unpaired.pop(dotted(schema), None)
            self._unprobed.extend(self._unsaid(schema, found))
        return [match for matches in self._accepted.values() for match in matches.values()]

    def _accept(self, matches: Iterable[Match], guard: Guard, limit: TimeLimit) -> None:
        """Take up those of ``matches`` that probing confirms, and what follows from them through relationships."""
        queue = deque(matches)
        while queue:
            match = queue.popleft()
            known = self._accepted.get(match.schema, {})
            if (
                any(other.evidence.rank <= match.evidence.rank for other in known.values())
                and match.mapped.cls in known
            ):
                continue
            probe = self._probed(match, guard, limit)
            settled = self._settle(match, probe) if probe is not None else None
            if settled is None:
                continue
            if settled.evidence is Evidence.DERIVED:
                known = {cls: other for cls, other in known.items() if other.evidence not in _BY_NAME}
            self._accepted[match.schema] = {**known, match.mapped.cls: settled}
            if settled.only is None:
                queue.extend(self._pairing.derived(settled))

    def _named(self, schema: type[BaseModel], found: Found, guard: Guard, limit: TimeLimit) -> tuple[Match, ...]:
        """The class that a name means: the likeliest that fits, else the likeliest that fits but for a field."""
        nearly: list[Match] = []
        for candidates in self._pairing.by_name(schema, found):
            probes = [(match, self._probed(match, guard, limit)) for match in candidates]
            fitting = [match for match, probe in probes if probe is not None and self._settle(match, probe) is not None]
            if len(fitting) == 1:
                return tuple(fitting)
            if fitting:
                names = ", ".join(sorted({match.mapped.dotted for match in fitting}))
                self._pairing.unpaired[dotted(schema)] = f"several classes have such a name: {names}"
                return ()
            nearly += [match for match, probe in probes if probe is not None and _nearly_fits(match, probe)]
        return tuple(replace(match, but_for_a_field=True) for match in nearly[:1])

    def _found(self, schema: type[BaseModel]) -> Found:
        return self._discovery.schemas.get(schema) or Found()

    def _probed(self, match: Match, guard: Guard, limit: TimeLimit) -> Probe | None:
        """The probe of a pair, made once; ``None`` when the project's code does not let itself be probed."""
        key = (match.schema, match.mapped.cls)
        if key not in self._probes:
            self._probes[key] = self._probe(match, guard, limit)
        return self._probes[key]

    def _probe(self, match: Match, guard: Guard, limit: TimeLimit) -> Probe | None:
        served = bool(self._found(match.schema).routes)
        lenient = served or not reads_attributes(match.schema)
        reason: str
        try:
            reader = Reader(match.schema, from_attributes=True if lenient else None)
            for cls in match.schema.__mro__:
                # Parsing the source takes its own time, not that of the project's code.
                self._places.of_class(cls)
            with guard.on() as blocked, limit.region():
                probe = self._prober.probe(reader, match.mapped)
            if not blocked:
                return probe
            reason = f"its code tried an effect outside the process: {blocked[0]}"
        except Overtime:
            reason = f"its code ran longer than {self._options.seconds:g} s"
        except Exception as error:  # noqa: BLE001, RUF100 - the project's code runs in there
            first = (str(error).splitlines() or [""])[0][:200]
            reason = f"probing it with {match.mapped.cls.__name__} failed: {type(error).__name__}: {first}"
        self._unprobed.append(Unprobed(dotted(match.schema), None, reason, table=match.mapped.table))
        return None

    def _settle(self, match: Match, probe: Probe) -> Match | None:
        """Whether the pair stands, with the evidence that the whole row gives for or against it."""
        schema, name = match.schema, dotted(match.schema)
        if match.certain or match.only is not None or match.but_for_a_field:
            return match
        if match.evidence is Evidence.DERIVED and not probe.against:
            return match
        few = not match.exact and 2 * len(probe.hits) < len(schema.model_fields)
        if not probe.hits or few:
            self._pairing.unpaired[name] = (
                f"{'few' if few else 'none'} of its fields read attributes of {match.mapped.cls.__name__}"
            )
            return None
        whole = next((reason for field, reason in probe.unprobed if field == WHOLE), None)
        if probe.against or (whole is not None and match.evidence is Evidence.NAMES):
            # A whole row that is refused: most often a validator that takes its input for a dictionary.
            first = probe.against[0] if probe.against else None
            what = f"{first.field}: {first.error} ({first.trial})" if first is not None else whole
            self._reject(match, f"{match.mapped.cls.__name__} does not fit: {what}")
            return None
        fits = len(probe.unprobed) * 2 <= len(schema.model_fields)
        if match.evidence is Evidence.NAMES and match.exact and fits:
            return with_evidence(match, Evidence.FITTING, f"{match.reason}, and every field fits")
        return match

    def _reject(self, match: Match, reason: str) -> None:
        """A pair that does not hold."""
        self._pairing.unpaired[dotted(match.schema)] = reason
        if match.exact:
            self._rejected.setdefault(match.schema, (reason, match.mapped))

    def _unsaid(self, schema: type[BaseModel], found: Found) -> Iterator[Unprobed]:
        """A schema that is relied on, and of which nothing else is said."""
        if schema in self._accepted and not found.by_hand:
            return
        name = dotted(schema)
        recorded = [use for use in found.uses if use.how is How.RECORD] if found.by_hand else []
        if recorded:
            yield Unprobed(name, None, self._pairing.told(recorded[0], found), self._way_out(schema))
        relied_on = bool(found.routes) or (not self._discovery.apps and schema in self._rejected)
        if found.by_hand or not relied_on or schema in self._pairing.dismissed or not reads_attributes(schema):
            return
        if is_installed(schema) or schema.__pydantic_generic_metadata__["args"]:
            # A page around schemas that are looked at by themselves.
            return
        reason, mapped = self._rejected.get(schema, (self._pairing.unpaired.get(name, "no class was found"), None))
        yield Unprobed(name, None, reason, self._way_out(schema, mapped), mapped.table if mapped else None)

    def _way_out(self, schema: type[BaseModel], mapped: MappedClass | None = None) -> str:
        """The line that pairs a schema."""
        likely = mapped or self._classes.likely(schema)
        cls = likely.dotted if likely is not None else "the.mapped.Class"
        return f'say what it reads in [tool.drift.responses.pairs]: "{dotted(schema)}" = "{cls}" (or "" for no class)'

    def _pair(self, match: Match, responses: frozenset[type[BaseModel]], guard: Guard, limit: TimeLimit) -> SchemaPair:
        found = self._found(match.schema)
        probe = self._probes[match.schema, match.mapped.cls]
        assert probe is not None
        name = dotted(match.schema)
        if match.exact:
            self._unprobed.extend(
                Unprobed(name, field, reason, table=match.mapped.table)
                for field, reason in probe.unprobed
                if match.only is None or field in match.only
            )
        for attribute, labels, error in probe.labels:
            if attribute.table is not None:
                self._labels[match.mapped.dotted, attribute.key] = UnknownLabel(
                    match.mapped.dotted, attribute.key, attribute.table, attribute.column_name, labels, error
                )
        observations = [*probe.observations, *(probe.against if match.certain or match.but_for_a_field else ())]
        if match.only is not None:
            observations = [each for each in (*observations, *probe.against) if each.field in match.only]
        observations = [self._in_company(match, each, responses, guard, limit) for each in observations]
        return SchemaPair(
            schema=name,
            model=match.mapped.dotted,
            table=match.mapped.table,
            evidence=match.evidence,
            reason=match.reason,
            strong=match.strong,
            certain=match.certain,
            routes=tuple(sorted(found.routes)),
            served=bool(found.routes) if self._discovery.apps else None,
            fields=tuple(match.schema.model_fields),
            observations=tuple(observations),
            location=self._places.of_class(match.schema),
            ignored=self._places.ignored(match.schema, None),
        )

    def _in_company(
        self,
        match: Match,
        observation: Observation,
        responses: frozenset[type[BaseModel]],
        guard: Guard,
        limit: TimeLimit,
    ) -> Observation:
        """The observation with what other schemas have to do with its field."""
        given = observation.attribute in match.given
        guarded = observation.trial is Trial.OTHER and self._guarded(match.mapped, observation, guard, limit)
        shared = shared_with(match.schema, observation.field, responses)
        loosened = loosened_by(match.schema, observation.field, self._takers)
        if not (given or guarded or shared or loosened):
            return observation
        return replace(observation, given=given, guarded=guarded, shared=shared, loosened=loosened)

    def _guarded(self, mapped: MappedClass, observation: Observation, guard: Guard, limit: TimeLimit) -> bool:
        """Whether there are requests for the column, and all of them reject the value."""
        name = observation.attribute
        fillers = [schema for schema in self._fillers.get(mapped.cls, ()) if name in schema.model_fields]
        with contextlib.suppress(Overtime), guard.on(), limit.region():
            return bool(fillers) and all(rejects(schema, name, observation.tried) for schema in fillers)
        return False

    # --- requests, annotations

    def _requests(self, guard: Guard, limit: TimeLimit) -> tuple[SchemaPair, ...]:
        pairs: list[SchemaPair] = []
        for schema, found in self._discovery.schemas.items():
            if not found.takes and (found.routes or not self._pairing.is_request(schema)):
                continue
            match = self._pairing.request(schema)
            if match is None:
                continue
            self._fillers.setdefault(match.mapped.cls, []).append(schema)
            posted = any(route.method == "POST" for route in found.takes)
            made = match.mapped.cls in found.makes or (posted and not self._pairing.is_request(schema))
            whole = made or is_create(schema.__name__)
            try:
                with guard.on() as blocked, limit.region():
                    facts, names = probe_request(
                        schema,
                        match.mapped,
                        self._witnesses,
                        self._places,
                        self._options,
                        self._live,
                        whole=whole,
                        strong=match.strong,
                    )
            except Overtime:
                self._unprobed.append(_not_asked(schema, f"its code ran longer than {self._options.seconds:g} s"))
                continue
            if blocked:
                self._unprobed.append(_not_asked(schema, f"its code tried an effect outside the process: {blocked[0]}"))
                continue
            filled = found.filled.get(match.mapped.cls, frozenset())
            facts = tuple(fact for fact in facts if fact.demand not in _OF_THE_BODY or fact.field not in filled)
            pairs.append(
                SchemaPair(
                    schema=dotted(schema),
                    model=match.mapped.dotted,
                    table=match.mapped.table,
                    evidence=match.evidence,
                    reason=match.reason,
                    strong=match.strong,
                    certain=match.certain,
                    routes=tuple(sorted(found.takes)),
                    served=bool(found.takes) if self._discovery.apps else None,
                    fields=names,
                    requests=facts,
                    location=self._places.of_class(schema),
                    ignored=self._places.ignored(schema, None),
                )
            )
        return tuple(sorted(pairs, key=_order))

    def _annotations(self, mapped: MappedClass, read: set[str]) -> list[AnnotationFact]:
        from drift.sources.responses.unwrap import spell

        return [
            AnnotationFact(
                mapped.dotted, a.key, a.table, a.column_name, spell(a.hint), self._places.of_field(mapped.cls, a.key)
            )
            for a in mapped.columns.values()
            if a.key in read
            and a.promises
            and a.nullable
            and not a.primary_key
            and not a.narrowed
            and a.table is not None
        ]

    def _describe(self, cls: type) -> MappedClass | None:
        if cls not in self._described:
            mapper = mapper_of(cls)
            self._described[cls] = describe(mapper) if mapper is not None else None
        return self._described[cls]


_OF_THE_BODY = (Demand.ABSENT, Demand.NULL, Demand.TYPE)
"""What matters only where the code of the route hands on what the body holds."""

_BY_NAME = (Evidence.NAMES, Evidence.FITTING)


def _nearly_fits(match: Match, probe: Probe) -> bool:
    """Whether a pair by name holds but for some fields, which then say nothing of the others."""
    fields = len(match.schema.model_fields)
    whole = any(name == WHOLE for name, _ in probe.unprobed)
    filled_otherwise = whole or any(each.trial is Trial.MISSING for each in probe.against)
    few = 0 < 2 * len(probe.against) <= fields < 2 * len(probe.hits)
    return match.exact and few and not filled_otherwise


def _order(pair: SchemaPair) -> tuple[str, str]:
    return pair.schema, pair.model


def _not_asked(schema: type[BaseModel], reason: str) -> Unprobed:
    return Unprobed(dotted(schema), None, reason, family="RQ")


def _dialect(options: ObserveOptions) -> Dialect:
    name = f"{options.dialect}+{options.driver}" if options.driver else options.dialect
    try:
        made: Any = make_url(f"{name}://").get_dialect()()
    except Exception:  # noqa: BLE001, RUF100 - a driver that is not installed here; the dialect's own spelling does
        from sqlalchemy.engine.default import DefaultDialect

        made = DefaultDialect()
        made.name = options.dialect
    found: Dialect = made
    return found
