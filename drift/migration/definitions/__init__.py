"""Repairs by definition, for SQLite and MySQL: what each table should be, and the statements that lead there and back.

PostgreSQL has a statement for every single change, so its repairs are one handler for each finding. SQLite has hardly
any (a table is built anew), and MySQL restates a column to change one of its attributes. There a repair is the
difference between two definitions of a table: the one the database has, and the same one with the findings put right.
The way back is the same difference the other way round.
"""

from drift.migration.definitions.steps import by_definition, definition_steps

__all__ = ["by_definition", "definition_steps"]
