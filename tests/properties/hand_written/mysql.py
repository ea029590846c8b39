"""Random DDL in the words of MySQL and MariaDB."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.properties.hand_written.written import Written, quoted, together

SETUP = """
CREATE TABLE targets (id integer AUTO_INCREMENT PRIMARY KEY, part integer NOT NULL, `Code` varchar(20) NOT NULL,
    UNIQUE (part, id), UNIQUE (`Code`)) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
"""
TYPES: dict[str, tuple[str, ...]] = {
    "int": ("0", "-5", "'7'"),
    "int(11)": ("1",),
    "int unsigned": ("5",),
    "integer zerofill": (),
    "tinyint": ("1",),
    "tinyint(1)": ("0", "TRUE"),
    "bool": ("FALSE",),
    "smallint(5) unsigned": (),
    "mediumint": (),
    "bigint": ("9223372036854775807",),
    "bigint(20) unsigned": (),
    "decimal": (),
    "decimal(10,2)": ("0", "'-0.5'", "1.50"),
    "numeric(5) unsigned": (),
    "float": ("0.5",),
    "float(7,3)": (),
    "double": ("1e3",),
    "double unsigned": (),
    "real": (),
    "bit": (),
    "bit(4)": (),
    "char": (),
    "char(3)": ("'abc'",),
    "varchar(20)": ("'x'", "'it''s'", "''", "'100%'", "NULL", "'now'"),
    "varchar(20) CHARACTER SET latin1": ("'a'",),
    "varchar(40) COLLATE utf8mb4_bin": (),
    "varchar(30) CHARACTER SET utf8mb4": (),
    "nvarchar(10)": (),
    "tinytext": (),
    "text": (),
    "text(300)": (),
    "mediumtext CHARACTER SET latin1 COLLATE latin1_bin": (),
    "longtext": (),
    "binary(3)": (),
    "varbinary(20)": ("'ab'",),
    "tinyblob": (),
    "blob": (),
    "longblob": (),
    "date": ("'2020-01-31'",),
    "time": ("'12:00'",),
    "time(3)": (),
    "datetime": (
        "CURRENT_TIMESTAMP",
        "now()",
        "'2020-01-01 00:00:00'",
        "CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
    ),
    "datetime(6)": ("CURRENT_TIMESTAMP(6)", "NOW(6) ON UPDATE NOW(6)"),
    "timestamp NULL": ("CURRENT_TIMESTAMP", "NULL"),
    "timestamp(3)": ("CURRENT_TIMESTAMP(3)",),
    "year": ("2020",),
    "enum('a','b c','it''s')": ("'a'",),
    "set('x','y')": ("'x,y'",),
    "json": (),
    "point": (),
    "geometry": (),
}
NAMES = ("a", "b_c", "Mixed", "select", "a b", "per%cent", "it's", 'qu"ote', "ünï", "user", "x1", "value")
TABLE_NAMES = ("t", "order", "a b", "ünï", "per%cent")
ACTIONS = (
    "",
    " ON DELETE CASCADE",
    " ON DELETE SET NULL ON UPDATE CASCADE",
    " ON UPDATE RESTRICT",
    " ON DELETE NO ACTION",
)
COMMENTS = ("plain", "it''s 100%", "two\nlines", "back\\\\slash")
CHECKS = (
    "{n} > 0",
    "{n} between 1 and 5 or {n} is null",
    "{n} IN (1, 2, 3)",
    "{s} <> ''",
    "char_length({s}) < 10 AND {s} LIKE 'a%'",
    "coalesce({n}, 0) + 1 >= 1",
    "case when {n} > 3 then char_length({s}) else 1 end = 1",
    "mod({n}, 2) = 0 AND NOT ({n} = 4)",
    "{d} > '2000-01-01'",
    "{s} regexp '^[a-z]+$'",
)
KEYS = (
    "INDEX {title} ({n})",
    "KEY {title} ({n} DESC, {s})",
    "INDEX {title} ({s}(5))",
    "INDEX {title} ({s}(20))",
    "INDEX {title} ({l}(10), {n})",
    "UNIQUE {title} ({n})",
    "UNIQUE INDEX {title} ({s}, {n})",
    "UNIQUE KEY {title} ({l}(12))",
    "KEY {title} ({n}) USING BTREE",
    "KEY {title} ({d}) COMMENT 'by date'",
    "FULLTEXT {title} ({l})",
    "FULLTEXT KEY {title} ({s}, {l})",
    "SPATIAL INDEX {title} (spot)",
)
PRIMARY = (
    "id int AUTO_INCREMENT PRIMARY KEY",
    "id bigint unsigned NOT NULL AUTO_INCREMENT, PRIMARY KEY (id)",
    "id int PRIMARY KEY",
    "id char(36) PRIMARY KEY DEFAULT (uuid())",
    "PRIMARY KEY ({n}, {s})",
    "PRIMARY KEY ({s}(6), {n})",
    "",
)
GENERATED = (
    "int GENERATED ALWAYS AS ({n} * 2 + 1) STORED",
    "int AS ({n} + 1) VIRTUAL",
    "varchar(40) GENERATED ALWAYS AS (concat({s}, '!'))",
)
REFERENCES = ("(m) REFERENCES targets (id)", "(o, m) REFERENCES targets (part, id)", "(c) REFERENCES targets (`Code`)")
OPTIONS = (
    "",
    "",
    " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    " DEFAULT CHARACTER SET latin1",
    " ROW_FORMAT=DYNAMIC",
    " AUTO_INCREMENT=100",
)
LOST = (
    (r"^(`[^`]+`|spot) (point|geometry)\b", "CO301"),
    (r"(KEY|INDEX) .* DESC", "IX306"),
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
    n, s, d, long, *others = draw(st.lists(st.sampled_from(left(NAMES)), min_size=5, max_size=9, unique_by=str.lower))
    known = {key: quoted(value, "`") for key, value in zip("nsdl", (n, s, d, long), strict=True)}
    options = pick(OPTIONS)
    items = [
        f"{known['n']} int",
        f"{known['s']} varchar(20)",
        f"{known['d']} datetime",
        f"{known['l']} text",
        "m int",
        "o int",
        "c varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    ]
    for other in others:
        kind = pick(tuple(TYPES))
        default = f" DEFAULT {pick(TYPES[kind])}" if left(TYPES[kind]) and draw(st.booleans()) else ""
        null = pick(("", "", " NOT NULL")) if "NULL" not in kind + default else ""
        comment = f" COMMENT '{pick(COMMENTS)}'" if draw(st.booleans()) else ""
        items.append(f"{quoted(other, '`')} {kind}{null}{default}{comment}")
    items += [f"made {text.format(**known)}" for text in any_of(GENERATED, 1)]
    key = pick(PRIMARY).format(**known)
    items += [key] if key else []
    for place, text in enumerate(any_of(CHECKS, 2)):
        title = pick(("", f"CONSTRAINT `ck {number}.{place}` "))
        items.append(f"{title}CHECK ({text.format(**known)})")
    keys = any_of(KEYS, 3)
    if any("spot" in text for text in keys):
        items.append("spot point NOT NULL")
    for place, text in enumerate(keys):
        items.append(text.format(title=pick(("", f"ix_{number}_{place}", f"`Ix {number} {place}`")), **known))
    for place, text in enumerate(any_of(REFERENCES, 1)):
        title = pick(("", f"CONSTRAINT fk_{number}_{place} "))
        items.append(f"{title}FOREIGN KEY {text.format(**known)}{pick(ACTIONS)}")
    comment = f" COMMENT='{pick(COMMENTS)}'" if draw(st.booleans()) else ""
    lost = {(code, name) for text in items for words, code in LOST if re.search(words, text)}
    made = f"CREATE TABLE {quoted(name, '`')} (\n    " + ",\n    ".join(items) + f"\n){options}{comment};\n"
    return Written(made, frozenset(lost))


def databases(without: str = "(?!)") -> st.SearchStrategy[Written]:
    """A few tables; ``without`` matches the choices that are left out."""
    return st.integers(3, 6).flatmap(
        lambda count: st.tuples(*(tables(number, without) for number in range(count))).map(together)
    )
