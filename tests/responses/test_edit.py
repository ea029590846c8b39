"""`--fix-schemas`: only the field changes, whatever the file looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from drift.errors import DriftError
from drift.findings import Finding, Severity, Subject, SubjectKind
from drift.schema import Location
from drift.sources.responses.edit import apply, propose

FORMS = {
    "email: str": "email: str | None = None",
    "email: str  # comment": "email: str | None = None  # comment",
    "email: Optional[str]": "email: Optional[str] = None",
    "email: list[str] = []": "email: list[str] | None = []",
    'email: "Address"': 'email: "Address | None" = None',
    "email: str = Field()": "email: str | None = Field(None)",
    "email: str = Field(...)": "email: str | None = Field(None)",
    "email: str = Field(..., max_length=3)": "email: str | None = Field(None, max_length=3)",
    "email: str = Field(max_length=3)": "email: str | None = Field(None, max_length=3)",
    "email: str = Field(default=..., alias='mail')": "email: str | None = Field(default=None, alias='mail')",
    "email: str = pydantic.Field(default_factory=str)": "email: str | None = pydantic.Field(default_factory=str)",
    "email: Annotated[str, Field(max_length=3)]": "email: Annotated[str, Field(max_length=3)] | None = None",
    "email : str=...": "email : str | None=None",
}


def finding(line: int, *, severity: Severity = Severity.ERROR, expected: str = "str", code: str = "RS301") -> Finding:
    subject = Subject(SubjectKind.RESPONSE_FIELD, "public", "users", "UserOut.email")
    place = Location("schemas.py", line)
    return Finding(code, "response-field-not-optional", severity, subject, "", expected, "NULL", locations=(place,))


@pytest.mark.parametrize(("before", "after"), FORMS.items())
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_one_line_changes(tmp_path: Path, before: str, after: str, newline: str):
    head, tail = ["class UserOut( BaseModel ):", "    id:int", ""], ["", "    # the end", "", ""]
    text = newline.join([*head, f"    {before}", *tail])
    (tmp_path / "schemas.py").write_bytes(text.encode())
    (edit,) = propose([finding(4)], directory=tmp_path)
    assert edit.fields == ("UserOut.email",)
    apply([edit], directory=tmp_path)
    assert (tmp_path / "schemas.py").read_bytes() == newline.join([*head, f"    {after}", *tail]).encode()
    assert f"+    {after}" in edit.diff()
    assert edit.diff().startswith("--- a/schemas.py\n+++ b/schemas.py\n@@")


def test_what_is_left_alone(tmp_path: Path):
    (tmp_path / "schemas.py").write_text("class UserOut:\n    email: str\n")
    assert propose([finding(2, severity=Severity.INFO)], directory=tmp_path) == ()
    assert propose([finding(2, code="CO301")], directory=tmp_path) == ()
    assert propose([finding(2, expected="str | None")], directory=tmp_path) == ()
    (edit,) = propose([finding(1)], directory=tmp_path)
    assert edit.before == edit.after
    assert edit.skipped == ("UserOut.email: no field is written there",)


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path):
    path = tmp_path / "schemas.py"
    path.write_text("class UserOut:\n    email: str\n")
    edits = propose([finding(2)], directory=tmp_path)
    path.write_text("class UserOut:\n    email: str\n    name: str\n")
    with pytest.raises(DriftError, match="changed meanwhile"):
        apply(edits, directory=tmp_path)
    path.write_text("class UserOut(:\n")
    with pytest.raises(DriftError, match="cannot parse"):
        propose([finding(2)], directory=tmp_path)
