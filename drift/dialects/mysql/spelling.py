"""How MySQL and MariaDB spell types, defaults, and expressions. Pure functions.

Sources: https://dev.mysql.com/doc/refman/8.4/en/data-types.html and https://mariadb.com/kb/en/data-types/
"""

from __future__ import annotations

import re
from functools import lru_cache

_TYPE = re.compile(r"^\s*([a-z]\w*(?:\s+\w+)*)\s*(?:\((.*)\))?\s*([^()]*)$", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|''|\\.)*')|(?P<name>`(?:[^`]|``)*`)"""
    r"""|(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<word>[A-Za-z_][\w$]*)"""
    r"""|(?P<space>\s+)|(?P<operator><=>|<=|>=|<>|!=|&&|\|\||:=|<<|>>|.)""",
    re.DOTALL,
)

_SYNONYMS = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "int3": "mediumint",
    "int1": "tinyint",
    "middleint": "mediumint",
    "dec": "decimal",
    "numeric": "decimal",
    "fixed": "decimal",
    "double precision": "double",
    "real": "double",
    "character": "char",
    "character varying": "varchar",
    "char varying": "varchar",
    "long": "mediumtext",
    "long varchar": "mediumtext",
    "nchar": "char",
    "national char": "char",
    "national varchar": "varchar",
    "nvarchar": "varchar",
}
_INTEGERS = {"tinyint", "smallint", "mediumint", "integer", "bigint"}
_DEFAULT_ARGUMENTS = {"decimal": "10,0", "char": "1", "binary": "1", "bit": "1"}
_NO_ARGUMENTS_WHEN_ZERO = {"datetime", "timestamp", "time"}
_ATTRIBUTES = ("unsigned", "zerofill")
_TEXT_SIZES = (("tiny", 255), ("", 65535), ("medium", 16777215), ("long", 4294967295))
_BYTES_PER_CHARACTER = 4


@lru_cache(maxsize=4096)
def spell_type(ddl: str) -> str:
    """The canonical short spelling of a type: ``INT(11) UNSIGNED`` -> ``integer unsigned``.

    Display widths are dropped, since they change neither storage nor range; BOOL is ``tinyint``, as the server has it.
    """
    if is_spatial(ddl):
        return _spell_spatial(ddl)
    match = _TYPE.match(ddl)
    if match is None:
        return " ".join(ddl.lower().split())
    name, arguments, tail = " ".join(match[1].lower().split()), match[2], match[3].lower()
    words = name.split()
    attributes = [word for word in _ATTRIBUTES if word in words or word in tail.split()]
    name = " ".join(word for word in words if word not in (*_ATTRIBUTES, "signed"))
    if name in ("bool", "boolean"):
        return "tinyint"
    if name == "serial":
        return "bigint unsigned"
    name = _SYNONYMS.get(name, name)
    return " ".join([_with_arguments(name, arguments), *attributes])


_SPATIAL = re.compile(
    r"^\s*(geom(?:etry)?collection|geometry|(?:multi)?(?:point|linestring|polygon))\b"
    r"(?:.*\b(?:srid|ref_system_id)\s*=?\s*(\d+))?",
    re.IGNORECASE | re.DOTALL,
)


def is_spatial(ddl: str) -> bool:
    """Whether values of the type are shapes."""
    return _SPATIAL.match(ddl) is not None


def _spell_spatial(ddl: str) -> str:
    """``POINT NOT NULL SRID 4326`` and MariaDB's ``POINT REF_SYSTEM_ID=4326`` -> ``point srid 4326``."""
    match = _SPATIAL.match(ddl)
    assert match is not None
    name = match[1].lower().replace("geomcollection", "geometrycollection")
    # Zero is what MariaDB has where nothing is said.
    return f"{name} srid {match[2]}" if match[2] and int(match[2]) else name


def _with_arguments(name: str, arguments: str | None) -> str:
    if name in ("enum", "set"):
        return f"{name}({','.join(quote(label) for label in labels(arguments or ''))})"
    plain = ",".join(part.strip() for part in arguments.split(",")) if arguments else ""
    if name in _INTEGERS or name == "year":
        return name
    if name == "float":
        precision = int(plain) if plain.isdigit() else 0
        return "double" if precision > 24 else ("float" if "," not in plain else f"float({plain})")
    if name in ("text", "blob") and plain.isdigit():
        # TEXT(n) becomes the smallest type that holds n characters of four bytes, BLOB(n) n bytes.
        size = int(plain) * (_BYTES_PER_CHARACTER if name == "text" else 1)
        return next(prefix for prefix, limit in _TEXT_SIZES if size <= limit) + name
    if name in _NO_ARGUMENTS_WHEN_ZERO and plain in ("", "0"):
        return name
    if name == "decimal" and plain and "," not in plain:
        plain = f"{plain},0"
    plain = plain or _DEFAULT_ARGUMENTS.get(name, "")
    return f"{name}({plain})" if plain else name


def character_set(name: str) -> str:
    """A character set or collation; ``utf8`` is the old name of ``utf8mb3``."""
    return re.sub(r"^utf8(?=_|$)", "utf8mb3", name.lower())


def labels(arguments: str) -> tuple[str, ...]:
    """The labels between the parentheses of an ENUM or SET, unescaped, in order."""
    return tuple(unquote(match.group("string")) for match in _TOKEN.finditer(arguments) if match.group("string"))


