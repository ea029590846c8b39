"""Proof on a throw-away database: upgrade, silence, downgrade, the same as before."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drift.verification.proof import Proof
    from drift.verification.prove import Wishes, Written, prove_file, verify, write_chain, write_proven
    from drift.verification.scratch import Scratch, ScratchServer, scratch_database, scratch_server

_EXPORTS = {
    "Proof": "proof",
    "Scratch": "scratch",
    "ScratchServer": "scratch",
    "Wishes": "prove",
    "Written": "prove",
    "prove_file": "prove",
    "scratch_database": "scratch",
    "scratch_server": "scratch",
    "verify": "prove",
    "write_chain": "prove",
    "write_proven": "prove",
}

__all__ = [
    "Proof",
    "Scratch",
    "ScratchServer",
    "Wishes",
    "Written",
    "prove_file",
    "scratch_database",
    "scratch_server",
    "verify",
    "write_chain",
    "write_proven",
]


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        return getattr(import_module(f"drift.verification.{_EXPORTS[name]}"), name)
    raise AttributeError(f"module 'drift.verification' has no attribute {name!r}")
