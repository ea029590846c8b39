"""``--fix-schemas``: make response fields optional in the source, the rest of the file untouched.

Parsed and written with LibCST, so that formatting and comments survive. Nothing is written unless asked for; what would
be written can be shown as a unified diff first.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    wanted: dict[Path, dict[int, str]] = {}
    for finding in findings:
        if finding.code not in FIXABLE or finding.severity is Severity.INFO or not finding.locations:
            continue
        if "None" in (finding.expected or "").split(" | "):
            # The type accepts None and a validator does not: nothing that can be repaired by rule.
            continue
        place = finding.locations[0]
        if place.line is not None:
            wanted.setdefault(directory / place.path, {})[place.line] = finding.subject.name
    return tuple(_edit(path, lines, directory) for path, lines in sorted(wanted.items()))


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


def _edit(path: Path, lines: Mapping[int, str], directory: Path) -> Edit:
    before = _read(path)
    try:
        wrapper = MetadataWrapper(cst.parse_module(before))
    except cst.ParserSyntaxError as error:
        raise DriftError(f"cannot parse {path}", details=(str(error.message),)) from error
    transformer = _MakeOptional(lines)
    after = wrapper.visit(transformer).code
    shown = path.relative_to(directory) if path.is_relative_to(directory) else path
    missed = [f"{name}: no field is written there" for line, name in lines.items() if line not in transformer.seen]
    return Edit(shown, before, after, tuple(transformer.done), (*transformer.skipped, *missed))


class _MakeOptional(cst.CSTTransformer):
    """Turns ``email: str`` into ``email: str | None = None`` on the given lines."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, lines: Mapping[int, str]) -> None:
        super().__init__()
        self._lines = lines
        self.seen: set[int] = set()
        self.done: list[str] = []
        self.skipped: list[str] = []

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
