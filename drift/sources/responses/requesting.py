"""What request schemas let through, one field at a time."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from sqlalchemy import FetchedValue
from sqlalchemy import types as sa

from drift.alignment.observations import Demand, RequestFact
from drift.sources.responses.examples import example_payload, input_key
from drift.sources.responses.live import LiveLookup
from drift.sources.responses.mapped import ColumnAttribute, MappedClass
from drift.sources.responses.places import Places
from drift.sources.responses.probing import extra_ignores
from drift.sources.responses.reading import annotation
from drift.sources.responses.unwrap import without_optional
from drift.sources.responses.witnesses import TEXT, Witnesses

if TYPE_CHECKING:
    from drift.sources.responses.observing import ObserveOptions

_LONG = 1_000_000
"""A string that only a limit stops."""

_NO_TEXT = (sa.Integer, sa.Numeric, sa.Boolean, sa.Date, sa.DateTime, sa.Time, sa.Interval, sa.Uuid, sa.LargeBinary)
"""Types that take no text of any form."""


def probe_request(
    schema: type[BaseModel],
    mapped: MappedClass,
    witnesses: Witnesses,
    places: Places,
    options: ObserveOptions,
    live: LiveLookup,
    *,
    whole: bool,
    strong: bool,
) -> tuple[tuple[RequestFact, ...], tuple[str, ...]]:
    """What ``schema`` lets through, and the fields that were compared.

    Args:
        schema: A request schema.
        mapped: The class that it fills.
        witnesses: Values of the dialect.
        places: Where things are written.
        options: Which driver the application uses, and whether ranges count.
        live: What the live database says of a column.
        whole: The schema describes a whole new row, not a change.
        strong: The pair is more than a likeness of names.
    """
    asker = _Asker(schema, mapped, witnesses, places, options, live, strong=strong)
    facts: list[RequestFact] = []
    fields = {name: mapped.columns[name] for name in schema.model_fields if name in mapped.columns}
    if len(fields) * 2 < len(schema.model_fields) or not fields:
        return (), ()
    for name, attribute in fields.items():
        if attribute.table is not None and not attribute.computed:
            facts.extend(asker.ask(name, attribute, whole=whole))
    if whole:
        facts.extend(asker.absent(fields))
    return tuple(facts), tuple(fields)


def rejects(schema: type[BaseModel], name: str, value: object) -> bool:
    """Whether a request schema rejects a value for a field."""
    payload = example_payload(schema)
    key = input_key(schema, name)
    try:
        schema.__pydantic_validator__.validate_python({**(payload or {}), key: value})
    except ValidationError as failure:
        return any(error["loc"][:1] == (key,) for error in failure.errors(include_url=False))
    except Exception:  # noqa: BLE001, RUF100 - validators are the project's code
        return False
    return False


class _Asker:
    def __init__(
        self,
        schema: type[BaseModel],
        mapped: MappedClass,
        witnesses: Witnesses,
        places: Places,
        options: ObserveOptions,
        live: LiveLookup,
        *,
        strong: bool,
    ) -> None:
        self._strong = strong
        self._live = live
        self._schema, self._mapped, self._witnesses, self._places, self._options = (
            schema,
            mapped,
            witnesses,
            places,
            options,
        )
        self._payload = example_payload(schema)

    def ask(self, name: str, attribute: ColumnAttribute, *, whole: bool) -> Iterator[RequestFact]:
        """What one field lets through."""
        bare = self._witnesses.bare(attribute.type)
        inner, optional = without_optional(self._schema.model_fields[name].annotation)
        if whole and optional and self._accepts(name, None) and not self._keeps_from_null(name):
            yield self._fact(Demand.NULL, name, attribute)
        live = self._live(attribute.table, attribute.column_name)
        if self._of_another_type(name, attribute, bare):
            yield self._fact(Demand.TYPE, name, attribute)
        elif (
            isinstance(bare, sa.Enum)
            or (isinstance(inner, type) and issubclass(inner, enum.Enum))
            or get_origin(inner) is Literal
        ):
            known = live.labels if live is not None else ()
            labels = tuple(label for label in self._labels(inner, attribute) if known and label not in known)
            if labels:
                yield self._fact(Demand.LABEL, name, attribute, values=labels)
        elif isinstance(bare, sa.String) and not isinstance(attribute.type, sa.TypeDecorator):
            accepted, limit = self._longest(name)
            if accepted or limit is not None:
                size = live.length if live is not None else bare.length
                yield self._fact(Demand.LENGTH, name, attribute, limit=limit, size=size)
        elif isinstance(bare, sa.Integer) and self._options.request_range:
            if self._accepts(name, 2**63):
                yield self._fact(Demand.RANGE, name, attribute)
        elif isinstance(bare, sa.Numeric) and bare.asdecimal and inner is Decimal:
            yield from self._precision(name, attribute, bare)
        elif self._naive_only(bare) and self._accepts(name, dt.datetime(2024, 1, 2, tzinfo=dt.UTC)):
            yield self._fact(Demand.TIMEZONE, name, attribute)

    def _of_another_type(self, name: str, attribute: ColumnAttribute, bare: Any) -> bool:
        """The field hands on a text, or a document, that the column's type does not take."""
        if isinstance(attribute.type, sa.TypeDecorator) or not isinstance(bare, (sa.String, *_NO_TEXT)):
            return False
        made = self._made(name, TEXT) if isinstance(bare, _NO_TEXT) else None
        current = self._made(name, (self._payload or {}).get(input_key(self._schema, name)))
        return isinstance(made, str) or isinstance(current, (dict, list, BaseModel))

    def _made(self, name: str, value: Any) -> Any:
        """What the schema makes of a value; ``None`` where it rejects it."""
        if self._payload is None:
            return None
        try:
            made = self._schema.__pydantic_validator__.validate_python(
                {**self._payload, input_key(self._schema, name): value}
            )
        except Exception:  # noqa: BLE001, RUF100 - validators are the project's code
            return None
        return getattr(made, name, None)

    def _naive_only(self, bare: Any) -> bool:
        """asyncpg refuses aware datetimes for columns without time zone; other drivers convert them."""
        return isinstance(bare, sa.DateTime) and not bare.timezone and self._options.driver == "asyncpg"

    def absent(self, fields: dict[str, ColumnAttribute]) -> Iterator[RequestFact]:
        """Columns that a new row needs and the schema has no field for."""
        stored = {attribute.column_name for attribute in fields.values()}
        for key, attribute in self._mapped.columns.items():
            if key in fields or attribute.computed or attribute.table is None or attribute.column_name in stored:
                continue
            if self._supplied(attribute) or (attribute.nullable and attribute.primary_key):
                continue
            if not self._strong and (attribute.primary_key or attribute.column.foreign_keys):
                # Keys are made by the service, or taken from the path or the session.
                continue
            yield self._fact(Demand.ABSENT, key, attribute)

    def _supplied(self, attribute: ColumnAttribute) -> bool:
        """The ORM supplies a value; what the database supplies is seen in the database."""
        column = attribute.column
        discriminator = self._mapped.mapper.polymorphic_on
        version = self._mapped.mapper.version_id_col
        return bool(
            column.default is not None
            # Not a default: a trigger is said to fill it.
            or type(column.server_default) is FetchedValue
            or column is discriminator
            or column is version
        )

    def _fact(
        self,
        demand: Demand,
        name: str,
        attribute: ColumnAttribute,
        *,
        values: tuple[str, ...] = (),
        limit: int | None = None,
        size: int | None = None,
    ) -> RequestFact:
        assert attribute.table is not None
        known = name in self._schema.model_fields
        return RequestFact(
            demand=demand,
            field=name,
            annotation=annotation(self._schema, name) if known else "no field",
            table=attribute.table,
            column=attribute.column_name,
            values=values,
            limit=limit,
            size=size,
            supplied=self._supplied(attribute),
            foreign_key=bool(attribute.column.foreign_keys),
            location=self._places.of_field(self._schema, name) if known else self._places.of_class(self._schema),
            ignored=(*self._places.ignored(self._schema, name), *extra_ignores(self._schema, name)) if known else (),
        )

    def _errors(self, name: str, value: Any) -> list[dict[str, Any]] | None:
        """The field's own errors for a value; ``None`` when the schema's code raised something else."""
        key = input_key(self._schema, name)
        try:
            self._schema.__pydantic_validator__.validate_python({**(self._payload or {}), key: value})
        except ValidationError as failure:
            return [dict(error) for error in failure.errors(include_url=False) if error["loc"][:1] == (key,)]
        except Exception:  # noqa: BLE001, RUF100 - validators are the project's code
            return None
        return []

    def _accepts(self, name: str, value: Any) -> bool:
        return self._errors(name, value) == []

    def _keeps_from_null(self, name: str) -> bool:
        """The schema itself turns null into something else."""
        return self._made(name, None) is not None

    def _longest(self, name: str) -> tuple[bool, int | None]:
        """Whether a very long string passes, else the limit that the error names."""
        current = (self._payload or {}).get(input_key(self._schema, name))
        start = current if isinstance(current, str) else "a"
        errors = self._errors(name, start + "a" * _LONG)
        if errors == []:
            return True, None
        limits = [(error.get("ctx") or {}).get("max_length") for error in errors or ()]
        return False, next((limit for limit in limits if isinstance(limit, int)), None)

    def _labels(self, inner: Any, attribute: ColumnAttribute) -> Iterator[str]:
        """The labels that the field accepts, as they would be stored."""
        if isinstance(inner, type) and issubclass(inner, enum.Enum):
            values: tuple[Any, ...] = tuple(inner)
        elif get_origin(inner) is Literal:
            values = get_args(inner)
        else:
            return
        bare = self._witnesses.bare(attribute.type)
        for value in values:
            if isinstance(bare, sa.Enum):
                stored = getattr(bare, "_valid_lookup", {}).get(value)
                yield str(stored if stored is not None else getattr(value, "value", value))
            else:
                yield str(getattr(value, "value", value))

    def _precision(self, name: str, attribute: ColumnAttribute, bare: sa.Numeric[Any]) -> Iterator[RequestFact]:
        """More digits before the point than the column holds."""
        if bare.precision is None:
            return
        whole = bare.precision - (bare.scale or 0)
        if self._accepts(name, Decimal(10) ** whole):
            yield self._fact(Demand.PRECISION, name, attribute, limit=whole)
