"""Proving a revision: clone the live structure, upgrade, silence, downgrade, the same as before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Engine

from drift.errors import DriftError
from drift.findings import Finding
from drift.migration.builder import only_in_models
from drift.migration.fingerprint import schema_fingerprint
from drift.migration.plan import Plan
from drift.migration.revision import add_to_docstring, identifiers, write
from drift.migration.splitting import Link, place_of, split
from drift.pipeline import Inputs, Report, run_check
from drift.schema import QualifiedName, Schema
from drift.secrets import scrub
from drift.verification.alembic_judge import alembic_differences
from drift.verification.comparing import structural_differences
from drift.verification.copying import copied, lacks_of, on_scratch, table_of
from drift.verification.live import Live, live_details
from drift.verification.possible import possible
from drift.verification.proof import Proof
from drift.verification.rows import Supply, changed_values, count_rows, fill, supplies, values
from drift.verification.running import Broken, RevisionModule, attempt, counting, inside, load
from drift.verification.scratch import Scratch, ScratchServer, scratch_server

if TYPE_CHECKING:
    from drift.sources.alembic_project import AlembicProject


@dataclass(frozen=True, slots=True)
class Written:
    """A revision that was written.

    Attributes:
        path: The file.
        proof: What the proof found; ``None`` where none was made.
        plan: What it does, where that was not what was wished; steps that the server refuses are comments.
    """

    path: Path
    proof: Proof | None
    plan: Plan | None = None


DoneT = TypeVar("DoneT")


class _RefusedError(DriftError):
    """The proof broke off because the server refused a statement."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Where and how a revision is to be written, and what its proof may use.

    Attributes:
        unverified: Keep the revision without a proof, or although it failed.
        scratch_url: A server on which databases may be created.
        rows: How many made-up rows to put into each table.
        directory: Without an Alembic project: the folder of the file.
        head: Which head it follows, where there are several.
        branch_label: Label of a new branch.
        version_path: Which of several version locations takes the file.
        rev_id: Its identifier; the revisions of a chain are numbered behind it.
    """

    unverified: bool = False
    scratch_url: str | None = None
    rows: int = 0
    directory: Path | None = None
    head: str | None = None
    branch_label: str | None = None
    version_path: Path | None = None
    rev_id: str | None = None


def write_proven(plan: Plan, message: str, report: Report, inputs: Inputs, wishes: Wishes | None = None) -> Written:
    """Write a revision for a plan and prove it; a revision that fails its proof is taken away again.

    Args:
        plan: What the revision does.
        message: Its message.
        report: The check that the plan came from.
        inputs: What that check was asked.
        wishes: Where and how.

    Raises:
        DriftError: Nothing to write; several heads and none named; no scratch database; the proof failed.
    """
    wishes = wishes or Wishes()
    with _wished_server(report, inputs, wishes) as server:

        def written(plan: Plan) -> Written:
            path = _write(plan, message, report, wishes, None)
            return replace(_proven(path, plan.answered, report, inputs, wishes, (), server), plan=plan)

        return _as_far_as_possible(plan, report, inputs, server, written)


def write_chain(
    plan: Plan, message: str, report: Report, inputs: Inputs, wishes: Wishes | None = None
) -> tuple[tuple[Link, Written], ...]:
    """Write a plan as a chain of revisions for several deploys, each proven after the ones before it.

    Where one fails its proof, none of them is kept.

    Args:
        plan: The whole repair.
        message: What their messages begin with.
        report: The check that the plan came from.
        inputs: What that check was asked.
        wishes: Where and how.

    Raises:
        DriftError: As for :func:`write_proven`; the database cannot change a table in parts.
    """
    wishes = wishes or Wishes()
    if not plan.steps:
        raise DriftError("there is nothing to write: the plan has no steps", help=("Run drift check.",))
    with _wished_server(report, inputs, wishes) as server:
        return _as_far_as_possible(
            plan,
            report,
            inputs,
            server,
            lambda plan: _written_chain(plan, message, report, inputs, wishes, server),
        )


def _as_far_as_possible(
    plan: Plan, report: Report, inputs: Inputs, server: ScratchServer | None, written: Callable[[Plan], DoneT]
) -> DoneT:
    """One step that the server refuses costs only itself, and what rests on it."""
    try:
        return written(plan)
    except _RefusedError:
        rest = possible(plan, report, inputs, server) if server is not None else plan
        if not rest.active or rest.active == plan.active:
            raise
    return written(rest)


def _written_chain(
    plan: Plan, message: str, report: Report, inputs: Inputs, wishes: Wishes, server: ScratchServer | None
) -> tuple[tuple[Link, Written], ...]:
    written: list[tuple[Link, Written]] = []
    try:
        for link in split(plan):
            mine = replace(wishes, rev_id=f"{wishes.rev_id}_{link.number}" if wishes.rev_id is not None else None)
            before = tuple(earlier.path for _, earlier in written)
            if before:
                mine = replace(mine, head=str(identifiers(before[-1])["revision"]), branch_label=None)
            path = _write(link.plan, f"{message}: {link.part.value}", report, mine, link)
            written.append((link, _proven(path, link.claims, report, inputs, mine, before, server)))
    except BaseException:
        for _, earlier in written:
            earlier.path.unlink(missing_ok=True)
        raise
    return tuple(written)


def _write(plan: Plan, message: str, report: Report, wishes: Wishes, link: Link | None) -> Path:
    states = report.comparison.migrations
    followed = link is not None and link.number > 1
    return write(
        plan,
        message,
        project=report.comparison.project,
        environment=report.comparison.environment,
        directory=wishes.directory,
        head=wishes.head,
        branch_label=wishes.branch_label,
        version_path=wishes.version_path,
        rev_id=wishes.rev_id,
        link=link,
        known_heads=frozenset(head for state in states for head in state.heads) if states and not followed else None,
    )


@contextmanager
def _server(report: Report, inputs: Inputs, scratch_url: str | None) -> Iterator[ScratchServer]:
    """Where the copies of one command are made."""
    config = inputs.config
    inputs.progress("starting a scratch database")
    with scratch_server(
        report.comparison.alignment.actual.dialect,
        scratch_url=scratch_url or config.scratch_url,
        trust_schema=config.trust_schema,
    ) as server:
        yield server


@contextmanager
def _wished_server(report: Report, inputs: Inputs, wishes: Wishes) -> Iterator[ScratchServer | None]:
    """``None`` where no proof is wanted."""
    if wishes.unverified and wishes.scratch_url is None:
        yield None
        return
    with _server(report, inputs, wishes.scratch_url) as server:
        yield server


def _proven(
    path: Path,
    claims: Iterable[Finding],
    report: Report,
    inputs: Inputs,
    wishes: Wishes,
    before: Sequence[Path],
    server: ScratchServer | None,
) -> Written:
    """The proof goes into the file; without one that holds, the file goes away."""
    if server is None:
        add_to_docstring(path, ["Not proven: written with --unverified."])
        return Written(path, None)
    try:
        proof = _prove(_Case(path, report, inputs, tuple(claims), tuple(before), server), wishes.rows)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not proof.holds and not wishes.unverified:
        path.unlink(missing_ok=True)
        kind = _RefusedError if proof.refused else DriftError
        raise kind(
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

    With rows it first meets such as the live statistics suggest: NULLs, duplicates, long values. Where it stops on
    them, as it should, the proof says so and goes on with rows that fit, and in the end without any.

    Args:
        path: The file.
        report: A check of the live database: its structure is copied.
        inputs: What that check was asked; the same question is asked of the copy.
        claims: Findings that the revision claims to answer; those that the copy does not show are left out.
        before: Revisions that must run first, oldest first, because the live database has not seen them yet.
        scratch_url: A server on which databases may be created.
        rows: How many made-up rows to put into each table.
    """
    with _server(report, inputs, scratch_url) as server:
        return _prove(_Case(path, report, inputs, tuple(claims), tuple(before), server), rows)


