"""Proving a revision: clone the live structure, upgrade, silence, downgrade, the same as before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from drift.errors import DriftError
from drift.findings import Finding
from drift.migration.fingerprint import schema_fingerprint
from drift.migration.plan import Plan
from drift.migration.revision import add_to_docstring, write
from drift.pipeline import Inputs, Report, run_check
from drift.secrets import scrub
from drift.verification.alembic_judge import alembic_differences
from drift.verification.clone import clone
from drift.verification.comparing import structural_differences
from drift.verification.proof import Proof
from drift.verification.rows import count_rows, fill
from drift.verification.running import RevisionModule, counting, load, run
from drift.verification.scratch import Scratch, scratch_database

if TYPE_CHECKING:
    from drift.sources.alembic_project import AlembicProject


@dataclass(frozen=True, slots=True)
class Written:
    """A revision that was written.

    Attributes:
        path: The file.
        proof: What the proof found; ``None`` where none was made.
    """

    path: Path
    proof: Proof | None


def write_proven(
    plan: Plan,
    message: str,
    report: Report,
    inputs: Inputs,
    *,
    unverified: bool = False,
    scratch_url: str | None = None,
    rows: int = 0,
    directory: Path | None = None,
    head: str | None = None,
    branch_label: str | None = None,
    version_path: Path | None = None,
    rev_id: str | None = None,
) -> Written:
    """Write a revision for a plan and prove it; a revision that fails its proof is taken away again.

    Args:
        plan: What the revision does.
        message: Its message.
        report: The check that the plan came from.
        inputs: What that check was asked.
        unverified: Keep the revision without a proof, or although it failed.
        scratch_url: A server on which databases may be created.
        rows: How many made-up rows to put into each table.
        directory: Without an Alembic project: the folder of the file.
        head: Which head it follows, where there are several.
        branch_label: Label of a new branch.
        version_path: Which of several version locations takes the file.
        rev_id: Its identifier.

    Raises:
        DriftError: Nothing to write; several heads and none named; no scratch database; the proof failed.
    """
    comparison = report.comparison
    path = write(
        plan,
        message,
        project=comparison.project,
        environment=comparison.environment,
        directory=directory,
        head=head,
        branch_label=branch_label,
        version_path=version_path,
        rev_id=rev_id,
    )
    if unverified and scratch_url is None:
        add_to_docstring(path, ["Not proven: written with --unverified."])
        return Written(path, None)
    try:
        proof = prove_file(path, report, inputs, claims=plan.answered, scratch_url=scratch_url, rows=rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not proof.holds and not unverified:
        path.unlink(missing_ok=True)
        raise DriftError(
            "the revision did not pass its proof and was not written",
            details=proof.lines(),
            help=("--unverified writes it all the same.", "drift plan shows what it would do."),
        )
    add_to_docstring(path, list(proof.lines()))
    return Written(path, proof)


def prove_file(
    path: Path,
    report: Report,
    inputs: Inputs,
    *,
    claims: Iterable[Finding] = (),
    before: Sequence[Path] = (),
    scratch_url: str | None = None,
    rows: int = 0,
) -> Proof:
    """Prove one revision file.

    Args:
        path: The file.
        report: A check of the live database: its structure is copied.
        inputs: What that check was asked; the same question is asked of the copy.
        claims: Findings that the revision claims to answer; those that the copy does not show are left out.
        before: Revisions that must run first, oldest first, because the live database has not seen them yet.
        scratch_url: A server on which databases may be created.
        rows: How many made-up rows to put into each table.
    """
    comparison = report.comparison
    live = comparison.alignment.actual
    started = perf_counter()
    inputs.progress("starting a scratch database")
    with (
        _inside(comparison.project),
        scratch_database(live.dialect, scratch_url=scratch_url or inputs.config.scratch_url) as scratch,
    ):
        engine = scratch.engine()
        module = load(path)
        options = comparison.environment.options if comparison.environment is not None else {}
        inputs.progress("copying the live structure")
        with engine.connect() as connection:
            refused = clone(live, connection)
        # What is wrong with the live database now is not brought in by the revision, even where a pending one hides it.
        known = alembic_differences(engine, comparison.natives, live) if before else ()
        with engine.connect() as connection:
            run([load(earlier).upgrade for earlier in before], connection, options)
            put = fill(connection, live, rows) if rows else 0
        proof = _run_through(module, scratch, engine, inputs, tuple(claims), options, (report.findings, known))
        engine.dispose()
    not_cloned = tuple(scrub(f"{item.statement}: {item.reason}") for item in refused)
    return replace(proof, not_cloned=not_cloned, rows=put, seconds=perf_counter() - started)


def _inside(project: AlembicProject | None) -> Any:
    from contextlib import nullcontext

    return project.inside() if project is not None else nullcontext()


def _run_through(
    module: RevisionModule,
    scratch: Scratch,
    engine: Engine,
    inputs: Inputs,
    claims: tuple[Finding, ...],
    options: Any,
    known: tuple[tuple[Finding, ...], tuple[str, ...]],
) -> Proof:
    on_copy = _on(inputs, scratch)
    inputs.progress("checking the copy")
    first = run_check(on_copy)
    natives = first.comparison.natives
    seen_before = (*known[1], *alembic_differences(engine, natives, first.alignment.actual))
    held = count_rows(engine, first.alignment.actual)
    proof = Proof(scratch.label)
    inputs.progress("upgrading the copy")
    with counting(engine) as statements:
        error = _attempt("upgrade", module.upgrade, engine, options)
    proof = replace(proof, statements=len(statements))
    if error is not None:
        return replace(proof, error=error)
    inputs.progress("checking the copy again")
    second = run_check(on_copy)
    seen_after = alembic_differences(engine, natives, second.alignment.actual)
    proof = _judge(proof, first, second, claims, known[0])
    proof = replace(
        proof,
        alembic=tuple(text for text in seen_after if text not in seen_before),
        alembic_left=sum(1 for text in seen_after if text in seen_before),
        lost_rows=_lost(held, count_rows(engine, second.alignment.actual)),
    )
    inputs.progress("downgrading the copy")
    error = _attempt("downgrade", module.downgrade, engine, options)
    if error is not None:
        return replace(proof, error=error)
    third = run_check(on_copy)
    return replace(proof, differences=structural_differences(first.alignment.actual, third.alignment.actual))


def _on(inputs: Inputs, scratch: Scratch) -> Inputs:
    """The same question, asked of the scratch database."""
    return replace(
        inputs,
        database=scratch.url,
        origin="the scratch database",
        baseline=None,
        probe=False,
        allow_empty=True,
    )


def _attempt(phase: str, function: Any, engine: Engine, options: Any) -> str | None:
    try:
        with engine.connect() as connection:
            run([function], connection, options)
    except Exception as error:  # a revision may raise anything, and all of it is an answer
        original = getattr(error, "orig", None) or error
        first = str(original).strip().split("\n")[0]
        statement = getattr(error, "statement", None)
        where = f" in: {' '.join(str(statement).split())[:200]}" if statement else ""
        return scrub(f"the {phase} broke off: {first}{where}")
    return None


def _judge(
    proof: Proof, first: Report, second: Report, claims: tuple[Finding, ...], live: tuple[Finding, ...]
) -> Proof:
    before = {finding.fingerprint: finding for finding in first.findings}
    after = {finding.fingerprint: finding for finding in second.findings}
    claimed = {finding.fingerprint for finding in claims}
    known = before.keys() | {finding.fingerprint for finding in live}
    return replace(
        proof,
        answered=tuple(finding for key, finding in before.items() if key not in after),
        remaining=tuple(finding for key, finding in after.items() if key in claimed),
        introduced=tuple(f for key, f in after.items() if key not in known and key not in claimed),
    )


def _lost(before: dict[str, int], after: dict[str, int]) -> tuple[tuple[str, int, int], ...]:
    """Tables with fewer rows; one that is gone under its name may have been renamed, so that the sum counts."""
    if sum(after.values()) >= sum(before.values()):
        return ()
    return tuple((name, count, after.get(name, 0)) for name, count in before.items() if after.get(name, 0) < count)


def verify(
    revision: str | None, inputs: Inputs, *, scratch_url: str | None = None, rows: int = 0
) -> tuple[Path, Proof]:
    """Prove any revision of the project, or any file, on a copy of the live structure.

    Args:
        revision: An identifier, an abbreviation, ``head``, or the path of a file; ``None`` for the head.
        inputs: What to check: models, database, policy.
        scratch_url: A server on which databases may be created.
        rows: How many made-up rows to put into each table.

    Returns:
        The file and its proof. For a hand-written revision nothing is claimed: its proof holds when both directions
        run, nothing new drifts, and the way back leads to the start.

    Raises:
        DriftError: No such revision; it was made for another state of the database; no scratch database.
    """
    report = run_check(inputs)
    comparison = report.comparison
    live = comparison.alignment.actual
    path, before = _find(revision, comparison.project, comparison.migrations)
    with _inside(comparison.project):
        module = load(path)
    if module.made_for is not None and not before and module.made_for != schema_fingerprint(live):
        raise DriftError(
            "this revision was made for another state of the database",
            place=str(path),
            details=(f"made for {module.made_for}", f"the live schema is {schema_fingerprint(live)}"),
            help=("Make a new one: drift revision", "If it was applied already, there is nothing left to prove."),
        )
    return path, prove_file(path, report, inputs, before=before, scratch_url=scratch_url, rows=rows)


def _find(
    revision: str | None, project: AlembicProject | None, migrations: Sequence[Any]
) -> tuple[Path, tuple[Path, ...]]:
    """The file, and the files that must run before it on the live database."""
    if revision is not None and Path(revision).is_file():
        return Path(revision).resolve(), ()
    if project is None:
        raise DriftError(
            "there is no Alembic project, so that a revision can only be named by its file",
            help=("drift verify path/to/revision.py",),
        )
    from alembic.util import CommandError

    scripts = project.scripts()
    try:
        found = scripts.get_revision(revision or "head")
        current = [name for state in migrations for name in state.current if name not in state.unknown]
        chain = list(scripts.iterate_revisions(found.revision, tuple(current) or "base")) if found is not None else []
    except CommandError as error:
        raise DriftError(
            "the revision was not found",
            place=str(project.place),
            details=(str(error),),
            help=("alembic heads and alembic history list them.",),
        ) from error
    if found is None:
        raise DriftError("the project has no revision yet", place=str(project.place))
    paths = [Path(script.path) for script in reversed(chain)]
    return Path(found.path), tuple(path for path in paths if path != Path(found.path))
