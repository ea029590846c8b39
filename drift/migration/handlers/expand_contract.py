"""Another type for a column of a large table without writing the table again under a lock (PostgreSQL).

Expand: a new column beside the old one, and a trigger that fills it on every write. Fill: existing rows in small
batches, each in a transaction of its own; then what rests on the column is built on the new one, too, without blocking
anybody. Contract: in one brief transaction the old column goes and the new one takes its name, its keys, its indexes
and its constraints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alembic.operations import ops

from drift.findings import Safety
from drift.migration import operations as own
from drift.migration.casts import Cast, base_type
from drift.migration.ddl.quoting import rename_identifiers
from drift.migration.dependents import around as taken_down_around
from drift.migration.fills import in_batches
from drift.migration.handlers.riders import Pointer, Rider, interim_name, pointers, riders
from drift.migration.plan import Change, Hold, Lock, Part, Phase, Step
from drift.migration.queries import Queries
from drift.schema import Column, Dependent, QualifiedName

if TYPE_CHECKING:
    from drift.migration.context import PlanContext
    from drift.migration.handlers.column_places import Place


HAZARD = (
    "a new column is filled in batches by a trigger and takes the old one's name; the old column and the trigger are "
    "dropped; the new one stands last in the table, and must be analysed; until then a value that does not fit the "
    "new type is refused"
)
_NEW = "drift_value_of_new"

Operations = list[ops.MigrateOperation]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One direction of the change.

    Attributes:
        context: The plan's context.
        place: Where the column is.
        old: What it is before.
        new: What it is to be.
        cast: How a value becomes one of the new type.
        default: The default it gets at the end.
        riders: What rests on the column, as it is to be at the end.
        pointers: Foreign keys of other columns that refer to it.
        around: What rests on the column beside those, and is taken down while the new one takes its place.
    """

    context: PlanContext
    place: Place
    old: Column
    new: Column
    cast: Cast
    default: str | None
    riders: tuple[Rider, ...]
    pointers: tuple[Pointer, ...]
    around: tuple[Dependent, ...]

    # names

    @property
    def interim(self) -> str:
        """The new column until it takes the old one's name."""
        return interim_name(self.place.name)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that stands there before the end and not after it."""
        return (self.interim, self._helper, self._check, *(rider.interim for rider in self.riders))

    @property
    def _helper(self) -> str:
        return interim_name(f"{self.place.table.name}_{self.place.name}")

    @property
    def _check(self) -> str:
        return interim_name(f"{self.place.table.name}_{self.place.name}", "_drift_null")

    @property
    def _table(self) -> str:
        return self.context.quoting.qualified(self.place.table)

    def _name(self, name: str) -> str:
        return self.context.quoting.name(name)

    @property
    def _function(self) -> str:
        return self.context.quoting.qualified(QualifiedName(self.place.table.schema, self._helper))

    @property
    def _queries(self) -> Queries:
        return Queries(self.context.quoting)

    @property
    def _value(self) -> str:
        return self.cast.using or f"{self._name(self.place.name)}::{self.new.type}"

    # forth

    def expand(self) -> Operations:
        """The new column, and the trigger that fills it."""
        column, name = self._name(self.interim), self._name(self.place.name)
        # Inside the trigger the column is a field of NEW; a name that is followed by a dot or quoted stays a name.
        written = rename_identifiers(self._value, {self.place.name: _NEW}, self.context.quoting)
        written = written.replace(self._name(_NEW), f"NEW.{name}")
        statements = [
            f"ALTER TABLE {self._table} ADD COLUMN {column} {self.context.ddl.type(self.new)}",
            f"CREATE FUNCTION {self._function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$drift$ BEGIN NEW.{column} := {written}; RETURN NEW; END $drift$",
            f"CREATE TRIGGER {self._name(self._helper)} BEFORE INSERT OR UPDATE ON {self._table} "
            f"FOR EACH ROW EXECUTE FUNCTION {self._function}()",
        ]
        missing = self._queries.column_exists(self.place.table, self.interim)
        return [own.Unless(missing, _executed(statements))]

    def fill(self) -> Operations:
        """Every row, then what rests on the column."""
        column, name = self._name(self.interim), self._name(self.place.name)
        change, condition = f"{column} = {self._value}", f"{name} IS NOT NULL AND {column} IS NULL"
        batches = own.Execute(in_batches(self.context.quoting, self.place.table, change, condition))
        return [
            own.Autocommit([batches], ["Every write fills the new column by now; this fills the rows before it."]),
            *self._not_null(),
            *(operation for rider in self.riders for operation in rider.build()),
        ]

    def _not_null(self) -> Operations:
        if self.old.nullable:
            return []
        check, column = self._name(self._check), self._name(self.interim)
        add = f"ALTER TABLE {self._table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID"
        return [
            own.Unless(
                self._queries.not_null(self.place.table, self.interim),
                [
                    own.Unless(self._queries.constraint_exists(self.place.table, self._check), _executed([add])),
                    own.Autocommit(_executed([f"ALTER TABLE {self._table} VALIDATE CONSTRAINT {check}"])),
                    *_executed(
                        [
                            f"ALTER TABLE {self._table} ALTER COLUMN {column} SET NOT NULL",
                            f"ALTER TABLE {self._table} DROP CONSTRAINT {check}",
                        ]
                    ),
                ],
            )
        ]

    def contract(self) -> Operations:
        """The new column takes the old one's place, in one transaction; then what was left to validate."""
        return [self._unless_done(self._swap()), *self._late()]

    def whole(self) -> Operations:
        """All of it in one revision."""
        return [self._unless_done([*self.expand(), *self.fill(), *self._swap()]), *self._late()]

    def _swap(self) -> Operations:
        name, column = self._name(self.place.name), self._name(self.interim)
        open_rows = f"{name} IS NOT NULL AND {column} IS NULL AND ({self._value}) IS NOT NULL"
        statements = [
            *(statement for pointer in self.pointers for statement in pointer.away()),
            *self._own_sequence(column),
            f"DROP TRIGGER {self._name(self._helper)} ON {self._table}",
            f"DROP FUNCTION {self._function}()",
            f"ALTER TABLE {self._table} DROP COLUMN {name}",
            f"ALTER TABLE {self._table} RENAME COLUMN {column} TO {name}",
            *([f"ALTER TABLE {self._table} ALTER COLUMN {name} SET DEFAULT {self.default}"] if self.default else []),
        ]
        statements += [statement for rider in self.riders for statement in rider.take_over()]
        statements += [statement for pointer in self.pointers for statement in pointer.again()]
        if self.old.comment is not None:
            statements.append(self.context.ddl.comment(f"COLUMN {self._table}.{name}", self.old.comment))
        message = f"{self.place.table}.{self.place.name} holds values that {self.interim} lacks: was its trigger off?"
        # Of a column without NULLs the validated check has shown it already, and its lock is held by now.
        stops = [own.StopIf(self._queries.has_rows(self.place.table, open_rows), message)] if self.old.nullable else []
        return [
            *stops,
            *taken_down_around(self.around, _executed(statements)),
        ]

    def _late(self) -> Operations:
        """Foreign keys that came back look at the rows, after the locks are gone."""
        statements = [statement for pointer in self.pointers for statement in pointer.validate()]
        return [own.Autocommit(_executed(statements))] if statements else []

    def _unless_done(self, operations: Operations) -> own.Unless:
        done = self._queries.column_has_type(self.place.table, self.place.name, base_type(self.new))
        return own.Unless(done, operations)

    def _own_sequence(self, column: str) -> Iterator[str]:
        """A sequence would go with the column that owns it."""
        sequence = self.place.actual.sequence
        if self.place.actual.auto_increment and sequence is not None:
            yield f"ALTER SEQUENCE {self.context.quoting.qualified(sequence)} OWNED BY {self._table}.{column}"

    # back, where a revision ends between two parts

    def unfill(self) -> Operations:
        """Without what was built on the new column; what fills it stays."""
        statements = [statement for rider in self.riders for statement in rider.tear_down()]
        if not self.old.nullable:
            prefix = f"ALTER TABLE {self._table}"
            statements.append(f"{prefix} ALTER COLUMN {self._name(self.interim)} DROP NOT NULL")
            statements.append(f"{prefix} DROP CONSTRAINT IF EXISTS {self._name(self._check)}")
        return _executed(statements)

    def unexpand(self) -> Operations:
        """Without the new column."""
        return _executed(
            [
                f"DROP TRIGGER IF EXISTS {self._name(self._helper)} ON {self._table}",
                f"DROP FUNCTION IF EXISTS {self._function}()",
                f"ALTER TABLE {self._table} DROP COLUMN IF EXISTS {self._name(self.interim)}",
            ]
        )


