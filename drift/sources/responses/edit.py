"""``--fix-schemas``: make response fields optional in the source, the rest of the file untouched.

Parsed and written with LibCST, so that formatting and comments survive. Nothing is written unless asked for; what would
be written can be shown as a unified diff first. A request is never loosened: a field that others inherit as well is
declared again in the response's own class, and where that is a request, too, the field is left alone.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from drift.errors import DriftError
from drift.files import write_file
from drift.findings import Finding, Severity

FIXABLE = ("RS301", "RS302")
"""Checks whose way out is ``| None = None``."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One file with its fields made optional.

    Attributes:
        path: The file.
        before, after: Its text.
        fields: ``Class.field`` of what was changed.
        skipped: ``Class.field: reason`` of what could not be.
    """

    path: Path
    before: str
    after: str
    fields: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    def diff(self) -> str:
        """The change as a unified diff."""
        name = self.path.as_posix()
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True), self.after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def propose(findings: Iterable[Finding], *, directory: Path) -> tuple[Edit, ...]:
    """What would make the fields of the findings optional, one edit for each file.

    Infos are left alone: their rows cannot happen.

    Args:
        findings: Any findings; those of other checks are left out.
        directory: What the findings' paths are relative to.

    Raises:
        DriftError: A source file cannot be read or parsed.
    """
    wanted: dict[Path, _Wanted] = {}
    for finding in findings:
        if finding.code not in FIXABLE or not finding.locations:
            continue
        if finding.severity is Severity.INFO and not finding.detail("pending"):
            continue
        if "None" in (finding.expected or "").split(" | "):
            # The type accepts None and a validator does not: nothing that can be repaired by rule.
            continue
        place, name = finding.locations[0], finding.subject.name
        if place.line is None:
            continue
        own, written = finding.detail("class_location"), (directory / place.path, place.line)
        here = wanted.setdefault(written[0], _Wanted())
        if loosened := _names(finding, "loosened"):
            here.refused.append(f"{name}: {loosened} would accept None as well; give the response a class of its own")
        elif not (shared := _names(finding, "shared")):
            here.lines[place.line] = name
        elif isinstance(own, str):
            path, _, line = own.rpartition(":")
            wanted.setdefault(directory / path, _Wanted()).overrides.setdefault(int(line), []).append((name, *written))
        else:
            here.refused.append(f"{name}: shared with {shared}, and its own class is written nowhere")
    edits = (_edit(path, one, directory) for path, one in sorted(wanted.items()))
    return tuple(edit for edit in edits if edit.fields or edit.skipped)


def _names(finding: Finding, detail: str) -> str:
    found = finding.detail(detail)
    return ", ".join(map(str, found)) if isinstance(found, tuple) else ""


@dataclass(slots=True)
class _Wanted:
    """What is to be done in one file.

    Attributes:
        lines: Fields to be made optional where they are written, by line.
        overrides: Fields to be written again in a class, by the line of the class: name, and where it is written now.
        refused: ``Class.field: reason``.
    """

    lines: dict[int, str] = field(default_factory=dict)
    overrides: dict[int, list[tuple[str, Path, int]]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def apply(edits: Iterable[Edit], *, directory: Path) -> None:
    """Write the files.

    Raises:
        DriftError: A file changed since it was read, or cannot be written.
    """
    for edit in edits:
        path = directory / edit.path
        if _read(path) != edit.before:
            raise DriftError(f"{edit.path} changed meanwhile", help=("run the command again",))
        if edit.after != edit.before:
            write_file(path, edit.after)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DriftError(f"cannot read {path}", details=(type(error).__name__,)) from error


def _edit(path: Path, wanted: _Wanted, directory: Path) -> Edit:
    before = _read(path)
    wrapper = _parsed(path, before)
    overrides: dict[int, list[_Override]] = {}
    skipped = list(wanted.refused)
    for line, fields in wanted.overrides.items():
        for name, source, at in fields:
            made = _override(name, source, at, None if source == path else _bound(before))
            if isinstance(made, str):
                skipped.append(f"{name}: {made}")
            else:
                overrides.setdefault(line, []).append(made)
    transformer = _MakeOptional(wanted.lines, overrides)
    after = wrapper.visit(transformer).code
    shown = path.relative_to(directory) if path.is_relative_to(directory) else path
    asked = [(line, name) for line, name in wanted.lines.items()]
    asked += [(line, each.name) for line, each_line in overrides.items() for each in each_line]
    missed = [f"{name}: no field is written there" for line, name in asked if line not in transformer.seen]
    return Edit(shown, before, after, tuple(transformer.done), (*skipped, *transformer.skipped, *missed))


def _parsed(path: Path, text: str) -> MetadataWrapper:
    try:
        return MetadataWrapper(cst.parse_module(text))
    except cst.ParserSyntaxError as error:
        raise DriftError(f"cannot parse {path}", details=(str(error.message),)) from error


@dataclass(frozen=True, slots=True)
class _Override:
    """A field that a class declares again, so that its base keeps its own."""

    name: str
    statement: cst.SimpleStatementLine


def _override(name: str, source: Path, line: int, known: set[str] | None) -> _Override | str:
    """The field of ``source`` made optional, or why it cannot be written elsewhere.

    Args:
        name: ``Class.field``.
        source: The file in which it is written.
        line: Its line.
        known: The names of the other file; ``None`` where it is the same.
    """
    finder = _FieldAt(line)
    _parsed(source, _read(source)).visit(finder)
    written = finder.found
    annotation = _optional(written.annotation.annotation) if written is not None else None
    value = _with_default(written.value) if written is not None else None
    if written is None or annotation is None or value is None:
        return "its annotation or default is not plain"
    copied = cst.AnnAssign(written.target, cst.Annotation(annotation), value)
    if known is not None:
        missing = sorted(_used(annotation, value) - known)
        if missing:
            return f"{', '.join(missing)} must be imported first, to write it in the response's own class"
    return _Override(name, cst.SimpleStatementLine([copied]))


class _FieldAt(cst.CSTVisitor):
    """The annotated assignment that begins on a line."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, line: int) -> None:
        super().__init__()
        self._line = line
        self.found: cst.AnnAssign | None = None

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        if self.get_metadata(PositionProvider, node).start.line == self._line:
            self.found = node


