"""SQLAlchemy's own objects behind the expected side, for rendering migrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Sequence as NativeSequence
from sqlalchemy import Table as NativeTable
from sqlalchemy.types import TypeEngine

from drift.dialects.base import ServerInfo
from drift.dialects.registry import dialect_for
from drift.schema import QualifiedName
from drift.sources.models import sequences
from drift.sources.models.expectation import all_tables
from drift.sources.models.loaded import Models, Natives
from drift.sources.models.named_types import named_types_of_metadata
from drift.sources.models.spelling import Spelling
from drift.sources.models.type_facts import TypeSpeller


def natives(
    models: Models, info: ServerInfo, *, schema_translate_map: Mapping[str | None, str | None] | None = None
) -> Natives:
    """Tables, enums, domains and sequences by the names under which :func:`expect` lists them.

    The first of several objects with one name counts, as it does there. Objects of filtered tables are included.
    """
    spelling = Spelling(dialect_for(info.dialect), info, schema_translate_map or {})
    types = TypeSpeller(spelling)
    tables: dict[QualifiedName, NativeTable] = {}
    enums: dict[QualifiedName, TypeEngine[Any]] = {}
    domains: dict[QualifiedName, TypeEngine[Any]] = {}
    found_sequences: dict[QualifiedName, NativeSequence] = {}

    def remember(type_: TypeEngine[Any]) -> None:
        try:
            facts = types.facts(type_)
        except Exception:  # a type that cannot be expressed is reported by expect()
            return
        if facts.native is not None and facts.enum is not None:
            enums.setdefault(facts.enum, facts.native)
        if facts.native is not None and facts.domain is not None:
            domains.setdefault(facts.domain, facts.native)

    for table in all_tables(models):
        tables.setdefault(spelling.qualified(table.schema, table.name), table)
        for column in table.columns:
            remember(column.type)
            for sequence in (column.default, sequences.used_by_default(column)):
                if isinstance(sequence, NativeSequence) and sequences.exists(sequence, spelling):
                    found_sequences.setdefault(sequences.sequence_name(sequence, spelling), sequence)
    for metadata in models.metadata:
        for type_ in named_types_of_metadata(metadata):
            remember(type_)
        for sequence in sequences.of_metadata(metadata):
            if sequences.exists(sequence, spelling):
                found_sequences.setdefault(sequences.sequence_name(sequence, spelling), sequence)
    return Natives(tables, enums, domains, found_sequences)
