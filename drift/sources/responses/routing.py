"""The endpoints of an application, whatever framework it is written with, and the schemas that its routes declare."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from drift.alignment.observations import Route
from drift.sources.responses.functions import closure, hints
from drift.sources.responses.unwrap import is_schema, schemas_in

_TAKEN = ("body", "json", "form")
"""What decorators of Flask views call a request's model."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route of an application with what it answers with and takes."""

    routes: tuple[Route, ...]
    response: Any
    bodies: tuple[Any, ...]
    function: Any


def is_flask(value: object) -> bool:
    """Whether an object is a Flask application, or one of a framework on top of it."""
    return not isinstance(value, type) and hasattr(value, "url_map") and hasattr(value, "view_functions")


def endpoints(app: Any, prefix: str = "") -> Iterator[Endpoint]:
    """Every endpoint of an application, a router, and what is mounted below it, with full paths."""
    if is_flask(app):
        yield from _of_flask(app)
        return
    for route in _flat(getattr(app, "routes", ()) or ()):
        path = prefix + (getattr(route, "path_format", None) or getattr(route, "path", None) or "")
        original = getattr(route, "original_route", route)
        inner = getattr(route, "app", None) if type(original).__name__ in ("Mount", "Host") else None
        if inner is None and type(original).__name__ in ("Mount", "Host"):
            inner = getattr(original, "app", None)
        if inner is not None:
            yield from endpoints(_below(inner), path.replace("/{path}", "").rstrip("/"))
        elif getattr(route, "route_handlers", None):
            yield from _of_litestar(route, path)
        elif getattr(route, "endpoint", None) is not None:
            yield Endpoint(
                routes=_routes(getattr(route, "methods", None), path),
                response=getattr(route, "response_model", None),
                bodies=tuple(_bodies(route)) if getattr(route, "dependant", None) is not None else (),
                function=route.endpoint,
            )


def _routes(methods: Iterable[str] | None, path: str) -> tuple[Route, ...]:
    return tuple(Route(method, path or "/") for method in sorted(set(methods or ()) - {"HEAD", "OPTIONS"}))


def _below(app: Any) -> Any:
    """The application inside middleware that wraps it."""
    for _ in range(20):
        if isinstance(getattr(app, "routes", None), (list, tuple)):
            return app
        app = getattr(app, "app", None)
    return app


def _flat(routes: Iterable[Any]) -> Iterable[Any]:
    try:
        from fastapi import routing
    except ImportError:
        return routes
    # Since included routers are kept as a tree, the flat view is made on request.
    flatten = getattr(routing, "iter_route_contexts", None)
    return flatten(tuple(routes)) if flatten is not None else routes


def _bodies(route: Any) -> Iterator[Any]:
    stack = [route.dependant]
    while stack:
        dependant = stack.pop()
        for parameter in getattr(dependant, "body_params", ()) or ():
            information = getattr(parameter, "field_info", None)
            annotation = getattr(information, "annotation", None)
            yield annotation if annotation is not None else getattr(parameter, "type_", None)
        stack.extend(getattr(dependant, "dependencies", ()) or ())


def _of_litestar(route: Any, path: str) -> Iterator[Endpoint]:
    """A handler answers with what it is annotated to return, and takes its parameter ``data``."""
    for handler in route.route_handlers:
        function = inspect.unwrap(handler.fn)
        known = hints(function)
        yield Endpoint(_routes(handler.http_methods, path), known.get("return"), (known.get("data"),), function)


def _of_flask(app: Any) -> Iterator[Endpoint]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        routes = _routes(rule.methods, str(rule.rule))
        methods = getattr(view, "view_class", None)
        if methods is None:
            yield _of_view(view, routes)
            continue
        for route in routes:
            function = getattr(methods, route.method.lower(), None)
            if function is not None:
                yield _of_view(function, (route,))


def _of_view(view: Any, routes: tuple[Route, ...]) -> Endpoint:
    """A view with the models that its decorators were given, or that it is annotated to return."""
    response: Any = None
    bodies: list[Any] = []
    layer = view
    while layer is not None:
        declared = getattr(layer, "_spec", None)
        if isinstance(declared, dict):
            given = (declared.get("response") or {}).get("schema")
            # One row or a list of them: both are taken.
            response = typing.Union[given, list[given]] if is_schema(given) else response  # type: ignore[valid-type]  # noqa: UP007, RUF100
            bodies.append(declared.get("body"))
        held = closure(layer) if inspect.isfunction(layer) else {}
        bodies += [held.get(name) for name in _TAKEN]
        codes = getattr(held.get("resp"), "code_models", None)
        if isinstance(codes, dict):
            models = [model for code, model in codes.items() if "_2" in str(code) and schemas_in(model)]
            response = typing.Union[tuple(models)] if models else response  # noqa: UP007 - built from values
        layer = getattr(layer, "__wrapped__", None)
    if response is None and inspect.isfunction(view):
        returned = hints(inspect.unwrap(view)).get("return")
        response = returned if schemas_in(returned) else None
    return Endpoint(routes, response, tuple(body for body in bodies if schemas_in(body)), view)