def _used(*expressions: cst.BaseExpression) -> set[str]:
    """The names that expressions look up; what a text annotation names counts as well."""
    found: set[str] = set()
    for expression in expressions:
        for node in ast.walk(ast.parse(cst.Module(()).code_for_node(expression), mode="eval")):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.findall(r"(?<![.\w])[A-Za-z_]\w*", node.value))
    return found


def _bound(text: str) -> set[str]:
    """The names that a module binds at its top level: imports, classes, functions, assignments."""
    found: set[str] = set(dir(builtins))
    for statement in ast.parse(text).body:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(statement.name)
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.alias):
                    found.add(node.asname or node.name.partition(".")[0])
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.add(node.id)
    return found


class _MakeOptional(cst.CSTTransformer):
    """Turns ``email: str`` into ``email: str | None = None`` on the given lines, and writes overrides into classes."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: Mapping[int, str], overrides: Mapping[int, list[_Override]]) -> None:
        super().__init__()
        self._lines = lines
        self._overrides = overrides
        self.seen: set[int] = set()
        self.done: list[str] = []
        self.skipped: list[str] = []

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:  # noqa: N802
        line = self.get_metadata(PositionProvider, original_node.name).start.line
        overrides = self._overrides.get(line)
        if not overrides:
            return updated_node
        self.seen.add(line)
        self.done.extend(each.name for each in overrides)
        return updated_node.with_changes(body=_with_fields(updated_node.body, [each.statement for each in overrides]))

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.AnnAssign:  # noqa: N802
        line = self.get_metadata(PositionProvider, original_node).start.line
        name = self._lines.get(line)
        if name is None or not isinstance(original_node.target, cst.Name):
            return updated_node
        self.seen.add(line)
        annotation = _optional(updated_node.annotation.annotation)
        value = _with_default(updated_node.value)
        if annotation is None or value is None:
            self.skipped.append(f"{name}: its annotation or default is not plain")
            return updated_node
        self.done.append(name)
        return updated_node.with_changes(
            annotation=updated_node.annotation.with_changes(annotation=annotation),
            value=value,
            equal=updated_node.equal
            if isinstance(updated_node.equal, cst.AssignEqual)
            else cst.AssignEqual(cst.SimpleWhitespace(" "), cst.SimpleWhitespace(" ")),
        )


def _with_fields(body: cst.BaseSuite, fields: list[cst.SimpleStatementLine]) -> cst.BaseSuite:
    """A class's body with further fields after its own, or after its docstring and settings."""
    written = list(body.body) if isinstance(body, cst.IndentedBlock) else []
    if len(written) == 1 and _is_empty(written[0]):
        written = []
    places = [place for place, each in enumerate(written) if _holds(each, cst.AnnAssign)]
    places = places or [place for place, each in enumerate(written) if _holds(each, cst.Assign, cst.Expr)]
    after = places[-1] + 1 if places else 0
    block = body if isinstance(body, cst.IndentedBlock) else cst.IndentedBlock([])
    return block.with_changes(body=[*written[:after], *fields, *written[after:]])


