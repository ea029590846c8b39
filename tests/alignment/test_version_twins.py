"""Version tables under another name: recognised by signature and name, never by the name alone."""

from __future__ import annotations

import pytest

from drift.alignment.version_twins import name_key, recognise, recognise_sequences
from drift.schema import Column, PrimaryKey, QualifiedName, Schema, Sequence, Table, VersioningRole, VersionTable

COPIED = ("id", "name", "code", "note")
INTERNAL = ("transaction_id", "end_transaction_id", "operation_type")


def table(name: str, columns: tuple[str, ...], schema: str = "public", role: str = "none") -> Table:
    return Table(
        QualifiedName(schema, name),
        columns=tuple(Column(column, "integer", position=place) for place, column in enumerate(columns, start=1)),
        primary_key=PrimaryKey(None, columns[:1]),
        role=VersioningRole(role),
    )


def expected(parent: str = "schedule_runs", schema: str = "public") -> Schema:
    version = QualifiedName(schema, f"{parent}_version")
    return Schema(
        "models",
        "postgresql",
        tables=(
            table(parent, COPIED, schema),
            table(version.name, COPIED + INTERNAL, schema, "version"),
            table("transaction", ("id", "issued_at", "remote_addr"), schema, "transaction"),
        ),
        sequences=(Sequence(QualifiedName(schema, "transaction_id_seq"), role=VersioningRole.TRANSACTION),),
        version_tables=(VersionTable(version, QualifiedName(schema, parent)),),
    )


def actual(*tables: Table, sequences: tuple[Sequence, ...] = ()) -> Schema:
    own = (table("schedule_runs", COPIED), table("transaction", ("id", "issued_at", "remote_addr")))
    return Schema("database", "postgresql", tables=(*own, *tables), sequences=sequences)


def twins(*tables: Table) -> list[tuple[str, str, bool]]:
    return [(str(t.expected), str(t.actual), t.split) for t in recognise(expected(), actual(*tables))]


@pytest.mark.parametrize(
    "name",
    [
        "schedule_run_version",
        "schedule_runs_versions",
        "schedule_runs_history",
        "schedule_run_audit",
        "version_schedule_runs",
        "Schedule_Runs_Version",
        "ScheduleRunVersion",
    ],
)
def test_other_names(name: str) -> None:
    assert twins(table(name, COPIED + INTERNAL)) == [("public.schedule_runs_version", f"public.{name}", False)]


def test_another_schema() -> None:
    found = twins(table("schedule_runs_version", COPIED + INTERNAL, "audit"))
    assert found == [("public.schedule_runs_version", "audit.schedule_runs_version", False)]


def test_another_tenant_keeps_its_history() -> None:
    other = (table("schedule_runs", COPIED, "b"), table("schedule_runs_version", COPIED + INTERNAL, "b"))
    assert twins(*other) == []


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("form_template_version", ("id", "template_id", "version", "body")),
        ("schedule_run_version", COPIED),
        ("schedule_run_version", ("id", "released_at", "transaction_id", "operation_type")),
        ("orders_version", COPIED + INTERNAL),
        ("schedule_runs_version_backup", COPIED + INTERNAL),
        ("transactions", ("id", "user_id", "amount")),
    ],
)
def test_ordinary_tables_stay_what_they_are(name: str, columns: tuple[str, ...]) -> None:
    assert twins(table(name, columns)) == []


def test_a_hand_made_table_may_lack_one_internal_column() -> None:
    found = twins(table("schedule_run_version", (*COPIED, "transaction_id")))
    assert found == [("public.schedule_runs_version", "public.schedule_run_version", False)]


def test_both_exist() -> None:
    right = table("schedule_runs_version", COPIED + INTERNAL)
    other = table("schedule_run_version", COPIED + INTERNAL)
    assert twins(right, other) == [("public.schedule_runs_version", "public.schedule_run_version", True)]


def test_of_two_candidates_the_better_one_is_renamed_and_the_other_merged() -> None:
    found = twins(table("schedule_run_version", COPIED + INTERNAL), table("schedule_runs_audit", COPIED + INTERNAL))
    assert found == [
        ("public.schedule_runs_version", "public.schedule_run_version", False),
        ("public.schedule_runs_version", "public.schedule_runs_audit", True),
    ]


def test_the_transaction_table() -> None:
    tables = (table("schedule_runs", COPIED), table("transactions", ("id", "issued_at", "remote_addr")))
    found = recognise(expected(), Schema("database", "postgresql", tables=tables))
    assert [(str(twin.expected), str(twin.actual)) for twin in found] == [("public.transaction", "public.transactions")]


@pytest.mark.parametrize(
    ("name", "owner", "recognised"),
    [
        (QualifiedName("public", "transactions_id_seq"), None, True),
        (QualifiedName("app", "transaction_id_seq"), None, True),
        (QualifiedName("public", "tx_numbers"), (QualifiedName("public", "transaction"), "id"), True),
        (QualifiedName("public", "tx_numbers"), None, False),
    ],
)
def test_sequences(name: QualifiedName, owner: tuple[QualifiedName, str] | None, recognised: bool) -> None:
    found = recognise_sequences(expected(), actual(sequences=(Sequence(name, owned_by=owner),)))
    assert [twin.actual for twin in found] == ([name] if recognised else [])


@pytest.mark.parametrize(
    ("left", "right"), [("Schedule_Runs", "schedule_run"), ("categories", "category"), ("boxes", "box")]
)
def test_name_key(left: str, right: str) -> None:
    assert name_key(left) == name_key(right)
