from dataclasses import replace
from datetime import date

import pytest

from drift.alignment import Alignment
from drift.findings import Finding, NotChecked, Severity, Subject, SubjectKind
from drift.policy import Baseline, Config, judge
from drift.policy.baseline import Entry, accept, prune, read_baseline, to_json
from drift.policy.config import TableRule
from drift.policy.order import describe, in_order
from drift.schema import Column, QualifiedName, Schema, Table

E, W, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
TODAY = date(2026, 6, 1)


def finding(code="CO101", name="column-missing", severity=E, table="users", column="email", schema="public"):
    return Finding(code, name, severity, Subject(SubjectKind.COLUMN, schema, table, column), "Message.")


SKIPPED = NotChecked("CK301", "check-expression-mismatch", None, "nobody to ask")


@pytest.mark.parametrize(
    ("severity", "fail_on", "fails"),
    [
        (E, "warning", True),
        (W, "warning", True),
        (INFO, "warning", False),
        (INFO, "info", True),
        (W, "error", False),
        (E, "error", True),
        (E, "never", False),
    ],
)
def test_the_gate(severity, fail_on, fails):
    assert judge([finding(severity=severity)], Config(fail_on=fail_on)).fails is fails


def test_not_checked_fails_only_under_strict():
    assert not judge([SKIPPED], Config()).fails
    assert judge([SKIPPED], Config(strict=True)).fails
    assert judge([SKIPPED], Config(strict=True, fail_on="never")).fails


@pytest.mark.parametrize(
    ("select", "ignore", "shown"),
    [
        (["ALL"], [], True),
        (["CO"], [], True),
        (["co1"], [], True),
        (["column-missing"], [], True),
        (["TB"], [], False),
        (["ALL"], ["CO"], False),
        (["ALL"], ["column-missing"], False),
        (["CO101"], ["CO"], True),
        (["CO"], ["CO101"], False),
        (["CO101"], ["ALL"], True),
    ],
)
def test_the_more_specific_selector_wins(select, ignore, shown):
    verdict = judge([finding()], Config(select=tuple(select), ignore=tuple(ignore)))
    assert (len(verdict.findings), len(verdict.ignored)) == ((1, 0) if shown else (0, 1))


def test_severities_can_be_overridden_the_closest_selector_decides():
    config = Config(severity=(("CO101", INFO), ("CO", W)))
    verdict = judge([finding(), finding("CO301", "column-type-mismatch")], config)
    assert {f.code: f.severity for f in verdict.findings} == {"CO101": INFO, "CO301": W}


@pytest.mark.parametrize(
    ("pattern", "ignored"), [("legacy_*", True), ("public.legacy_*", True), ("billing.*", False), ("legacy", False)]
)
def test_rules_for_tables(pattern, ignored):
    config = Config(tables=(TableRule(pattern, ("ALL",)),))
    verdict = judge([finding(table="legacy_users")], config)
    assert len(verdict.ignored) == int(ignored)


def test_rules_for_tables_change_severities():
    config = Config(tables=(TableRule("users", severity=(("CO", INFO),)),))
    assert judge([finding()], config).findings[0].severity is INFO


def test_inline_ignores_of_tables_and_columns():
    table = Table(
        QualifiedName("public", "users"),
        columns=(Column("email", "text", ignored=("column-missing",)), Column("name", "text")),
        ignored=("CO301",),
    )
    alignment = Alignment(Schema("m", "postgresql", tables=(table,)), Schema("d", "postgresql"))
    outcomes = [
        finding(),
        finding(column="name"),
        finding("CO301", "column-type-mismatch"),
        finding("CO301", "column-type-mismatch", table="other"),
    ]
    verdict = judge(outcomes, Config(), alignment=alignment)
    assert [describe(f.subject) for f in verdict.ignored] == ["public.users.email", "public.users.email"]
    assert [describe(f.subject) for f in verdict.findings] == ["public.other.email", "public.users.name"]


def test_the_baseline_accepts_what_it_knows_and_reports_what_is_stale():
    gone = Entry("0" * 16, "CO101", "public.users.gone")
    baseline = accept([finding()], Baseline(entries=(gone,)))
    verdict = judge([finding(), finding(column="new")], Config(), baseline, today=TODAY)
    assert [f.subject.name for f in verdict.accepted] == ["email"]
    assert [f.subject.name for f in verdict.findings] == ["new"]
    assert verdict.stale == ("CO101 public.users.gone",)


@pytest.mark.parametrize(("expires", "fails"), [(date(2026, 5, 31), True), (TODAY, False), (None, False)])
def test_an_expired_entry_fails_whatever_its_severity(expires, fails):
    baseline = accept([finding(severity=INFO)], Baseline(), expires=expires, owner="ann")
    verdict = judge([finding(severity=INFO)], Config(), baseline, today=TODAY)
    assert verdict.fails is fails
    assert verdict.expired == (("CO101 public.users.email (accepted until 2026-05-31, owner ann)",) if fails else ())


def test_what_is_accepted_does_not_depend_on_wording_severity_or_place():
    baseline = accept([finding()], Baseline())
    changed = replace(finding(severity=W), message="Other words.", expected="x")
    assert judge([changed], Config(), baseline).accepted


def test_a_baseline_survives_its_file_and_keeps_reasons(tmp_path):
    first = accept([finding()], Baseline(), reason="being dropped", owner="ann", expires=TODAY)
    file = tmp_path / "drift-baseline.json"
    file.write_text(to_json(first))
    again = accept([finding(), finding(column="b")], read_baseline(file), reason="new")
    assert [(e.subject, e.reason) for e in again.entries] == [
        ("public.users.b", "new"),
        ("public.users.email", "being dropped"),
    ]
    assert prune(again, [finding()]).entries == first.entries


def test_errors_come_first_within_a_table_history_before_everything():
    history = Finding("MG101", "revision-pending", W, Subject(SubjectKind.MIGRATION, None, None, "x"), "Behind.")
    field = Finding("RS301", "n", E, Subject(SubjectKind.RESPONSE_FIELD, "public", "users", "A.b"), "Field.")
    shuffled = [field, finding(severity=W, column="a"), finding(table="z"), finding(column="b"), history]
    assert [f.subject.name for f in in_order(shuffled)] == ["x", "b", "a", "email", "A.b"]