@dataclass(frozen=True, slots=True)
class _Case:
    """What is to be proven, and where."""

    path: Path
    report: Report
    inputs: Inputs
    claims: tuple[Finding, ...]
    before: tuple[Path, ...]
    server: ScratchServer


def _prove(case: _Case, rows: int) -> Proof:
    started = perf_counter()
    stops: list[str] = []
    with live_details(case.inputs, case.report.comparison.alignment.actual) as live:
        for supply in supplies(rows, live.statistics, _retyped(case.claims)):
            proof, stopped = _prove_once(case, live, supply)
            if stopped is None or supply.rows == 0:
                break
            stops.append(f"{supply.label}: {stopped}")
    return replace(proof, stops=tuple(stops), seconds=perf_counter() - started)


def _retyped(claims: Iterable[Finding]) -> frozenset[tuple[QualifiedName, str]]:
    """Columns that get another type."""
    return frozenset((table_of(finding), finding.subject.name) for finding in claims if finding.code == "CO301")


def _prove_once(case: _Case, details: Live, supply: Supply) -> tuple[Proof, str | None]:
    """One run on one scratch database; also why the revision itself stopped on its rows, if it did."""
    comparison, inputs, live = case.report.comparison, case.inputs, details.schema
    roles = details.archive.roles if details.archive is not None else ()
    with (
        inside(comparison.project),
        case.server.database(extensions=live.extensions, roles=roles) as scratch,
    ):
        engine = scratch.engine()
        module = load(case.path)
        options = comparison.environment.options if comparison.environment is not None else {}
        inputs.progress("copying the live structure")
        copy = copied(details, scratch, engine, inputs)
        with engine.connect() as connection:
            put = fill(connection, live, supply) if supply.rows else 0
        # What is wrong with the live database now is not brought in by the revision, even where a pending one hides it.
        known = alembic_differences(engine, comparison.natives, live) if case.before else ()
        broken = None
        touched: frozenset[QualifiedName] = frozenset()
        for earlier in case.before:
            broken = broken or attempt(f"revision before it, {earlier.name},", load(earlier).upgrade, engine, options)
        if broken is not None:
            proof = Proof(scratch.label, broken.text)
        else:
            seen = (case.report.findings, known)
            proof, broken, touched = _run_through(module, scratch, engine, inputs, case.claims, options, seen)
        engine.dispose()
    about = {table_of(finding) for finding in (*case.claims, *proof.answered)} | touched
    not_cloned = tuple(scrub(f"{item.statement}: {item.reason}") for item in copy.refused)
    return replace(
        proof, not_cloned=not_cloned, lacks=lacks_of(about, details, copy), rows=put, strangers=scratch.strangers
    ), broken.stopped if broken is not None else None


