import re

from drift.findings import Finding, Severity, Subject, SubjectKind
from drift.policy import Config, judge
from drift.reports import render
from drift.reports.text import TextOptions
from tests.reports import samples

EXPECTED = """\
public.users                                                    app/models/user.py:14
  error    CO301  column-type-mismatch              email              user.py:17
           models    varchar(255)
           database  varchar(80)
  warning  CO308  column-renamed                    surname            user.py:19
           models    surname
           database  last_name (same type, nullability, and position)
app.schemas.UserOut                                             app/schemas/user.py:8
  error    RS301  response-field-not-optional       nickname           user.py:12
           field     str
           database  NULL allowed; such a row fails to serialise · GET /users, GET /users/{id}
not checked  CK301 check-expression-mismatch  2 constraints
             the snapshot holds no canonical form
             help: check against the live database, or pass --scratch-url

Found 3 findings: 2 errors, 1 warning. 3 accepted by drift-baseline.json.
note: the database is two revisions behind head; `alembic upgrade head` resolves 1 of them.
help: `drift explain CO301` for the meaning, `drift plan` for the repair.
compared: models app.models:Base, database postgresql://shop:***@localhost/shop
"""


def test_the_report_is_laid_out_to_the_letter():
    assert render(samples.sample()) == EXPECTED


def test_in_sync_says_how_much_was_compared():
    text = "In sync: 23 tables, 187 columns, 64 constraints and indexes, 41 response fields compared in 0.4 s.\n"
    assert render(samples.clean()) == text


def test_in_sync_never_hides_what_was_not_checked():
    text = render(judge(samples.NOT_CHECKED, Config()))
    assert "In sync, but 2 not checked" in text
    assert "the snapshot holds no canonical form" in text


def test_colours_change_nothing_but_colours():
    colored = render(samples.sample(), options=TextOptions(color=True))
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == EXPECTED


def test_verbose_tells_why_and_how_to_repair():
    text = render(samples.sample(), options=TextOptions(verbose=True))
    assert "why       The database cuts off at 80 characters" in text
    assert "repair    ALTER TABLE public.users ALTER COLUMN email TYPE varchar(255) (safe)" in text
    assert "at        app/models/user.py:21" in text


def test_quiet_is_one_line():
    assert render(samples.sample(), options=TextOptions(quiet=True)).count("\n") == 1


def test_statistics_count_by_check():
    text = render(samples.sample(), options=TextOptions(statistics=True))
    assert "    1  CO301  column-type-mismatch" in text


def test_missing_and_unexpected_things_are_told_apart():
    missing = samples.FINDINGS[0].__class__(
        "CO101", "column-missing", Severity.ERROR, samples.column("age"), "Missing.", "integer"
    )
    unexpected = samples.FINDINGS[0].__class__(
        "CO201", "column-unexpected", Severity.INFO, samples.column("old"), "Unexpected.", None, "integer"
    )
    text = render(judge([missing, unexpected], Config()))
    assert "models    integer\n           database  missing" in text
    assert "models    not mapped\n           database  integer" in text


def test_hostile_names_stay_on_their_line_and_cannot_write_to_the_terminal():
    text = render(samples.hostile())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n::error::" not in text


def test_infos_that_say_the_same_of_many_fields_are_one_block():
    def field(code: str, name: str, severity: Severity) -> Finding:
        subject = Subject(SubjectKind.REQUEST_FIELD, "public", "users", name)
        return Finding(code, "request-too-long", severity, subject, "Longer.", "str", "varchar(20)")

    findings = [
        field("RQ302", name, Severity.INFO) for name in ("UserCreate.name", "UserPatch.name", "UserCreate.city")
    ]
    single = [field("RQ304", "UserCreate.sum", Severity.INFO), field("RQ302", "UserIn.name", Severity.WARNING)]
    verdict = judge([*findings, *single], Config())
    text = render(verdict)
    assert text.count("RQ302 ") == 2  # the block and the warning
    assert (
        "infos on fields, each with -v\n"
        "  info     RQ302  request-too-long                  3 fields of 2 classes\n"
        "           UserCreate: city, name\n"
        "           UserPatch: name\n"
    ) in text
    assert "UserIn\n  warning  RQ302" in text
    assert "UserCreate\n  info     RQ304" in text
    assert render(verdict, options=TextOptions(verbose=True)).count("RQ302 ") == 4
