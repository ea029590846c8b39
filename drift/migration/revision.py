"""The revision file: in the project's own folder and style, or from a template where there is no such project."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift.errors import DriftError
from drift.files import only_writer, write_file
from drift.migration.options import RenderOptions
from drift.migration.plan import Plan
from drift.migration.python_text import docstring as safe_docstring
from drift.migration.templates import render_template

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from drift.migration.rendering import Rendered
    from drift.migration.splitting import Link
    from drift.sources.alembic_project import AlembicProject, CapturedEnvironment


UNTIL_LATER = "Until a later revision: "
"""How a revision of a chain names, in its docstring, what it leaves there for a later one."""


def render_options(environment: CapturedEnvironment | None) -> RenderOptions:
    """How the project's ``context.configure(...)`` wants operations to be written."""
    if environment is None:
        return RenderOptions()
    return RenderOptions(
        environment.render_item,
        environment.user_module_prefix,
        environment.render_as_batch,
        environment.sqlalchemy_module_prefix,
        environment.alembic_module_prefix,
        environment.process_revision_directives,
    )


def styled(plan: Plan, environment: CapturedEnvironment | None) -> Plan:
    """The plan, to be rendered as the project's own autogenerate would."""
    return replace(plan, options=replace(plan.options, render=render_options(environment)))


def write(
    plan: Plan,
    message: str,
    *,
    project: AlembicProject | None = None,
    environment: CapturedEnvironment | None = None,
    directory: Path | None = None,
    head: str | None = None,
    branch_label: str | None = None,
    version_path: Path | None = None,
    rev_id: str | None = None,
    link: Link | None = None,
    known_heads: frozenset[str] | None = None,
) -> Path:
    """Write the revision. Who writes into the same folder at the same time waits, and sees it.

    Args:
        plan: What it does.
        message: Its message.
        project: The project's Alembic environment; without one the file is made from drift's template.
        environment: What the project's ``env.py`` configured: how operations are rendered, and its hooks.
        directory: Without a project: the folder of the file.
        head: Which head it follows, where there are several; ``label@head`` too.
        branch_label: Label of a new branch.
        version_path: Which of several version locations takes the file.
        rev_id: Its identifier; made up when not given.
        link: Which revision of a chain it is.
        known_heads: The heads that the comparison saw; ``None`` where it saw none, or where they are the chain's own.

    Returns:
        The file.

    Raises:
        DriftError: Several heads and none named; an unknown head; nothing to write; no folder; somebody else wrote a
            revision since the comparison.
    """
    if not plan.steps:
        raise DriftError("there is nothing to write: the plan has no steps", help=("Run drift check.",))
    plan = styled(plan, environment)
    if project is None:
        path = _from_template(plan, message, directory, head, rev_id)
    else:
        wishes = (head, branch_label, version_path, rev_id)
        with _friendly(project), project.inside(), only_writer(Path(project.scripts().dir)):
            _require_known(project, known_heads)
            path = _through_alembic(plan, message, project, environment, wishes)
    add_to_docstring(path, _about(plan, link))
    return path


def _require_known(project: AlembicProject, known_heads: frozenset[str] | None) -> None:
    scripts = project.scripts()
    found = [] if known_heads is None else [head for head in scripts.get_heads() if head not in known_heads]
    if found:
        raise DriftError(
            "another revision was written while this one was made",
            place=scripts.get_revision(found[0]).path,
            details=tuple(f"new head {head}" for head in found),
            help=("Read it: it may repair the same drift. Then upgrade, and run the command again.",),
        )


Wishes = tuple[str | None, str | None, Path | None, str | None]


def _through_alembic(
    plan: Plan,
    message: str,
    project: AlembicProject,
    environment: CapturedEnvironment | None,
    wishes: Wishes,
) -> Path:
    from alembic.operations import ops
    from alembic.util import rev_id as new_id

    from drift.migration.rendering import migration_script, render_script

    head, branch_label, version_path, rev_id = wishes
    config = project.config()
    scripts = project.scripts(config)
    script = migration_script(plan)
    script.rev_id, script.message, script.head = rev_id or new_id(), message, _head(scripts, head)
    script.branch_label = branch_label
    script.version_path = str(version_path) if version_path is not None else None
    directives: list[ops.MigrationScript] = [script]
    hook = plan.options.render.process_revision_directives
    if hook is not None:
        hook(_hook_context(plan, scripts, config, environment), tuple(scripts.get_heads()), directives)
        if not directives:
            raise DriftError(
                "the project's process_revision_directives left nothing to write",
                place=str(project.place),
                help=("Make the hook keep the script, or print the plan: drift plan",),
            )
    path = None
    for directive in directives:
        rendered = render_script(directive, plan.dialect, plan.options.render)
        path = _generate(scripts, directive, rendered, config, environment)
    assert path is not None
    return path


def _generate(
    scripts: ScriptDirectory,
    directive: Any,
    rendered: Rendered,
    config: Any,
    environment: CapturedEnvironment | None,
) -> Path:
    upgrade = environment.upgrade_token if environment is not None else "upgrades"
    downgrade = environment.downgrade_token if environment is not None else "downgrades"
    if directive.version_path is None and not scripts.version_locations:
        # git keeps no empty folder, and older versions of Alembic do not make it.
        Path(scripts.dir, "versions").mkdir(exist_ok=True)
    made = scripts.generate_revision(
        directive.rev_id,
        directive.message,
        head=directive.head,
        splice=directive.splice,
        branch_labels=directive.branch_label,
        version_path=directive.version_path,
        depends_on=directive.depends_on,
        refresh=True,
        config=config,
        imports="\n".join(rendered.imports),
        **{upgrade: rendered.upgrade, downgrade: rendered.downgrade},
    )
    assert made is not None
    return Path(made.path)


