"""Random DDL in SQLite's own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.properties.hand_written.written import Written, quoted, together

SETUP = """
CREATE TABLE targets (id integer PRIMARY KEY, part integer NOT NULL, "Code" text NOT NULL UNIQUE, UNIQUE (part, id));
"""
TYPES: dict[str, tuple[str, ...]] = {
    "": ("1",),
    "INTEGER": ("0", "-5", "'7'", "(1 + 2)"),
    "int": ("1",),
    "BIGINT": ("9223372036854775807",),
    "UNSIGNED BIG INT": (),
    "SMALLINT": (),
    "TINYINT(1)": ("0",),
    "BOOLEAN": ("1", "true", "FALSE"),
    "text": ("''", "'it''s'", "'a' || 'b'", "NULL"),
    "TEXT COLLATE NOCASE": ("'x'",),
    "VARCHAR(20)": ("'100%'", "'now'", '"x"'),
    "character varying (40)": (),
    "NVARCHAR(10) COLLATE RTRIM": (),
    "CHAR(3)": (),
    "CLOB": (),
    "blob": ("x'00ff'",),
    "REAL": ("0.5", "1e3"),
    "DOUBLE PRECISION": (),
    "FLOAT": ("-.5",),
    "NUMERIC": ("1.50",),
    "DECIMAL(10,2)": ("0",),
    "decimal(5)": (),
    "DATE": ("CURRENT_DATE", "'2020-01-31'"),
    "DATETIME": ("CURRENT_TIMESTAMP", "(datetime('now'))", "(strftime('%Y-%m-%d %H:%M:%f', 'now'))"),
    "TIMESTAMP": ("current_timestamp",),
    "TIME": ("CURRENT_TIME",),
    "JSON": ("'{}'",),
    "UUID": ("(lower(hex(randomblob(16))))",),
    "money": (),
    "my type": (),
}
NAMES = ("a", "b_c", "Mixed", "select", "a b", "per%cent", "it's", "ünï", "user", "x1", "value", "c.d")
TABLE_NAMES = ("t", "Mixed", "order", "a b", "ünï", "per%cent")
ACTIONS = (
    "",
    " ON DELETE CASCADE",
    " ON DELETE SET NULL ON UPDATE CASCADE",
    " ON UPDATE RESTRICT",
    " ON DELETE NO ACTION",
)
LATER = ("", "", " DEFERRABLE INITIALLY DEFERRED", " NOT DEFERRABLE")
CHECKS = (
    "{n} > 0",
    "{n} BETWEEN 1 AND 5 OR {n} IS NULL",
    "{n} IN (1, 2, 3)",
    "{s} <> ''",
    "length({s}) < 10 AND {s} LIKE 'a%'",
    "CASE WHEN {n} > 3 THEN {s} IS NOT NULL ELSE 1 END",
    "{n} % 2 = 0 AND NOT ({n} = 4)",
    "{d} > '2000-01-01'",
)
PREDICATES = ("", "", " WHERE {n} > 0", " where {s} IS NOT NULL and {n} IN (1, 2)", "\n WHERE\n  NOT ({n} = 3)")
KEYS = (
    "({n})",
    "({s}, {n})",
    "({n} DESC)",
    "({s} ASC, {n} DESC)",
    "({s} COLLATE NOCASE)",
    "(lower({s}))",
    "({n}, lower({s}) DESC)",
    "(({n} + 1))",
    "(coalesce({n}, 0), {d})",
)
PRIMARY = (
    "",
    "id INTEGER PRIMARY KEY",
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "id INTEGER NOT NULL PRIMARY KEY",
    "id INT PRIMARY KEY",
    "id TEXT PRIMARY KEY NOT NULL",
    "PRIMARY KEY ({n}, {s})",
    "CONSTRAINT the_key PRIMARY KEY ({s})",
)
GENERATED = (
    "INTEGER GENERATED ALWAYS AS ({n} * 2 + 1) STORED",
    "TEXT AS (upper({s}) || '!') VIRTUAL",
    "INT AS ({n} + 1)",
)
REFERENCES = (
    "({n}) REFERENCES targets",
    "({n}) REFERENCES targets (id)",
    '({s}) REFERENCES "targets" ("Code")',
    "({n}, m) REFERENCES targets (part, id)",
)
LOST = (
    (r'^"[^"]+" (UUID|money|my type|TINYINT|UNSIGNED|character varying)\b', "CO301"),
    (r'^"[^"]+"\s*(DEFAULT|NOT|$)', "CO301"),
    (r'^"[^"]+" .*COLLATE', "CO306"),
    (r"^id INT PRIMARY KEY", "CO310"),
    (r"REFERENCES targets ON (DELETE (CASCADE|SET)|UPDATE (CASCADE|RESTRICT))", "FK302"),
    (r"REFERENCES targets (ON .*)?DEFERRABLE INITIALLY DEFERRED", "FK303"),
    (r"INDEX [^(]*\((?!.*(lower\(|coalesce\(|\(\()).* DESC", "IX306"),
    (r"INDEX .*COLLATE", "IX305"),
    (r"INDEX .*(lower\(|coalesce\(|\(\()", "IX201"),
)
"""What reflection loses, by the words that say it."""


@st.composite
def tables(draw: st.DrawFn, number: int, without: str) -> Written:
    """One table with what belongs to it, without the choices that match ``without``."""

    def left(choices: Sequence[str]) -> list[str]:
        return [choice for choice in choices if not re.search(without, choice)]

    def pick(choices: Sequence[str]) -> str:
        return draw(st.sampled_from(left(choices)))

    def any_of(choices: Sequence[str], most: int) -> list[str]:
        return draw(st.lists(st.sampled_from(left(choices)), max_size=most, unique=True))

    name = f"{pick(TABLE_NAMES)}_{number}"
    n, s, d, *others = draw(st.lists(st.sampled_from(left(NAMES)), min_size=4, max_size=9, unique_by=str.lower))
    known = {key: quoted(value) for key, value in zip("nsd", (n, s, d), strict=True)}
    items = [f"{known['n']} INTEGER", f"{known['s']} TEXT", f"{known['d']} DATETIME", "m integer"]
    for other in others:
        kind = pick(tuple(TYPES))
        default = f" DEFAULT {pick(TYPES[kind])}" if left(TYPES[kind]) and draw(st.booleans()) else ""
        default = re.sub(r"DEFAULT ('a' \|\| 'b')", r"DEFAULT (\1)", default)
        items.append(f"{quoted(other)} {kind}{default}{pick(('', '', ' NOT NULL'))}")
    items += [f"made {text.format(**known)}" for text in any_of(GENERATED, 1)]
    key = pick(PRIMARY).format(**known)
    items += [key] if key and not key.startswith(("PRIMARY", "CONSTRAINT")) else []
    constraints = [key] if key.startswith(("PRIMARY", "CONSTRAINT")) else []
    for place, text in enumerate(any_of(CHECKS, 2)):
        title = pick(("", f'CONSTRAINT "ck {number}.{place}" '))
        constraints.append(f"{title}CHECK ({text.format(**known)})")
    for place, text in enumerate(any_of(KEYS[:2], 2)):
        title = pick(("", f"CONSTRAINT uq_{number}_{place} "))
        constraints.append(f"{title}UNIQUE {text.format(**known)}")
    for place, text in enumerate(any_of(REFERENCES, 1)):
        title = pick(("", f"CONSTRAINT fk_{number}_{place} "))
        constraints.append(f"{title}FOREIGN KEY {text.format(**known)}{pick(ACTIONS)}{pick(LATER)}")
    # Without a rowid nothing numbers an INTEGER PRIMARY KEY, which reflection does not tell.
    rowid = pick(("", "", " WITHOUT ROWID")) if key and "INT" not in key else ""
    statements = [f"CREATE TABLE {quoted(name)} (\n    " + ",\n    ".join((*items, *constraints)) + f"\n){rowid}"]
    for place, text in enumerate(any_of(KEYS, 3)):
        title = pick((f"ix_{number}_{place}", f'"Ix {number} {place}"'))
        where = pick(PREDICATES)
        unique = pick(("", "UNIQUE "))
        statements.append(f"CREATE {unique}INDEX {title} ON {quoted(name)} {(text + where).format(**known)}")
    lost = {
        (code, name)
        for text in (*items, *constraints, *statements[1:])
        for words, code in LOST
        if re.search(words, text)
    }
    return Written("".join(f"{text};\n" for text in statements), frozenset(lost))


def databases(without: str = "(?!)") -> st.SearchStrategy[Written]:
    """A few tables; ``without`` matches the choices that are left out."""
    return st.integers(3, 6).flatmap(
        lambda count: st.tuples(*(tables(number, without) for number in range(count))).map(together)
    )
