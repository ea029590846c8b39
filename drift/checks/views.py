"""VW: views that the models declare (`info={"is_view": True}`, or SQLAlchemy's CREATE VIEW constructs)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drift.alignment.renaming import identifiers
from drift.checks.context import VIEWS, SchemaView, TableView
from drift.checks.registry import check
from drift.checks.server_words import Failure
from drift.checks.wording import found, local, places, repair, table_subject, unknown
from drift.findings import Finding, Outcome, Severity, Subject, SubjectKind
from drift.schema import QualifiedName

_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])\d+(?:\.\d+)?")
_CAST = re.compile(r"::[\w ]+?(?=[\s,)]|$)(?:\(\d+(?:,\d+)?\))?(?:\[\])*")


def _subject(name: QualifiedName) -> Subject:
    return Subject(SubjectKind.VIEW, name.schema, name.name, name.name)


@check("VW101", "view-missing", Severity.ERROR)
def view_missing(table: TableView, schema: SchemaView) -> Iterator[Finding]:
    """A mapped view does not exist in the database.

    ## Why it breaks at run time

    Every query on it fails: `UndefinedTable: relation "active_users" does not exist`. Views are made by hand-written
    migrations or DDL events; `create_all()` and autogenerate know nothing of them.

    ## Example

        models      class ActiveUser(Base): __table_args__ = {"info": {"is_view": True}}
        database    no such view

    ## Repair

    Create it with its query, in a migration.
    """
    if table.expected is None or table.actual is not None or table.expected.kind not in VIEWS:
        return
    name = table.expected.name
    if str(name) in schema.unreadable:
        return
    query = table.expected.definition
    yield found(
        "VW101",
        _subject(name),
        "Every query on it fails with: "
        f"{Failure.NO_TABLE.said(schema.actual.dialect, relation=local(name, schema.actual.default_schema))}.",
        expected=f"{table.expected.kind} {local(name, schema.actual.default_schema)}",
        locations=places(table.expected),
        repair=repair("create-view", f"create {table.expected.kind} {name}" + ("" if query else " with its query")),
    )


@check("VW301", "view-definition-mismatch", Severity.WARNING)
def view_definition_mismatch(table: TableView, schema: SchemaView) -> Iterator[Outcome]:
    """The view's query is another one than the models say.

    Compared where the models carry the query. The server rewrites queries so thoroughly that only clear differences
    (other tables, columns, or values) are reported; what differs in form only is *not checked*.

    ## Why it matters

    The view returns other rows than the models expect.

    ## Example

        models      SELECT id FROM users WHERE active
        database    SELECT id FROM users

    ## Repair

    `CREATE OR REPLACE VIEW`; it cannot remove or retype columns, then drop and create it.
    """
    if not table.complete or table.wanted.kind not in VIEWS or table.seen.kind is not table.wanted.kind:
        return
    wanted, seen = table.wanted.definition, table.seen.definition
    if wanted is not None and seen is None:
        yield unknown(
            "VW301",
            table_subject(table.wanted.name),
            "the role may not see the query",
            "grant it SHOW VIEW on the view",
        )
        return
    if wanted is None or seen is None or _plain(wanted.sql, schema) == _plain(seen.sql, schema):
        return
    known = _known_names(schema)
    if _ingredients(wanted.sql, known) == _ingredients(seen.sql, known):
        yield unknown(
            "VW301",
            table_subject(table.wanted.name),
            "the server rewrote the query, and the two forms cannot be compared",
            "compare it by hand",
        )
        return
    yield found(
        "VW301",
        _subject(table.wanted.name),
        "The view returns other rows than the models expect.",
        expected=wanted.sql,
        actual=seen.sql,
        locations=places(table.wanted),
        repair=repair("replace-view", f"replace the query of {table.wanted.name}"),
    )


def _plain(sql: str, schema: SchemaView) -> str:
    """Without layout, parentheses, casts, aliases of columns by their own name, and qualifiers."""
    text = _CAST.sub("", sql)
    text = re.sub(r"\b\w+\.", "", text.replace('"', ""))
    text = re.sub(r"\b(\w+) AS \1\b", r"\1", text, flags=re.IGNORECASE)
    if schema.actual.default_schema:
        text = text.replace(f"{schema.actual.default_schema}.", "")
    return re.sub(r"[\s();]+", " ", text).strip().lower()


def _known_names(schema: SchemaView) -> frozenset[str]:
    names = {table.name.name for table in schema.actual.tables}
    names.update(column.name for table in schema.actual.tables for column in table.columns)
    return frozenset(names)


def _ingredients(sql: str, known: frozenset[str]) -> frozenset[str]:
    """Tables, columns and literals that a query mentions."""
    return frozenset(_LITERAL.findall(_CAST.sub("", sql))) | (identifiers(sql) & known)