def exchanges(
    context: PlanContext,
    place: Place,
    there: tuple[Column, Cast, str | None],
    back: tuple[Column, Cast, str | None],
    *,
    around: tuple[Dependent, ...],
) -> tuple[Exchange, Exchange]:
    """Both directions: each with the column that comes of it, how values become that, and the default at the end."""
    (new, cast, default), (old, cast_back, old_default) = there, back
    pointing = tuple(pointers(context, place))
    forth = tuple(riders(context, place, expected=True))
    return (
        Exchange(context, place, old, new, cast, default, forth, pointing, around),
        Exchange(
            context,
            place,
            new,
            old,
            cast_back,
            old_default,
            tuple(riders(context, place, expected=False)),
            pointing,
            around,
        ),
    )


def _executed(statements: Sequence[str]) -> Operations:
    return [own.Execute(statement) for statement in statements]


def parts(step: Step, forth: Exchange, back: Exchange, stops: Sequence[own.StopIf]) -> tuple[Step, ...]:
    """The same change as steps of three revisions, for as many deploys; ``stops`` guard the way back."""
    place, interim = forth.place, forth.interim
    between = tuple((place.table, name) for name in forth.names)
    expand = replace(
        step,
        title=f"add column {place.table}.{interim} {forth.new.type}, filled by a trigger from {place.name}",
        upgrade=tuple(forth.expand()),
        downgrade=tuple(forth.unexpand()),
        change=Change.ADD,
        safety=Safety.SAFE,
        hazard="from here on a value that does not fit the new type is refused",
        autocommit=False,
        autocommit_down=False,
        part=Part.EXPAND,
        between=between,
    )
    fill = replace(
        expand,
        title=f"fill {place.table}.{interim} in batches, and build on it what rests on {place.name}",
        phase=Phase.BACKFILL,
        upgrade=tuple(forth.fill()),
        downgrade=tuple(forth.unfill()),
        change=Change.CHANGE,
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        hold=Hold.BUILD,
        hazard=None,
        guards=(),
        autocommit=True,
        part=Part.BACKFILL,
    )
    contract = replace(
        step,
        title=f"put {interim} in the place of {place.table}.{place.name}",
        upgrade=tuple(forth.contract()),
        downgrade=(*stops, *back.whole(), *forth.expand(), *forth.fill()),
        hazard="; ".join(
            [
                "from here on the column has its new type: code that needs the old one must be gone",
                "the new column stands last in the table, and must be analysed",
                *([step.hazard.removeprefix(f"{HAZARD}; ")] if step.hazard and step.hazard != HAZARD else []),
            ]
        ),
        guards=(),
        autocommit=bool(forth.pointers),
        part=Part.CONTRACT,
        between=between,
    )
    return expand, fill, contract
