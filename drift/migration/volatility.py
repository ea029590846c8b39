"""Whether a default is computed anew for each row: adding such a column writes the whole table again."""

from __future__ import annotations

import re

_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(")

_STABLE_NAMES = (
    "now current_setting timezone date_trunc to_char lower upper coalesce concat length statement_timestamp "
    "transaction_timestamp jsonb_build_object json_build_object jsonb_build_array json_build_array array interval "
    "make_interval make_date date cast nullif greatest least varchar numeric char timestamp timestamptz time bit"
)
STABLE = frozenset(_STABLE_NAMES.split(" "))
"""Functions that give one value in a statement. An unknown one counts as volatile: that costs only the longer road."""


def is_volatile(sql: str) -> bool:
    """Whether the expression calls something that may give another value for each row."""
    plain = re.sub(r"'(?:[^']|'')*'", "''", sql)
    return any(name.rsplit(".", 1)[-1].lower() not in STABLE for name in _CALL.findall(plain))