def _run_through(
    module: RevisionModule,
    scratch: Scratch,
    engine: Engine,
    inputs: Inputs,
    claims: tuple[Finding, ...],
    options: Any,
    known: tuple[tuple[Finding, ...], tuple[str, ...]],
) -> tuple[Proof, Broken | None, frozenset[QualifiedName]]:
    """The proof, why it broke off, and the tables that the upgrade changed."""
    on_copy = on_scratch(inputs, scratch)
    inputs.progress("checking the copy")
    first = run_check(on_copy)
    natives = first.comparison.natives
    seen_before = (*known[1], *alembic_differences(engine, natives, first.alignment.actual))
    held = count_rows(engine, first.alignment.actual)
    kept = values(engine, first.alignment.actual) if any(held.values()) else {}
    proof = Proof(scratch.label)
    inputs.progress("upgrading the copy")
    with counting(engine) as statements:
        broken = attempt("upgrade", module.upgrade, engine, options)
    proof = replace(proof, statements=len(statements))
    if broken is not None:
        return replace(proof, error=broken.text, refused=broken.refused), broken, frozenset()
    inputs.progress("checking the copy again")
    second = run_check(on_copy)
    before, after = first.alignment.actual.tables, second.alignment.actual.tables
    touched = frozenset(table.name for table in set(before) ^ set(after))
    seen_after = alembic_differences(engine, natives, second.alignment.actual)
    proof = _judge(proof, first, second, claims, known[0], module.until_later)
    new = [text for text in seen_after if text not in seen_before]
    expected = {place.rsplit(".", 1)[-1] for place in module.until_later}
    expected |= {finding.subject.name for finding in proof.in_between}
    proof = replace(
        proof,
        alembic=tuple(text for text in new if not expected.intersection(text.split())),
        alembic_left=sum(1 for text in seen_after if text in seen_before),
        lost_rows=_lost(held, count_rows(engine, second.alignment.actual)),
    )
    inputs.progress("downgrading the copy")
    broken = attempt("downgrade", module.downgrade, engine, options)
    if broken is not None:
        return replace(proof, error=broken.text), broken, touched
    third = run_check(on_copy)
    differences = structural_differences(first.alignment.actual, third.alignment.actual, engine)
    if kept and not differences:
        now, between = values(engine, third.alignment.actual), (first.alignment.actual, second.alignment.actual)
        differences = tuple(changed_values(kept, now, between))
    return replace(proof, differences=differences), None, touched


def _announced(finding: Finding, until_later: frozenset[str]) -> bool:
    """Whether it is about something that the revision leaves for a later one, or about a column of that kind."""
    columns = finding.detail("columns")
    subject = finding.subject
    names = columns if isinstance(columns, tuple) else ()
    places = [".".join(part for part in (subject.schema, subject.table, name) if part) for name in names]
    return not until_later.isdisjoint([place_of(finding), *places])


def _judge(
    proof: Proof,
    first: Report,
    second: Report,
    claims: tuple[Finding, ...],
    live: tuple[Finding, ...],
    until_later: frozenset[str],
) -> Proof:
    before = {finding.fingerprint: finding for finding in first.findings}
    after = {finding.fingerprint: finding for finding in second.findings}
    claimed = {finding.fingerprint for finding in claims}
    known = before.keys() | {finding.fingerprint for finding in live}
    new = [
        f
        for key, f in after.items()
        if key not in known | claimed and not only_in_models(f) and not _is_left_over(f, first.alignment.actual)
    ]
    return replace(
        proof,
        answered=tuple(finding for key, finding in before.items() if key not in after),
        remaining=tuple(finding for key, finding in after.items() if key in claimed),
        introduced=tuple(f for f in new if not _announced(f, until_later)),
        in_between=tuple(f for f in new if _announced(f, until_later)),
    )


def _is_left_over(finding: Finding, before: Schema) -> bool:
    """Whether it is about a type or sequence that was there before, and only lost its last user."""
    subject = finding.subject
    types = {enum.name for enum in before.enums} | {domain.name for domain in before.domains}
    named = types | {sequence.name for sequence in before.sequences}
    return finding.code[2] == "2" and subject.table is None and QualifiedName(subject.schema, subject.name) in named


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
    with inside(comparison.project):
        # Where others must run before it, the first of them says what they were made for.
        module = load(before[0] if before else path)
    if module.made_for is not None and module.made_for != schema_fingerprint(live):
        raise DriftError(
            "this revision was made for another state of the database",
            place=str(module.path),
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
