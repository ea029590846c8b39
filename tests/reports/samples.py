"""Verdicts for the tests of all formats: one like the interface's sample, one large, one hostile."""

from __future__ import annotations

from drift.alignment import Alignment, Pair, TablePair
from drift.findings import Finding, NotChecked, Repair, Safety, Severity, Subject, SubjectKind
from drift.policy import Baseline, Circumstances, Compared, Config, Verdict, judge
from drift.policy.baseline import accept
from drift.schema import Column, ForeignKey, Location, PrimaryKey, QualifiedName, Schema, Table

E, W, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
K = SubjectKind
USERS = QualifiedName("public", "users")


def column(name: str, table: str = "users") -> Subject:
    return Subject(K.COLUMN, "public", table, name)


FINDINGS = (
    Finding(
        "CO301",
        "column-type-mismatch",
        E,
        column("email"),
        "The database cuts off at 80 characters: an INSERT of a longer value fails.",
        "varchar(255)",
        "varchar(80)",
        locations=(Location("app/models/user.py", 17),),
        repair=Repair("alter-column", Safety.SAFE, ("ALTER TABLE public.users ALTER COLUMN email TYPE varchar(255)",)),
    ),
    Finding(
        "CO308",
        "column-renamed",
        W,
        column("surname"),
        "The column has another name.",
        "surname",
        "last_name",
        note="same type, nullability, and position",
        locations=(Location("app/models/user.py", 19),),
        repair=Repair("rename-column", Safety.BLOCKS_READS, ("ALTER TABLE public.users RENAME last_name TO surname",)),
    ),
    Finding(
        "RS301",
        "response-field-not-optional",
        E,
        Subject(K.RESPONSE_FIELD, "public", "users", "UserOut.nickname"),
        "A row with NULL fails to serialise.",
        "str",
        "NULL allowed; such a row fails to serialise",
        locations=(Location("app/schemas/user.py", 12), Location("app/models/user.py", 21)),
        details=(
            ("class", "app.schemas.UserOut"),
            ("class_location", "app/schemas/user.py:8"),
            ("routes", ("GET /users", "GET /users/{id}")),
        ),
    ),
)

NOT_CHECKED = tuple(
    NotChecked(
        "CK301",
        "check-expression-mismatch",
        Subject(K.CHECK, "public", "orders", name),
        "the snapshot holds no canonical form",
        "check against the live database, or pass --scratch-url",
    )
    for name in ("amount_positive", "state_known")
)

ACCEPTED = tuple(
    Finding("IX101", "index-missing", W, Subject(K.INDEX, "public", "users", f"ix_{number}"), "An index is missing.")
    for number in range(3)
)

NOTE = "the database is two revisions behind head; `alembic upgrade head` resolves 1 of them."

_EXPECTED = Table(
    USERS,
    columns=(
        Column("id", "integer", nullable=False),
        Column("email", "varchar(255)"),
        Column("surname", "text"),
        Column("nickname", "text"),
        Column("team_id", "integer"),
    ),
    primary_key=PrimaryKey("users_pkey", ("id",)),
    foreign_keys=(ForeignKey(None, ("team_id",), QualifiedName("public", "teams"), ("id",)),),
    location=Location("app/models/user.py", 14),
)
_ACTUAL = Table(
    USERS,
    columns=(
        Column("id", "integer", nullable=False),
        Column("email", "varchar(80)"),
        Column("last_name", "text"),
        Column("nickname", "text"),
        Column("team_id", "integer"),
    ),
    primary_key=PrimaryKey("users_pkey", ("id",)),
)


def pair(expected: Table, actual: Table) -> TablePair:
    return TablePair(
        expected,
        actual,
        columns=tuple(
            Pair(left, actual.column(left.name) or (actual.column("last_name") if left.name == "surname" else None))
            for left in expected.columns
        ),
    )


ALIGNMENT = Alignment(
    Schema("app.models:Base", "postgresql", tables=(_EXPECTED,)),
    Schema("postgresql://shop:***@localhost/shop", "postgresql", "15.4", tables=(_ACTUAL,)),
    tables=(pair(_EXPECTED, _ACTUAL),),
)

CIRCUMSTANCES = Circumstances(
    Compared(23, 187, 64, 41),
    "app.models:Base",
    "postgresql://shop:***@localhost/shop",
    "postgresql",
    "15.4",
    0.4,
    (NOTE,),
)


def sample() -> Verdict:
    """The one of the interface's sample."""
    baseline = accept(ACCEPTED, Baseline(name="drift-baseline.json"))
    return judge(
        [*FINDINGS, *NOT_CHECKED, *ACCEPTED], Config(), baseline, alignment=ALIGNMENT, circumstances=CIRCUMSTANCES
    )


def clean() -> Verdict:
    """Nothing found."""
    return judge([], Config(), circumstances=Circumstances(CIRCUMSTANCES.compared, seconds=0.4))


HOSTILE = 'x\x1b[2Jy"><script>alert(1)</script>`|\n::error::\u202eevil &amp; {% raw %} ]]> <!-- ```'
SECRET = "hunter2-in-a-comment"


def hostile() -> Verdict:
    """Names and values as an attacker would choose them."""
    table = Table(
        QualifiedName("public", HOSTILE),
        columns=(Column(HOSTILE, HOSTILE),),
        location=Location("a b\n.py", 3),
        comment=f"postgresql://u:{SECRET}@h/d",
    )
    finding = Finding(
        "CO301",
        "column-type-mismatch",
        E,
        Subject(K.COLUMN, "public", HOSTILE, HOSTILE),
        f"Message {HOSTILE} password={SECRET}",
        HOSTILE,
        f"postgresql://u:{SECRET}@h/d",
        note=HOSTILE,
        locations=(Location("a b\n::x,y%.py", 3),),
        repair=Repair("alter-column", Safety.SAFE, (HOSTILE,)),
        details=(("columns", (HOSTILE,)),),
    )
    skipped = NotChecked(
        "CK301", "check-expression-mismatch", Subject(K.CHECK, None, HOSTILE, HOSTILE), HOSTILE, HOSTILE
    )
    alignment = Alignment(
        Schema("m", "postgresql", tables=(table,)),
        Schema("d", "postgresql", tables=(table,)),
        tables=(TablePair(table, table, columns=(Pair(table.columns[0], table.columns[0]),)),),
    )
    return judge(
        [finding, skipped],
        Config(),
        alignment=alignment,
        circumstances=Circumstances(expected_source=HOSTILE, actual_source=HOSTILE, notes=(HOSTILE,)),
    )
