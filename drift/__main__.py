"""The program ``drift``, and ``python -m drift``."""

from __future__ import annotations

import sys
from typing import NoReturn


def main(arguments: list[str] | None = None) -> NoReturn:
    """Say what the environment lacks, or run the command line. Whatever happens, exit code 1 means drift alone."""
    try:
        from drift.requirements import require

        require()
        from drift.cli.main import main as command_line
    except Exception as error:
        # Nothing but the standard library is known to work here.
        print(f"error: {error or type(error).__name__}", file=sys.stderr)
        sys.exit(2)
    command_line(arguments)


if __name__ == "__main__":
    main()
