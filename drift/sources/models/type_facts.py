"""Column types, spelled for one database."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.types import ARRAY, Boolean, Enum, NullType, TypeDecorator, TypeEngine

from drift.schema import QualifiedName
from drift.sources.models.spelling import Spelling

_COLLATE = re.compile(
    r'\s+COLLATE\s+((?:"(?:[^"]|"")+"|`[^`]+`|[\w$.-]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?)', re.IGNORECASE
)
_CHARSET = re.compile(r"\s+CHARACTER\s+SET\s+([\w$]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What a column's type says; the fields are those of :class:`drift.schema.Column`.

    ``native`` is SQLAlchemy's enum or domain type behind it.
    """

    type: str
    collation: str | None = None
    charset: str | None = None
    enum: QualifiedName | None = None
    domain: QualifiedName | None = None
    enum_labels: tuple[str, ...] = ()
    native: TypeEngine[Any] | None = None


class TypeSpeller:
    """Spells types; equal types of SQLAlchemy's own are compiled once."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._known: dict[Hashable, TypeFacts] = {}
        self._kept: list[TypeEngine[Any]] = []

    def facts(self, type_: TypeEngine[Any], column: Any = None) -> TypeFacts:
        """What ``type_`` is in this database.

        Raises:
            CompileError: The dialect has no such type, or the type was never determined (a foreign key to nowhere).
        """
        concrete = self.concrete(type_)
        key = self._key(concrete)
        if key is None:
            return self._spell(concrete, column)
        try:
            known = self._known.get(key)
        except TypeError:  # an attribute that cannot be hashed
            return self._spell(concrete, column)
        if known is None:
            known = self._known[key] = self._spell(concrete, column)
        return known

    def concrete(self, type_: TypeEngine[Any]) -> TypeEngine[Any]:
        """The type behind variants and decorators."""
        native = self._spelling.native
        while True:
            variant = type_._variant_mapping.get(native.name) if type_._variant_mapping else None
            if variant is not None:
                type_ = variant
            elif isinstance(type_, TypeDecorator):
                type_ = type_.type_engine(native)
            else:
                return type_

    def _key(self, type_: TypeEngine[Any]) -> Hashable | None:
        """Something equal for types that are spelled alike, ``None`` where that is not known."""
        cls = type_.__class__
        if not cls.__module__.startswith("sqlalchemy."):
            return None
        if cls is Boolean:
            return (cls,)
        if isinstance(type_, Enum):
            self._kept.append(type_)  # so that no other type gets its identity
            return id(type_)
        if isinstance(type_, ARRAY):
            item = self._key(self.concrete(type_.item_type))
            return None if item is None else (cls, type_.dimensions, item)
        facets = type_.__dict__
        return (cls, *facets, *facets.values())

    def _spell(self, type_: TypeEngine[Any], column: Any) -> TypeFacts:
        item, brackets = type_, ""
        if isinstance(type_, ARRAY):
            item, brackets = self.concrete(type_.item_type), "[]" * (type_.dimensions or 1)
        named = self._named(item, brackets)
        if named is not None:
            return named
        if isinstance(type_, NullType):
            # The dialects' own message speaks of DDL, which the user did not ask for.
            return TypeFacts("")
        compiler: Any = self._spelling.native.type_compiler_instance
        ddl = compiler.process(type_, type_expression=column, identifier_preparer=self._spelling.preparer)
        collation, charset = _COLLATE.search(ddl), _CHARSET.search(ddl)
        bare = _CHARSET.sub("", _COLLATE.sub("", ddl))
        labels = tuple(item.enums) if ddl.upper().startswith("ENUM(") and isinstance(item, Enum) else ()
        return TypeFacts(
            self._spelling.dialect.spell_type(bare),
            collation=collation_name(collation.group(1), self._spelling) if collation else None,
            charset=character_set(charset.group(1)) if charset else None,
            enum_labels=labels,
        )

    def _named(self, item: TypeEngine[Any], brackets: str) -> TypeFacts | None:
        """Facts of a native enum or a domain; ``None`` for any other type."""
        if self._spelling.native.name != "postgresql":
            return None
        if item.__visit_name__ == "DOMAIN":
            domain: Any = item
            name = self._spelling.qualified(domain.schema, domain.name)
            return TypeFacts(self._quoted(name, brackets), domain=name, native=item)
        if isinstance(item, Enum) and item.native_enum and item.name:
            name = self._spelling.qualified(item.schema, item.name)
            return TypeFacts(self._quoted(name, brackets), enum=name, native=item)
        return None

    def _quoted(self, name: QualifiedName, brackets: str) -> str:
        """A user type as the server prints it: quoted where its name needs that."""
        parts = [part for part in (name.schema, name.name) if part is not None]
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
        return self._spelling.dialect.spell_type(f"{quoted}{brackets}")


def character_set(name: str) -> str:
    """MySQL's name of a character set or collation; for other databases its room is not even imported."""
    from drift.dialects.mysql import spelling

    return spelling.character_set(name)


_DEFAULT_COLLATIONS = {"postgresql": "default", "sqlite": "binary"}


def collation_name(explicit: str, spelling: Spelling) -> str | None:
    """The plain name of an explicit collation; naming the default one is the same as naming none."""
    plain, database = _unquoted(explicit), spelling.native.name
    if database in ("mysql", "mariadb"):
        return character_set(plain)
    return None if plain.lower() == _DEFAULT_COLLATIONS.get(database) else plain


def _unquoted(name: str) -> str:
    """A collation's name without quotes and schema."""
    last = name.rpartition(".")[2] if not name.startswith('"') or '"."' in name else name
    return last.strip('"`').replace('""', '"')