def quote(text: str) -> str:
    """A string literal, with backslashes doubled as every SQL mode but NO_BACKSLASH_ESCAPES wants them."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "Z": "\x1a"}


def unquote(literal: str) -> str:
    """The text of a string literal, with doubled quotes and backslash escapes resolved."""
    body = literal[1:-1].replace("''", "'")
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), body, flags=re.DOTALL)


_UNICODE = ("_utf8mb4", "_utf8mb3", "_utf8")
_LIKE_ASCII = ("_latin1", "_ascii")


def normal_form(sql: str) -> str:
    """One spelling for texts that differ in white space, case of words, quoting of names, or outer parentheses only."""
    parts: list[str] = []
    for match in _TOKEN.finditer(sql):
        kind, text = match.lastgroup, match.group()
        if kind == "space":
            continue
        if kind == "name":
            text = text[1:-1].replace("``", "`").lower()
        elif kind == "word":
            text = text.lower()
        elif kind == "string":
            text = quote(unquote(text))
            # A character set introducer is how the server prints a string it has parsed. In another character set
            # the same bytes are other letters, unless they are ASCII; as binary they are no letters.
            if parts and (parts[-1] in _UNICODE or (parts[-1] in _LIKE_ASCII and text.isascii())):
                parts.pop()
        elif text == "<>":
            text = "!="
        parts.append(text)
    while len(parts) > 1 and parts[0] == "(" and _closes_at_end(parts):
        parts = parts[1:-1]
    return " ".join(parts)


def _closes_at_end(parts: list[str]) -> bool:
    depth = 0
    for index, part in enumerate(parts):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth == 0:
            return index == len(parts) - 1
    return False


_NOW = re.compile(r"^(?:now|current_timestamp|localtimestamp|localtime)(?: \( (?:(\d) )?\))?$")
# MySQL prints -5 as -(5) where it keeps it as an expression.
_NUMBER = re.compile(r"^'?\s*([+-]?)\s*(\( ?)?((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?(2) ?\))\s*'?$", re.IGNORECASE)
_BINARY_TYPES = ("binary", "varbinary")
_STRING = re.compile(r"^'(?:[^'\\]|''|\\.)*'$", re.DOTALL)
_NUMERIC_TYPES = ("tinyint", "smallint", "mediumint", "integer", "bigint", "decimal", "float", "double", "bit", "year")


def canonical_default(sql: str, column_type: str | None) -> str:
    """A default in one spelling: what is stored is what counts, so ``'0'``, ``0`` and ``false`` agree in a number."""
    form = normal_form(sql)
    now = _NOW.match(form)
    if now is not None:
        return f"current_timestamp({now[1] or 0})"
    if is_numeric(column_type or ""):
        form = {"true": "1", "false": "0"}.get(form, form)
        bits = re.fullmatch(r"b ?'([01]+)'", form)
        if bits is not None:
            return str(int(bits[1], 2))
        number = bare_number(form)
        if number is not None:
            return _number(number)
    if (column_type or "").startswith(_BINARY_TYPES):
        return _bytes(form, column_type or "") or form
    return form


def bare_number(text: str) -> str | None:
    """A number without quotes and parentheses; ``None`` for anything else."""
    match = _NUMBER.match(text)
    return None if match is None else match[1] + match[3]


def is_numeric(column_type: str) -> bool:
    """Whether a canonical type holds numbers."""
    return column_type.startswith(_NUMERIC_TYPES)


_HEXADECIMAL = re.compile(r"^(?:0x([0-9a-f]*)|x '([0-9a-f]*)')$", re.IGNORECASE)


def _bytes(form: str, column_type: str) -> str | None:
    """A constant in a binary column as hexadecimal digits; a column of fixed length fills up with zeros."""
    hexadecimal = _HEXADECIMAL.match(form)
    if hexadecimal is not None:
        digits = (hexadecimal[1] or hexadecimal[2] or "").lower()
    elif _STRING.match(form):
        digits = unquote(form).encode().hex()
    else:
        return None
    while column_type.startswith("binary") and digits.endswith("00"):
        digits = digits[:-2]
    return f"0x{digits}"


def holds_zero_byte(sql: str, column_type: str | None) -> bool:
    """Whether a default of a binary column holds a zero byte, where MySQL's information_schema ends it."""
    form = canonical_default(sql, column_type)
    return (column_type or "").startswith(_BINARY_TYPES) and "00" in re.findall("..", form.removeprefix("0x"))


def is_constant(sql: str, column_type: str | None) -> bool:
    """Whether a default is a constant or the current time, which :func:`canonical_default` compares by itself."""
    form = canonical_default(sql, column_type)
    return (
        form.startswith(("current_timestamp(", "0x", "b '", "x '"))
        or form in ("true", "false", "null")
        or bare_number(form) is not None
        or _STRING.match(form) is not None
    )


def _number(text: str) -> str:
    from decimal import Decimal

    value = Decimal(text)
    return format(value.normalize(), "f") if value else "0"


_ON_UPDATE = re.compile(r"\s+on\s+update\s+(.+)$", re.IGNORECASE | re.DOTALL)


def split_on_update(default: str) -> tuple[str, str | None]:
    """Part ``CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP``, the only way in which SQLAlchemy can spell ON UPDATE."""
    match = None if default.lstrip().startswith("'") else _ON_UPDATE.search(default)
    if match is None:
        return default, None
    return default[: match.start()], canonical_default(match[1], None)