def _head(scripts: ScriptDirectory, head: str | None) -> str:
    """The head to follow.

    Raises:
        DriftError: Several heads, and none named.
    """
    heads = scripts.get_heads()
    if head is not None:
        return head
    if len(heads) > 1:
        raise DriftError(
            "the migration scripts have several heads",
            details=tuple(f"head {found}{_labels(scripts, found)}" for found in heads),
            help=(f"Say which one the revision follows: --head {heads[0]}", "Or merge them first: alembic merge heads"),
        )
    return "head"


def _labels(scripts: ScriptDirectory, revision: str) -> str:
    found = scripts.get_revision(revision)
    labels = sorted(found.branch_labels) if found is not None else []
    return f" ({', '.join(labels)})" if labels else ""


def _hook_context(plan: Plan, scripts: ScriptDirectory, config: Any, environment: CapturedEnvironment | None) -> Any:
    """What the project's hook is called with; it has no connection."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext

    from drift.migration.native_dialect import native_dialect

    options = dict(environment.options) if environment is not None else {}
    options.pop("connection", None)
    options.pop("url", None)
    return MigrationContext.configure(
        dialect=native_dialect(plan.dialect), environment_context=EnvironmentContext(config, scripts), opts=options
    )


@contextmanager
def _friendly(project: AlembicProject) -> Iterator[None]:
    """Alembic's complaints as errors that a user can act on."""
    from alembic.util import CommandError

    try:
        yield
    except CommandError as error:
        raise DriftError(
            "Alembic cannot write the revision",
            place=str(project.place),
            details=(str(error),),
            help=("alembic heads and alembic branches show the revisions; --head and --version-path choose.",),
        ) from error


def _from_template(plan: Plan, message: str, directory: Path | None, head: str | None, rev_id: str | None) -> Path:
    if directory is None:
        raise DriftError(
            "there is no Alembic environment to write the revision into",
            help=("Run `alembic init migrations`, or name a folder: --output-dir migrations",),
        )
    from alembic.util import rev_id as new_id

    revision = rev_id or new_id()
    directory.mkdir(parents=True, exist_ok=True)
    slug = "_".join("".join(c if c.isalnum() and c.isascii() else " " for c in message.lower()).split())[:40]
    path = directory / f"{revision}_{slug}.py"
    rendered = plan.render()
    with only_writer(directory):
        down = head if head is not None else _last_of(directory)
        text = render_template(
            "revision.py.jinja",
            docstring=safe_docstring(message),
            revision=revision,
            revision_literal=repr(revision),
            down_revision=safe_docstring(down or ""),
            down_revision_literal=repr(down),
            create_date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            imports=rendered.imports,
            upgrade=rendered.upgrade,
            downgrade=rendered.downgrade,
        )
        write_file(path, text)
    return path


def identifiers(path: Path) -> dict[str, object]:
    """What a revision's file says it is called and what it follows, without running it."""
    values: dict[str, object] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            try:
                values[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return values


def _last_of(directory: Path) -> str | None:
    """The revision that no other file of the folder follows.

    Raises:
        DriftError: There are several.
    """
    revisions: dict[str, object] = {}
    for path in sorted(directory.glob("*.py")):
        values = identifiers(path)
        if isinstance(values.get("revision"), str):
            revisions[str(values["revision"])] = values.get("down_revision")
    heads = [revision for revision in revisions if revision not in revisions.values()]
    if len(heads) > 1:
        raise DriftError(
            "the migration scripts have several heads",
            details=tuple(f"head {found}" for found in heads),
            help=(f"Say which one the revision follows: --head {heads[0]}",),
        )
    return heads[0] if heads else None


def _about(plan: Plan, link: Link | None) -> list[str]:
    """What the file should say of itself."""
    lines = [f"Made for the live schema {plan.made_for}."]
    if link is not None:
        if link.number > 1:
            lines = [f"Made for what the revision before it leaves of the live schema {plan.made_for}."]
        lines = [link.heading, *lines, *(f"{UNTIL_LATER}{' '.join(place.splitlines())}" for place in link.until_later)]
    return [*lines, *(f"Not answered: {f.code} {f.subject.name}: {why}." for f, why in plan.unanswered)]


def add_to_docstring(path: Path, lines: Sequence[str]) -> None:
    """Put lines at the end of a module's docstring; a module without one gets comments at its top."""
    if not lines:
        return
    source = path.read_text(encoding="utf-8")
    text = safe_docstring("\n".join(lines))
    body = ast.parse(source).body
    first = body[0] if body else None
    if not (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    ):
        from drift.migration.python_text import comment_lines

        write_file(path, "\n".join(comment_lines("\n".join(lines))) + "\n" + source)
        return
    rows = source.splitlines(keepends=True)
    assert first.end_lineno is not None
    assert first.end_col_offset is not None
    last = rows[first.end_lineno - 1].encode("utf-8")
    quotes = last[: first.end_col_offset][-3:].decode()
    if quotes not in ('"""', "'''"):
        quotes = '"""'
        value = safe_docstring(first.value.value)
        rows[first.lineno - 1 : first.end_lineno] = [f'"""{value}\n\n{text}\n"""\n']
    else:
        kept = last[: first.end_col_offset - 3].decode().rstrip()
        rest = last[first.end_col_offset :].decode()
        gap = "\n\n" if kept else "\n"
        rows[first.end_lineno - 1] = f"{kept}{gap}{text}\n{quotes}{rest}"
    write_file(path, "".join(rows))
