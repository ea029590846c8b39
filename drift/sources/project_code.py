"""Around every place where modules of the project run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ENDED = (Exception, SystemExit)
"""What the project's own code may raise, and an error of it comes to."""


@contextmanager
def project_code() -> Iterator[None]:
    """Let the project's code run. A child that it forked ends here: the check is the parent's."""
    parent = os.getpid()
    status = 0
    try:
        yield
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise
    except BaseException:
        status = 1
        raise
    finally:
        if os.getpid() != parent:
            for stream in (sys.stdout, sys.stderr):
                with suppress(AttributeError, OSError, ValueError):
                    stream.flush()
            os._exit(status)
