"""Views, which no look may read: what they call runs with the rights of whoever made them, or of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from drift.schema import QualifiedName

_REASON = "is a view, and reading it runs what it says"


class Views(Mapping[QualifiedName, str]):
    """Why each view is not read, found by every spelling of its name that the server takes for it.

    Args:
        names: As the catalog has them.
        default_schema: The database that names without one mean.
        folded: The server takes names that differ in letter case for the same.
    """

    def __init__(self, names: Iterable[QualifiedName], *, default_schema: str, folded: bool) -> None:
        self._default_schema = default_schema
        self._folded = folded
        self._names = {self._known_as(name): name for name in names}

    def __getitem__(self, name: QualifiedName) -> str:
        if self._known_as(name) not in self._names:
            raise KeyError(name)
        return _REASON

    def __iter__(self) -> Iterator[QualifiedName]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)

    def _known_as(self, name: QualifiedName) -> tuple[str, str]:
        schema, text = name.schema or self._default_schema, name.name
        return (schema.lower(), text.lower()) if self._folded else (schema, text)