def _holds(statement: cst.BaseStatement | cst.BaseSmallStatement, *kinds: type[cst.BaseSmallStatement]) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], kinds)


def _is_empty(statement: cst.BaseStatement | cst.BaseSmallStatement) -> bool:
    """``pass`` or ``...``"""
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    only = statement.body[0]
    return isinstance(only, cst.Pass) or (isinstance(only, cst.Expr) and isinstance(only.value, cst.Ellipsis))


def _optional(annotation: cst.BaseExpression) -> cst.BaseExpression | None:
    """``X | None``; a text annotation gets it inside its quotes; what is optional already stays."""
    if isinstance(annotation, cst.SimpleString):
        inner = annotation.raw_value
        return annotation.with_changes(value=f"{annotation.quote}{inner} | None{annotation.quote}")
    if isinstance(annotation, cst.ConcatenatedString):
        return None
    text = cst.Module(body=()).code_for_node(annotation)
    if text.startswith(("Optional[", "typing.Optional[", "t.Optional[")) or text.endswith("| None"):
        return annotation
    return cst.BinaryOperation(annotation, cst.BitOr(), cst.Name("None"))


def _with_default(value: cst.BaseExpression | None) -> cst.BaseExpression | None:
    """``None`` without a default; ``Field(...)`` gets one; another default stays."""
    if value is None or isinstance(value, cst.Ellipsis):
        return cst.Name("None")
    if not (isinstance(value, cst.Call) and cst.Module(body=()).code_for_node(value.func).endswith("Field")):
        return value
    arguments = list(value.args)
    if any(a.keyword is not None and a.keyword.value in ("default", "default_factory") for a in arguments):
        return value.with_changes(
            args=[
                a.with_changes(value=cst.Name("None"))
                if a.keyword is not None and a.keyword.value == "default" and isinstance(a.value, cst.Ellipsis)
                else a
                for a in arguments
            ]
        )
    if arguments and arguments[0].keyword is None and not arguments[0].star:
        if isinstance(arguments[0].value, cst.Ellipsis):
            arguments[0] = arguments[0].with_changes(value=cst.Name("None"))
        return value.with_changes(args=arguments)
    default = cst.Arg(cst.Name("None"))
    if arguments:
        default = default.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
    return value.with_changes(args=[default, *arguments])
