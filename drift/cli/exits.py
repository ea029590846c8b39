"""Nobody but drift ends the process: an exit of the project's own code would be taken for a verdict."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, NoReturn

_ENDING = ("_exit", "abort", "execv", "execve")
"""What ends a process, or puts another program in its place, without an exception; all others of :mod:`os` call these.

Signals are not among them: a process that dies of one never has the exit code 0 or 1.
"""


class EndedError(SystemExit):
    """The project's code asked the system to end this process."""

    def __init__(self, call: str) -> None:
        super().__init__(2)
        self.call = call

    def __repr__(self) -> str:
        return self.call


def refuse_exits() -> None:
    """Make an exception of every call that would end this process; a forked child may end itself."""
    owner = os.getpid()
    for module in (os, importlib.import_module(os.name)):
        for name in _ENDING:
            original = getattr(module, name, None)
            if original is not None and not isinstance(getattr(original, "__self__", None), _Refusal):
                setattr(module, name, _Refusal(name, original, owner).call)


class _Refusal:
    def __init__(self, name: str, original: Callable[..., NoReturn], owner: int) -> None:
        self._name = name
        self._original = original
        self._owner = owner

    def call(self, *arguments: Any, **keywords: Any) -> NoReturn:
        if os.getpid() != self._owner:
            self._original(*arguments, **keywords)
        shown = ", ".join(repr(argument) for argument in arguments[:1])
        raise EndedError(f"os.{self._name}({shown})")
