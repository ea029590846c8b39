"""Which schemas there are, and which routes answer with them or take them."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, field
from types import ModuleType

from pydantic import BaseModel

from drift.alignment.observations import Route
from drift.sources.responses.endpoint_code import read_endpoint
from drift.sources.responses.functions import is_own
from drift.sources.responses.names import is_request
from drift.sources.responses.references import Named
from drift.sources.responses.routing import Endpoint, endpoints
from drift.sources.responses.unwrap import is_schema, reachable, schemas_in
from drift.sources.responses.uses import How, Use


@dataclass(slots=True)
class Found:
    """What was discovered about one schema.

    Attributes:
        routes: Routes that answer with it, directly or nested in another schema.
        takes: Routes that take it as a body.
        annotated: Ways in which it reads what endpoints say they return, with the routes.
        uses: Ways in which the endpoints' code fills it, with the routes.
        read: An endpoint answers with something that the schema reads, or nobody knows with what.
        given: For each mapped class the attributes that have a value by the code of every route reading its rows: it
            sets them, its query asks for them, or it answers otherwise without them.
        filled: For each mapped class the attributes that the code of every route taking the schema fills itself.
        makes: The mapped classes that a route taking the schema by POST makes new rows of.
    """

    routes: dict[Route, None] = field(default_factory=dict)
    takes: dict[Route, None] = field(default_factory=dict)
    annotated: dict[Use, tuple[Route, ...]] = field(default_factory=dict)
    uses: dict[Use, tuple[Route, ...]] = field(default_factory=dict)
    read: bool = False
    given: dict[type, frozenset[str]] = field(default_factory=dict)
    filled: dict[type, frozenset[str]] = field(default_factory=dict)
    makes: frozenset[type] = frozenset()

    @property
    def by_hand(self) -> bool:
        """Every route that answers with it fills it field by field, from a mapping, or answers by itself."""
        return bool(self.routes) and not self.read and bool(self.uses)


@dataclass(slots=True)
class Discovery:
    """All schemas that were found, in order, and whether an application was looked at.

    Attributes:
        silent: Applications none of whose routes declares a schema, and whose code fills none.
    """

    schemas: dict[type[BaseModel], Found] = field(default_factory=dict)
    apps: bool = False
    silent: list[str] = field(default_factory=list)

    def entry(self, schema: type[BaseModel]) -> Found:
        """The entry of ``schema``, made where there is none."""
        if schema not in self.schemas and not schema.__pydantic_complete__:
            # Names that stood for later classes can be resolved by now.
            with contextlib.suppress(Exception):
                schema.model_rebuild(raise_errors=False)
        return self.schemas.setdefault(schema, Found())


def discover(named: Named) -> Discovery:
    """Everything that the references lead to."""
    discovery = Discovery(apps=bool(named.apps))
    homes: dict[str, None] = {}
    for spelling, app in named.apps:
        before, own = len(discovery.schemas), False
        for endpoint in endpoints(app):
            _take_in(endpoint, discovery)
            own |= is_own(endpoint.function)
            homes[getattr(endpoint.function, "__module__", "") or ""] = None
        if own and len(discovery.schemas) == before:
            discovery.silent.append(spelling)
    for schema in tuple(discovery.schemas):
        if not is_installed(schema):
            homes[schema.__module__] = None
    for module in named.modules:
        _scan(module, discovery)
    # Endpoints also validate by hand (`UserOut.model_validate(user)`): schemas of the application's own packages count.
    packages = {home.partition(".")[0] for home in homes if home} - _foreign_packages()
    for name, loaded in sorted(sys.modules.items()):
        if isinstance(loaded, ModuleType) and name.partition(".")[0] in packages:
            _scan(loaded, discovery)
    for schema in named.schemas:
        discovery.entry(schema)
    return discovery


def is_installed(schema: type) -> bool:
    """Whether a schema comes from somebody else's distribution."""
    path = str(getattr(sys.modules.get(schema.__module__), "__file__", None) or "")
    return "site-packages" in path or "dist-packages" in path


def _foreign_packages() -> set[str]:
    return {"fastapi", "starlette", "pydantic", "sqlmodel", "builtins", "typing", "drift"}


def _scan(module: ModuleType, discovery: Discovery) -> None:
    for value in tuple(vars(module).values()):
        if not is_schema(value) or value.__module__ != module.__name__ or value in discovery.schemas:
            continue
        if (
            reads_attributes(value)
            or is_request(value.__name__)
            or hasattr(value, "__drift_model__")
            or _is_sqlmodel(value)
        ):
            discovery.entry(value)


def _is_sqlmodel(schema: type[BaseModel]) -> bool:
    return any(base.__module__.partition(".")[0] == "sqlmodel" for base in schema.__mro__)


def reads_attributes(schema: type[BaseModel]) -> bool:
    """Whether the schema's own configuration lets it read objects."""
    return bool(schema.model_config.get("from_attributes"))


def _take_in(endpoint: Endpoint, discovery: Discovery) -> None:
    code = read_endpoint(endpoint.function, endpoint.response)
    told: dict[type, bool] = {}
    for use in (*code.annotated, *code.uses):
        told[use.schema] = told.get(use.schema, False) or use.how in (How.READ, How.UNKNOWN)
    direct = schemas_in(endpoint.response)
    read = any(told.get(schema, True) for schema in direct)
    for schema in reachable(endpoint.response):
        entry = discovery.entry(schema)
        entry.routes.update(dict.fromkeys(endpoint.routes))
        # What is nested is read along with what holds it, unless the code fills it by itself.
        entry.read |= told.get(schema, True if schema in direct else read)
    for use in code.annotated:
        _add(discovery.entry(use.schema).annotated, use, endpoint.routes)
    for use in code.uses:
        entry = discovery.entry(use.schema)
        _add(entry.uses, use, endpoint.routes)
        if use.how is How.READ and use.model is not None:
            entry.routes.update(dict.fromkeys(endpoint.routes))
            entry.read = True
            none: frozenset[str] = frozenset()
            known = code.written.get(use.model, none) | code.present.get(use.model, none)
            _narrow(entry.given, use.model, known)
    for body in endpoint.bodies:
        for schema in schemas_in(body):
            entry = discovery.entry(schema)
            entry.takes.update(dict.fromkeys(endpoint.routes))
            if any(route.method == "POST" for route in endpoint.routes):
                entry.makes |= code.made
            for cls, names in code.written.items():
                _narrow(entry.filled, cls, names)


def _add(known: dict[Use, tuple[Route, ...]], use: Use, routes: tuple[Route, ...]) -> None:
    known[use] = (*known.get(use, ()), *routes)


def _narrow(known: dict[type, frozenset[str]], cls: type, names: frozenset[str]) -> None:
    known[cls] = known[cls] & names if cls in known else names
