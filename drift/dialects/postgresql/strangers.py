"""What belongs to a role that may not be trusted, and which texts could reach it.

Planning executes: an IMMUTABLE function whose arguments are constants is run by ``EXPLAIN``, and so are the checks of
domains, casts, and what an index computes, all with the rights of whoever asks. A role that owns a function decides
what that does. So what is neither a superuser's nor the asking role's own must not be reached, neither by name nor
through what depends on it; the catalog knows which functions that are, and what they are called.

Names are taken for hits whatever they turn out to mean: a text is refused too often rather than once too little.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from drift.dialects.postgresql.keywords import truncate
from drift.dialects.postgresql.session import rows
from drift.dialects.text import Kind, Token, TornTextError, tokens
from drift.schema import QualifiedName

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_WORD = re.compile(r"[\w$]+")
_CALL = Token(Kind.OPEN, "(")
_BODIES = """
SELECT
    n.nspname::pg_catalog.text,
    p.proname::pg_catalog.text,
    p.prosrc || ' ' || coalesce(p.proconfig::pg_catalog.text, '')
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND l.lanname NOT IN ('c', 'internal')
"""
_READING = {
    "view": "is a view, and reading it runs what it says",
    "foreign": "is or contains a foreign table",
    "strange": "rests on functions of another role, which planning a query would run",
}


Place = tuple[str, str]
"""Schema and owner."""
Places = defaultdict[str, list[Place]]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a text could reach.

    Attributes:
        what: For people.
        named: Schemas of such things that the text names itself, so that no search path keeps it from them.
    """

    what: str
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class Strangers:
    """Names behind which stands code of other roles.

    Attributes:
        functions: Schemas and owners of each function's name, in small letters: how a server folds those that are
            not quoted depends on its encoding.
        types: Likewise, those whose values cannot be made without such code.
        operators: The owner of such an operator in each schema.
        relations: Why a relation must not be read; views and foreign tables among them, whoever owns them.
    """

    functions: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    types: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    operators: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[QualifiedName, str] = field(default_factory=dict)

    @property
    def schemas(self) -> frozenset[str]:
        """Every schema that holds something of the kind."""
        places = (schema for found in (self.functions, self.types) for each in found.values() for schema, _ in each)
        return frozenset(self.operators).union(places)

    def met(self, query: str, default_schema: str | None) -> str | None:
        """Why a query must not be run with a schema as the search path; ``None`` where nothing speaks against it."""
        if default_schema is not None and default_schema in self.operators:
            return f"operators in {default_schema} run code of the role {self.operators[default_schema]}"
        if (reach := self.reached(query)) is not None:
            return reach.what
        try:
            names = {_name(part) for part in tokens(query)}
        except TornTextError:
            return "it cannot be taken apart"
        return next((f"{name} {why}" for name, why in self.relations.items() if _folded(name.name) in names), None)

    def reached(self, sql: str, columns: Collection[str] = ()) -> Reach | None:
        """What a text could reach; ``None`` where it reaches nothing.

        Args:
            sql: One expression, query, or type.
            columns: Names behind a dot that mean columns.
        """
        if not (self.functions or self.types or self.operators):
            return None
        try:
            parts = tokens(sql)
        except TornTextError:
            return Reach("it cannot be taken apart", self.schemas)
        names = [_name(part) for part in parts]
        named = frozenset(schema for schema in self.schemas if _folded(schema) in names)
        for place, name in enumerate(names):
            if name is None:
                if parts[place].text[:3].lower() == 'u&"':
                    return Reach("a name is written with escapes", self.schemas)
                continue
            before = parts[place - 1].text if place else ""
            called = parts[place + 1 : place + 2] == [_CALL] or (before == "." and name not in columns)
            found = self.types.get(name, ()) or (self.functions.get(name, ()) if called else ())
            if found:
                schema, owner = found[0]
                return Reach(f"{schema}.{name} runs code of the role {owner}", named)
        for schema in named & self.operators.keys():
            if "operator" in names:
                return Reach(f"operators in {schema} run code of the role {self.operators[schema]}", named)
        return None


def strangers_of(connection: Connection) -> Strangers:
    """What is there now, by one statement; by a second one where there is anything, to look into functions' bodies.

    Args:
        connection: Prepared by ``Dialect.read_only`` or ``Dialect.borrowed``.
    """
    found: dict[str, Places] = {kind: defaultdict(list) for kind in ("function", "type")}
    operators: dict[str, str] = {}
    relations: dict[QualifiedName, str] = {}
    for kind, schema, name, owner in rows(connection, _query()):
        if kind in found:
            found[kind][_folded(name)].append((schema, owner))
        elif kind == "operator":
            operators[schema] = owner
        else:
            relations[QualifiedName(schema, name)] = _READING[kind]
    functions, types = found["function"], found["type"]
    if functions or types or operators:
        homes = {_folded(schema): [(schema, owner)] for schema, owner in operators.items()}
        _add_callers(functions, {**homes, **types, **functions}, rows(connection, _BODIES))
    return Strangers(
        {name: tuple(places) for name, places in functions.items()},
        {name: tuple(places) for name, places in types.items()},
        operators,
        relations,
    )


def _add_callers(functions: Places, reaching: Mapping[str, Iterable[Place]], bodies: Iterable[Sequence[str]]) -> None:
    """Functions whose body names one of those, or a schema with such operators: a body is text until it runs."""
    known = dict(reaching)
    waiting = [(schema, _folded(name), set(_WORD.findall(body.lower()))) for schema, name, body in bodies]
    while True:
        waiting = [(schema, name, words) for schema, name, words in waiting if name not in known]
        found = [(schema, name, words & known.keys()) for schema, name, words in waiting]
        if not any(words for _, _, words in found):
            return
        for schema, name, words in found:
            if words:
                functions[name] += [(schema, owner) for _, owner in known[min(words)]]
                known[name] = functions[name]


def _name(part: Token) -> str | None:
    if part.kind is Kind.QUOTED and part.text.startswith('"'):
        return _folded(part.text[1:-1].replace('""', '"'))
    return _folded(part.text) if part.kind is Kind.WORD else None


def _folded(name: str) -> str:
    return truncate(name).lower()


@cache
def _query() -> str:
    return files("drift.dialects.postgresql").joinpath("sql", "strangers.sql").read_text(encoding="utf-8")
