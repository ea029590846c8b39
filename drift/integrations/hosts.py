"""What lets other programs load drift's code at their own start without a risk to themselves."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def harmless(what: str) -> Iterator[None]:
    """Turn an exception into a warning that names drift: the host goes on without it.

    Args:
        what: What will be missing, as the subject of the sentence.
    """
    try:
        yield
    except Exception as error:
        text = f"drift: {what} is not there: {type(error).__name__}: {error}"
        try:
            warnings.warn(text, RuntimeWarning, stacklevel=3)
        except Warning:
            # The host was told to raise warnings (-W error).
            if sys.stderr is not None:
                print(text, file=sys.stderr)
