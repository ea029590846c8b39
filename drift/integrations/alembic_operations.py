"""Both directions of a plan as one Alembic operation."""

from __future__ import annotations

from alembic.autogenerate import render as alembic_render
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from drift.migration.local_functions import local_functions
from drift.migration.operations import Block
from drift.migration.rendering import render_lines


class Planned(Block):
    """The steps of a plan; reversed, they are the steps of its way back, not each step's own reverse."""

    def __init__(self, operations: list[ops.MigrateOperation], back: list[ops.MigrateOperation]) -> None:
        super().__init__(operations)
        self.back = back

    def reverse(self) -> Planned:
        """The way back."""
        return Planned(self.back, list(self.ops))


@alembic_render.renderers.dispatch_for(Planned)
def _render(autogen_context: AutogenContext, operation: Planned) -> list[str]:
    lines = [line for inner in operation.ops for line in render_lines(autogen_context, inner)]
    text = "\n".join(lines)
    # One piece of text: Alembic's printer would indent lines behind a colon by itself.
    return ["\n".join([*local_functions(autogen_context, text), text])]
