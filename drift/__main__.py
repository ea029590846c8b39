"""``python -m drift``."""

from drift.cli.main import main

main()
